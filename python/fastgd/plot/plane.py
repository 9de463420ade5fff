"""Planes through parameters: which one, what an objective is on it, and where other parameters are seen from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# Parameters made at once where an objective has to have them as such.
_PARAMS_AT_ONCE = 1 << 22
_PARALLEL = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Surface:
    """An objective on a plane, as `fastgd.plot.loss_surface` drew it: ``ax.fastgd_surface``.

    The point (x, y) of the picture stands for ``center + (x - offset[0]) directions[0] + (y - offset[1])
    directions[1]``.

    Attributes
    ----------
    objective : object
        As given.
    center : array of shape (n_params,), float64
        As given.
    directions : array of shape (2, n_params), float64
        The plane's.
    offset : array of shape (2,), float64
        Where the center is in the picture: the origin, or its parameters where the axes are two of them.
    x, y : array of shape (n,), float64
        The grid.
    values : array of shape (n, n), float64
        The objective; rows belong to `y`, columns to `x`. Infinity where scores are beyond the range of numbers.
    """

    objective: Any
    center: Floats
    directions: Floats
    offset: Floats
    x: Floats
    y: Floats
    values: Floats

    def project(self, path: ArrayLike) -> NDArray[np.float64]:
        """Return where parameters are seen in the picture: at the nearest points of the plane.

        Parameters
        ----------
        path : array of shape (n, n_params)
            Parameters.

        Returns
        -------
        array of shape (n, 2), float64
            x and y.
        """
        points = check_path("path", path, self.center.size)
        found, *_ = np.linalg.lstsq(self.directions.T, (points - self.center).T, rcond=None)
        return np.asarray(found.T + self.offset)

    def at(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return the objective, shape (n,), at points of the picture, shape (n, 2)."""
        coordinates = np.asarray(points, np.float64) - self.offset
        return values_on_plane(self.objective, self.center, self.directions, coordinates)


def values_on_plane(objective: Any, center: Floats, directions: Floats, coordinates: Floats) -> Floats:
    """What an objective, or a function, is at each of the points."""
    if callable(getattr(objective, "plane", None)):
        found: Floats = objective.plane(center, directions, coordinates)
        return found
    at_once = max(1, _PARAMS_AT_ONCE // center.size)
    parts = [
        _values(objective, center + coordinates[begin : begin + at_once] @ directions)
        for begin in range(0, len(coordinates), at_once)
    ]
    return np.concatenate(parts)


def _values(objective: Any, W: Floats) -> Floats:
    if callable(getattr(objective, "values", None)):
        return np.asarray(objective.values(W), np.float64)
    value = getattr(objective, "value", objective)
    return np.array([float(value(w)) for w in W])


def check_objective(objective: object) -> None:
    """Refuse what has no value."""
    if not callable(getattr(objective, "value", objective)):
        raise check.refuse("objective", "an objective of fastgd, or a function w -> value", objective, TypeError)


def check_center(objective: Any, center: ArrayLike) -> Floats:
    """The parameters at the centre of a picture."""
    given = check.real_array("center", center)
    size = getattr(objective, "n_params", None)
    if given.ndim != 1 or given.size < 2 or size not in (None, given.size):
        expected = "n_params" if size is None else size
        raise ValueError(f"center must have shape ({expected},), with at least 2 parameters, got shape {given.shape}")
    found: Floats = check.finite("center", given, np.float64)
    return found


def check_path(name: str, path: ArrayLike, n_params: int | None) -> Floats:
    """Parameters, a row each."""
    given = check.real_array(name, path)
    if given.ndim != 2 or len(given) == 0 or n_params not in (None, given.shape[1]):
        raise ValueError(f"{name} must have shape (n_steps, {n_params or 'n_params'}), got shape {given.shape}")
    found: Floats = check.finite(name, given, np.float64)
    return found


def check_directions(directions: object, n_params: int, random_state: int) -> tuple[Floats, tuple[int, int] | None]:
    """Two directions, and which parameters they are where they are two of them."""
    seed = check.seed("random_state", random_state)
    if directions is None:
        if n_params > 2:
            noise = np.random.Generator(np.random.Philox(seed)).standard_normal((n_params, 2))
            return np.ascontiguousarray(np.linalg.qr(noise)[0].T), None
        directions = (0, 1)
    given = check.real_array("directions", directions)
    allowed = (
        f"two different indices of parameters from 0 to {n_params - 1}, an array of shape (2, {n_params}), or None"
    )
    if given.shape == (2,) and given.dtype.kind in "iu":
        first, second = (int(i) for i in given)
        if first == second or not all(0 <= i < n_params for i in (first, second)):
            raise check.refuse("directions", allowed, directions)
        return _axes(first, second, n_params), (first, second)
    if given.shape != (2, n_params):
        raise ValueError(f"directions must be {allowed}, got shape {given.shape}")
    found: Floats = check.finite("directions", given, np.float64)
    sizes = np.abs(found).max(axis=1)
    if not sizes.all():
        raise ValueError(f"directions must not be 0, got {check.shown(found[int(sizes.argmin())])}")
    # The squares of the largest numbers are beyond their range.
    scaled = found / sizes[:, None]
    if np.linalg.svd(scaled / np.linalg.norm(scaled, axis=1)[:, None], compute_uv=False)[1] < _PARALLEL:
        raise ValueError("directions must not be parallel, got two that span a line, not a plane")
    return found, None


def _axes(first: int, second: int, n_params: int) -> Floats:
    directions = np.zeros((2, n_params))
    directions[[0, 1], [first, second]] = 1.0
    return directions


def check_extent(extent: object, offset: Floats) -> Floats:
    """Left, right, bottom and top of a picture."""
    allowed = "a number > 0, or (left, right, bottom, top) with left < right and bottom < top"
    given = check.real_array("extent", extent)
    if given.shape == ():
        around = np.array([-1.0, 1.0, -1.0, 1.0]) * check.number("extent", given[()], *check.POSITIVE)
        return np.repeat(offset, 2) + around
    if given.shape != (4,) or not (given[0] < given[1] and given[2] < given[3]):
        raise check.refuse("extent", allowed, extent)
    sides: Floats = check.finite("extent", given, np.float64)
    return sides


def make_surface(objective: Any, center: Floats, directions: Floats, offset: Floats, extent: object, n: int) -> Surface:
    """The objective on a grid of n x n points of the plane."""
    left, right, bottom, top = check_extent(extent, offset)
    x, y = np.linspace(left, right, n), np.linspace(bottom, top, n)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        values = values_on_plane(objective, center, directions, points - offset).reshape(n, n)
    if not np.isfinite(values).any():
        raise ValueError(
            f"objective must be finite somewhere on the plane, got {values[0, 0]} and the like at all {n} x {n} "
            "points; a smaller extent may help"
        )
    return Surface(objective, center, directions, offset, x, y, values)
