"""What the commands of the stack say when the machine refuses: a file, a folder, the disk, the memory."""

from __future__ import annotations

import errno

from training.errors import BAD_INPUT, LACKING_RESOURCE


def of_system(error: OSError) -> tuple[str, int]:
    """One line about what the system refused, and the exit code."""
    lacking = error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EDQUOT)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}", LACKING_RESOURCE if lacking else BAD_INPUT
