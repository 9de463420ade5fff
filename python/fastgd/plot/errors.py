"""The error of numerical gradients against their step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

METHODS = ("forward", "central", "complex")
_LABELS = {
    "forward": "forward difference, n + 1 evaluations",
    "central": "central difference, 2n + 1 evaluations",
    "complex": "complex step, n evaluations and a few",
}


def gradient_error(
    fun: Any,
    w: ArrayLike,
    grad: Callable[[Floats], ArrayLike] | None = None,
    *,
    methods: Sequence[str] | None = None,
    h: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how wrong numerical gradients are, against the step they take.

    The largest error of a coordinate, as a share of the gradient's largest one. It falls with the step, as h or as h^2,
    while the series is cut off too early, and rises as 1 / h where rounding is all that a difference of two values
    holds; only the complex step subtracts nothing.

    Parameters
    ----------
    fun : callable or objective
        As in `fastgd.numerical_grad`.
    w : array of shape (n_params,)
        Where the gradient is taken.
    grad : callable, optional
        ``grad(w) -> gradient`` of a function; an objective has its own.
    methods : sequence of {"forward", "central", "complex"}, optional
        Which ones; by default all for a function, and for an objective the first two, as it takes real numbers.
    h : array of shape (n_steps,), optional
        Steps, above 0; by default four a decade from 1e-14 to 1. Those too small to move every coordinate are left out.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        A curve a method. Errors of 0 are drawn at the precision of the arithmetic.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        An argument is not allowed, the gradient is 0 or not finite, or a method does not work for the function.

    See Also
    --------
    fastgd.numerical_grad : the gradients.
    fastgd.check_grad : whether a gradient of your own is right.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> ax = fastgd.plot.gradient_error(lambda w: np.exp(w).sum(), [0.0, 1.0], np.exp)
    >>> ax.get_xlabel()
    'step h (log scale)'
    """
    from ..gradients import numerical_grad
    from ..gradients.function import Function

    function = Function("fun", fun)
    at: Floats = check.finite("w", np.atleast_1d(check.real_array("w", w)), np.float64)
    exact: Floats = check.finite("what grad returns", function.gradient(grad, at), np.float64)
    if not exact.any():
        raise ValueError("w must be where the gradient is not 0, of which errors are shares, got a gradient of 0")
    size = float(np.abs(exact).max())
    chosen = methods if methods is not None else METHODS[:2] if function.is_objective else METHODS
    if isinstance(chosen, str) or len(chosen) == 0:
        raise check.refuse("methods", f"a sequence of {', '.join(map(repr, METHODS))}", methods)
    for method in chosen:
        style.one_of("methods", method, METHODS)
    steps = np.geomspace(1e-14, 1.0, 57) if h is None else _check_steps(h)
    least = function.eps
    curves: dict[str, tuple[Floats, Floats]] = {}
    for method in chosen:
        seen = steps if method == "complex" else steps[_moves(at, steps, function.dtype)]
        if seen.size == 0:
            raise ValueError(f"h must be large enough to move every coordinate, got at most {steps.max():.3g}")
        errors_at = [np.abs(numerical_grad(fun, at, method, h=float(step)) - exact).max() / size for step in seen]
        curves[method] = seen, np.maximum(np.array(errors_at), least / 2.0)
    axes: Any = style.axes_for(ax)
    for method, (seen, errors) in curves.items():
        shape = style.style(METHODS.index(method))
        axes.plot(
            seen, errors, label=_LABELS[method], linewidth=2, markersize=5, markevery=style.marks(len(seen)), **shape
        )
    axes.axhline(least, color=style.NOTE, linewidth=1, linestyle=":")
    note = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "color": style.NOTE, "fontsize": 9}
    axes.annotate(f"precision, {least:.1e}", (0.99, least), (0, 3), ha="right", va="bottom", **note)
    axes.set(
        xscale="log", yscale="log", xlabel="step h (log scale)", ylabel="largest error / largest slope (log scale)"
    )
    style.finish(axes, f"Error of numerical gradients, {at.size} parameter{'' if at.size == 1 else 's'}")
    axes.legend(loc="best", framealpha=0.9)
    found: Axes = axes
    return found


def _check_steps(h: ArrayLike) -> Floats:
    given = check.finite("h", check.real_array("h", h), np.float64)
    if given.ndim != 1 or given.size == 0 or given.min() <= 0.0:
        raise check.refuse("h", "a 1-D array of steps > 0", h)
    return np.unique(given)


def _moves(w: Floats, steps: Floats, dtype: Any) -> NDArray[np.bool_]:
    """Whether a step moves every coordinate to both sides."""
    at = w.astype(dtype)
    with np.errstate(over="ignore"):
        moved = [all(((w + s * h).astype(dtype) != at).all() for s in (-1.0, 1.0)) for h in steps]
    return np.array(moved)
