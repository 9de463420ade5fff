"""Quantiles of Student's t and of the normal distribution."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# So many nodes make the integrals below exact to 12 digits; so many halvings exhaust the digits of an angle.
_NODES = 128
_HALVINGS = 60
# Beyond, four terms of the expansion in 1/dof are as exact.
_LARGE = 1e3
# Its coefficients of z, z^3, ..., and their divisors.
_EXPANSION = (
    ((1.0, 1.0), 4.0),
    ((3.0, 16.0, 5.0), 96.0),
    ((-15.0, 17.0, 19.0, 3.0), 384.0),
    ((-945.0, -1920.0, 1482.0, 776.0, 79.0), 92160.0),
)


def normal(p: float) -> float:
    """The number below which a standard normal variable is with probability `p`, between 0 and 1."""
    return NormalDist().inv_cdf(p)


@cache
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes from 0 to 1, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1.0) / 2.0, weights / 2.0


@lru_cache(64)
def student_t(p: float, dof: float) -> float:
    """The number below which Student's t with `dof` degrees of freedom, at least 1, is with probability `p`.

    `p` is at least 1/2. With ``t = sqrt(dof) / tan(theta)`` the density becomes ``sin(theta)^(dof - 1) / B(1/2,
    dof/2)``, whose integral from 0, the tail, is inverted by bisection. Of many degrees of freedom it is the
    Cornish-Fisher expansion [1]_.

    .. [1] M. Abramowitz and I. A. Stegun, "Handbook of mathematical functions", formula 26.7.5, 1964.
    """
    if dof > _LARGE:
        z = normal(p)
        terms = [np.polynomial.polynomial.polyval(z * z, given) * z / by for given, by in _EXPANSION]
        return z + sum(float(term) / dof**k for k, term in enumerate(terms, 1))
    area = (1.0 - p) * math.sqrt(math.pi) * math.exp(math.lgamma(dof / 2.0) - math.lgamma((dof + 1.0) / 2.0))
    nodes, weights = _nodes()
    # In the third root of the angle powers that are not whole are smooth at 0.
    angles, steps = nodes**3, 3.0 * nodes**2 * weights
    low, high = 0.0, math.pi / 2.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle * float(steps @ np.sin(middle * angles) ** (dof - 1.0)) < area:
            low = middle
        else:
            high = middle
    return math.sqrt(dof) / math.tan(high)
