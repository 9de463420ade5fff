"""The orthant-wise quasi-Newton method: L-BFGS for a smooth function plus an l1 norm."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .lbfgs import LEAST_CURVATURE, LbfgsResult, Pair, Point, Progress, dot, two_loop_recursion

# How much of the slope that a step began with may be left, uphill, where rounding hides whether the value fell.
_FLAT = 0.9
# The next trial of a search is between these shares of the last.
_SHORTEST, _LONGEST = 0.1, 0.5


def pseudo_gradient(x: ArrayLike, grad: ArrayLike, l1: ArrayLike) -> FloatArray:
    """Return the subgradient of least norm of ``f(x) + sum_i l1_i |x_i|``, which is 0 at a minimum and nowhere else.

    Parameters
    ----------
    x : array of shape (n_params,)
        Parameters.
    grad : array of shape (n_params,)
        ``grad f(x) + l1 sign(x)``, the sign of 0 being 0.
    l1 : array of shape (n_params,)
        Strength of the l1 norm on each parameter.

    Returns
    -------
    array of shape (n_params,)
        `grad` where x is not 0, and elsewhere its soft threshold by `l1`.

    References
    ----------
    G. Andrew and J. Gao, "Scalable training of L1-regularized log-linear models", ICML 2007, equation 4.
    """
    w, g, strength = as_float64(x, grad, l1)
    threshold = np.where(g > strength, g - strength, np.where(g < -strength, g + strength, 0.0))
    return np.where(w != 0.0, g, threshold)


def on_face(pairs: list[Pair], free: FloatArray) -> list[Pair]:
    """Return the pairs with 0 for the parameters that are not free, without those of no positive curvature left.

    What they model is the Hessian of the free parameters alone, whose inverse is not a part of the whole inverse.

    Parameters
    ----------
    pairs : list of Pair
        Oldest first.
    free : bool array of shape (n_params,)
        Which parameters move.

    Returns
    -------
    list of Pair
        Oldest first.
    """
    kept = []
    for pair in pairs:
        s, y = np.where(free, pair.s, 0.0), np.where(free, pair.y, 0.0)
        curvature = dot(s, y)
        if curvature > LEAST_CURVATURE * pair.curvature:
            kept.append(Pair(s, y, curvature))
    return kept


def owlqn(
    fun_and_grad: Callable[[FloatArray], tuple[float, ArrayLike]],
    w0: ArrayLike,
    l1: ArrayLike,
    *,
    memory: int = 10,
    armijo: float = 1e-3,
    max_search: int = 20,
    noise: float = 1e-14,
    max_evals: int = 1000,
    gtol: float = 1e-6,
    diagonal: ArrayLike | None = None,
    precondition: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
) -> LbfgsResult:
    """Minimise a smooth function plus ``sum_i l1_i |w_i|``.

    With the pseudo-gradient ``p`` (see `pseudo_gradient`), the parameters that are not 0 or have ``p`` not 0 are free.
    An iteration goes from ``x`` along ``d = -H p``, where H is what the pairs, cut to the free parameters, make of
    ``gamma M`` (see `two_loop_recursion`), and ``d_i`` is 0 where ``x_i`` is and ``d_i p_i`` is not negative.  The
    signs ``o = sign(x)``, or ``sign(-p)`` where x is 0, are an orthant in which the objective is smooth; a trial is

        ``x(t)_i = x_i + t d_i`` where that has the sign ``o_i``, 0 elsewhere

    and is accepted where ``F(x(t)) <= F(x) + armijo p . (x(t) - x)``, or, where the values differ by no more than the
    noise, where the slope of the smooth function along ``x(t) - x`` is at most 0.9 of what it was.  The next trial is
    the minimizer of a parabola, between 0.1 and 0.5 of the last.  A search that fails goes on from the best of its
    trials; if none is better than x, once more from x down the slope alone.

    M is the inverse of a diagonal while the free parameters change, and `precondition` from the second search on that
    has the same: before, its long steps would end on the orthant's boundary.  Cutting pairs, and leaving the sign of
    ``d_i`` to H where x_i is not 0, differ from the paper; with features that depend on each other they take a third to
    a fifth of the evaluations.

    Parameters
    ----------
    fun_and_grad : function w -> (value, gradient)
        The objective, l1 norm included; of that, the gradient has ``l1 sign(w)``, 0 where w is 0.
    w0 : array of shape (n_params,)
        First parameters.
    l1 : array of shape (n_params,)
        Strength of the l1 norm on each parameter, at least 0.
    memory : int
        Number of pairs that are kept.
    armijo, max_search
        The line search.
    noise : float
        Relative rounding error of the objective's values.
    max_evals : int
        Largest number of evaluations.
    gtol : float
        Stop when the Euclidean norm of the pseudo-gradient is at most this.
    diagonal : array of shape (n_params,), optional
        An estimate of the inverse Hessian's diagonal.
    precondition : function (v, free) -> product, optional
        Product with an estimate of the inverse of the Hessian's free part.

    Returns
    -------
    LbfgsResult
        The best point seen, and why the search for a better one ended.

    References
    ----------
    G. Andrew and J. Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.
    R. H. Byrd, G. M. Chin, J. Nocedal and F. Oztoprak, "A family of second-order methods for convex l1-regularized
    optimization", Mathematical Programming 159, 2016.
    """
    (strength,) = as_float64(l1)
    inverse_diagonal = None if diagonal is None else as_float64(diagonal)[0]
    n_evals = n_iterations = 0
    pairs: list[Pair] = []
    face = np.empty(0)

    def evaluate(x: FloatArray) -> Point:
        nonlocal n_evals
        n_evals += 1
        value, grad = fun_and_grad(x)
        (grad,) = as_float64(grad)
        pseudo = pseudo_gradient(x, grad, strength)
        return Point(x, float(value), grad, sqrt(dot(pseudo, pseudo)))

    def result(status: str) -> LbfgsResult:
        best = progress.best
        return LbfgsResult(best.x, best.value, best.grad, n_evals, n_iterations, status)

    def choose_direction() -> tuple[FloatArray, bool]:
        """Return the direction, and whether it is more than a step down the slope."""
        nonlocal face
        free = ((x.x != 0.0) | (pseudo != 0.0)).astype(np.float64)
        is_settled = precondition is not None and np.array_equal(free, face)
        face = free

        def first(v: FloatArray) -> FloatArray:
            if is_settled and precondition is not None:
                return precondition(v, free)
            return v if inverse_diagonal is None else v * inverse_diagonal

        cut = on_face(pairs, free)
        gamma = 1.0 if is_settled or diagonal is not None else x.scale()
        if cut and (squares := dot(cut[-1].y, first(cut[-1].y))) > 0.0:
            gamma = cut[-1].curvature / squares
        direction = two_loop_recursion(pseudo, cut, gamma, first)
        held = (x.x == 0.0) & (strength > 0.0) & ~(direction * orthant > 0.0)
        return np.where(held, 0.0, direction), is_settled or bool(cut)

    def search() -> Point | None:
        """Return the accepted trial, if there is one."""
        step = 1.0
        for _ in range(min(max_search, max_evals - n_evals)):
            at = x.x + step * direction
            trial = evaluate(np.where((strength > 0.0) & ~(at * orthant > 0.0), 0.0, at))
            moved = trial.x - x.x
            promised = dot(pseudo, moved)
            slope = dot(np.where(trial.x == 0.0, trial.grad + strength * orthant, trial.grad), moved)
            is_finite = isfinite(trial.value) and isfinite(slope)
            if is_finite:
                progress.see(trial)
            change = trial.value - x.value
            share = _LONGEST
            if is_finite and promised < 0.0:
                is_equal = abs(change) <= noise * abs(x.value)
                if change <= armijo * promised or (is_equal and slope <= _FLAT * -promised):
                    return trial
                share = -0.5 * promised / (change - promised)
            step *= min(max(share, _SHORTEST), _LONGEST)
        return None

    x = evaluate(as_float64(w0)[0].copy())
    progress = Progress(x, noise)
    if not (isfinite(x.value) and isfinite(x.norm)):
        return result("finished")

    while progress.best.norm > gtol:
        pseudo = pseudo_gradient(x.x, x.grad, strength)
        orthant = np.where(strength > 0.0, np.sign(np.where(x.x != 0.0, x.x, -pseudo)), 0.0)
        direction, is_modelled = choose_direction()
        if not -inf < dot(pseudo, direction) < 0.0:
            pairs, face = [], np.empty(0)
            direction, is_modelled = choose_direction()
            if not -inf < dot(pseudo, direction) < 0.0:
                return result("finished")

        trial = search()
        if trial is None:
            if n_evals >= max_evals:
                return result("max_evals")
            if progress.is_below(x.value):
                trial = progress.best
            elif is_modelled:
                pairs, face = [], np.empty(0)
                continue
            else:
                return result("finished")

        n_iterations += 1
        s = trial.x - x.x
        y = trial.grad - x.grad - strength * (np.sign(trial.x) - np.sign(x.x))
        change = dot(s, y)
        if change > LEAST_CURVATURE * -dot(pseudo, s):
            pairs = [*pairs, Pair(s, y, change)][-memory:]
        x = trial
        if progress.is_stalled():
            return result("finished")
        if n_evals >= max_evals:
            return result("max_evals")
    return result("gtol")
