"""The suite in a clone: python bench/python; where fastgd is installed, `fastgd bench` runs the same files."""

from __future__ import annotations

import sys

from suite import main

if __name__ == "__main__":
    sys.exit(main())
