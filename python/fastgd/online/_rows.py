"""The rows of a stream as the core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _validation as check


def is_block(row: object) -> bool:
    """Whether what `as_row` returned is more than one row."""
    return isinstance(row, np.ndarray) and row.ndim == 2


def as_row(x: Any, n_features: int | None) -> Any:
    """One row, or a block: a dict, an array of float64, or a pair of column indices and values."""
    if isinstance(x, dict):
        return x
    if hasattr(x, "tocsr"):
        return _sparse_row(x, n_features)
    if isinstance(x, tuple):
        return _pair(x)
    array = check.real_array("x", x)
    if array.ndim not in (1, 2):
        raise ValueError(f"x must be one row or a block of rows, got shape {array.shape}")
    if array.ndim == 2 and 0 in array.shape:
        raise ValueError(f"x must have at least one row and one feature, got shape {array.shape}")
    return np.ascontiguousarray(array, np.float64)


def _sparse_row(x: Any, n_features: int | None) -> Any:
    if x.ndim == 2 and x.shape[0] != 1:
        raise ValueError(f"x must be one row where it is sparse, got shape {x.shape}")
    width = int(x.shape[-1])
    if n_features is None:
        # Only the first row of a stream, whose width is that of all others.
        return np.asarray(x.toarray(), np.float64).reshape(-1)
    if width != n_features:
        raise ValueError(f"x must have {n_features} features, got {width}")
    csr = x.tocsr()
    return np.asarray(csr.indices, np.int64), np.asarray(csr.data, np.float64)


def _pair(x: tuple[Any, ...]) -> tuple[Any, Any]:
    if len(x) != 2:
        raise ValueError(f"x must be a pair of indices and values where it is a tuple, got {len(x)} entries")
    indices, values = check.as_array("x[0]", x[0]), check.real_array("x[1]", x[1])
    if indices.size == 0:
        indices = indices.astype(np.int64)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"x[0] must hold integers, got dtype {indices.dtype}")
    if indices.ndim != 1 or indices.shape != values.shape:
        raise ValueError(f"x must be two arrays of the same length, got shapes {indices.shape} and {values.shape}")
    return np.ascontiguousarray(indices, np.int64), np.ascontiguousarray(values, np.float64)
