"""``fastgd bench``: the suite of ``bench/python``, which is installed beside the package."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from fastgd.cli.readers import MissingPackage

Commands = Any

_PACKAGE = Path(__file__).resolve().parent.parent


def add_parser(commands: Commands) -> None:
    """Add ``bench`` to the command line."""
    # The suite reads its own arguments, in a clone as well: here even what begins with a dash is a plain word.
    parser = commands.add_parser(
        "bench",
        help="fastgd beside its peers on this machine, as a table and pictures",
        add_help=False,
        prefix_chars="\0",
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument("words", nargs="*")


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd bench``."""
    sys.path.insert(0, str(_folder()))
    status: int = importlib.import_module("suite").main(args.words, args.prog)
    return status


def _folder() -> Path:
    """Where the suite lies: in an installed package, or in the clone that the package lies in."""
    for folder in (_PACKAGE / "_bench" / "python", _PACKAGE.parent.parent / "bench" / "python"):
        if (folder / "suite.py").is_file():
            return folder
    raise MissingPackage("the suite is not installed with this package; in a clone: python bench/python")
