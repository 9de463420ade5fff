"""An analytic gradient against differences of the function's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _validation as check
from .function import Function
from .grad_check import GradCheck, excess
from .slopes import STRETCHES, Slope, noise_at, slope_along

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["check_grad"]

# So many coordinates are checked one by one where none are named.
_MAX_COORDINATES = 500
# Roundings of the last operations that an analytic value went through.
_ROUNDINGS = 4.0


def check_grad(
    objective: Any,
    w: ArrayLike | None = None,
    *,
    grad: Callable[..., Any] | None = None,
    coordinates: int | ArrayLike | None = None,
    rtol: float = 0.0,
    random_state: int = 0,
) -> GradCheck:
    """Check a gradient against differences of values, coordinate by coordinate, and name what is wrong.

    Each coordinate has the central difference with the step whose error is least, and a bound on that error, from two
    steps (truncation) and from the noise of the values (rounding) [1]_. An analytic value that is further away is
    wrong. Near kinks, of hinges, absolute errors, l1 norms or relu, the step shrinks until the kink is out of reach;
    on one the slopes of both sides differ however small it is, and any value between them is right: a subgradient.

    Where not all coordinates are checked one by one, the slope along a random direction through all others is, and if
    that is wrong, halves of them in turn, until the coordinate is found.

    Parameters
    ----------
    objective : callable or objective
        An objective, whose `value` and `grad` are compared; or ``fun(w) -> float``, with `grad`.
    w : array of shape (n_params,), optional
        Where. By default a random point near the objective's start: starts at 0 hide the penalty's gradient, and are
        kinks of some losses. Must be given for a function.
    grad : callable, optional
        ``grad(w) -> gradient``, in the place of the objective's own.
    coordinates : int or array of int, optional
        How many random coordinates to check one by one, or which; by default all, or 500 random ones of more.
    rtol : float, default=0.0
        Relative difference that is tolerated in addition.
    random_state : int, default=0
        Seed of the point, the coordinates and the directions, 0 to 2**64 - 1.

    Returns
    -------
    GradCheck
        ``ok``, the worst ``coordinate`` with its ``place`` and ``max_error``, and the whole table.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type or shape, there is no gradient, or the function is not finite at `w`. A wrong
        gradient raises nothing: see `GradCheck.raise_if_wrong`.

    Notes
    -----
    In float64 the bound on the error has held wherever it was tried. In float32 the steps are so long that many kinks
    may lie within one, and their terms in it cancel by chance: what seems wrong then has to be so with other steps,
    too, which leaves a few false alarms in a thousand checks of losses with kinks on badly scaled features.

    See Also
    --------
    fastgd.taylor_test : whether the remainder of Taylor's first order shrinks as it must.
    fastgd.numerical_grad : the numerical gradient itself.

    References
    ----------
    .. [1] P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, "Computing forward-difference intervals for numerical
       optimization", SIAM Journal on Scientific and Statistical Computing 4, 1983.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> objective = fastgd.LinearObjective(X, X[:, 0] > 0.0, loss="log_loss", alpha=0.1)
    >>> fastgd.check_grad(objective).ok
    True
    >>> def planted(w):
    ...     return objective.grad(w) + [0.0, 1e-6, 0.0, 0.0]
    >>> found = fastgd.check_grad(objective, grad=planted)
    >>> found.ok, found.coordinate, found.place
    (False, 1, 'coef[0, 1]')
    """
    function = Function("objective", objective)
    seed = check.seed("random_state", random_state)
    share = check.number("rtol", rtol, *check.NOT_NEGATIVE)
    at, value = function.begin(w, seed)
    gradient = function.gradient(grad, at)
    chosen = _choose(coordinates, at.size, seed)
    comparer = _Comparer(function, at, value, gradient, share)
    compared = {int(j): comparer.at(int(j)) for j in chosen}
    others = np.setdiff1d(np.arange(at.size), chosen)
    is_right = True
    if others.size and np.isfinite(gradient).all():
        signs: Floats = np.random.Generator(np.random.Philox(seed)).integers(0, 2, at.size) * np.float64(2.0) - 1.0
        if not comparer.along(others, signs).is_right:
            is_right = False
            found = comparer.search(others, signs)
            compared[found] = comparer.at(found)
    return _table(function, compared, at.size, is_right)


class _Compared(NamedTuple):
    """An analytic and a numeric slope, and how far apart they may be."""

    analytic: float
    slope: Slope
    difference: float
    tolerance: float

    @property
    def is_right(self) -> bool:
        return self.difference <= self.tolerance


class _Comparer:
    """Compares slopes along coordinates and directions."""

    def __init__(
        self, function: Function, w: Floats, value: float, gradient: NDArray[np.floating[Any]], rtol: float
    ) -> None:
        self._function, self._w, self._value, self._rtol = function, w, value, rtol
        self._gradient = gradient.astype(np.float64)
        self._eps = max(function.eps, float(np.finfo(gradient.dtype).eps))
        self._noise = noise_at(function, w, value)

    def at(self, j: int) -> _Compared:
        """Along coordinate j."""
        direction = np.zeros_like(self._w)
        direction[j] = 1.0
        return self._compare(direction)

    def along(self, coordinates: Ints, signs: Floats) -> _Compared:
        """Along the direction of these signs in these coordinates."""
        direction = np.zeros_like(self._w)
        direction[coordinates] = signs[coordinates] / np.sqrt(coordinates.size)
        return self._compare(direction)

    def search(self, coordinates: Ints, signs: Floats) -> int:
        """The coordinate to which the worse half of the worse half leads."""
        while coordinates.size > 1:
            halves = np.array_split(coordinates, 2)
            compared = [self.along(half, signs) for half in halves]
            worse = excess(np.array([c.difference for c in compared]), np.array([c.tolerance for c in compared]))
            coordinates = halves[int(worse.argmax())]
        return int(coordinates[0])

    def _compare(self, direction: Floats) -> _Compared:
        compared = []
        for stretch in STRETCHES:
            compared.append(self._compare_once(direction, stretch))
            if compared[-1].is_right:
                return compared[-1]
        return compared[0]

    def _compare_once(self, direction: Floats, stretch: float) -> _Compared:
        slope = slope_along(self._function, self._w, direction, self._value, self._noise, stretch)
        terms = self._gradient[direction != 0.0] * direction[direction != 0.0]
        analytic = float(terms.sum())
        low, high = sorted((slope.left, slope.right)) if slope.at_kink else (slope.value, slope.value)
        difference = max(low - analytic, analytic - high, 0.0) if np.isfinite(analytic) else np.inf
        tolerance = slope.error + _ROUNDINGS * self._eps * float(np.abs(terms).sum())
        return _Compared(analytic, slope, difference, tolerance + self._rtol * max(abs(analytic), abs(slope.value)))


def _choose(coordinates: object, n_params: int, seed: int) -> Ints:
    if coordinates is None:
        coordinates = min(n_params, _MAX_COORDINATES)
    if isinstance(coordinates, (int, np.integer)) and not isinstance(coordinates, bool):
        count = check.integer("coordinates", coordinates, 1, n_params)
        order = np.random.Generator(np.random.Philox(seed)).permutation(n_params)
        return np.sort(order[:count]).astype(np.int64)
    return np.unique(check.row_indices("coordinates", coordinates, n_params))


def _table(function: Function, compared: dict[int, _Compared], n_params: int, is_right: bool) -> GradCheck:
    rows = [compared[j] for j in sorted(compared)]
    coordinates = np.array(sorted(compared), dtype=np.int64)
    difference = np.array([row.difference for row in rows])
    tolerance = np.array([row.tolerance for row in rows])
    wrong = np.array([not row.is_right for row in rows])
    worst = int(excess(difference, tolerance).argmax())
    places = [function.place(int(j)) for j in coordinates]
    return GradCheck(
        ok=is_right and not bool(wrong.any()),
        coordinate=int(coordinates[worst]),
        place=places[worst],
        max_error=float(difference[worst]),
        coordinates=coordinates,
        analytic=np.array([row.analytic for row in rows]),
        numeric=np.array([row.slope.value for row in rows]),
        difference=difference,
        tolerance=tolerance,
        wrong=wrong,
        at_kink=np.array([row.slope.at_kink for row in rows]),
        left=np.array([row.slope.left for row in rows]),
        right=np.array([row.slope.right for row in rows]),
        places=places,
        n_params=n_params,
        n_evaluations=function.n_evaluations,
    )
