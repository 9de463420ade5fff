"""Paths of descents on the surface of their objective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from . import plane, style, surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .plane import Surface

    Floats = NDArray[np.float64]

# Around all paths, as a share of what they take.
_MARGIN = 0.15
_MOST_MARKS = 24


def principal_directions(path: ArrayLike) -> NDArray[np.float64]:
    """Return the two orthonormal directions in which a path goes furthest, about its last point.

    The right singular vectors of the greatest two singular values of the matrix with rows ``w_t - w_T`` [1]_. A
    descent of many parameters seldom leaves the plane that they span by much, while two random directions see
    next to nothing of it.

    Parameters
    ----------
    path : array of shape (n_steps, n_params)
        Parameters of a descent, at least two steps and parameters; several paths one after the other.

    Returns
    -------
    array of shape (2, n_params), float64
        Directions, each with the sign that makes the path end in its positive half.

    Raises
    ------
    TypeError, ValueError
        The path does not fit or is not finite, or does not move.

    References
    ----------
    .. [1] H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, "Visualizing the loss landscape of neural nets",
       Advances in Neural Information Processing Systems 31, 2018.

    Examples
    --------
    >>> import fastgd
    >>> directions = fastgd.plot.principal_directions([[0.0, 0.0, 2.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    >>> abs(directions).round(2).tolist()
    [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    return _principal(plane.check_path("path", path, None))[0]


def _principal(points: Floats) -> tuple[Floats, Floats]:
    """The directions, and the shares of the squared distances that each accounts for."""
    if points.shape[1] < 2:
        raise ValueError(f"path must have at least 2 parameters, got shape {points.shape}")
    moves = points - points[-1]
    if not moves.any():
        raise ValueError("path must move, got the same parameters at all steps")
    _, sizes, rows = np.linalg.svd(np.vstack([moves, np.zeros_like(moves[:1])]), full_matrices=False)
    found: Floats = rows[:2]
    if len(sizes) < 2 or sizes[1] <= 1e-12 * sizes[0]:
        # A straight line: any direction across will do, the one nearest to an axis.
        across = np.zeros(points.shape[1])
        across[np.abs(found[0]).argmin()] = 1.0
        across -= (across @ found[0]) * found[0]
        found = np.stack([found[0], across / np.linalg.norm(across)])
    sign = np.where(found @ moves[0] > 0.0, -1.0, 1.0)
    shares = sizes**2 / (sizes**2).sum()
    return found * sign[:, None], np.append(shares, 0.0)[:2]


def trajectory(
    on: Axes | Any,
    paths: ArrayLike | Mapping[str, ArrayLike],
    *,
    n: int = 100,
    kind: str = "contour",
    levels: int = 16,
    ax: Axes | None = None,
) -> Axes:
    """Draw paths of descents on the surface of their objective, projected onto its plane.

    Parameters
    ----------
    on : matplotlib Axes, objective or callable
        Axes that `loss_surface` has drawn on; or an objective, whose surface is drawn first, around all paths: over
        both parameters where there are two, else over the plane of the `principal_directions` of all paths, through
        the last point of the first one.
    paths : array of shape (n_steps, n_params), or dict of str to such arrays
        Parameters, step by step; several of them by name. A list of parameters is one path. Callbacks of
        `fastgd.minimize` get the parameters at each epoch's end, ``info.x``; `fastgd.trace` yields those of every step.
    n, kind, levels
        Of the surface, as in `loss_surface`, where `on` is an objective.
    ax : matplotlib Axes, optional
        Where to draw that surface; a new figure by default.

    Returns
    -------
    matplotlib Axes
        Those of the surface. Starts are marked by rings, ends by stars.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, or the axes have no surface.

    Examples
    --------
    >>> import fastgd
    >>> bowl = fastgd.FunctionObjective(lambda w: (w[0] ** 2 + 4.0 * w[1] ** 2, 2.0 * w * [1.0, 4.0]), jac=True)
    >>> path = [[2.0, 1.0]]
    >>> result = fastgd.minimize(
    ...     bowl, path[0], optimizer=fastgd.optimizers.SGD(0.1), callbacks=[lambda info: path.append(info.x)]
    ... )
    >>> ax = fastgd.plot.trajectory(bowl, {"gradient descent": path})
    >>> ax.get_legend_handles_labels()[1]
    ['gradient descent', 'start', 'end']
    """
    drawn = getattr(on, "fastgd_surface", None)
    if drawn is None:
        if isinstance(on, style.matplotlib("matplotlib.axes").Axes):
            raise ValueError("on must be axes that loss_surface has drawn on, or an objective, got other axes")
        plane.check_objective(on)
        named = _check_paths(paths, getattr(on, "n_params", None))
        count, n_levels = check.integer("n", n, 2), check.integer("levels", levels, 2)
        style.one_of("kind", kind, surface.KINDS)
        if ax is not None:
            style.axes_for(ax, three_d=kind == "3d")
        drawn, labels = _surface_around(on, named, count)
        axes = surface.draw(drawn, labels, kind, n_levels, ax)
    else:
        if ax is not None:
            raise check.refuse("ax", "None where on are axes", ax)
        axes, named = on, _check_paths(paths, drawn.center.size)
    _draw(axes, drawn, named)
    return axes


def _check_paths(paths: Any, n_params: int | None) -> dict[str, Floats]:
    if not isinstance(paths, Mapping):
        return {"path": plane.check_path("paths", paths, n_params)}
    if not paths:
        raise check.refuse("paths", "an array or a dict of at least one", paths)
    named: dict[str, Floats] = {}
    for name, path in paths.items():
        named[str(name)] = plane.check_path(f"paths[{name!r}]", path, n_params)
        n_params = named[str(name)].shape[1]
    return named


def _surface_around(objective: Any, named: dict[str, Floats], n: int) -> tuple[Surface, tuple[str, str]]:
    points = np.concatenate(list(named.values()))
    center = next(iter(named.values()))[-1]
    if center.size == 2:
        directions, offset = np.eye(2), center
        labels = surface.place(objective, 0), surface.place(objective, 1)
    else:
        # About the last point of the first path, which is the center.
        directions, shares = _principal(np.concatenate([points, center[None]]))
        offset = np.zeros(2)
        of = "the path" if len(named) == 1 else "all paths"
        first, second = (f"principal direction {i} of {of} ({share:.0%})" for i, share in enumerate(shares, 1))
        labels = first, second
    seen = (points - center) @ directions.T + offset
    low, high = seen.min(axis=0), seen.max(axis=0)
    span = high - low
    if not span.any():
        span = np.ones(2)
    # Neither side of the picture is a sliver.
    span = np.maximum(span, 0.25 * span.max())
    middle, half = (low + high) / 2.0, (0.5 + _MARGIN) * span
    extent = (middle[0] - half[0], middle[0] + half[0], middle[1] - half[1], middle[1] + half[1])
    return plane.make_surface(objective, center, directions, offset, extent, n), labels


def _draw(axes: Any, drawn: Surface, named: dict[str, Floats]) -> None:
    three_d = axes.name == "3d"
    before = axes.axis()
    ends = []
    for i, (name, path) in enumerate(named.items()):
        seen = drawn.project(path)
        line = [*seen.T, drawn.at(seen)] if three_d else [*seen.T]
        shape = style.style(i)
        axes.plot(
            *line,
            label=name,
            linewidth=1.5,
            markersize=4,
            markevery=style.marks(len(path), _MOST_MARKS),
            zorder=5,
            path_effects=style.outlined(1.5),
            **{**shape, "linestyle": "-"},
        )
        ends.append((line, shape["color"]))
    for at, marker, size, label in ((0, "o", 9, "start"), (-1, "*", 15, "end")):
        # An entry of the legend that is of no path's colour, and the marks of each.
        nowhere: list[list[float]] = [[] for _ in range(3 if three_d else 2)]
        for line, color in (
            (nowhere, style.NOTE),
            *(([values[[at]] for values in line], color) for line, color in ends),
        ):
            axes.plot(
                *line,
                marker=marker,
                markersize=size,
                linestyle="none",
                markerfacecolor="white" if at == 0 else color,
                markeredgecolor=color if at == 0 else "white",
                markeredgewidth=2 if at == 0 else 1,
                zorder=6,
                label=label if color == style.NOTE else None,
            )
    axes.axis(before)
    axes.legend(loc="best", framealpha=0.9)
