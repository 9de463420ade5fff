"""``fastgd info``: what this installation runs on."""

from __future__ import annotations

import argparse
import json
from typing import Any

import fastgd
from fastgd.config import describe

Commands = Any


def add_parser(commands: Commands) -> None:
    """Add ``info`` to the command line."""
    parser = commands.add_parser(
        "info",
        help="SIMD levels, threads and build of this installation",
        description="Say which SIMD levels this machine can run and which is in use, how many threads, on which "
        "OpenMP runtime, and how the library was built.",
        epilog="The environment variable FASTGD_SIMD lowers the SIMD level; OMP_NUM_THREADS sets the threads.",
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd info``."""
    if not args.json:
        fastgd.show_config()
        return 0
    report = {
        "simd_level": fastgd.simd_level(),
        "simd_levels": fastgd.simd_levels(),
        "threads": fastgd.get_num_threads(),
        "config": describe(),
    }
    print(json.dumps(report, indent=2))
    return 0
