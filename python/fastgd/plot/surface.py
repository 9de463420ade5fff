"""An objective over a plane through its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from . import plane, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .plane import Surface

    Floats = NDArray[np.float64]

KINDS = ("contour", "3d")
# The lowest contour is around this share of the points.
_LOWEST = 0.005
# Half of the points below this share of the range: there is a valley to look into.
_VALLEY = 0.4
_NAMES = {"squared_error": "half the mean squared error", "zero_one": "share of mistakes"}


def loss_surface(
    objective: Any,
    center: ArrayLike,
    directions: ArrayLike | None = None,
    *,
    extent: float | tuple[float, float, float, float] = 1.0,
    n: int = 100,
    kind: str = "contour",
    levels: int = 16,
    ax: Axes | None = None,
    random_state: int = 0,
) -> Axes:
    """Draw an objective over a plane through its parameters.

    The plane is ``center + a d_1 + b d_2``. On it a linear model is evaluated at all points in one pass over the data,
    up to 16,384 of them, by `fastgd.LinearObjective.plane`; other objectives by `values`, many points a pass. Contours
    are spaced logarithmically above the least value, so that a valley shows as well as its walls; evenly where there is
    none, as half of the points are above 40 % of the range.

    Parameters
    ----------
    objective : LinearObjective, MLPObjective, FunctionObjective or callable
        What is drawn: anything with a method `value`, or a function ``w -> value``.
    center : array of shape (n_params,)
        Parameters in the plane, at least 2 of them: those of a minimum, or a start.
    directions : pair of int, array of shape (2, n_params), or None
        The indices of two parameters, whose own values the axes then show while all others stay those of `center`; or
        two directions, not parallel, as they are: `principal_directions` finds those that a path takes. By default
        both parameters where there are two, else two random orthonormal directions [1]_.
    extent : float or (left, right, bottom, top), default=1.0
        What is seen: so far from `center` to all sides, above 0, or from where to where along the axes.
    n : int, default=100
        Points along each axis, at least 2.
    kind : {"contour", "3d"}, default="contour"
        Contours seen from above, or a surface in space.
    levels : int, default=16
        Number of contours, or of colours, at least 2.
    ax : matplotlib Axes, optional
        Where to draw: 3-D axes for ``kind="3d"``. A new figure by default.
    random_state : int, default=0
        Seed of random directions.

    Returns
    -------
    matplotlib Axes
        With the numbers in ``ax.fastgd_surface``, a `fastgd.plot.Surface`, on which `trajectory` draws paths.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, or the objective is finite nowhere on the plane. What it raises is passed on.

    References
    ----------
    .. [1] I. J. Goodfellow, O. Vinyals and A. M. Saxe, "Qualitatively characterizing neural network optimization
       problems", International Conference on Learning Representations, 2015.

    Examples
    --------
    >>> import fastgd
    >>> ax = fastgd.plot.loss_surface(lambda w: w[0] ** 2 + 10.0 * w[1] ** 2, [0.0, 0.0], extent=2.0)
    >>> ax.get_xlabel(), ax.fastgd_surface.values.shape
    ('w[0]', (100, 100))
    """
    plane.check_objective(objective)
    at = plane.check_center(objective, center)
    along, indices = plane.check_directions(directions, at.size, random_state)
    count = check.integer("n", n, 2)
    n_levels = check.integer("levels", levels, 2)
    style.one_of("kind", kind, KINDS)
    if ax is not None:
        style.axes_for(ax, three_d=kind == "3d")
    offset = np.zeros(2) if indices is None else at[list(indices)]
    surface = plane.make_surface(objective, at, along, offset, extent, count)
    if indices is not None:
        labels = [place(objective, i) for i in indices]
    else:
        which = "random direction" if directions is None else "direction"
        labels = [f"distance along {which} {i}" if directions is None else f"steps along {which} {i}" for i in (1, 2)]
    return draw(surface, (labels[0], labels[1]), kind, n_levels, ax)


def place(objective: Any, index: int) -> str:
    """What an objective calls a parameter."""
    named = getattr(objective, "_place", None)
    return str(named(index)) if callable(named) else f"w[{index}]"


def draw(surface: Surface, labels: tuple[str, str], kind: str, n_levels: int, ax: Axes | None) -> Axes:
    """The picture of a surface, which stays with its axes."""
    is_new = ax is None
    axes: Any = style.axes_for(ax, three_d=kind == "3d", size=(7.2, 5.4) if kind == "3d" else (6.4, 4.8))
    shown = np.ma.masked_invalid(surface.values)
    what = described(surface.objective)
    if kind == "3d":
        grid = np.meshgrid(surface.x, surface.y)
        sides = {"rcount": 100, "ccount": 100, "linewidth": 0}
        drawn = axes.plot_surface(*grid, shown.filled(np.nan), cmap=style.SURFACE, **sides)
        axes.set_zlabel(what, labelpad=8)
        if is_new:
            # Otherwise lines on the surface would be hidden by it, or not, by the distance of their middle.
            axes.computed_zorder = False
        bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.6, pad=0.12)
    else:
        bounds = boundaries(surface.values, n_levels)
        colors = style.matplotlib("matplotlib.colors").BoundaryNorm(bounds, 256)
        axes.set_facecolor("0.8")
        drawn = axes.contourf(surface.x, surface.y, shown, bounds, cmap=style.SURFACE, norm=colors)
        axes.contour(surface.x, surface.y, shown, bounds[1:-1], colors="white", linewidths=0.5, alpha=0.6)
        bar = axes.figure.colorbar(drawn, ax=axes, spacing="uniform", pad=0.03)
        ticks = bounds[:: max(1, len(bounds) // 8)]
        bar.set_ticks(ticks, labels=[style.number(tick) for tick in ticks])
        bar.ax.minorticks_off()
    bar.set_label(what)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.set_title(titled(surface), loc="left")
    axes.set(xlim=surface.x[[0, -1]], ylim=surface.y[[0, -1]])
    axes.fastgd_surface = surface
    found: Axes = axes
    return found


def boundaries(values: Floats, n_levels: int) -> Floats:
    """Levels from the least to the greatest value, logarithmic above the least where there is a valley."""
    finite = values[np.isfinite(values)]
    least, most = float(finite.min()), float(finite.max())
    above = finite[finite > least] - least
    # Below this numbers are too near each other to be told apart.
    nearest = 16.0 * np.finfo(np.float64).eps * max(abs(least), abs(most), np.finfo(np.float64).tiny)
    if above.size == 0 or most - least <= nearest:
        margin = max(abs(least), 1.0) / 2.0
        return np.array([least - margin, least + margin])
    if float(np.median(finite)) - least > _VALLEY * (most - least):
        return np.linspace(least, most, n_levels + 1)
    lowest = max(float(np.quantile(finite, _LOWEST)) - least, float(above.min()), nearest)
    rise = np.geomspace(min(lowest, (most - least) / 2.0), most - least, n_levels)
    return np.concatenate([[least], least + rise[:-1], [most]])


def described(objective: Any) -> str:
    """What the numbers of an objective are."""
    loss = getattr(objective, "loss", None)
    if not isinstance(loss, str):
        return "mean loss" if callable(loss) else "F(w)"
    penalty = " + penalty" if getattr(objective, "alpha", 0.0) > 0.0 else ""
    named = f"mean {loss}" if loss.endswith(("loss", "error")) else f"mean {loss} loss"
    return f"{_NAMES.get(loss, named)}{penalty}"


def titled(surface: Surface) -> str:
    """What a picture of a surface shows."""
    n_params = surface.center.size
    over = "both parameters" if n_params == 2 else f"a plane through {n_params} parameters"
    named = getattr(surface.objective, "__name__", "<lambda>")
    what = "Loss" if hasattr(surface.objective, "loss") else "F(w)" if named == "<lambda>" else named
    return f"{what} over {over}"
