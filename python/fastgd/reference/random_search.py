"""Random search: probe a random direction, go where it is better, repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64
from .sampling import philox

PROBE_STREAM = 16
# After a success the length is multiplied by this, after a failure by the fourth root of its inverse: of one success in
# five the length stays.
GROWTH = 1.5
DECAY = 0.9036020036098448


class Search(NamedTuple):
    """What `random_search` went through.

    Parameters
    ----------
    x : array of shape (n_params,)
        Best parameters.
    values : array of shape (max_evals,)
        Best value after each evaluation.
    scales : array of shape (max_evals,)
        Length of each probe; of the first evaluation, at the start, that of the next one.
    """

    x: FloatArray
    values: FloatArray
    scales: FloatArray


def probe_direction(n_params: int, index: int, seed: int) -> FloatArray:
    """Return the direction of a probe: independent numbers of mean 0 and variance ``1 / n_params``.

    ``sqrt(3 / n_params) (u_1 + u_2 + u_3 + u_4 - 2)`` with uniform ``u`` of 53 bits each: close to normal numbers, so
    that all angles are about as likely, and the length is about 1.

    Parameters
    ----------
    n_params, index, seed : int
        Number of parameters, number of the probe from 0, and seed.

    Returns
    -------
    array of shape (n_params,)
        Direction.
    """
    words = philox(seed, PROBE_STREAM, 0, index * n_params, n_blocks=n_params).reshape(n_params, 4)
    u = (words >> np.uint64(11)) * 2.0**-53
    direction: FloatArray = np.sqrt(3.0 / n_params) * (((u[:, 0] + u[:, 1]) + (u[:, 2] + u[:, 3])) - 2.0)
    return direction


def random_search(
    fun: Callable[[FloatArray], float],
    w0: ArrayLike,
    *,
    max_evals: int = 1000,
    scale: float = 1.0,
    adapt: bool = True,
    random_state: int = 0,
) -> Search:
    """Probe ``w + scale d_k`` with `probe_direction` ``d_k``, and go there where it is better, and finite.

    Parameters
    ----------
    fun : function w -> value
        What is minimised.
    w0 : array of shape (n_params,)
        Start.
    max_evals : int
        Number of evaluations, that of the start included.
    scale : float
        Length of the first probe.
    adapt : bool
        Whether it changes: ``scale <- 1.5 scale`` after a success, ``1.5^(-1/4) scale`` after a failure.
    random_state : int
        Seed.

    Returns
    -------
    Search
        The best parameters, and the best value after each evaluation.

    References
    ----------
    I. Rechenberg, "Evolutionsstrategie", Frommann-Holzboog, 1973.
    """
    (w,) = as_float64(w0)
    best = float(fun(w))
    values, scales = [best], [scale]
    for index in range(max_evals - 1):
        probe = w + scale * probe_direction(w.size, index, random_state)
        value = float(fun(probe))
        scales.append(scale)
        is_better = bool(np.isfinite(value)) and value < best
        if is_better:
            w, best = probe, value
        if adapt:
            scale *= GROWTH if is_better else DECAY
        values.append(best)
    return Search(w, np.array(values), np.array(scales))
