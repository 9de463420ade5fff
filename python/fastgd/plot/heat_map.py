"""What a sweep found, over two of its hyper-parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._sweep_result import SweepResult
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Cells that still have room for their number.
_MOST_NUMBERS = 120
# A range of values that a logarithmic scale shows better.
_WIDE = 20.0
_DEFAULT_ROWS = "alpha"


def sweep(
    sweep_result: SweepResult,
    x: str = "lr",
    y: str | None = _DEFAULT_ROWS,
    *,
    annotate: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a sweep found over two of its hyper-parameters, as a map of colours, or over one, as a curve.

    With `cv` it is the mean loss on the rows held out, else the objective, penalty included. Of a grid with further
    hyper-parameters, each cell shows the best of their values.

    Parameters
    ----------
    sweep_result : SweepResult
        What `fastgd.sweep` returned.
    x, y : str, default="lr" and "alpha"
        Names of the grid, for the columns and the rows; ``y=None``, and the default where the grid lacks it, draws a
        curve over `x`. Each value has a column or row of its own, so that decades are as far from each other as in a
        logarithmic scale.
    annotate : bool, optional
        Whether each cell shows its number; by default where there are at most 120.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The map; the best configuration, that of ``sweep_result.best_params``, has a frame. Cells of which all runs
        diverged are grey.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, a name is not in the grid, or nothing is finite.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    >>> found = fastgd.sweep(objective, grid={"lr": [0.1, 1.0], "alpha": [0.0, 0.01, 0.1]}, max_epochs=20)
    >>> ax = fastgd.plot.sweep(found)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['0.1', '1']
    """
    if not isinstance(sweep_result, SweepResult):
        raise check.refuse("sweep_result", "a SweepResult of fastgd.sweep", sweep_result, TypeError)
    settings = sweep_result._settings
    names = list(settings[0])
    style.one_of("x", x, names)
    if y is not None:
        others = [name for name in names if name != x]
        if y == _DEFAULT_ROWS and y not in names:
            y = None
        elif y not in others:
            allowed = ", ".join([*map(repr, others), "None"])
            raise check.refuse("y", f"one of {allowed}", y)
    with_numbers = annotate if annotate is None else check.boolean("annotate", annotate)
    scores = sweep_result.scores
    what = "objective, penalty included" if scores is None else "mean loss on held-out rows"
    values = sweep_result.fun if scores is None else scores["mean"]
    if not np.isfinite(values).any():
        raise ValueError("sweep_result must have a finite value, got none: all runs diverged")
    columns = _places([setting[x] for setting in settings])
    best = int(sweep_result._ranked[0])
    left_out = [name for name in names if name not in (x, y)]
    of_others = f", best of {', '.join(left_out)}" if left_out else ""
    if y is None:
        return _curve(x, columns, values, best, f"{what}{of_others}", ax)
    rows = _places([setting[y] for setting in settings])
    table = np.full((len(rows.labels), len(columns.labels)), np.inf)
    np.minimum.at(table, (rows.of_setting, columns.of_setting), np.where(np.isfinite(values), values, np.inf))
    cell = int(rows.of_setting[best]), int(columns.of_setting[best])
    axes = _map(table, cell, with_numbers, what, ax)
    axes.set_xticks(np.arange(len(columns.labels)), columns.labels)
    axes.set_yticks(np.arange(len(rows.labels)), rows.labels)
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(f"{what[0].upper()}{what[1:]}{of_others}", loc="left")
    found: Axes = axes
    return found


class _Places:
    """The different values of a hyper-parameter in order, and which one each setting has."""

    def __init__(self, labels: list[str], numbers: Floats | None, of_setting: NDArray[np.intp]) -> None:
        self.labels, self.numbers, self.of_setting = labels, numbers, of_setting


def _places(values: list[Any]) -> _Places:
    if all(
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) for value in values
    ):
        numbers, of_setting = np.unique(np.asarray(values, np.float64), return_inverse=True)
        return _Places([f"{value:.4g}" for value in numbers], numbers, of_setting)
    texts = [check.shown(value) if not isinstance(value, str) else value for value in values]
    different = list(dict.fromkeys(texts))
    return _Places(different, None, np.array([different.index(text) for text in texts]))


def _map(table: Floats, best: tuple[int, int], with_numbers: bool | None, what: str, ax: Axes | None) -> Any:
    n_rows, n_columns = table.shape
    size = (max(4.8, 2.4 + 0.75 * n_columns), max(3.2, 1.6 + 0.5 * n_rows))
    axes: Any = style.axes_for(ax, size=(min(size[0], 12.0), min(size[1], 9.0)))
    finite = np.ma.masked_invalid(table)
    colors = style.matplotlib("matplotlib.colors")
    low, high = float(finite.min()), float(finite.max())
    norm = (colors.LogNorm if low > 0.0 and high > _WIDE * low else colors.Normalize)(low, high)
    axes.set_facecolor("0.8")
    drawn = axes.imshow(finite, cmap=style.SURFACE, norm=norm, origin="lower", aspect="auto")
    # A style may have one, which would cross the numbers out.
    axes.grid(False)
    bar = axes.figure.colorbar(drawn, ax=axes)
    bar.set_label(what)
    if with_numbers or (with_numbers is None and table.size <= _MOST_NUMBERS):
        for (row, column), value in np.ndenumerate(table):
            if not np.isfinite(value):
                axes.text(column, row, "diverged", ha="center", va="center", fontsize=7, color="black", rotation=30)
                continue
            lightness = np.dot(drawn.cmap(norm(value))[:3], (0.299, 0.587, 0.114))
            color = "white" if lightness < 0.5 else "black"
            axes.text(column, row, f"{value:.3g}", ha="center", va="center", fontsize=8, color=color)
    frame = style.matplotlib("matplotlib.patches").Rectangle
    row, column = best
    for width, color in ((5, "white"), (2.5, style.style(2)["color"])):
        axes.add_patch(
            frame(
                (column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=color, linewidth=width, clip_on=False, zorder=4
            )
        )
    axes.patches[-1].set_label("best")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
    return axes


def _curve(x: str, columns: _Places, values: Floats, best: int, what: str, ax: Axes | None) -> Axes:
    axes: Any = style.axes_for(ax)
    least = np.full(len(columns.labels), np.inf)
    np.minimum.at(least, columns.of_setting, np.where(np.isfinite(values), values, np.inf))
    numbers = columns.numbers
    at = np.arange(len(least)) if numbers is None else numbers
    curved = style.style(0, 1)
    axes.plot(at, np.ma.masked_invalid(least), linewidth=2, markersize=5, **curved)
    place = int(columns.of_setting[best])
    axes.plot(
        [at[place]],
        [least[place]],
        marker="*",
        markersize=16,
        color=style.style(2)["color"],
        linestyle="none",
        zorder=4,
        label=f"best: {x} = {columns.labels[place]}",
    )
    if numbers is None:
        axes.set_xticks(at, columns.labels)
    else:
        style.scale_by(axes.xaxis, float(numbers[0]), float(numbers[-1]), _WIDE / 3.0)
    finite = least[np.isfinite(least)]
    style.scale_by(axes.yaxis, float(finite.min()), float(finite.max()), _WIDE)
    axes.set(xlabel=x, ylabel=what)
    style.finish(axes, f"{what[0].upper()}{what[1:]}")
    axes.legend(frameon=False)
    found: Axes = axes
    return found
