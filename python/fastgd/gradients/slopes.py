"""The slope of a function along a direction, with a bound on its error, and the noise of its values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .function import Function

    Floats = NDArray[np.float64]

# From one step to the next smaller one.
_RATIO = 4.0
_MAX_LEVELS = 16
_LEAST_PRECISION = 1e-5
# Largest part of a difference's rounding that is expected, in standard deviations of a value.
_DEVIATIONS = 4.0
# Differences of this order leave of a smooth function on so small steps its noise alone.
_ORDER = 4
_POINTS = 9
_LEAST_SPACING = 8.0
_MAX_WIDENINGS = 6
# What seems wrong has to be so by all these multiples of the steps, each series between the others.
STRETCHES = tuple(_RATIO ** (k / 6.0) for k in range(6))


class Slope(NamedTuple):
    """A slope along a direction.

    Attributes
    ----------
    value : float
        By central differences.
    error : float
        Bound on how far that is from the derivative; at a kink, on the errors of `left` and `right`.
    left, right : float
        Slopes of both sides.
    at_kink : bool
        Whether these differ however small the step.
    """

    value: float
    error: float
    left: float
    right: float
    at_kink: bool


class _Sides(NamedTuple):
    """Slopes over a step `t` to both sides."""

    t: float
    left: float
    right: float
    central: float

    @property
    def jump(self) -> float:
        return self.right - self.left


def noise_at(function: Function, w: Floats, value: float) -> float:
    """Standard deviation of the rounding in the function's values near `w`.

    From the table of differences along a line [1]_ [2]_: those of fourth order of values with independent errors of
    deviation ``sigma`` have the mean square ``(8!) / (4!)^2 sigma^2``. The line begins at `w`, so that a kink there
    does not count; it is widened until half of the values differ.

    .. [1] R. W. Hamming, "Introduction to applied numerical analysis", McGraw-Hill, 1971.
    .. [2] J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM Journal on Scientific Computing 33, 2011.
    """
    signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, w.size) * 2.0 - 1.0
    spacing = _LEAST_SPACING * function.eps * signs * np.maximum(np.abs(w), 1.0)
    least = 0.3 * function.eps * abs(value)
    for _ in range(_MAX_WIDENINGS):
        values = [value, *(function(function.rounded(w + i * spacing)) for i in range(1, _POINTS))]
        if len({*values}) > _POINTS // 2:
            differences = np.diff(values, _ORDER)
            sigma = math.sqrt(float(np.mean(differences**2)) / math.comb(2 * _ORDER, _ORDER))
            return max(sigma, least) if math.isfinite(sigma) else least
        spacing = 64.0 * spacing
    return least


def slope_along(
    function: Function, w: Floats, direction: Floats, value: float, noise: float, stretch: float = 1.0
) -> Slope:
    """The slope at `w` along a direction, by central differences with the step whose error is least.

    With ``D(h)`` the central difference and ``S(h)`` that of the slopes of both sides, steps ``h`` and ``r h`` bound
    the truncation by ``(|D(rh) - D(h)| + |S(rh) - r S(h)| / 2) / (r - 1)``. For a smooth function that is ``r + 1``
    times the leading term ``h^2/6 f'''``. For a kink at a distance of ``kappa h`` it is at least the error, which is
    ``(1 - kappa) / 2`` times the jump. Rounding adds up to four standard deviations of a value over ``h``. A jump that
    stays as the step shrinks is a kink at `w`, where the slopes of both sides are what can be told. Of several kinks
    the terms may cancel by chance; with all steps multiplied by `stretch` they do not again.
    """
    support = np.abs(w[direction != 0.0])
    # Values may have fewer digits than their type.
    precision = max(function.eps, min(noise / abs(value), _LEAST_PRECISION) if value != 0.0 else 0.0)
    h = stretch * 4.0 * _RATIO * precision ** (1.0 / 3.0) * max(1.0, float(support.max(initial=0.0)))
    wider = _sides(function, w, direction, value, h)
    # The best one with a kink, and the best one without.
    best: dict[bool, Slope] = {}
    for _ in range(_MAX_LEVELS):
        h /= _RATIO
        sides = _sides(function, w, direction, value, h)
        if sides.t <= 0.0:
            break
        rounding = _DEVIATIONS * noise / sides.t
        found = _compared(wider, sides, rounding)
        if math.isfinite(found.error) and (found.at_kink not in best or found.error < best[found.at_kink].error):
            best[found.at_kink] = found
        if best and _RATIO * rounding >= min(map(_doubt, best.values())):
            break
        wider = sides
    if not best:
        raise ValueError(f"{function.name} must be finite near w, got nan or infinity on both sides of it")
    return min(best.values(), key=_doubt)


def _doubt(slope: Slope) -> float:
    """How far the derivative may be from the value: at a kink, as far as the slopes of both sides."""
    return slope.error + abs(slope.right - slope.left) / 2.0 if slope.at_kink else slope.error


def _compared(wider: _Sides, sides: _Sides, rounding: float) -> Slope:
    ratio = wider.t / sides.t
    change = wider.central - sides.central
    error = (abs(change) + abs(wider.jump - ratio * sides.jump) / 2.0) / (ratio - 1.0) + rounding
    # Of a smooth function the jump of the wider step is four times this one's; at a kink the error is half of it.
    jump = abs(sides.jump)
    at_kink = jump > max(_DEVIATIONS * rounding, abs(wider.jump) / 2.0) and error > jump / 4.0
    if at_kink:
        # What a smooth side bends by, twice, and the rounding of a difference to one side.
        bend = max(abs(wider.left - sides.left), abs(wider.right - sides.right)) / (ratio - 1.0)
        error = 2.0 * (bend + rounding)
    return Slope(sides.central, error, sides.left, sides.right, at_kink)


def _sides(function: Function, w: Floats, direction: Floats, value: float, h: float) -> _Sides:
    """Slopes over the steps that were made, once parameters are rounded."""
    ahead, behind = function.rounded(w + h * direction), function.rounded(w - h * direction)
    square = float(direction @ direction)
    up, down = float((ahead - w) @ direction) / square, float((w - behind) @ direction) / square
    if up <= 0.0 or down <= 0.0:
        return _Sides(0.0, math.nan, math.nan, math.nan)
    high, low = function(ahead), function(behind)
    return _Sides((up + down) / 2.0, (value - low) / down, (high - value) / up, (high - low) / (up + down))
