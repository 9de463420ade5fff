"""The table: a row a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from setting import Setting

_WIDTHS = (46, 7, 11, 40, 6, 9, 8)


@dataclass(frozen=True)
class Row:
    """A comparison; `reached` is None where there is nothing to reach, `own` is empty where nothing was measured."""

    problem: str
    threads: int | None
    own: str
    rival: str = ""
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


def compare(
    problem: str,
    threads: int,
    seconds: Mapping[str, float],
    rivals: Iterable[str],
    at_least: float | None,
) -> Row:
    """fastgd beside the fastest of its rivals; the ratio is how many times as fast fastgd is."""
    rival = min(rivals, key=lambda name: seconds[name])
    ratio = seconds[rival] / seconds["fastgd"]
    return Row(
        problem,
        threads,
        own=duration(seconds["fastgd"]),
        rival=f"{rival} {duration(seconds[rival])}",
        ratio=ratio,
        target="" if at_least is None else f">= {at_least}",
        reached=None if at_least is None else ratio >= at_least,
        seconds=seconds,
    )


def unmeasured(problem: str, threads: int | None, why: str) -> Row:
    return Row(problem, threads, own="", rival=f"not measured: {why}")


def duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _cells(cells: Iterable[object]) -> str:
    return "| " + " | ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)) + " |"


HEADER = "\n".join(
    [
        _cells(("problem", "threads", "fastgd", "limit or best peer", "ratio", "target", "reached")),
        _cells("-" * width for width in _WIDTHS),
    ]
)


def line(row: Row, *, judged: bool) -> str:
    reached = "" if row.reached is None or not judged else "yes" if row.reached else "no"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return _cells((row.problem, row.threads or "", row.own, row.rival, ratio, row.target, reached))


def preamble(about: Mapping[str, str], absent: Iterable[str], setting: Setting) -> str:
    lines = [f"- {name}: {value}" for name, value in about.items()]
    lines += [f"- not here, so not compared: {name}" for name in absent]
    lines.append(f"- rounds: {setting.rounds}; in each, all contestants of a row take turns; times are medians")
    if setting.small:
        lines.append("- small data: these times are no figures, and no target is judged")
    return "\n".join([*lines, ""])


def summary(rows: Iterable[Row]) -> str:
    judged = [row for row in rows if row.reached is not None]
    return f"\n{sum(bool(row.reached) for row in judged)} of {len(judged)} targets reached"
