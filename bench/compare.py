"""What a change does to speed: the C++ benchmarks of two revisions, in turns.

    python bench/compare.py HEAD~1 . --filter 'kernel/pass/float32/avx2/L2'

builds both, runs each benchmark of the one and of the other in turn, and prints one line a benchmark: the median times
and the median ratio B / A of the turns, with an interval for it, most changed first. `.` is the working tree as it
stands. All benchmarks take hours: give a filter. Of 25 lines for one and the same program, one interval leaves out 1 by
chance: what few lines say among many is to be measured again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKING_TREE = "."
_TARGET = "fastgd_bench"
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_LAST_LINES = 30


@dataclass(frozen=True)
class Comparison:
    """Nanoseconds of every turn, and the median of their ratios b / a with an interval for it."""

    name: str
    a: list[float]
    b: list[float]
    ratio: float
    low: float
    high: float


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Build the C++ benchmarks of two revisions, run them in turns, and print how the times compare."
    )
    parser.add_argument("a", metavar="A", help="a revision that git knows, or . for the working tree")
    parser.add_argument("b", metavar="B", help="likewise; ratios are B / A")
    parser.add_argument("--filter", default="", metavar="REGEX", help="benchmarks to run, by name (default: all)")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="turns of each (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the times of all turns there")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="check out and build revisions there, and keep them for the next time",
    )
    parser.add_argument("--small", action="store_true", help="little data: does it run? The numbers mean nothing")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {options.rounds}")
    try:
        re.compile(options.filter)
    except re.error as error:
        parser.error(f"--filter must be a regular expression; got {options.filter!r}: {error}")
    return options


# ---- building


def commit_of(revision: str) -> str:
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise SystemExit(f"A and B must be revisions that git knows, or '.' for the working tree; got {revision!r}")
    return found.stdout.strip()


def run_logged(command: Sequence[str | Path], what: str, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise SystemExit(f"{last}\n{what} failed")


def build(source: Path, what: str) -> Path:
    """The program of the benchmarks, built with the options of the preset `gcc`."""
    print(f"building {what}", file=sys.stderr)
    tree = source / "build" / "compare"
    # Revisions share what is the same in them, wherever they lie.
    environment = {**os.environ, "CCACHE_BASEDIR": str(source), "CCACHE_NOHASHDIR": "1"}
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    preset = ["--preset", "gcc", "-DFASTGD_BUILD_TESTS=OFF", *launcher]
    run_logged(["cmake", "-S", source, "-B", tree, *preset], f"configuring {what}", environment)
    run_logged(["cmake", "--build", tree, "--target", _TARGET], f"building {what}", environment)
    return tree / _TARGET


@contextlib.contextmanager
def checkout(commit: str, folder: Path, keep: bool) -> Iterator[Path]:
    source = folder / commit[:12]
    if not source.exists():
        command: list[str | Path] = ["git", "-C", ROOT, "worktree", "add", "--quiet", "--force", "--detach"]
        run_logged([*command, source, commit], f"checking out {commit}", os.environ)
    try:
        yield source
    finally:
        if not keep:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", source], check=False)


@contextlib.contextmanager
def program_of(revision: str, folder: Path, keep: bool) -> Iterator[Path]:
    if revision == WORKING_TREE:
        yield build(ROOT, "the working tree")
        return
    with checkout(commit_of(revision), folder, keep) as source:
        yield build(source, revision)


# ---- running


def run_program(program: Path, options: Sequence[str], small: bool) -> str:
    environment = {**os.environ, "FASTGD_BENCH_SMALL": str(int(small))}
    done = subprocess.run([program, *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{done.stderr.strip()}\n{program} {' '.join(options)} ended with status {done.returncode}")
    return done.stdout


def names_of(program: Path, pattern: str, small: bool) -> list[str]:
    options = ["--benchmark_list_tests=true", f"--benchmark_filter={pattern or '.'}"]
    return run_program(program, options, small).splitlines()


def nanoseconds(program: Path, name: str, small: bool) -> float:
    exactly = "^" + re.sub(r"([][{}().*+?^$|\\])", r"\\\1", name) + "$"
    options = [f"--benchmark_filter={exactly}", "--benchmark_repetitions=1", "--benchmark_format=json"]
    (row,) = json.loads(run_program(program, options, small))["benchmarks"]
    if row.get("error_occurred"):
        raise SystemExit(f"{program}: {name}: {row['error_message']}")
    return float(row["real_time"]) * _NANOSECONDS[row["time_unit"]]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """From the k-th smallest value to the k-th largest: the median of what they are drawn from lies between them.

    In 95 of 100 cases at least, where there are 6 values or more: each lies above the median as likely as heads come
    up, and the median is missed where fewer than k lie on one side of it.
    """
    n = len(values)
    k, missed = 1, 2 / 2**n
    while missed + 2 * math.comb(n, k) / 2**n <= 0.05:
        missed += 2 * math.comb(n, k) / 2**n
        k += 1
    ordered = sorted(values)
    return ordered[k - 1], ordered[n - k]


def compare(program_a: Path, program_b: Path, pattern: str, rounds: int, small: bool) -> list[Comparison]:
    """Every benchmark that both have, most changed first."""
    names_a, names_b = names_of(program_a, pattern, small), names_of(program_b, pattern, small)
    names = [name for name in names_a if name in set(names_b)]
    if not names:
        raise SystemExit(
            f"--filter must match a benchmark that both revisions have; {pattern!r} matches "
            f"{len(names_a)} of A and {len(names_b)} of B, with no name in common"
        )
    for revision, own in ("A", names_a), ("B", names_b):
        if len(own) > len(names):
            print(f"{len(own) - len(names)} benchmarks are in {revision} alone", file=sys.stderr)
    comparisons = []
    for number, name in enumerate(names, 1):
        print(f"{number} of {len(names)}: {name}", file=sys.stderr)
        times: dict[str, list[float]] = {"a": [], "b": []}
        for turn in range(rounds):
            # Whoever comes second finds the machine warm.
            for which in "ab" if turn % 2 == 0 else "ba":
                times[which].append(nanoseconds(program_a if which == "a" else program_b, name, small))
        ratios = [b / a for a, b in zip(times["a"], times["b"], strict=True)]
        comparisons.append(Comparison(name, times["a"], times["b"], statistics.median(ratios), *interval(ratios)))
    return sorted(comparisons, key=lambda of: -abs(math.log(of.ratio)))


def readable(value: float) -> str:
    unit = next(unit for unit, size in reversed(_NANOSECONDS.items()) if value >= size or unit == "ns")
    return f"{value / _NANOSECONDS[unit]:.4g} {unit}"


def print_table(comparisons: Sequence[Comparison]) -> None:
    width = max(len(of.name) for of in comparisons)
    print(f"{'benchmark':{width}}  {'A':>10}  {'B':>10}  B / A")
    for of in comparisons:
        a, b = readable(statistics.median(of.a)), readable(statistics.median(of.b))
        print(f"{of.name:{width}}  {a:>10}  {b:>10}  {of.ratio:.3f} [{of.low:.3f}, {of.high:.3f}]")


def main() -> None:
    options = read_arguments()
    with contextlib.ExitStack() as stack:
        keep = options.keep is not None
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fastgd-compare-")))
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        programs = {}
        for revision in dict.fromkeys((options.a, options.b)):
            programs[revision] = stack.enter_context(program_of(revision, folder, keep))
        pair = programs[options.a], programs[options.b]
        comparisons = compare(*pair, options.filter, options.rounds, options.small)
    print_table(comparisons)
    if options.json is not None:
        rows = [asdict(of) for of in comparisons]
        document = {"a": options.a, "b": options.b, "rounds": options.rounds, "benchmarks": rows}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
