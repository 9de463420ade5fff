"""The picture of ``fastgd demo``: loss against epochs and against time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from fastgd._model_file import write_atomically
from fastgd.cli import readers

if TYPE_CHECKING:
    from fastgd.cli.demo import Run

SUFFIXES = (".png", ".svg", ".pdf")

# Okabe and Ito's palette, told apart under every common colour vision; dashes and markers for print without colour.
_STYLES = {
    "batch": {"color": "#0072B2", "linestyle": "--", "marker": "o"},
    "mini-batch": {"color": "#009E73", "linestyle": "-.", "marker": "s"},
    "stochastic": {"color": "#D55E00", "linestyle": "-", "marker": "^"},
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
            epochs = np.arange(len(one.loss))
            _curve(left, epochs, one)
            _curve(right, 1e3 * one.seconds[1:], one, skip=1)
        _axes(left, "epochs (passes over the data)", "linear")
        _axes(right, "time (milliseconds, log scale)", "log")
        left.set_ylabel("training loss (cross-entropy, log scale)")
        left.set_title("By passes over the data", loc="left")
        right.set_title("By the clock", loc="left")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(runs), frameon=False)
        figure.suptitle("Softmax regression on handwritten digits: what the size of a batch does", fontsize=13)
        form = PurePath(path).suffix[1:].lower()
        write_atomically(path, lambda stream: figure.savefig(stream, format=form, dpi=150))
        pyplot.close(figure)


def _curve(axes: Any, x: Any, one: Run, skip: int = 0) -> None:
    label = f"{one.name} ({_rows(one)} an update)"
    marks = max(1, len(x) // 8)
    axes.plot(x, one.loss[skip:], label=label, linewidth=2, markersize=5, markevery=marks, **_STYLES[one.name])


def _rows(one: Run) -> str:
    return "all rows" if one.batch_size == "full" else f"{one.batch_size} row{'s' if one.batch_size != 1 else ''}"


def _axes(axes: Any, label: str, xscale: str) -> None:
    axes.set(xlabel=label, yscale="log", xscale=xscale)
    axes.yaxis.set_major_formatter("{x:g}")
    if xscale == "log":
        axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(True, which="major", color="0.88")
    axes.set_axisbelow(True)
