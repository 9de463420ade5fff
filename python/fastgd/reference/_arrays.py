"""Array types and the three small helpers that every loss of the reference shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Loss: TypeAlias = Callable[..., tuple[FloatArray, FloatArray]]
"""A function ``(y, raw, **loss_params) -> (loss, dloss/draw)``."""


def as_float64(*arrays: Any) -> tuple[FloatArray, ...]:
    """Return every argument as a float64 array, so that all arithmetic after it is in float64."""
    return tuple(np.asarray(a, dtype=np.float64) for a in arrays)


def residual(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """Return ``r = raw - y`` in float64."""
    y, raw = as_float64(y, raw)
    return raw - y


def exp(x: FloatArray) -> FloatArray:
    """Return ``e**x``, infinity beyond the range of float64 and without a warning about it."""
    with np.errstate(over="ignore"):
        return np.exp(x)
