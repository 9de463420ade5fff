"""No time counts before the results agree, up to what rounding explains."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


class DisagreementError(Exception):
    """A peer does not compute what fastgd computes, or the other way round."""


def rounding(dtype: npt.DTypeLike, n_terms: int, size: float | Array) -> float | Array:
    """What a sum in some order may be off by: errors of `n_terms` roundings walk at random; `size` is sum |terms|."""
    return (8.0 + math.sqrt(n_terms)) * np.finfo(dtype).eps * size


def descent_rounding(dtype: npt.DTypeLike, n_steps: int, x: Array, step_error: float, shrinks: bool = False) -> float:
    """How far from `x` the same descent may end when it rounds differently.

    Every step adds the rounding of the parameters and, a parameter, `step_error`; no later step makes these any
    greater, since gradient steps on a convex function bring points no further apart where lr < 2 / L. So ends that
    agree mean that the gradients of all steps did. The factor by which a penalty `shrinks` x is rounded the same way in
    every step, so what that makes adds up.
    """
    eps = float(np.finfo(dtype).eps)
    sizes = eps * float(np.abs(x).max()) + step_error
    walk = (8.0 + math.sqrt(n_steps)) * math.sqrt(x.size) * sizes
    return walk + shrinks * n_steps * eps * float(np.linalg.norm(x))


def check(what: str, error: float | Array, tolerance: float | Array) -> None:
    error = np.abs(error)
    # Neither NaN nor an error where nothing may differ passes; no error there does.
    if not np.all(error <= tolerance):
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.max(error / np.asarray(tolerance, np.float64))
        raise DisagreementError(f"{what} differs from fastgd's by {share:.3g} times what it may differ by")
