"""Says which lines and conditions of cpp/ the tests have run, and lists what they have not.

cpp_coverage.py PROFILE BINARY...   from Clang's counts, by llvm-cov

What stands at one place counts once, for whatever templates, instruction sets and binaries it was compiled, and was run
if any of them ran it. A condition has two branches, unless the compiler knows how it comes out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = Path(__file__).resolve().parent.parent / "cpp"
CODE = 0  # the kind of a region that is code; others are what the preprocessor left out, or gaps between


class Place(NamedTuple):
    path: str
    line: int
    column: int


@cache
def lines(path: str) -> list[str]:
    return (SOURCES.parent / path).read_text(encoding="utf-8").splitlines()


def around_first(region: list[int]) -> tuple[int, int, int, int]:
    return region[0], region[1], -region[2], -region[3]


def functions(profile: str, binaries: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    objects = [f"--object={binary}" for binary in binaries]
    command = ["llvm-cov-16", "export", f"--instr-profile={profile}", *objects]
    exported = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for function in exported["data"][0]["functions"]:
        path = Path(function["filenames"][0])
        if path.is_relative_to(SOURCES):
            yield str(path.relative_to(SOURCES.parent)), function


def counts(
    compiled: Iterator[tuple[str, dict[str, Any]]],
) -> tuple[dict[tuple[str, int], int], dict[Place, list[int]]]:
    """How often each line has run, and how often each condition has been true and false."""
    runs: dict[tuple[str, int], int] = {}
    outcomes: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for path, function in compiled:
        own: dict[int, int] = {}
        # A region comes after the one around it, with which it shares its first and last line.
        for first, _, last, _, n, file, _, kind in sorted(function["regions"], key=around_first):
            if kind == CODE and file == 0:
                own.update(dict.fromkeys(range(first + 1, last), n))
                own.update({line: max(own.get(line, 0), n) for line in (first, last)})
        for line, n in own.items():
            runs[path, line] = max(runs.get((path, line), 0), n)
        for line, column, _, _, n_true, n_false, file, *_ in function["branches"]:
            if file == 0:
                seen = outcomes[Place(path, line, column)]
                seen[0] += n_true
                seen[1] += n_false
    return runs, outcomes


def main(profile: str, *binaries: str) -> None:
    runs, outcomes = counts(functions(profile, list(binaries)))
    missing = [((path, line, 0), "run") for (path, line), n in runs.items() if n == 0]
    for place, seen in outcomes.items():
        missing += [(place, outcome) for outcome, n in zip(("true", "false"), seen, strict=True) if n == 0]
    for (path, line, column), what in sorted(missing):
        source = lines(path)[line - 1].strip()
        if any(letter.isalnum() for letter in source):
            print(f"{path}:{line}:{column}: never {what}: {source}")
    for name, taken in (
        ("lines", [n > 0 for n in runs.values()]),
        ("branches", [n > 0 for seen in outcomes.values() for n in seen]),
    ):
        print(f"{name}: {sum(taken)} of {len(taken)}, {sum(taken) / max(1, len(taken)):.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
