"""Find a real Chromium for the tests: ``browser.py [--install]`` prints its path, or one line on what to install.

Order: the environment variable STAGE10_BROWSER, Playwright's own download, the system's Chromium or Chrome and,
with ``--install``, Debian's package (as root) or Playwright's download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REMEDY = (
    "No Chromium was found for the tests: install Chromium or Chrome, or name one with "
    "STAGE10_BROWSER=/path/to/chromium, and run the same command again."
)


def find_browser() -> str | None:
    """Path of a Chromium, or None. A STAGE10_BROWSER that names nothing is reported, not passed over."""
    named = os.environ.get("STAGE10_BROWSER")
    if named:
        if not shutil.which(named):
            raise FileNotFoundError(f"STAGE10_BROWSER={named} is not a program: name a Chromium or unset it.")
        return shutil.which(named)
    own = playwrights_own()
    if own:
        return own
    for name in (*NAMES, *APPLICATIONS):
        found = shutil.which(name)
        if found:
            return found
    return None


def playwrights_own() -> str | None:
    """Path of the Chromium that ``playwright install chromium`` downloaded, if it was."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_browser() -> None:
    """Try Debian's package as root, else Playwright's download; failures show as no browser found."""
    if os.environ.get("STAGE10_OFFLINE") == "1":
        return
    print("setting up: Chromium for the tests", file=sys.stderr, flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update"], **quiet, env=environment)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], **quiet, env=environment)
        if find_browser():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], **quiet)


def main(arguments: list[str]) -> int:
    """Print the browser's path; exit 3 with one line when there is none."""
    try:
        found = find_browser()
        if not found and "--install" in arguments:
            install_browser()
            found = find_browser()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 3
    if not found:
        print(REMEDY, file=sys.stderr)
        return 3
    if "--install" not in arguments:
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
