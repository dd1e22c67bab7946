"""A tiny site with the real hooks, theme and settings, built strictly in a temporary folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, PluginError
from mkdocs.theme import Theme

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = """
- group: stage
  title: The stage
  pages:
    - {slug: index, title: Front, about: The front page.}
    - {slug: second, title: Second, about: Another page., short: s/2}
    - {slug: later/third, title: Third, about: Not written yet., short: l/3}
"""
SOURCES = {
    "somebody2020": {
        "title": "A Paper",
        "authors": "Somebody et al.",
        "year": 2020,
        "arxiv": "2001.00001",
        "accessed": "2026-11-23",
    }
}
RUN = {
    "run": {
        "command": "python -m training train --config x.yaml",
        "commit": "0123456789abcdef",
        "started": "2026-11-23T10:00:00",
        "status": "main",
    },
    "environment": {"device": "cpu", "cpu": "a processor"},
    "seeds": {"data": 1, "init": 2},
    "eval": {"task": {"exact": {"base": 0.25, "tuned": 0.5, "n": 120, "ci95": [0.41, 0.59]}}},
}


@pytest.fixture
def run_record() -> dict:
    """A sound record of a run."""
    return RUN


@dataclass
class Built:
    """What a build left: the pages, and what it warned of."""

    site: Path
    problems: list[str]

    def page(self, address: str = "") -> str:
        """HTML of a page by its address."""
        return (self.site / address / "index.html").read_text(encoding="utf-8")


class Compiled(BytecodeCache):
    """The theme's templates, compiled once for all builds of a run."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give back what was compiled of the same source."""
        if bucket.key + bucket.checksum in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key + bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self.kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


COMPILED = Compiled()


def environment(theme: Theme) -> Environment:
    """The theme's templates as they are, without compiling them anew."""
    env = Theme.get_env(theme)
    env.bytecode_cache = COMPILED
    return env


@pytest.fixture
def tiny(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Callable[..., Built]:
    """``tiny(front, second="...", files={path: text})`` builds and reports; a refused build has problems."""

    def make(front: str, second: str = "# Second\n\n## A part\n", files: dict[str, str] | None = None) -> Built:
        docs = tmp_path / "docs"
        wanted = {
            "index.md": front,
            "second.md": second,
            "reference/pages.yml": REGISTRY,
            "reference/sources.yml": yaml.safe_dump(SOURCES),
            "data/runs/good.json": json.dumps(RUN),
            **(files or {}),
        }
        for name, text in wanted.items():
            path = docs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        site = tmp_path / "site"
        config = load_config(str(ROOT / "mkdocs.yml"), docs_dir=str(docs), site_dir=str(site), strict=True)
        config.theme.get_env = lambda: environment(config.theme)
        caplog.set_level(logging.WARNING, logger="mkdocs")
        caplog.clear()
        refused = []
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build(config)
        except (Abort, PluginError) as reason:
            refused.append(str(reason))
        finally:
            config.plugins.on_shutdown()
        problems = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        return Built(site, problems + refused)

    return make
