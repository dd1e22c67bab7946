"""uv is told what pip is told, and pip installs where uv cannot, so that its messages stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "build"))

import quick_pip  # noqa: E402
import setup  # noqa: E402

LISTED = """:env:.cert='/etc/mine.crt'
:env:.find-links='/wheels /more'
global.extra-index-url='file:///a/simple\\nfile:///b/simple'
global.find-links='/other'
global.index-url="https://name:it's@inside/simple"
global.no-index='false'
install.constraint='/etc/constraints.txt'
"""


def test_pips_settings_become_uvs_options_and_a_variable_stands_over_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    found = quick_pip.settings(LISTED)
    assert quick_pip.options(found) == [
        "--index-strategy", "unsafe-best-match",
        "--default-index", "https://name:it's@inside/simple",
        "--index", "file:///a/simple", "--index", "file:///b/simple",
        "--find-links", "/wheels", "--find-links", "/more",
        "--constraint", "/etc/constraints.txt",
    ]  # fmt: skip
    assert "--constraint" not in quick_pip.options(found, by_hash=True)
    assert quick_pip.variables(found) == {"SSL_CERT_FILE": "/etc/mine.crt"}
    assert "--no-index" in quick_pip.options(quick_pip.settings(":env:.no-index='1'"))
    monkeypatch.setenv("SSL_CERT_FILE", "/own.crt")
    assert quick_pip.variables(found) == {}


def fake_uv(folder: Path, returncode: int | str) -> Path:
    """A program in uv's place that notes that it ran and ends so."""
    uv = folder / "uv"
    end = f"exit {returncode}" if isinstance(returncode, int) else f"kill -{returncode} $$"
    uv.write_text(f'#!/bin/sh\necho "$*" >> {folder}/asked\n{end}\n')
    uv.chmod(0o755)
    return uv


@pytest.mark.parametrize(("returncode", "left_to_pip"), [(0, False), (2, True)])
def test_what_uv_does_not_install_is_left_to_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, returncode: int, left_to_pip: bool
) -> None:
    ran: list[list[str]] = []
    uv = fake_uv(tmp_path, returncode)
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(quick_pip, "bring", lambda *_: uv)
    monkeypatch.setattr(setup, "run", lambda command, what: ran.append(command))
    setup.install(setup.list_of("test"), "what runs the tests")
    assert "--require-hashes" in (tmp_path / "asked").read_text()
    assert bool(ran) is left_to_pip and all(command[1:4] == ["-m", "pip", "install"] for command in ran)


def test_without_uv_pip_installs_and_a_list_without_hashes_never_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(setup, "run", lambda command, what: ran.append(command))
    monkeypatch.setattr(quick_pip, "bring", lambda *_: None)
    setup.install(["a==1"], "a")
    monkeypatch.setattr(quick_pip, "bring", lambda *_: pytest.fail("uv was asked for"))
    setup.install(["b==1"], "b", quick=False)
    assert [command[-1] for command in ran] == ["a==1", "b==1"]


def test_a_killed_uv_is_not_followed_by_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = fake_uv(tmp_path, "KILL")
    monkeypatch.setattr(quick_pip, "bring", lambda *_: uv)
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup, "run", lambda *_: pytest.fail("pip went on"))
    with pytest.raises(setup.Lacking, match=r"stopped from outside \(SIGKILL\)"):
        setup.install(["a==1"], "a")


def test_a_script_beside_a_step_is_waited_for_and_ended_when_the_step_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "overrides" / "build").mkdir(parents=True)
    script = tmp_path / "overrides" / "build" / "waits.py"
    script.write_text(
        "import sys, time\nprint('its line', file=sys.stderr, flush=True)\n"
        "sys.exit(4) if sys.argv[1:] == ['--fail'] else time.sleep(600)\n"
    )
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    with pytest.raises(SystemExit) as ended, setup.beside("waits.py", "--fail"):
        pass
    assert ended.value.code == 4 and capsys.readouterr().err == "its line\n"
    started: list[subprocess.Popen[bytes]] = []
    begin = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(begin(*a, **k)) or started[-1])
    with pytest.raises(setup.Lacking), setup.beside("waits.py"):
        raise setup.Lacking("the step failed")
    assert started[0].poll() is not None and capsys.readouterr().err == ""
