"""The set-up says what is wrong in one line: wrong system, taken port, no network, full disk, half-made environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import lock_requirements  # noqa: E402
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
    setup.stamp("site", setup.digest(*setup.pinned_files("site")))
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


def test_a_file_that_may_not_be_written_is_explained() -> None:
    output = "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'ttx.1'\n"
    line = one_line(setup.explain(output, "what builds the site"))
    assert "'ttx.1'" not in line and "(ttx.1)" in line and ".venv" in line and "chown" in line


def test_a_damaged_stamp_does_the_step_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(setup, "STAMPS", tmp_path)
    (tmp_path / "site").write_bytes(b"\xff\xfe")
    assert not setup.stamped("site", "key")


HELD = """
import sys
from pathlib import Path
sys.path.insert(0, {build!r})
from one_at_a_time import one_at_a_time
with one_at_a_time(Path({cache!r})):
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_the_second_of_two_waits_and_says_so(root: Path, tmp_path: Path) -> None:
    script = HELD.format(build=str(root / "overrides" / "build"), cache=str(tmp_path))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as first:
        assert first.stdout.readline() == "in\n"
        with subprocess.Popen([sys.executable, "-c", script], **pipes) as second:
            assert f"process {first.pid}): waiting" in second.stderr.readline()
            first.communicate("\n")
            assert second.stdout.readline() == "in\n", "its turn comes when the first is done"
            second.communicate("\n")
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as killed:
        assert killed.stdout.readline() == "in\n"
        killed.kill()
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as after:
        assert after.stdout.readline() == "in\n", "a lock ends with its process"
        assert after.communicate("\n")[1] == ""


def test_make_works_in_a_folder_of_any_name(root: Path, tmp_path: Path) -> None:
    odd = tmp_path / 'it\'s "odd" é ü'
    (odd / "overrides" / "build").mkdir(parents=True)
    (odd / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "overrides/build/find_python.sh"):
        (odd / name).write_bytes((root / name).read_bytes())
    for program in (odd / "python3", odd / ".venv" / "bin" / "python"):
        program.write_text(
            f"#!{sys.executable}\nimport os, sys\n"
            "'-c' in sys.argv or print(*sys.argv[1:], os.environ['PYTHONPATH'], sep='|')\n"
        )
        program.chmod(0o755)
    environment = {**os.environ, "PYTHON": str(odd / "python3")}
    done = subprocess.run(["make", "-s", "lab", "SLUG=lora"], cwd=odd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert f"overrides/build/lab.py|lora|{{}}|{odd}" in done.stdout


@pytest.mark.parametrize("name", ["site", "test", "train", "engines", "uv"])
def test_every_pin_has_its_hashes_and_no_other_package_has(root: Path, name: str) -> None:
    listed, hashed = (path.read_text() for path in setup.pinned_files(name))
    assert lock_requirements.pins(hashed) == lock_requirements.pins(listed)
    for entry in hashed.split("\n\n")[-1].split("\n")[1:]:
        assert not entry or "==" in entry or entry.startswith("    --hash=sha256:"), entry
    assert hashed.count("--hash=") >= len(lock_requirements.pins(hashed)) and ";" not in hashed.split("\n", 1)[1]


@pytest.mark.parametrize("name", ["numpy", "pyyaml", "markupsafe"])
def test_compiled_packages_have_files_for_each_python_and_system(root: Path, name: str) -> None:
    entry = setup.pinned_files("site")[1].read_text().split(f"\n{name}==")[1].split("\n\n")[0]
    count = 0
    for line in entry.split("\n")[1:]:
        if not line.startswith("    --hash"):
            break
        count += 1
    assert count >= 20, "four releases of Python, Linux and macOS, two processors each, and more"


def test_lists_are_installed_by_hash_and_without_what_they_do_not_name() -> None:
    for name in ("site", "test", "train", "engines"):
        command = setup.list_of(name)
        assert {"--require-hashes", "--no-deps"} <= set(command) and command[-1].endswith(f"hashes/{name}.txt")
    assert "--require-hashes" not in setup.list_of("gpu")


def test_a_file_with_another_hash_is_refused_in_one_line(tmp_path: Path) -> None:
    output = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.
    babel==2.18.0 from https://x/babel.whl (from -r site.txt (line 2)):
        Expected sha256 00
             Got        11
"""
    line = one_line(setup.explain(output, "what builds the site"))
    assert "babel==2.18.0 is not the file that its hash names" in line
