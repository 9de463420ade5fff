"""fastgd beside its peers and beside what the machine can do: one table, one row a comparison.

For figures to quote: an idle machine, thread counts it really has, and no variable that picks BLAS kernels by hand:

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE fastgd bench
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import data
import limits
import problems
from setting import Setting

import fastgd

_MIN_ROUNDS = 7
# What the extra `bench` brings, by the name that it is imported by.
_EXTRA = {
    "matplotlib": "matplotlib",
    "ml_dtypes": "ml_dtypes",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
}


def main(argv: Sequence[str] | None = None, prog: str = "python bench/python") -> int:
    """Run the suite and return the exit status: that of `measure.run`, or 2 for what cannot be run."""
    parser = _parser(prog)
    try:
        args = parser.parse_args(argv)
        if args.simd:
            _force(args.simd)
        _check(parser, args)
        machine_limits = _limits(parser, args.limits, prog)
        folder = _folder(parser, args.out)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    setting = Setting(
        small=args.small,
        threads=tuple(args.threads),
        rounds=1 if args.small else args.rounds,
        limits=machine_limits,
        wheel=args.wheel,
        data=args.data or data.DEFAULT,
    )
    import measure  # only now: it needs the extra

    return measure.run(args.only, setting, folder, prog)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Time fastgd and the peers that are installed in turns, after checking that they agree; print a "
        "Markdown table, in which a missed goal is bold, and draw the times of each problem.",
        epilog='Needs the extra bench: pip install "fastgd[bench]". Exit status: 0 done; 1 contestants disagree; '
        "2 wrong arguments or a missing package; 3 a problem failed, the others were measured; 130 interrupted, with "
        "what was measured up to then written.",
    )
    parser.add_argument("--small", action="store_true", help="little data, one round: does everything still run?")
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        metavar="N",
        default=[1, 2] if fastgd.get_num_threads() > 1 else [1],
        help="numbers of threads, of fastgd and of its peers (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=9, metavar="N", help="turns, of which medians are taken (default: %(default)s)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=problems.NAMES,
        default=problems.NAMES,
        metavar="NAME",
        help=f"problems to run, of {', '.join(problems.NAMES)} (default: all)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="new or empty, for results.json and a picture of each problem (default: fastgd_bench, or with the next "
        "number, _2 and so on, where that is there)",
    )
    parser.add_argument(
        "--simd",
        choices=fastgd.simd_levels(),
        metavar="LEVEL",
        help=f"keep fastgd and the limits, not the peers, to a SIMD level of {', '.join(fastgd.simd_levels())}, by "
        "a new process with FASTGD_SIMD; goals beside peers and limits are for avx512, and 0.85 of each elsewhere "
        "(default: what FASTGD_SIMD says, or the best of this machine)",
    )
    parser.add_argument(
        "--limits",
        type=Path,
        metavar="PATH",
        help="library that measures what the machine can do, built with the C++ benchmarks (default: "
        f"{limits.DEFAULT}, where it is there and up to date)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="real tables, with a load.py that loads them by name; what needs one that is not there is not measured "
        f"(default: {data.DEFAULT}, where it is there)",
    )
    parser.add_argument("--wheel", type=Path, metavar="PATH", help="a built wheel, to report its size")
    return parser


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what could not be run to its end, before any time goes into it."""
    if min(args.threads) < 1:
        parser.error(f"--threads must be at least 1, not {min(args.threads)}")
    if not args.small and args.rounds < _MIN_ROUNDS:
        parser.error(f"--rounds must be at least {_MIN_ROUNDS}, not {args.rounds}: a median of fewer is no figure")
    for option in ("limits", "wheel"):
        path = getattr(args, option)
        if path is not None and not path.is_file():
            parser.error(f"--{option}: there is no file {path}")
    if args.data is not None and not (args.data / "load.py").is_file():
        parser.error(f"--data: there is no file {args.data / 'load.py'}")
    missing = [name for module, name in _EXTRA.items() if importlib.util.find_spec(module) is None]
    if missing:
        parser.error(f'{", ".join(missing)} not found; install what this needs with: pip install "fastgd[bench]"')


def _folder(parser: argparse.ArgumentParser, out: Path | None) -> Path:
    folder = out or _new_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            parser.error(f"--out {folder}: the folder holds files already; name a new one")
    except OSError as error:
        parser.error(f"--out {folder}: {error.strerror}")
    return folder


def _new_folder() -> Path:
    """What earlier runs have left stays."""
    names = chain(["fastgd_bench"], (f"fastgd_bench_{i}" for i in count(2)))
    return next(path for path in map(Path, names) if not path.exists())


def _force(level: str) -> None:
    """Start this very command again where other kernels are chosen, which happens once a process."""
    if fastgd.simd_level() != level:
        os.environ["FASTGD_SIMD"] = level
        os.execv(sys.executable, sys.orig_argv)


def _limits(parser: argparse.ArgumentParser, path: Path | None, prog: str) -> limits.Limits | None:
    """None without a library; one that nobody named is no reason to refuse the run."""
    if path is None and not limits.DEFAULT.exists():
        return None
    try:
        return limits.load(path or limits.DEFAULT)
    except (OSError, ValueError) as error:
        if path is not None:
            parser.error(f"--limits {path}: {error}")
        print(f"{prog}: note: {limits.DEFAULT} is not used: {error}", file=sys.stderr)
        return None
