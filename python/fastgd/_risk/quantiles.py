"""Quantiles of Student's t and of the normal distribution."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# So many nodes make the integrals below exact to rounding; so many halvings exhaust the digits of an angle.
_NODES = 64
_HALVINGS = 60
# Beyond, t is normal to 6 digits.
_LARGE = 1e6


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

    `p` is at least 1/2. With ``t = sqrt(dof) tan(theta)`` the density becomes ``cos(theta)^(dof - 1) / B(1/2, dof/2)``,
    whose integral is inverted by bisection.
    """
    if dof > _LARGE:
        return normal(p)
    area = (p - 0.5) * math.sqrt(math.pi) * math.exp(math.lgamma(dof / 2.0) - math.lgamma((dof + 1.0) / 2.0))
    nodes, weights = _nodes()
    low, high = 0.0, math.pi / 2.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle * float(weights @ np.cos(middle * nodes) ** (dof - 1.0)) < area:
            low = middle
        else:
            high = middle
    return math.sqrt(dof) * math.tan(high)
