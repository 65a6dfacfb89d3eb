"""``python -m skbalance`` is the command ``skbalance``."""

import sys

from skbalance.cli import main

if __name__ == "__main__":
    sys.exit(main())
