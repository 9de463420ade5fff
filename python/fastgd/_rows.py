"""What a row has beside its features and target: a weight, and a known part of its scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Weights up to this power of two, and down to its inverse, leave their products room in every dtype.
_ROOM = 64


def check_weight(
    weight: object, n_samples: int, dtype: np.dtype[Any], *, relative: bool = False
) -> NDArray[Any] | None:
    """Sample weights in the dtype of the arithmetic, or None; in another unit where only their ratios count."""
    if weight is None:
        return None
    given = check.real_array("sample_weight", weight)
    if given.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape {(n_samples,)}, one weight a row of X, got shape {given.shape}"
        )
    weights = check.finite("sample_weight", _near_one(given) if relative else given, dtype)
    index = check.first(lambda block: block < 0.0, weights)
    if index is not None:
        raise ValueError(f"sample_weight must be >= 0, got {weights[index]} at {check.at('sample_weight', index)}")
    if not weights.any():
        raise ValueError("sample_weight must be > 0 for at least one row, got 0 for all")
    return weights


def _near_one(weight: NDArray[Any]) -> NDArray[Any]:
    """The weights, times a power of two where they are so small or so large that products with them might not be."""
    largest = float(weight.max(initial=0))
    exponent = math.frexp(largest)[1] if math.isfinite(largest) else 0
    return weight if abs(exponent) <= _ROOM else np.ldexp(weight.astype(np.float64), -exponent)


def present(weight: NDArray[Any] | None, n_samples: int) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """The rows of positive weight, None for all, and their weights."""
    if weight is None:
        return None, None
    rows = np.flatnonzero(weight)
    return None if len(rows) == n_samples else rows, weight[rows].astype(np.float64)


def check_offset(offset: object, n_samples: int, n_outputs: int, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Offsets of shape (n_samples, n_outputs) in the dtype of the arithmetic, or None."""
    if offset is None:
        return None
    given = check.real_array("offset", offset)
    shape = (n_samples, n_outputs)
    if given.shape != shape and not (n_outputs == 1 and given.shape == shape[:1]):
        also = f" or {shape[:1]}" if n_outputs == 1 else ""
        raise ValueError(f"offset must have shape {shape}{also}, got shape {given.shape}")
    return check.finite("offset", given.reshape(shape), dtype)
