"""Print a lab's last frame as JSON: ``lab.py SLUG '{"rank": 4}'`` (``make -s lab SLUG=lora PARAMS='{"rank": 4}'``)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from labs_py import api  # noqa: E402


def main(arguments: list[str]) -> int:
    """Exit 2 with one line for an unknown lab or for parameters that are not a JSON object."""
    slug, text = (*arguments, "{}")[:2] if arguments else ("", "{}")
    if slug not in api.list_labs():
        print(f"SLUG={slug}: there is no such lab; there are: {', '.join(api.list_labs())}", file=sys.stderr)
        return 2
    try:
        params = json.loads(text)
    except ValueError as error:
        print(f"PARAMS: not JSON ({error}); write for example PARAMS='{{\"rank\": 4}}'", file=sys.stderr)
        return 2
    if not isinstance(params, dict):
        print("PARAMS: a JSON object is expected, for example PARAMS='{\"rank\": 4}'", file=sys.stderr)
        return 2
    print(api.to_json(api.last_frame(slug, params, dtype="float64")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
