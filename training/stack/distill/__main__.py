"""``python -m training.stack.distill``: see command.py."""

import sys

from training.stack.distill.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
