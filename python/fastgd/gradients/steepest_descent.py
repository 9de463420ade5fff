"""The steepest descent is against the gradient: a test by values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .function import Function
from .slopes import STRETCHES, noise_at, slope_along

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["SteepestTest", "steepest"]

# Angles to the steepest descent, whose tangents fall to this one: a wrong gradient is beaten by directions close to it.
_LEAST_TANGENT = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class SteepestTest:
    """What `fastgd.steepest` found; true where no direction is steeper than the gradient's.

    Attributes
    ----------
    ok : bool
        Whether none of the sampled directions decreases the function faster, by more than the errors of both slopes.
    decrease : float
        Decrease by unit length along ``-g / ||g||``, by values of the function.
    grad_norm : float
        ``||g||``, which it should be.
    decreases : array of shape (n_directions,), float64
        The same along the sampled directions, all of length 1.
    errors : array of shape (n_directions,), float64
        Bounds on the errors of the differences ``decreases - decrease``.
    cosines : array of shape (n_directions,), float64
        Cosines of their angles to ``-g``: to first order, ``decreases`` are ``||g||`` times these.
    directions : array of shape (n_directions, n_params), float64
        The directions.
    """

    ok: bool
    decrease: float
    grad_norm: float
    decreases: Floats
    errors: Floats
    cosines: Floats
    directions: Floats

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        best = int((self.decreases - self.errors).argmax())
        angle = np.degrees(np.arccos(np.clip(self.cosines[best], -1.0, 1.0)))
        found = "none is steeper" if self.ok else "it is steeper: the gradient is wrong"
        return (
            f"decrease by unit length {self.decrease:.9g} against the gradient, whose norm is {self.grad_norm:.9g}; "
            f"at best {self.decreases[best]:.9g} along one of {len(self.decreases)} other directions, {angle:.3g} "
            f"degrees from it: {found}"
        )


def steepest(
    objective: Any,
    w: ArrayLike | None = None,
    *,
    grad: Callable[..., Any] | None = None,
    n_directions: int = 100,
    random_state: int = 0,
) -> SteepestTest:
    """Test that no direction of the same length decreases a function faster than ``-grad``, to first order.

    To first order a step of length ``h`` along a unit vector ``d`` changes ``f`` by ``h g.d = h ||g|| cos(angle)``,
    which is least against the gradient [1]_. Here these slopes are measured by values alone, along random directions:
    half of them of any angle, half at angles that fall to a thousandth, since a gradient that is slightly wrong is
    only beaten close by.

    Parameters
    ----------
    objective : callable or objective
        An objective; or ``fun(w) -> float``, with `grad`.
    w : array of shape (n_params,), optional
        Where. By default as in `fastgd.check_grad`, a random point near the objective's start.
    grad : callable, optional
        ``grad(w) -> gradient``, in the place of the objective's own.
    n_directions : int, default=100
        How many directions to sample, at least 1; each takes four evaluations or more.
    random_state : int, default=0
        Seed of the point and the directions, 0 to 2**64 - 1.

    Returns
    -------
    SteepestTest
        ``ok``, and the slopes and angles of all directions.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type or shape, there is no gradient, it is 0 at `w`, or the function is not finite
        there.

    References
    ----------
    .. [1] A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", Comptes rendus 25,
       1847.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> test = fastgd.steepest(lambda w: (w**2).sum(), [3.0, 4.0], grad=lambda w: 2.0 * w)
    >>> test.ok, round(test.decrease, 6), test.grad_norm
    (True, 10.0, 10.0)
    """
    function = Function("objective", objective)
    seed = check.seed("random_state", random_state)
    n = check.integer("n_directions", n_directions, 1)
    at, value = function.begin(w, seed)
    gradient = function.gradient(grad, at).astype(np.float64)
    norm = float(np.linalg.norm(gradient))
    if not 0.0 < norm < np.inf:
        raise ValueError(f"the gradient at w must not be 0, and be finite, to have a direction, got a norm of {norm}")
    down = -gradient / norm
    directions = _directions(down, n, seed)
    noise = noise_at(function, at, value)
    for stretch in STRETCHES:
        slopes = [slope_along(function, at, d, value, noise, stretch) for d in (down, *directions)]
        decreases = -np.array([slope.value for slope in slopes])
        errors = np.array([slope.error for slope in slopes])
        both = errors[1:] + errors[0]
        ok = not bool((decreases[1:] - decreases[0] > both).any())
        if ok:
            break
    return SteepestTest(
        ok=ok,
        decrease=float(decreases[0]),
        grad_norm=norm,
        decreases=decreases[1:],
        errors=both,
        cosines=directions @ down,
        directions=directions,
    )


def _directions(down: Floats, n: int, seed: int) -> Floats:
    """Unit vectors: every second one of any angle, the others ever closer to the steepest descent."""
    normal = np.random.Generator(np.random.Philox(seed)).standard_normal((n, down.size))
    close = normal[1::2]
    close -= np.outer(close @ down, down)
    tangents = _LEAST_TANGENT ** np.linspace(0.0, 1.0, len(close))
    lengths = np.linalg.norm(close, axis=1, keepdims=True)
    # Along one parameter there is no other direction but back.
    np.divide(close, lengths, out=close, where=lengths > 1e-9)
    close *= tangents[:, None]
    close += down
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))
