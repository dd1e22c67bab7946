"""Run Python beside the real model in the built runtime under node, with the page's own kernels."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.site.built_runtime import BUILD, ROOT, build_runtime, node


def parts() -> Path:
    """The folder of the weights as the page fetches them; skips nothing: without it the test fails."""
    cache = Path(os.environ.get("STAGE10_CACHE") or ROOT / ".cache")
    found = sorted((cache / "model-parts").glob("*/parts.json"))
    if not found:
        pytest.fail("the model's parts are not in the cache: build the site with the model at hand (make site-build)")
    return found[-1].parent


def beside_the_model(code: str, given: Any = None) -> Any:
    """What the last expression of ``code``, a JSON text, says; it finds ``given`` besides the names of the harness."""
    with tempfile.TemporaryDirectory(prefix="real-model-") as folder:
        file = Path(folder) / "code.py"
        file.write_text(f"import json\ngiven = json.loads({json.dumps(given)!r})\n{code}", encoding="utf-8")
        command = [node(), str(BUILD / "real_model_node.mjs"), "--runtime", str(build_runtime()),
                   "--parts", str(parts()), "--python", str(file)]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
