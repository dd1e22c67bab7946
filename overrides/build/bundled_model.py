"""Bring the bundled 135M model into the cache: fetched once (93 MB), accepted by its hash, dequantised once.

The tests of tokenizers and of the whole pipeline need it. One line and exit 3 when it cannot be had.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.models import bundled  # noqa: E402
from training.run.errors import LackingResource  # noqa: E402


def main() -> int:
    """Fetch and convert what is not there yet."""
    try:
        bundled.folder()
    except LackingResource as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("Stopped. Run the same command again; it goes on where it stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
