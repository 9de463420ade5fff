"""The command line ``fastgd``: one module a subcommand, each using the public Python interface alone."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from fastgd.cli.readers import MissingPackage

SUBCOMMANDS = ("info", "demo", "train", "predict", "convert", "bench")

OK = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0: done. 1: it ran, but the result is not what was asked for. 2: wrong arguments, a bad file, or a missing
    package. 130: interrupted.
    """
    parser = _parser()
    try:
        args = parser.parse_args(argv)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say(args, "interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output is gone; without this Python complains once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _say(args, f"{error.filename or 'input/output'}: {error.strerror or error}", BAD_INPUT)
    except MemoryError as error:
        return _say(args, f"not enough memory: {error}", BAD_INPUT)
    except (ValueError, MissingPackage) as error:
        return _say(args, str(error), BAD_INPUT)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fastgd",
        description="Gradient descent at the speed of the memory bus.",
        epilog="Each command explains itself: fastgd COMMAND --help",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in SUBCOMMANDS:
        importlib.import_module(f"fastgd.cli.{name}").add_parser(commands)
    return parser


def _say(args: argparse.Namespace, message: str, status: int) -> int:
    print(f"{args.prog}: {'note' if status == INTERRUPTED else 'error'}: {message}", file=sys.stderr)
    return status
