"""The table: a row a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import fastgd

_WIDTHS = (46, 7, 11, 40, 8, 9)
# Goals beside peers and limits are for AVX-512; any other level is asked for this share of each.
_ELSEWHERE = 0.85


@dataclass(frozen=True)
class Row:
    """A comparison; `reached` is None where there is no goal, `own` is empty where nothing was measured.

    `seconds` are the medians of all that were timed in turn, "fastgd" among them; `bytes` are, where that is what is
    compared, what each of them takes.
    """

    problem: str
    threads: int | None
    own: str
    rival: str = ""
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    bytes: Mapping[str, float] = field(default_factory=dict)


def compare(
    problem: str,
    threads: int,
    seconds: Mapping[str, float],
    rivals: Iterable[str],
    at_least: float | None,
    everywhere: bool = False,
) -> Row:
    """fastgd beside the fastest of its rivals; the ratio is how many times as fast fastgd is.

    `everywhere`: the goal is the same on every SIMD level, as that beside fastgd itself or of being no slower.
    """
    rival = min(rivals, key=lambda name: seconds[name])
    if at_least is not None and not everywhere and fastgd.simd_level() != "avx512":
        at_least *= _ELSEWHERE
    ratio = seconds[rival] / seconds["fastgd"]
    return Row(
        problem,
        threads,
        own=duration(seconds["fastgd"]),
        rival=f"{rival} {duration(seconds[rival])}",
        ratio=ratio,
        target="" if at_least is None else f">= {at_least:.3g}",
        reached=None if at_least is None else ratio >= at_least,
        seconds=seconds,
    )


def unmeasured(problem: str, threads: int | None, why: str) -> Row:
    return Row(problem, threads, own="", rival=f"not measured: {why}")


def is_limit(contestant: str) -> bool:
    """Whether that is what the machine can do, no program that computes the same."""
    return contestant.endswith((" limit", " peak"))


def megabytes(size: float) -> str:
    return f"{size / 1e6:.3g} MB"


def duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _cells(cells: Iterable[object]) -> str:
    return "| " + " | ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)) + " |"


HEADER = "\n".join(
    [
        _cells(("problem", "threads", "fastgd", "beside", "ratio", "goal")),
        _cells("-" * width for width in _WIDTHS),
    ]
)


def line(row: Row, *, judged: bool) -> str:
    """A row of the table; where `judged`, what missed its goal is bold."""
    figures = [row.own, "" if row.ratio is None else f"{row.ratio:.2f}"]
    if judged and row.reached is False:
        at = 0 if row.ratio is None else 1
        figures[at] = f"**{figures[at]}**"
    own, ratio = figures
    return _cells((row.problem, row.threads or "", own, row.rival, ratio, row.target))
