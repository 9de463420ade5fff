"""L-BFGS: a quasi-Newton method that remembers the last few steps, and a line search to the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .wolfe_search import wolfe_search

# A pair is left out unless s.y is more than this share of the decrease that the slope promised.
LEAST_CURVATURE = float(np.finfo(np.float64).eps)
# So many steps in a row without progress beyond the noise end the run.
_MAX_STALLS = 10


class Point(NamedTuple):
    """Parameters with the objective and its gradient there.

    Parameters
    ----------
    x : array of shape (n_params,)
        Parameters.
    value : float
        Objective.
    grad : array of shape (n_params,)
        Gradient.
    norm : float
        Euclidean norm by which the gradient is judged: of itself, or of the pseudo-gradient.
    """

    x: FloatArray
    value: float
    grad: FloatArray
    norm: float

    def scale(self) -> float:
        """Return what a first step along the gradient is multiplied by, where nothing is known of the curvature.

        Its length is 1, or where that is less ``2 |value| / norm``, which is that to the minimum of a parabola if its
        value there is 0; but no less than ``2**-26 ||x||``, as a value may be near 0 by chance.
        """
        if self.value == 0.0:
            return 1.0 / self.norm
        least = 2.0**-26 * sqrt(dot(self.x, self.x))
        return min(1.0, max(2.0 * abs(self.value) / self.norm, least)) / self.norm


class Progress:
    """The best point of a search, and whether it still gets better.

    Values that differ by no more than `noise` times their size count as equal, and of points with equal values the one
    with the smaller gradient is the better one.

    Parameters
    ----------
    start : Point
        The first point.
    noise : float
        Relative rounding error of the values.
    """

    def __init__(self, start: Point, noise: float) -> None:
        self.best = self._mark = start
        self._lowest, self._noise, self._n_stalls = start.value, noise, 0

    def see(self, point: Point) -> None:
        """Keep the point if it is the best."""
        self._lowest = min(self._lowest, point.value)
        equal_below = self._lowest + self._noise * abs(self._lowest)
        if point.value <= equal_below and (self.best.value > equal_below or point.norm < self.best.norm):
            self.best = point

    def is_below(self, value: float) -> bool:
        """Whether the best value is lower than `value`, by more than the noise."""
        return self.best.value < value - self._noise * abs(value)

    def is_stalled(self) -> bool:
        """Whether this is the tenth accepted step in a row without progress beyond the noise."""
        if self.is_below(self._mark.value) or self.best.norm < 0.5 * self._mark.norm:
            self._mark, self._n_stalls = self.best, 0
            return False
        self._n_stalls += 1
        return self._n_stalls == _MAX_STALLS


class Pair(NamedTuple):
    """A step and what it did to the gradient.

    Parameters
    ----------
    s, y : array of shape (n_params,)
        Differences of parameters and of gradients.
    curvature : float
        ``s . y``, which is positive.
    """

    s: FloatArray
    y: FloatArray
    curvature: float


@dataclass(frozen=True)
class LbfgsResult:
    """What `lbfgs` found.

    Parameters
    ----------
    x : array of shape (n_params,)
        The best parameters seen.
    fun : float
        Objective there.
    grad : array of shape (n_params,)
        Gradient there.
    n_evals, n_iterations : int
        Evaluations of the objective with its gradient, and accepted steps.
    status : str
        ``"gtol"``, ``"ftol"``, ``"max_evals"``, or ``"finished"`` where rounding errors allow no further decrease.
    """

    x: FloatArray
    fun: float
    grad: FloatArray
    n_evals: int
    n_iterations: int
    status: str


def dot(u: FloatArray, v: FloatArray) -> float:
    """Return ``u . v``, summed in eight lanes and then over them, which is the order of the core.

    Parameters
    ----------
    u, v : array of shape (n,)
        Factors.

    Returns
    -------
    float
        Their dot product.
    """
    products = np.zeros((-(-u.size // 8), 8))
    products.flat[: u.size] = u * v
    lanes = np.add.reduce(products, axis=0)
    while lanes.size > 1:
        lanes = lanes[: lanes.size // 2] + lanes[lanes.size // 2 :]
    return float(lanes[0])


Precondition = Callable[[FloatArray], FloatArray]


def identity(v: FloatArray) -> FloatArray:
    """Return `v` itself."""
    return v


def two_loop_recursion(
    grad: FloatArray, pairs: list[Pair], gamma: float, precondition: Precondition = identity
) -> FloatArray:
    """Return ``-H grad``, H being the inverse Hessian that the pairs make of ``gamma M``.

    Each pair, from the oldest to the newest, updates it by the formula of BFGS::

        H = (I - s y' / s.y) H (I - y s' / s.y) + s s' / s.y

    Parameters
    ----------
    grad : array of shape (n_params,)
        Gradient.
    pairs : list of Pair
        Oldest first.
    gamma : float
        Scale of the first H.
    precondition : function v -> M v
        Product with an estimate of the inverse Hessian.

    Returns
    -------
    array of shape (n_params,)
        A direction of descent, but for rounding errors.

    References
    ----------
    J. Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35, 1980.
    """
    direction = -grad
    shares = []
    for s, y, curvature in reversed(pairs):
        shares.append(dot(s, direction) / curvature)
        direction = direction - shares[-1] * y
    direction = gamma * precondition(direction)
    for s, y, curvature in pairs:
        direction = direction + (shares.pop() - dot(y, direction) / curvature) * s
    return direction


def lbfgs(
    fun_and_grad: Callable[[FloatArray], tuple[float, ArrayLike]],
    w0: ArrayLike,
    *,
    memory: int = 10,
    armijo: float = 1e-3,
    curvature: float = 0.9,
    max_search: int = 20,
    noise: float = 1e-14,
    max_evals: int = 1000,
    gtol: float = 1e-6,
    ftol: float = 0.0,
    precondition: Precondition | None = None,
) -> LbfgsResult:
    """Minimise a smooth function by L-BFGS.

    An iteration goes from ``x`` along ``d = -H grad`` (see `two_loop_recursion`) by a step that `wolfe_search` finds.
    The pair ``s = x_new - x``, ``y = grad_new - grad`` is kept if ``s . y`` is positive beyond rounding, and
    ``gamma = s.y / y.My``; at first it is `Point.scale`, or with a preconditioner M, which is I otherwise,
    ``gamma = 1``.  A search that fails goes on from the best of its trials; if none is better than ``x``, the pairs are
    dropped, so that ``d = -gamma M grad``, or, where it was the first search, ``gamma = 1 / ||grad||``; if that fails
    too, no further decrease is possible.

    Values that differ by no more than ``noise`` times their size count as equal, and of points with equal values the
    one with the smaller gradient is the better one.

    Parameters
    ----------
    fun_and_grad : function w -> (value, gradient)
        The objective.  Where it is not finite, steps get shorter.
    w0 : array of shape (n_params,)
        First parameters.
    memory : int
        Number of pairs that are kept.
    armijo, curvature, max_search
        The line search, see `wolfe_search`.
    noise : float
        Relative rounding error of the objective's values: about 1e-14 in float64, 1e-6 in float32.
    max_evals : int
        Largest number of evaluations.
    gtol : float
        Stop when the Euclidean norm of the gradient is at most this.
    ftol : float
        Stop when an accepted step lowers the objective by no more than this share of its size.
    precondition : function v -> M v, optional
        Product with a positive definite estimate M of the inverse Hessian, as `inverse_second_moments` makes one.

    Returns
    -------
    LbfgsResult
        The best point seen, and why the search for a better one ended.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical
    Programming 45, 1989.
    J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd edition, Springer, 2006, section 7.2.
    """
    n_evals = n_iterations = 0

    def evaluate(x: FloatArray) -> Point:
        nonlocal n_evals
        n_evals += 1
        value, grad = fun_and_grad(x)
        (grad,) = as_float64(grad)
        return Point(x, float(value), grad, sqrt(dot(grad, grad)))

    def result(status: str) -> LbfgsResult:
        best = progress.best
        return LbfgsResult(best.x, best.value, best.grad, n_evals, n_iterations, status)

    x = evaluate(as_float64(w0)[0].copy())
    progress = Progress(x, noise)
    if not (isfinite(x.value) and isfinite(x.norm)):
        return result("finished")
    if x.norm <= gtol:
        return result("gtol")
    gamma = x.scale() if precondition is None else 1.0
    scaled = precondition or identity
    is_guessed = precondition is None and gamma * x.norm < 1.0
    pairs: list[Pair] = []
    trial, direction = x, -x.grad

    def along(step: float) -> tuple[float, float]:
        nonlocal trial
        trial = evaluate(x.x + step * direction)
        slope = dot(trial.grad, direction)
        if isfinite(trial.value) and isfinite(slope):
            progress.see(trial)
        return trial.value, slope

    while progress.best.norm > gtol:
        direction = two_loop_recursion(x.grad, pairs, gamma, scaled)
        slope = dot(x.grad, direction)
        if not -inf < slope < 0.0:
            pairs.clear()
            direction = gamma * scaled(-x.grad)
            slope = dot(x.grad, direction)
            if not -inf < slope < 0.0:
                return result("finished")

        budget = min(max_search, max_evals - n_evals)
        found = wolfe_search(along, x.value, slope, armijo=armijo, curvature=curvature, noise=noise, max_search=budget)
        if not found:
            if n_evals >= max_evals:
                return result("max_evals")
            if progress.is_below(x.value):
                trial = progress.best
            elif pairs or is_guessed:
                if not pairs:
                    gamma = 1.0 / x.norm
                is_guessed = False
                pairs.clear()
                continue
            else:
                return result("finished")

        is_guessed = False
        n_iterations += 1
        s, y = trial.x - x.x, trial.grad - x.grad
        change, squares = dot(s, y), dot(y, scaled(y))
        if change > LEAST_CURVATURE * -dot(x.grad, s) and squares > 0.0:
            pairs = [*pairs, Pair(s, y, change)][-memory:]
            gamma = change / squares
        decrease, x = x.value - trial.value, trial

        if ftol > 0.0 and decrease <= ftol * abs(x.value):
            return result("ftol")
        if progress.is_stalled():
            return result("finished")
        if n_evals >= max_evals:
            return result("max_evals")
    return result("gtol")
