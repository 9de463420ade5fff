"""Taylor's theorem as a test of a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .function import Function
from .slopes import noise_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["TaylorTest", "taylor_test"]

# Remainders count where they are so many standard deviations of the values' rounding, which moves a fitted order by
# about a tenth of the inverse.
_ABOVE_ROUNDING = 20.0
# An order is fitted to the smallest of them: Taylor's theorem is about small steps.
_FITTED = 6
# How far below 1 and 2 an order may be fitted: what the next term does, and rounding.
_SHORTFALL = 0.25
_STEPS = 2.0 ** -np.arange(41.0)


@dataclass(frozen=True, eq=False, repr=False)
class TaylorTest:
    """What `fastgd.taylor_test` found; true where the gradient passed.

    Attributes
    ----------
    ok : bool
        Whether the remainders shrink as they must: with orders of at least 1 and 2, less what the fit may miss them by,
        or into rounding.
    order0, order1 : float
        Slopes of ``log(remainder)`` over ``log(h)``, at the smallest steps where the remainder is above rounding; nan
        where it is nowhere, as that of a function that is linear along the direction.
    h : array of shape (n_steps,), float64
        Steps, descending.
    remainder0, remainder1 : array of shape (n_steps,), float64
        ``|f(w + h d) - f(w)|`` and ``|f(w + h d) - f(w) - h g.d|``.
    fitted0, fitted1 : array of shape (n_steps,), bool
        The steps that the orders are fitted to.
    rounding : array of shape (n_steps,), float64
        The size below which a remainder tells nothing.
    slope : float
        ``g.d``.
    direction : array of shape (n_params,), float64
        ``d``.
    """

    ok: bool
    order0: float
    order1: float
    h: Floats
    remainder0: Floats
    remainder1: Floats
    fitted0: NDArray[np.bool_]
    fitted1: NDArray[np.bool_]
    rounding: Floats
    slope: float
    direction: Floats

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        found = "as it should be" if self.ok else "too low: the gradient is wrong, or there is a kink"
        lines = [
            f"remainders of order {self.order0:.3f} without the gradient and {self.order1:.3f} with it, {found}",
            f"{'h':>9}  {'|f(w+hd)-f(w)|':>15}  {'less h g.d':>15}",
        ]
        above = np.flatnonzero(~(self.remainder0 <= self.rounding))
        end = int(above[-1]) + 1 if above.size else 1
        rows = zip(self.h[:end], self.remainder0, self.remainder1, self.fitted0, self.fitted1, strict=False)
        for h, r0, r1, in0, in1 in rows:
            lines.append(f"{h:9.2e}  {r0:14.6e}{'*' if in0 else ' '}  {r1:14.6e}{'*' if in1 else ''}")
        lines.append(f"* fitted; below about {self.rounding[end - 1]:.1e} is rounding")
        return "\n".join(lines)


def taylor_test(
    objective: Any,
    w: ArrayLike | None = None,
    direction: ArrayLike | None = None,
    *,
    grad: Callable[..., Any] | None = None,
    h: ArrayLike | None = None,
    random_state: int = 0,
) -> TaylorTest:
    """Test a gradient by the remainders of Taylor's theorem, which shrink as the step and as its square.

    For a function with a gradient ``g`` at `w` and a second derivative near it, along any direction ``d``::

        f(w + h d) - f(w)           = h g.d + O(h^2)     order 1
        f(w + h d) - f(w) - h g.d   = O(h^2)             order 2

    With a wrong gradient the second remainder is of order 1, too. One direction tests all coordinates at once, unless
    an error is orthogonal to it, at the cost of one evaluation a step.

    Parameters
    ----------
    objective : callable or objective
        An objective; or ``fun(w) -> float``, with `grad`.
    w : array of shape (n_params,), optional
        Where. By default as in `fastgd.check_grad`, a random point near the objective's start.
    direction : array of shape (n_params,), optional
        ``d``, not 0; by default a random one of length 1.
    grad : callable, optional
        ``grad(w) -> gradient``, in the place of the objective's own.
    h : array of shape (n_steps,), optional
        Steps, at least two, above 0; by default ``2^0, 2^-1, ..., 2^-40``.
    random_state : int, default=0
        Seed of the point and the direction, 0 to 2**64 - 1.

    Returns
    -------
    TaylorTest
        ``ok``, the remainders and their orders.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type or shape, there is no gradient, or the function is not finite at `w`; the steps
        in `h` are lost to rounding, so that nothing would be tested. Steps that lead to where it is not finite do not
        count.

    Notes
    -----
    At a kink there is no gradient, and the second remainder is of order 1 whatever is subtracted; in float32 so it may
    be with one nearby.

    See Also
    --------
    fastgd.check_grad : names the coordinate that is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> def fun(w):
    ...     return np.exp(w).sum()
    >>> test = fastgd.taylor_test(fun, [0.5, -1.0], grad=np.exp)
    >>> test.ok, round(test.order0, 1), round(test.order1, 1)
    (True, 1.0, 2.0)
    >>> fastgd.taylor_test(fun, [0.5, -1.0], grad=lambda w: 1.01 * np.exp(w)).ok
    False
    """
    function = Function("objective", objective)
    seed = check.seed("random_state", random_state)
    at, value = function.begin(w, seed)
    along = _direction(direction, at, seed)
    steps = _STEPS if h is None else _check_steps(h)
    gradient = function.gradient(grad, at)
    slope = float(gradient.astype(np.float64) @ along)
    values = np.array([function(function.rounded(at + step * along)) for step in steps])
    rise = values - value
    remainder0, remainder1 = np.abs(rise), np.abs(rise - steps * slope)
    eps = max(function.eps, float(np.finfo(gradient.dtype).eps))
    # The rounding of g.d adds up over the step.
    terms = float(np.abs(gradient).astype(np.float64) @ np.abs(along))
    rounding = _ABOVE_ROUNDING * noise_at(function, at, value) + 8.0 * eps * terms * steps
    if h is not None:
        _refuse_steps_lost_to_rounding(steps, along, at, remainder0, remainder1, rounding)
    order0, ok0, fitted0 = _fit(steps, remainder0, rounding, 1.0)
    order1, ok1, fitted1 = _fit(steps, remainder1, rounding, 2.0)
    return TaylorTest(
        ok=ok0 and ok1,
        order0=order0,
        order1=order1,
        h=steps.copy(),
        remainder0=remainder0,
        remainder1=remainder1,
        fitted0=fitted0,
        fitted1=fitted1,
        rounding=rounding,
        slope=slope,
        direction=along,
    )


def _direction(given: ArrayLike | None, w: Floats, seed: int) -> Floats:
    if given is None:
        normal = np.random.Generator(np.random.Philox(seed)).standard_normal(w.size)
        return np.asarray(normal / np.linalg.norm(normal))
    direction: Floats = np.array(check.finite("direction", check.real_array("direction", given), np.float64))
    if direction.shape != w.shape:
        raise ValueError(f"direction must have shape {w.shape}, as w has, got shape {direction.shape}")
    if not direction.any():
        raise ValueError("direction must not be 0 in every coordinate")
    return direction


def _check_steps(h: ArrayLike) -> Floats:
    steps = check.finite("h", check.real_array("h", h), np.float64)
    if steps.ndim != 1 or steps.size < 2 or not (steps > 0.0).all():
        raise ValueError(f"h must be a 1-D array of at least two numbers > 0, got {check.shown(h)}")
    return np.sort(steps)[::-1]


def _refuse_steps_lost_to_rounding(
    steps: Floats, along: Floats, w: Floats, remainder0: Floats, remainder1: Floats, rounding: Floats
) -> None:
    """Raise where the steps are so small that a wrong gradient would pass as well."""
    seen = max(int((remainder > rounding).sum()) for remainder in (remainder0, remainder1))
    # Where a function is constant nothing is seen at any step: long ones are believed.
    enough = float(np.sqrt(np.finfo(np.float64).eps) * max(1.0, np.abs(w).max()) / np.abs(along).max())
    if seen < 2 and (seen > 0 or steps[0] < enough):
        raise ValueError(
            f"h must have two steps or more at which the function changes by more than its rounding, here about "
            f"{rounding[0]:.1e}, got {seen} among {steps.size} from {steps[0]:.3g} to {steps[-1]:.3g}"
        )


def _fit(steps: Floats, remainder: Floats, rounding: Floats, expected: float) -> tuple[float, bool, NDArray[np.bool_]]:
    """The order of a remainder at its smallest steps above rounding, whether it is enough, and which steps tell it."""
    counted = np.isfinite(remainder)
    lost = counted & (remainder <= rounding)
    end = int(lost.argmax()) if lost.any() else steps.size
    fitted = np.zeros(steps.size, np.bool_)
    fitted[np.flatnonzero(counted[:end])[-_FITTED:]] = True
    used = np.flatnonzero(fitted)
    if used.size < 2:
        return float("nan"), bool(counted.any()), np.zeros(steps.size, np.bool_)
    least = expected - _SHORTFALL
    order = float(np.polyfit(np.log(steps[fitted]), np.log(remainder[fitted]), 1)[0])
    # Beyond the last kink there may be nothing left: then it fell by more than the order asks for.
    last = int(used[-1])
    fell = end < steps.size and bool(remainder[last] * (steps[end] / steps[last]) ** least >= rounding[end])
    return order, order >= least or fell, fitted
