"""The set-up says what is wrong in one line: wrong system, taken port, no network, full disk, half-made environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import serve  # noqa: E402
import setup  # noqa: E402


def one_line(text: str) -> str:
    """The only line of a message; a traceback fails here."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    return lines[0]


def test_a_python_that_does_not_fit_is_named(root: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["sh", "overrides/build/find_python.sh"],
        cwd=root, capture_output=True, text=True, env={**os.environ, "PYTHON": str(old)},
    )  # fmt: skip
    assert done.returncode == 3
    assert "3.11.5 to 3.14" in one_line(done.stderr)


def test_no_python_at_all_is_one_line(root: Path, tmp_path: Path) -> None:
    for name in ("sh", "echo"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    environment = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "overrides/build/find_python.sh"],
        cwd=root,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 3
    assert "install one" in one_line(done.stderr)


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1", ""])
def test_an_impossible_port_is_named(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(setup.Lacking, match="is not a port"):
        setup.require_port()


def test_a_taken_port_is_named_with_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(setup.Lacking, match=f"Port {port} cannot be used.*PORT={port + 1} make site"):
            setup.require_port()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("WARNING: Retrying ... NewConnectionError(...)", "No network"),
        ("npm error code ENOTFOUND", "No network"),
        ("OSError: [Errno 28] No space left on device", "Disk full"),
        ("ERROR: No matching distribution found for x==9", "No matching distribution"),
        ("", "no message"),
    ],
)
def test_a_failed_installation_is_explained(output: str, said: str) -> None:
    line = one_line(setup.explain(output, "the node packages"))
    assert said in line and "the node packages" in line


def test_a_full_disk_is_seen_before_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100_000_000}))
    with pytest.raises(setup.Lacking, match=r"0\.1 GB free"):
        setup.require_disk("site")


def test_offline_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STAGE10_OFFLINE", "1")
    monkeypatch.setattr(setup, "STAMPS", tmp_path)
    with pytest.raises(setup.Lacking, match="requirements/site.txt"):
        setup.pip_install("site", "what builds the site")


def test_a_finished_step_is_not_done_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: Path) -> None:
    monkeypatch.setattr(setup, "STAMPS", tmp_path)
    monkeypatch.setattr(setup, "run", lambda *_, **__: pytest.fail("it ran again"))
    setup.stamp("site", setup.digest(root / "requirements" / "site.txt"))
    setup.pip_install("site", "what builds the site")


def test_a_half_made_environment_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "half").write_text("")
    monkeypatch.setattr(setup, "VENV", venv)
    monkeypatch.setattr(setup, "STAMPS", venv / "stamps")
    made = []
    monkeypatch.setattr(setup, "run", lambda command, what: (venv.mkdir(), made.append(what)))
    setup.make_venv()
    assert made == ["the virtual environment"] and not (venv / "half").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.wasm", "application/wasm"),
        ("a.mjs", "text/javascript"),
        ("a.js", "text/javascript"),
        ("a.whl", "application/zip"),
        ("a.json", "application/json"),
        ("a.woff2", "font/woff2"),
    ],
)
def test_mime_types(name: str, kind: str) -> None:
    handler = serve.SiteHandler.__new__(serve.SiteHandler)
    assert handler.guess_type(name) == kind


def test_without_the_bundled_model_and_a_network_it_is_one_line(root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "STAGE10_OFFLINE": "1", "STAGE10_CACHE": str(tmp_path)}
    command = [sys.executable, "overrides/build/bundled_model.py"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)
    assert done.returncode == 3 and "STAGE10_OFFLINE=1" in one_line(done.stderr)


def test_an_installation_that_was_killed_says_so() -> None:
    with pytest.raises(setup.Lacking, match=r"stopped from outside \(SIGKILL\)"):
        setup.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], "a package")
