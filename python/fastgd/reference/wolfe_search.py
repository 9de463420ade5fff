"""Line search to the strong Wolfe conditions, safeguarded by interpolation in a bracket."""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, inf, isfinite, nan, sqrt
from typing import NamedTuple

# More and Thuente's constants: the longest extrapolation in units of the last advance, and by how much a bracket
# shrinks at least in two trials.
_LONGEST, _SHRINK = 4.0, 0.66


class Trial(NamedTuple):
    """The function along the line at one step.

    Parameters
    ----------
    step, value, slope : float
        Step t, phi(t) and phi'(t).
    """

    step: float
    value: float
    slope: float

    def tilted(self, tilt: float) -> Trial:
        """Return the trial of ``phi(t) - tilt * t``."""
        return Trial(self.step, self.value - tilt * self.step, self.slope - tilt)


def wolfe_search(
    evaluate: Callable[[float], tuple[float, float]],
    value: float,
    slope: float,
    *,
    armijo: float = 1e-3,
    curvature: float = 0.9,
    noise: float = 1e-14,
    max_search: int = 20,
) -> bool:
    """Look for a step from 0, the first trial being 1, at which the strong Wolfe conditions hold.

    They are, for ``phi(t)``, the objective along the line::

        phi(t) <= phi(0) + armijo t phi'(0)     or     |phi(t) - phi(0)| <= noise |phi(0)|
        |phi'(t)| <= curvature |phi'(0)|

    The second form of the first condition is Hager and Zhang's: where the decrease drowns in rounding errors, slopes
    alone decide, also on where the next trial is.  Trials at which the value or the slope is not finite are walls: the
    steps after them fall back by 1/2, 1/4, 1/8, ... of the way, so that any scale is soon reached.

    Parameters
    ----------
    evaluate : function step -> (value, slope)
        The objective along the line; its last call is the result of the search.
    value, slope : float
        phi(0) and phi'(0) < 0.
    armijo, curvature : float
        Constants of the two conditions, ``0 < armijo < curvature < 1``.
    noise : float
        Relative rounding error of the values.
    max_search : int
        Largest number of trials.

    Returns
    -------
    bool
        Whether the last trial satisfies the conditions.

    References
    ----------
    J. J. More and D. J. Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM Transactions on
    Mathematical Software 20, 1994.
    W. W. Hager and H. Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search",
    SIAM Journal on Optimization 16, 2005.
    """
    low, high = Trial(0.0, value, slope), None
    step, wall, n_walls = 1.0, inf, 0
    width, last_width = inf, inf
    auxiliary = True
    equal = noise * abs(value)

    for _ in range(max_search):
        trial = Trial(step, *evaluate(step))
        if not (isfinite(trial.value) and isfinite(trial.slope)):
            wall, n_walls = step, n_walls + 1
            step = low.step + 0.5**n_walls * (step - low.step)
            continue
        sufficient = value + armijo * slope * step
        is_lower = trial.value <= sufficient or abs(trial.value - value) <= equal
        if is_lower and abs(trial.slope) <= curvature * -slope:
            return True

        if abs(trial.value - low.value) <= equal:
            trial = trial._replace(value=low.value)
        # Until a trial is low enough and rises, what is minimised is the distance from the line of sufficient decrease.
        auxiliary = auxiliary and not (trial.value <= sufficient and trial.slope >= 0.0)
        tilt = armijo * slope if auxiliary and sufficient < trial.value <= low.value else 0.0
        step = _next_step(low.tilted(tilt), high and high.tilted(tilt), trial.tilted(tilt))
        low, high = _interval(low, high, trial, tilt)

        if high is None:
            step = min(step, 0.5 * (low.step + wall))
        else:
            is_inside = min(low.step, high.step) < step < max(low.step, high.step)
            before_last, last_width, width = last_width, width, abs(high.step - low.step)
            if width >= _SHRINK * before_last or not is_inside:
                step = 0.5 * (low.step + high.step)
    return False


def _interval(low: Trial, high: Trial | None, trial: Trial, tilt: float) -> tuple[Trial, Trial | None]:
    """Return the ends of the interval with the trial in place of one of them; `low` is the better end."""
    if trial.tilted(tilt).value > low.tilted(tilt).value:
        return low, trial
    if (trial.slope - tilt) * (low.slope - tilt) < 0.0:
        return trial, low
    return trial, high


def _next_step(low: Trial, high: Trial | None, trial: Trial) -> float:
    """Return the next trial step by More and Thuente's four cases; nan where rounding leaves none."""
    farthest = trial.step + _LONGEST * (trial.step - low.step) if high is None else high.step

    if trial.value > low.value:
        cubic, quadratic = _cubic(low, trial), _quadratic(low, trial)
        return cubic if abs(cubic - low.step) < abs(quadratic - low.step) else 0.5 * (cubic + quadratic)

    if trial.slope * low.slope < 0.0:
        cubic, secant = _cubic(trial, low), _secant(trial, low)
        return cubic if abs(cubic - trial.step) > abs(secant - trial.step) else secant

    if abs(trial.slope) < abs(low.slope):
        cubic, secant = _cubic(trial, low), _secant(trial, low)
        if not (cubic - trial.step) * (trial.step - low.step) > 0.0:
            cubic = farthest
        is_closer = abs(cubic - trial.step) < abs(secant - trial.step)
        if high is None:
            return min(secant if is_closer else cubic, farthest)
        step = cubic if is_closer else secant
        limit = trial.step + _SHRINK * (high.step - trial.step)
        return min(step, limit) if trial.step > low.step else max(step, limit)

    return farthest if high is None else _cubic(trial, high)


def _cubic(a: Trial, b: Trial) -> float:
    """Return the minimizer of the cubic with the values and slopes of both trials, nan if it has none."""
    theta = 3.0 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    square = (theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale)
    if not square > 0.0:
        return nan
    gamma = copysign(scale * sqrt(square), b.step - a.step)
    denominator = 2.0 * gamma - a.slope + b.slope
    if denominator == 0.0:
        return nan
    return a.step + (gamma - a.slope + theta) / denominator * (b.step - a.step)


def _quadratic(a: Trial, b: Trial) -> float:
    """Return the minimizer of the parabola with both values and the slope at `a`; the value at `b` is higher."""
    return a.step + 0.5 * a.slope / ((a.value - b.value) / (b.step - a.step) + a.slope) * (b.step - a.step)


def _secant(a: Trial, b: Trial) -> float:
    """Return where the line through both slopes, which must differ, is 0."""
    return a.step + a.slope / (a.slope - b.slope) * (b.step - a.step)
