"""Curves: losses of descents, and the range test of learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._rate import RateCurve
from ..result import Result
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_X = {
    "epoch": "epoch",
    "step": "updates made by the epoch's end",
    "seconds": "time since the start, at the epoch's end",
}
# A range of losses that a logarithmic axis shows better.
_WIDE = 10.0


def history(results: Result | Mapping[str, Result], *, x: str = "epoch", ax: Axes | None = None) -> Axes:
    """Draw the loss of each epoch of one or several descents.

    Parameters
    ----------
    results : Result, or dict of str to Result
        What `fastgd.minimize` returned, or `fastgd.sweep` for its models; several of them by name.
    x : {"epoch", "step", "seconds"}, default="epoch"
        Against what: epochs counted from 0, updates or time.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        A line a result: ``Result.history.loss``, where it is finite. The axis of the loss is logarithmic where all
        losses are above 0 and the greatest is more than 10 times the least.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, or a result has no whole epoch.

    Examples
    --------
    >>> import fastgd
    >>> objective = fastgd.LinearObjective([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared_error")
    >>> runs = {name: fastgd.minimize(objective, optimizer=name, max_epochs=9) for name in ("sgd", "adam")}
    >>> ax = fastgd.plot.history(runs)
    >>> ax.get_legend_handles_labels()[1]
    ['sgd', 'adam']
    """
    named = _check_results(results)
    style.one_of("x", x, list(_X))
    axes: Any = style.axes_for(ax)
    for i, (name, result) in enumerate(named.items()):
        losses = np.ma.masked_invalid(result.history.loss)
        shape = style.style(i, len(named))
        axes.plot(
            getattr(result.history, x),
            losses,
            label=name or None,
            linewidth=2,
            markersize=5,
            markevery=style.marks(len(losses)),
            **shape,
        )
    finite = np.concatenate([one.history.loss[np.isfinite(one.history.loss)] for one in named.values()])
    if finite.size:
        style.scale_by(axes.yaxis, finite.min(), finite.max(), _WIDE)
    ticker = style.matplotlib("matplotlib.ticker")
    if x == "seconds":
        axes.xaxis.set_major_formatter(ticker.EngFormatter("s"))
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set(xlabel=_X[x], ylabel="training loss of the epoch, penalty included")
    style.finish(axes, f"Training loss against {'time' if x == 'seconds' else f'{x}s'}")
    if len(named) > 1:
        axes.legend(frameon=False)
    found: Axes = axes
    return found


def _check_results(results: Any) -> dict[str, Result]:
    named = {"": results} if isinstance(results, Result) else results
    if not isinstance(named, Mapping) or not named:
        raise check.refuse("results", "a Result, or a dict of at least one", results, TypeError)
    for name, result in named.items():
        place = f"results[{name!r}]" if name else "results"
        if not isinstance(result, Result):
            raise check.refuse(place, "a Result of fastgd.minimize", result, TypeError)
        if len(result.history) == 0:
            raise ValueError(f"{place} must have at least one whole epoch, got none: {result.message}")
    return {str(name): result for name, result in named.items()}


def lr_curve(curve: RateCurve, *, ax: Axes | None = None) -> Axes:
    """Draw what `fastgd.find_lr` found: the objective after a few steps against the learning rate.

    Parameters
    ----------
    curve : RateCurve
        What `fastgd.find_lr` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The curve, the value before the steps as a dotted line, the rate to take, and where rates diverge. Values far
        above that before the steps are beyond the picture.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, or all rates diverged.

    Examples
    --------
    >>> import fastgd
    >>> objective = fastgd.LinearObjective([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared_error")
    >>> ax = fastgd.plot.lr_curve(fastgd.find_lr(objective))
    >>> ax.get_xscale()
    'log'
    """
    if not isinstance(curve, RateCurve):
        raise check.refuse("curve", "a RateCurve of fastgd.find_lr", curve, TypeError)
    finite = np.isfinite(curve.fun)
    if not finite.any():
        raise ValueError("curve must have a rate that did not diverge, got none")
    axes: Any = style.axes_for(ax)
    curved = style.style(0, 1)
    axes.plot(curve.lr, np.ma.masked_invalid(curve.fun), linewidth=2, markersize=4, **curved)
    axes.set_xscale("log")
    axes.axhline(curve.start, color=style.NOTE, linewidth=1, linestyle=":")
    note = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "color": style.NOTE, "fontsize": 9}
    axes.annotate("before the steps", (0.01, curve.start), (0, 3), va="bottom", **note)
    best = style.style(2)["color"]
    axes.axvline(curve.best, color=best, linewidth=1)
    at = curve.fun[np.flatnonzero(curve.lr == curve.best)[0]]
    axes.plot(
        [curve.best], [at], marker="*", markersize=15, color=best, linestyle="none", label=f"to take: {curve.best:.3g}"
    )
    if not finite.all():
        first = int(np.flatnonzero(~finite)[0])
        begin = np.sqrt(curve.lr[first - 1] * curve.lr[first]) if first > 0 else curve.lr[0]
        axes.axvspan(begin, curve.lr[-1], color="0.85", linewidth=0, label="diverges")
    # A rate that is a little too large brings values of any size.
    least = min(float(curve.fun[finite].min()), curve.start)
    span = curve.start - least if least < curve.start else max(abs(curve.start), 1.0)
    top = min(float(curve.fun[finite].max()), curve.start + span)
    axes.set_ylim(least - 0.08 * span, max(top, curve.start) + 0.12 * span)
    steps = f"{curve.n_steps} step{'' if curve.n_steps == 1 else 's'}"
    axes.set(xlabel="learning rate (log scale)", ylabel=f"objective after {steps}")
    style.finish(axes, f"The objective after {steps} with each rate")
    axes.legend(loc="lower left", framealpha=0.9)
    found: Axes = axes
    return found
