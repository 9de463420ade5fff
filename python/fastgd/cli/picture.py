"""The picture of ``fastgd demo``: loss against epochs and against time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from fastgd._npz_file import write_atomically
from fastgd.cli import readers
from fastgd.plot.style import GRID, NOTE, STYLES

if TYPE_CHECKING:
    from fastgd.cli.demo import Run

SUFFIXES = (".png", ".svg", ".pdf")

_STYLES = dict(zip(("batch", "mini-batch", "stochastic"), STYLES, strict=False))

_NOTE: dict[str, Any] = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "ha": "right",
    "fontsize": 9,
    "color": NOTE,
}


def check(path: str) -> None:
    """Refuse a picture that could not be written, before any work goes into it."""
    if PurePath(path).suffix.lower() not in SUFFIXES:
        raise ValueError(f"--out {path}: the suffix must be one of {', '.join(SUFFIXES)}")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise ValueError(f"--out {path}: the folder {folder} does not exist or cannot be written to")


def draw(path: str, runs: Sequence[Run]) -> None:
    """Draw the loss curves of `runs` into a file."""
    matplotlib = readers.optional("matplotlib", "the demo", "demo")
    matplotlib.use("Agg")
    pyplot = readers.optional("matplotlib.pyplot", "the demo", "demo")
    with pyplot.rc_context({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False}):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.8), sharey=True, layout="constrained")
        for one in runs:
            _curve(left, np.arange(1, len(one.loss)), one)
            _curve(right, 1e3 * one.seconds, one)
        for axes in (left, right):
            axes.axhline(runs[0].loss[0], color="0.5", linewidth=1, linestyle=":")
            axes.annotate("before the first update", (0.99, runs[0].loss[0]), (0, 3), **_NOTE)
        _axes(left, "epochs (passes over the data, log scale)")
        _axes(right, "time (milliseconds, log scale)")
        left.set_ylabel("training loss (cross-entropy, log scale)")
        left.set_title("By passes over the data", loc="left")
        right.set_title("By the clock", loc="left")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(runs), frameon=False)
        figure.suptitle("Softmax regression on handwritten digits: what the size of a batch does", fontsize=13)
        form = PurePath(path).suffix[1:].lower()
        write_atomically(path, lambda stream: figure.savefig(stream, format=form, dpi=150))
        pyplot.close(figure)


def _curve(axes: Any, x: Any, one: Run) -> None:
    label = f"{one.name} ({_rows(one)} an update)"
    # Evenly spaced on a logarithmic axis.
    marks = sorted({*np.geomspace(1, len(x), 7).astype(int) - 1})
    axes.plot(x, one.loss[1:], label=label, linewidth=2, markersize=5, markevery=marks, **_STYLES[one.name])


def _rows(one: Run) -> str:
    return "all rows" if one.batch_size == "full" else f"{one.batch_size} row{'s' if one.batch_size != 1 else ''}"


def _axes(axes: Any, label: str) -> None:
    ticker = readers.optional("matplotlib.ticker", "the demo", "demo")
    axes.set(xlabel=label, yscale="log", xscale="log")
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 3)))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.grid(True, which="major", color=GRID)
    axes.set_axisbelow(True)
