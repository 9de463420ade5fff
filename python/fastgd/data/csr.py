"""Sparse rows in the arrays of CSR, mapped into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .npy import check_beside, expect_pages, mapped
from .source import Block, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CsrSource(Source):
    """A folder with the arrays of a CSR matrix, ``data.npy``, ``indices.npy``, ``indptr.npy`` and ``shape.npy``.

    Parameters
    ----------
    path : path
        The folder, such as `convert` writes it.
    y : path or array of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels: a file, or an array.
    sample_weight : path or array of shape (n_samples,), optional
        Weights.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds; see `Source`. Pages of mapped files are not among them.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    ValueError
        A file is no whole ``.npy`` file, or the arrays are not those of one CSR matrix.

    Notes
    -----
    A part is as many rows as a block has bytes. Needs SciPy.
    """

    _rows_stay = True

    def __init__(
        self,
        path: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        self._name = os.fspath(path)
        files = (os.path.join(self._name, f"{name}.npy") for name in ("data", "indices", "indptr", "shape"))
        self._data, self._indices, self._indptr, shape = (mapped(file) for file in files)
        is_csr = (
            all(array.ndim == 1 for array in (self._data, self._indices, self._indptr))
            and shape.shape == (2,)
            and all(array.dtype.kind in "iu" for array in (self._indices, self._indptr, shape))
            and self._data.dtype in (np.dtype(np.float32), np.dtype(np.float64))
            and len(self._data) == len(self._indices)
            and len(self._indptr) == int(shape[0]) + 1
            and int(self._indptr[0]) == 0
            and int(self._indptr[-1]) == len(self._data)
        )
        if not is_csr:
            raise ValueError(f"{path} must hold the arrays of one CSR matrix of float32 or float64, got others")
        n_samples, n_features = int(shape[0]), int(shape[1])
        self._y, self._weight = check_beside(y, sample_weight, n_samples)
        super().__init__(
            n_features,
            self._data.dtype,
            is_sparse=True,
            n_samples=n_samples,
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
        )
        # The rows that parts begin with, and the end of the last one.
        of_block = max(1, self._budget.block_bytes // (self._data.itemsize + self._indices.itemsize))
        begins = np.searchsorted(self._indptr, np.arange(0, len(self._data), of_block), side="left")
        self._begins = np.unique(np.append(begins, [0, n_samples]))
        self.n_parts = len(self._begins) - 1

    def _bytes_of_target(self) -> int:
        return int(self._y[:1].nbytes)

    def expect(self, part: int) -> None:
        """Have the disk read a part that will be needed soon, as `Source` says."""
        some = slice(int(self._indptr[self._begins[part]]), int(self._indptr[self._begins[part + 1]]))
        expect_pages(self._data[some])
        expect_pages(self._indices[some])

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, as `Source` says."""
        for begin in range(self._begins[part], self._begins[part + 1], n_rows):
            end = min(begin + n_rows, self._begins[part + 1])
            offsets = np.asarray(self._indptr[begin : end + 1])
            some = slice(int(offsets[0]), int(offsets[-1]))
            if (np.diff(offsets) < 0).any():
                raise ValueError(f"{self._name} must hold ends of rows that ascend, got others from row {begin} on")
            columns = np.asarray(self._indices[some])
            if columns.size and not 0 <= int(columns.min()) <= int(columns.max()) < self.n_features:
                allowed = f"columns from 0 to {self.n_features - 1}"
                raise ValueError(f"{self._name} must hold {allowed}, got others from row {begin} on")
            X = _csr(np.asarray(self._data[some]), columns, offsets - offsets[0], self.n_features)
            weight = None if self._weight is None else np.asarray(self._weight[begin:end])
            yield Block(X, np.asarray(self._y[begin:end]), weight)

    def read_targets(self, part: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield the targets of a part, and their weights or None, as `Source` says."""
        some = slice(self._begins[part], self._begins[part + 1])
        yield np.asarray(self._y[some]), None if self._weight is None else np.asarray(self._weight[some])

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        return f"row {self._begins[part] + row} of {self._name}"


def _csr(data: NDArray[Any], columns: NDArray[Any], offsets: NDArray[Any], n_features: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array((data, columns, offsets), (len(offsets) - 1, n_features))
