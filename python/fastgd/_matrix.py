"""The data matrix as the core takes it: which storages pass as they are, and what is copied once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _core
from . import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COPY_BYTES = 1 << 18
_ALLOWED = "float64, float32, float16, bfloat16, uint8, int8 or bool (other integers are converted to float64)"


class Matrix(NamedTuple):
    """A data matrix and how the core reads it.

    Attributes
    ----------
    view : array of shape (n_samples, n_features), or CsrMatrix
        Rows whose elements are contiguous; 16-bit floats as uint16, bool as uint8.
    storage : str
        The name of the storage in the core; of sparse rows that of their values.
    source : array or SciPy CSR array of shape (n_samples, n_features)
        The same memory with its own dtype.
    """

    view: NDArray[Any] | _core.CsrMatrix
    storage: str
    source: Any

    @property
    def compute_dtype(self) -> np.dtype[Any]:
        """The dtype of the arithmetic: float64 for float64, float32 for everything narrower."""
        return np.dtype(np.float64 if self.storage == "float64" else np.float32)


def as_matrix(name: str, values: object) -> Matrix:
    """Check a data matrix, and copy it only where the core cannot read it as it is."""
    if is_sparse(values):
        return _as_csr(name, values)
    array = check.as_array(name, values)
    if array.dtype.kind not in "biuf" and not check.is_bfloat16(array.dtype):
        raise TypeError(f"{name} must have dtype {_ALLOWED}, got dtype {array.dtype}")
    if array.ndim != 2:
        hint = f"; {name}.reshape(-1, 1) makes one column of it" if array.ndim == 1 else ""
        raise ValueError(f"{name} must have shape (n_samples, n_features), got shape {array.shape}{hint}")
    if 0 in array.shape:
        raise ValueError(f"{name} must have at least one row and one column, got shape {array.shape}")
    stored = stored_dtype(array.dtype)
    if stored != array.dtype or not _rows_are_contiguous(array):
        array = _copy(array, stored)
    if array.strides[1] != array.itemsize:
        array = np.lib.stride_tricks.as_strided(array, strides=(array.strides[0], array.itemsize), writeable=False)
    if array.dtype.kind == "b":
        return Matrix(array.view(np.uint8), "uint8", array)
    if stored.itemsize == 2:
        return Matrix(array.view(np.uint16), array.dtype.name, array)
    return Matrix(array, array.dtype.name, array)


def is_sparse(values: object) -> bool:
    """Whether these are SciPy's sparse arrays or matrices, of which nobody has any who has not imported it."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(values))


def _as_csr(name: str, values: Any) -> Matrix:
    """Check a sparse matrix, and copy what of it the core cannot read as it is."""
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} must have dtype {_ALLOWED}, got dtype {values.dtype}")
    if values.ndim != 2 or 0 in values.shape:
        allowed = "shape (n_samples, n_features) and at least one row and one column"
        raise ValueError(f"{name} must have {allowed}, got shape {values.shape}")
    csr = values.tocsr()
    stored = stored_dtype(csr.dtype)
    compute = np.dtype(np.float64 if stored.itemsize == 8 else np.float32)
    with np.errstate(over="ignore"):
        data = np.ascontiguousarray(csr.data, compute)
    wide = np.int32 if csr.indices.dtype == csr.indptr.dtype == np.int32 else np.int64
    indices, offsets = (np.ascontiguousarray(part, wide) for part in (csr.indices, csr.indptr))
    if len(offsets) != csr.shape[0] + 1:
        raise ValueError(f"{name}.indptr must have {csr.shape[0] + 1} elements, one more than rows, got {len(offsets)}")
    return Matrix(_core.CsrMatrix(data, indices, offsets, csr.shape[1]), compute.name, csr)


def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if check.is_bfloat16(dtype) or dtype.itemsize == 1:
        return dtype
    return dtype.newbyteorder("=") if dtype.kind == "f" and dtype.itemsize <= 8 else np.dtype(np.float64)


def _rows_are_contiguous(array: NDArray[Any]) -> bool:
    return array.shape[1] == 1 or array.strides[1] == array.itemsize


def _copy(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    # A few rows at a time: a column-wise source is then read from cache lines that are still there.
    copied = np.empty(array.shape, dtype)
    rows = max(1, _COPY_BYTES // (array.shape[1] * dtype.itemsize))
    with np.errstate(over="ignore"):
        for begin in range(0, len(array), rows):
            copied[begin : begin + rows] = array[begin : begin + rows]
    return copied


def sample(matrix: Matrix, max_rows: int = 4096, max_entries: int = 1 << 22) -> NDArray[np.float64]:
    """Evenly spaced rows as float64, few enough to look at in passing."""
    n_samples, n_features = matrix.source.shape
    rows = max(1, min(n_samples, max_rows, max_entries // n_features))
    chosen = matrix.source[np.arange(rows) * n_samples // rows]
    dense: NDArray[np.float64] = (chosen.toarray() if is_sparse(chosen) else chosen).astype(np.float64)
    return dense
