"""A picture a problem: the times of all contestants, one panel for each table and number of threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import report
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from fastgd.plot.style import GRID, STYLES

_OWN, _PEER, _LIMIT = STYLES[0]["color"], "0.75", STYLES[2]["color"]
_WIDTH, _BAR, _FRAME = 5.5, 0.22, 0.9
# A logarithmic axis has no zero: the shortest bar is as long as this factor.
_SHORTEST = 3.0
# Room for the label at the end of the longest bar, as a share of that bar.
_ROOM = 0.5
# Between the ends of an axis that has ticks between the powers of ten.
_FEW_DECADES = 50.0

Seconds = dict[str, float]


def draw(path: Path, name: str, rows: Iterable[report.Row]) -> None:
    """Nothing where nothing was timed."""
    panels = _panels(rows)
    if not panels:
        return
    titles = list(dict.fromkeys(title for title, _ in panels))
    threads = list(dict.fromkeys(n for _, n in panels))
    heights = [
        _FRAME + _BAR * max(len(seconds) for (title, _), seconds in panels.items() if title == one) for one in titles
    ]
    figure = Figure(figsize=(_WIDTH * len(threads), sum(heights) + 0.5), layout="constrained")
    figure.suptitle(f"{name}: time, and how many times that of fastgd", fontsize="large")
    grid = figure.subplots(len(titles), len(threads), squeeze=False, height_ratios=heights)
    for title, across in zip(titles, grid, strict=True):
        for n_threads, axes in zip(threads, across, strict=True):
            if (title, n_threads) not in panels:
                axes.set_axis_off()
                continue
            _bars(axes, panels[title, n_threads])
            run = title if n_threads is None else f"{title}, threads: {n_threads}"
            axes.set_title(run, fontsize="small", loc="left")
    figure.savefig(path)


def _panels(rows: Iterable[report.Row]) -> dict[tuple[str, int | None], Seconds]:
    """All that was timed under one title: several rows may compare the same run with one contestant each."""
    panels: dict[tuple[str, int | None], Seconds] = {}
    for row in rows:
        if row.seconds:
            panels.setdefault((row.problem, row.threads), {}).update(row.seconds)
    return panels


def _bars(axes: Axes, seconds: Mapping[str, float]) -> None:
    own, least, most = seconds["fastgd"], min(seconds.values()), max(seconds.values())
    slowest_first = sorted(seconds, key=lambda who: -seconds[who])
    colors = [_OWN if who == "fastgd" else _LIMIT if report.is_limit(who) else _PEER for who in slowest_first]
    left = least / _SHORTEST
    axes.set_xscale("log")
    axes.set_xlim(left, most * (most / left) ** _ROOM)
    bars = axes.barh(slowest_first, [seconds[who] for who in slowest_first], color=colors)
    labels = [report.duration(seconds[who]) + _times(who, seconds[who] / own) for who in slowest_first]
    axes.bar_label(bars, labels, padding=4, fontsize="small")
    for who in filter(report.is_limit, seconds):
        axes.axvline(seconds[who], color=_LIMIT, linewidth=1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < _FEW_DECADES * left else (1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda value, _: report.duration(value))
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize="small")
    axes.spines[["top", "right"]].set_visible(False)


def _times(who: str, ratio: float) -> str:
    return "" if who == "fastgd" else f", {ratio:.2f}" if ratio < 10.0 else f", {ratio:.0f}"
