"""The command line as a module: `python -m gradlab` does what `gradlab` does."""

from __future__ import annotations

import sys

from gradlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
