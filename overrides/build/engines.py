"""Find Firefox and WebKit for the tests: ``engines.py [--install]`` prints their paths, or one line on what to install.

Only ``make test-long`` asks for them, beside Chromium (browser.py). STAGE10_ENGINES names those to test, where not all
can be had: ``STAGE10_ENGINES=chromium,firefox make test-long``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "firefox", "webkit")
FIREFOXES = ("firefox", "firefox-esr", "/Applications/Firefox.app/Contents/MacOS/firefox")
# WebKit has no screen of its own to draw to; MiniBrowser is the browser that its driver drives.
PROGRAMS = {"firefox": ("firefox",), "webkit": ("WebKitWebDriver", "MiniBrowser", "Xvfb")}
PACKAGES = {"firefox": ("firefox-esr",), "webkit": ("webkit2gtk-driver", "xvfb")}
REMEDY = (
    "No {lacking} for the tests: install {packages} (Debian's names), or name the engines that are there with "
    "STAGE10_ENGINES={there}, and run the same command again."
)


def wanted() -> list[str]:
    """The engines to test.

    Raises:
        ValueError: STAGE10_ENGINES names one that is not known.
    """
    named = os.environ.get("STAGE10_ENGINES")
    names = named.split(",") if named else list(NAMES)
    if unknown := sorted(set(names) - set(NAMES)):
        raise ValueError(f"STAGE10_ENGINES={named}: no engine {', '.join(unknown)}; there are {', '.join(NAMES)}.")
    return names


def program(name: str) -> str | None:
    """Path of one of PROGRAMS, None where it is not there."""
    if name == "firefox":
        return next(filter(None, map(shutil.which, FIREFOXES)), None)
    if name == "MiniBrowser":
        folders = (Path("/usr/lib"), Path("/usr/libexec"))
        return next((str(file) for folder in folders for file in sorted(folder.glob(f"**/webkit*/{name}"))), None)
    return shutil.which(name)


def lacking() -> list[str]:
    """Engines that are to be tested and are not there; Chromium is browser.py's."""
    return [name for name in wanted() if name in PROGRAMS and not all(map(program, PROGRAMS[name]))]


def install(names: list[str]) -> None:
    """Try Debian's packages, as root or by sudo without a password; failures show as engines that lack."""
    root: list[str] = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if os.environ.get("STAGE10_OFFLINE") == "1" or not all(shutil.which(name) for name in ["apt-get", *root[:1]]):
        return
    print(f"setting up: {' and '.join(names)} for the tests", file=sys.stderr, flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = [package for name in names for package in PACKAGES[name]]
    subprocess.run([*root, "apt-get", "update"], **quiet, env=environment)
    subprocess.run([*root, "apt-get", "install", "-y", "--no-install-recommends", *packages], **quiet, env=environment)


def main(arguments: list[str]) -> int:
    """Print the programs' paths; exit 3 with one line when one lacks."""
    try:
        names = lacking()
        if names and "--install" in arguments:
            install(names)
            names = lacking()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 3
    if names:
        packages = " ".join(package for name in names for package in PACKAGES[name])
        there = ",".join(name for name in wanted() if name not in names)
        print(REMEDY.format(lacking=" and no ".join(names), packages=packages, there=there), file=sys.stderr)
        return 3
    if "--install" not in arguments:
        print("\n".join(str(program(one)) for name in wanted() for one in PROGRAMS.get(name, ())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
