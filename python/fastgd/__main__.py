"""``python -m fastgd``: the command line."""

from __future__ import annotations

import sys

from fastgd.cli import main

if __name__ == "__main__":
    sys.exit(main())
