"""A picture a problem: the times, or the memory, of all contestants, a panel a run and a column a number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import report
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from fastgd.plot.style import GRID, STYLES

_OWN, _PEER, _LIMIT = STYLES[0]["color"], "0.75", STYLES[2]["color"]
_WIDTH, _BAR, _FRAME = 5.5, 0.22, 1.0
# A logarithmic axis has no zero: the shortest bar is as long as this factor.
_SHORTEST = 3.0
# Room for the label at the end of the longest bar, as a share of that bar.
_ROOM = 0.5
# Between the ends of an axis that has ticks between the powers of ten.
_FEW_DECADES = 50.0

Figures = dict[str, float]
Panels = dict[tuple[str, float], Figures]


def draw(path: Path, name: str, rows: Sequence[report.Row]) -> None:
    """Nothing where nothing was measured."""
    columns = _columns(rows)
    if not columns:
        return
    what, shown = ("memory", report.megabytes) if any(row.bytes for row in rows) else ("time", report.duration)
    lines = list(zip_longest(*(panels.items() for panels in columns.values())))
    heights = [_FRAME + _BAR * max(len(panel[1]) for panel in line if panel is not None) for line in lines]
    figure = Figure(figsize=(_WIDTH * len(columns), sum(heights) + _FRAME), layout="constrained")
    figure.suptitle(f"{name}: {what}, and how many times that of fastgd", fontsize="large")
    grid = figure.subplots(len(lines), len(columns), squeeze=False, height_ratios=heights)
    for line, across in zip(lines, grid, strict=True):
        for n_threads, panel, axes in zip(columns, line, across, strict=True):
            if panel is None:
                axes.set_axis_off()
                continue
            (title, _), figures = panel
            _bars(axes, figures, shown)
            axes.set_title(title + (f"\nthreads: {n_threads}" if n_threads else ""), fontsize="small", loc="left")
    with rc_context({"svg.fonttype": "none"}):  # text that can be searched
        figure.savefig(path)


def _columns(rows: Iterable[report.Row]) -> dict[int | None, Panels]:
    """By number of threads, all that was measured in turn with the same runs of fastgd: several rows may tell of it."""
    columns: dict[int | None, Panels] = {}
    for row in rows:
        if figures := row.seconds or row.bytes:
            panels = columns.setdefault(row.threads, {})
            panels.setdefault((row.problem, figures["fastgd"]), {}).update(figures)
    return columns


def _bars(axes: Axes, figures: Mapping[str, float], shown: Callable[[float], str]) -> None:
    own, least, most = figures["fastgd"], min(figures.values()), max(figures.values())
    slowest_first = sorted(figures, key=lambda who: -figures[who])
    colors = [_OWN if who == "fastgd" else _LIMIT if report.is_limit(who) else _PEER for who in slowest_first]
    left = least / _SHORTEST
    axes.set_xscale("log")
    axes.set_xlim(left, most * (most / left) ** _ROOM)
    bars = axes.barh(slowest_first, [figures[who] for who in slowest_first], color=colors)
    labels = [shown(figures[who]) + _times(who, figures[who] / own) for who in slowest_first]
    axes.bar_label(bars, labels, padding=4, fontsize="small")
    for who in filter(report.is_limit, figures):
        axes.axvline(figures[who], color=_LIMIT, linewidth=1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < _FEW_DECADES * left else (1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda value, _: shown(value))
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize="small")
    axes.spines[["top", "right"]].set_visible(False)


def _times(who: str, ratio: float) -> str:
    return "" if who == "fastgd" else f", {ratio:.2f}" if ratio < 10.0 else f", {ratio:.0f}"
