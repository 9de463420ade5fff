"""Numerical gradients: forward and central differences, and the complex step."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .function import Function
from .slopes import noise_at, slope_along

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["numerical_grad"]

# Powers of the precision at which truncation and rounding are of the same size.
_POWERS = {"forward": 1.0 / 2.0, "central": 1.0 / 3.0}
_COMPLEX_STEP = 1e-20
_METHODS = (*_POWERS, "complex")
# Below, a product with a slope may have fewer digits, or none.
_LEAST_COMPLEX_STEP = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)
# Roundings that complex arithmetic may add to those of the same formula in real numbers.
_OTHER_ARITHMETIC = 1e3


def numerical_grad(
    fun: Any, w: ArrayLike, method: str = "central", *, h: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the gradient of a function by differences of its values: slow and approximate, but hard to get wrong.

    With the j-th unit vector ``e``, and the function's precision ``eps`` (2.2e-16 in float64, 1.2e-7 in float32)::

        forward   (f(w + h e) - f(w)) / h             error  h/2 |f''| + 2 eps |f| / h        n evaluations
        central   (f(w + h e) - f(w - h e)) / (2 h)   error  h^2/6 |f'''| + eps |f| / h       2 n
        complex   Im f(w + i h e) / h                 error  h^2/6 |f'''|                     n, of complex numbers

    and one more, the value at `w`, which has to be finite; complex steps take a few more to see that `fun` is analytic.

    A large step truncates Taylor's series too early, a small one loses digits to rounding: of 16 digits forward
    differences keep 8 at best, central ones 10 to 11. Nothing is subtracted in the complex step [1]_ [2]_, so its
    step can be so small that its error vanishes, and all digits are kept, where the function admits it.

    Parameters
    ----------
    fun : callable or objective
        ``fun(w) -> float``, or an objective, whose `value` is taken. For ``"complex"`` a function of a complex128
        array that is analytic: made of arithmetic, powers and functions such as ``np.exp``, without ``abs``,
        conjugates, norms, comparisons or parts that compute in real numbers.
    w : array of shape (n_params,)
        Where the gradient is asked for. It is not written to.
    method : {"forward", "central", "complex"}, default="central"
        The formula.
    h : float or array of shape (n_params,), optional
        Steps, above 0; by default ``eps^(1/2)``, ``eps^(1/3)`` and ``1e-20`` times ``max(|w_j|, 1)``, where the two
        errors are of a size if the function and its derivatives are; ``1e-20`` has squares below any precision, and
        is far from the smallest numbers, which have fewer digits. Where the objective computes in float32, so does
        ``eps``, and parameters are rounded to it. The divisor is the step that was made, ``(w + h) - w``.

    Returns
    -------
    array of shape (n_params,), float64
        The gradient.

    Raises
    ------
    TypeError
        An argument has the wrong type, or `fun` returns no real number.
    ValueError
        `w` is not finite or has the wrong shape; `fun` is not finite at `w`, or where a step leads; a step is so small
        that ``w_j + h`` is ``w_j``: the message names coordinate, value and the least step; complex ones are at least
        1e-292. For ``"complex"``: `fun`
        drops the imaginary part, its value for complex numbers is another, or the result differs from the slope of
        the values along a random direction, as for ``abs``. What `fun` raises is passed on.

    See Also
    --------
    fastgd.check_grad : an analytic gradient against numerical ones, with steps chosen for their error.

    References
    ----------
    .. [1] J. N. Lyness and C. B. Moler, "Numerical differentiation of analytic functions", SIAM Journal on Numerical
       Analysis 4, 1967.
    .. [2] W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40,
       1998.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> w = np.array([0.5, 2.0])
    >>> exact = np.cos(w)
    >>> for method in ("forward", "central", "complex"):
    ...     error = np.abs(fastgd.numerical_grad(lambda w: np.sin(w).sum(), w, method) - exact).max()
    ...     print(method, bool(error < {"forward": 1e-7, "central": 1e-9, "complex": 1e-15}[method]))
    forward True
    central True
    complex True
    """
    if method not in _METHODS:
        raise check.refuse("method", f"one of {', '.join(map(repr, _METHODS))}", method)
    function = Function("fun", fun)
    at = function.parameters(w)
    given = None if h is None else _check_steps(h, at)
    if method == "complex":
        if function.is_objective:
            raise ValueError(
                "method must be 'forward' or 'central' for an objective, which takes real parameters, got 'complex'"
            )
        return _complex(function, at, given)
    value = function.start(at)
    at = function.rounded(at)
    steps = function.eps ** _POWERS[method] * np.maximum(np.abs(at), 1.0) if given is None else given
    # Both sides are asked for in advance: no evaluation is made in vain.
    ahead, behind = function.rounded(at + steps), function.rounded(at - steps)
    _refuse_underflow(at, steps, ahead, function.dtype)
    if method == "central":
        _refuse_underflow(at, steps, behind, function.dtype)
    elif function.dtype.itemsize < 8:
        value = function(at)
    gradient = np.empty_like(at)
    for j in range(at.size):
        high = _moved(function, at, j, ahead)
        if method == "forward":
            gradient[j] = (high - value) / (ahead[j] - at[j])
        else:
            gradient[j] = (high - _moved(function, at, j, behind)) / (ahead[j] - behind[j])
    return gradient


def _check_steps(h: ArrayLike, w: Floats) -> Floats:
    given = check.real_array("h", h)
    if given.ndim > 0 and given.shape != w.shape:
        raise ValueError(f"h must be a number, or have shape {w.shape} as w has, got shape {given.shape}")
    steps = np.broadcast_to(check.finite("h", given.reshape(-1), np.float64).reshape(given.shape), w.shape)
    index = check.first(lambda block: block <= 0.0, steps)
    if index is not None:
        raise check.refuse("h", "> 0", float(steps[index]))
    return steps


def _refuse_underflow(w: Floats, steps: Floats, moved: Floats, dtype: np.dtype[Any]) -> None:
    index = check.first(lambda same: same, moved == w)
    if index is not None:
        j = index[0]
        least = float(np.spacing(dtype.type(abs(w[j]))))
        raise ValueError(
            f"h must be large enough to move every coordinate, at least {least:.3g} for w[{j}] = {w[j]:.17g}, got "
            f"{steps[j]:.3g}: w[{j}] + h is w[{j}] in {dtype}"
        )


def _moved(function: Function, w: Floats, j: int, to: Floats) -> float:
    point = w.copy()
    point[j] = to[j]
    value = function(point)
    if not np.isfinite(value):
        raise ValueError(
            f"{function.name} must be finite where steps lead, got {value} for w[{j}] = {to[j]:.6g} in the place of "
            f"{w[j]:.6g}; a smaller h, or a w further inside, may help"
        )
    return value


def _complex(function: Function, w: Floats, given: Floats | None) -> Floats:
    value = function.start(w)
    fun: Callable[..., Any] = function.given
    unmoved = _complex_value(fun, w.astype(np.complex128))
    noise = noise_at(function, w, value)
    if not abs(unmoved - value) <= _OTHER_ARITHMETIC * noise:
        raise ValueError(
            f"fun must have the same value for complex parameters without an imaginary part, got {unmoved:.9g} and "
            f"{value:.9g} for real ones; use method='central'"
        )
    steps = _COMPLEX_STEP * np.maximum(np.abs(w), 1.0) if given is None else given
    index = check.first(lambda block: block < _LEAST_COMPLEX_STEP, steps)
    if index is not None:
        raise check.refuse("h", f">= {_LEAST_COMPLEX_STEP:.3g} for method='complex'", float(steps[index]))
    gradient = np.empty_like(w)
    for j in range(w.size):
        point = w.astype(np.complex128)
        point[j] += 1j * steps[j]
        gradient[j] = _complex_value(fun, point).imag / steps[j]
    index = check.first(lambda block: ~np.isfinite(block), gradient)
    if index is not None:
        raise ValueError(f"fun must be finite where steps lead, got a slope of {gradient[index]} along w[{index[0]}]")
    _refuse_not_analytic(function, w, value, noise)
    return gradient


def _complex_value(fun: Callable[..., Any], w: NDArray[np.complex128]) -> complex:
    with warnings.catch_warnings():
        # Casts that drop the imaginary part only warn.
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            returned = np.asarray(fun(w))
        except (TypeError, np.exceptions.ComplexWarning) as error:
            raise ValueError(f"fun must admit complex parameters for method='complex', got {error}") from error
    if returned.dtype.kind != "c":
        raise ValueError(
            "fun must return a complex number for complex parameters with method='complex', got one of dtype "
            f"{returned.dtype}: abs, .real, norms and float() drop the imaginary part"
        )
    if returned.size != 1:
        raise ValueError(f"what fun returns must be a number, got shape {returned.shape}")
    return complex(returned.reshape(()))


def _refuse_not_analytic(function: Function, w: Floats, value: float, noise: float) -> None:
    """An analytic function has, along any real direction, the slope that its imaginary step tells."""
    signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, w.size) * 2.0 - 1.0
    direction = signs / np.sqrt(w.size)
    seen = slope_along(function, w, direction, value, noise)
    told = _complex_value(function.given, w + 1j * _COMPLEX_STEP * direction).imag / _COMPLEX_STEP
    if not abs(told - seen.value) <= seen.error + _OTHER_ARITHMETIC * function.eps * abs(told):
        raise ValueError(
            f"fun must be analytic for method='complex', got a slope of {told:.6g} by complex steps and of "
            f"{seen.value:.6g} by its values along the direction {check.shown(direction)}: abs, conjugates and "
            "comparisons are not"
        )
