"""fastgd beside its peers and beside what the machine can do: one table, one row a comparison.

For figures to quote: an idle machine, thread counts it really has, and no variable that picks BLAS kernels by hand:

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python bench/python/run.py
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import limits
import machine
import peers
import problems
import report
from setting import Setting

import fastgd

_MIN_ROUNDS = 7


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Time fastgd and its peers in turns, after checking that they agree, and print a Markdown table."
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write rows, all medians and the machine there")
    parser.add_argument(
        "--limits",
        type=Path,
        default=limits.DEFAULT,
        metavar="PATH",
        help="library that measures what the machine can do, built with the C++ benchmarks (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        metavar="FOLDER",
        help="real tables, with a load.py that loads them by name (default: %(default)s)",
    )
    parser.add_argument("--wheel", type=Path, metavar="PATH", help="a built wheel, to report its size")
    args = parser.parse_args()
    if min(args.threads) < 1:
        parser.error("--threads must be at least 1")
    if not args.small and args.rounds < _MIN_ROUNDS:
        parser.error(f"--rounds must be at least {_MIN_ROUNDS}: a median of fewer is no figure")
    if args.wheel is not None and not args.wheel.is_file():
        parser.error(f"--wheel: there is no file {args.wheel}")
    return args


def main() -> None:
    args = read_arguments()
    setting = Setting(
        small=args.small,
        threads=tuple(args.threads),
        rounds=1 if args.small else args.rounds,
        limits=limits.load(args.limits),
        wheel=args.wheel,
        data=args.data,
    )
    about = machine.describe()
    absent = peers.absent() + ([] if setting.limits else [f"limits of the machine (no {args.limits})"])
    print(report.preamble(about, absent, setting), report.HEADER, sep="\n", flush=True)
    rows = []
    for name in args.only:
        for row in problems.rows(name, setting):
            rows.append(row)
            print(report.line(row, judged=not setting.small), flush=True)
    if not setting.small:
        print(report.summary(rows))
    if args.json:
        result = {"machine": about, "absent": absent, "small": setting.small, "rows": [asdict(row) for row in rows]}
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
