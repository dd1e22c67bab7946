"""Entry of ``python -m training``."""

from __future__ import annotations

import sys

WINDOWS = "error: Windows is not supported directly: run this inside WSL (wsl --install), as README.md says"

if __name__ == "__main__":
    if sys.platform == "win32":
        print(WINDOWS, file=sys.stderr)
        sys.exit(3)  # a lacking resource, as everywhere here
    from training.cli import main  # not at the top: its imports (resource) do not exist on Windows

    sys.exit(main(sys.argv[1:]))
