"""NumPy files, mapped into memory."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._matrix import as_matrix
from .._npz_file import npy_header
from .source import Block, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAGE = 4096


class NpySource(Source):
    """A 2-D ``.npy`` file, mapped into memory: rows are read where they are learned from, and not copied before.

    Parameters
    ----------
    X : path or array of shape (n_samples, n_features)
        File of the features, or an array, such as a `numpy.memmap`.
    y : path or array of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels: a file, or an array.
    sample_weight : path or array of shape (n_samples,), optional
        Weights.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds; see `Source`. Pages of mapped files are not among them: these go when memory is needed.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    ValueError
        A file is no ``.npy`` file, or is cut off: the message tells how many bytes it has and needs. It holds objects,
        which are never unpickled. Shapes do not fit.
    TypeError
        A dtype is no number.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from fastgd.data import NpySource
    >>> from fastgd.linear_model import SGDClassifier
    >>> X = np.random.default_rng(0).normal(size=(1000, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "X.npy")
    ...     np.save(path, X)
    ...     model = SGDClassifier(random_state=0).fit(NpySource(path, X[:, 0] > 0.0, max_memory="50KB"))
    >>> bool(model.score(X, X[:, 0] > 0.0) > 0.95)
    True
    """

    _rows_stay = True

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        self._name = os.fspath(X) if _is_path(X) else "X"
        self._X = mapped(X) if _is_path(X) else check.as_array("X", X)
        if self._X.ndim != 2 or 0 in self._X.shape:
            allowed = "shape (n_samples, n_features) and at least one row and one column"
            raise ValueError(f"X must have {allowed}, got shape {self._X.shape} in {self._name}")
        n_samples = len(self._X)
        self._y, self._weight = check_beside(y, sample_weight, n_samples)
        super().__init__(
            self._X.shape[1],
            as_matrix("X", self._X[:1]).source.dtype,
            n_samples=n_samples,
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
        )
        self._rows = self._rows_of_part()
        self.n_parts = -(-n_samples // self._rows)

    def _bytes_of_target(self) -> int:
        return int(self._y[:1].nbytes)

    def _rows_of_part(self) -> int:
        """A part is as much as is read at once."""
        return min(self.block_rows, len(self._X))

    def expect(self, part: int) -> None:
        """Have the disk read a part that will be needed soon, as `Source` says."""
        expect_pages(self._X[part * self._rows : (part + 1) * self._rows])

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, as `Source` says."""
        end = min((part + 1) * self._rows, len(self._X))
        for begin in range(part * self._rows, end, n_rows):
            some = slice(begin, min(begin + n_rows, end))
            _touch(self._X[some])
            weight = None if self._weight is None else np.asarray(self._weight[some])
            yield Block(self._X[some], np.asarray(self._y[some]), weight)

    def read_targets(self, part: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield the targets of a part, and their weights or None, as `Source` says."""
        some = slice(part * self._rows, (part + 1) * self._rows)
        yield np.asarray(self._y[some]), None if self._weight is None else np.asarray(self._weight[some])

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        return f"row {part * self._rows + row} of {self._name}"


def _is_path(value: object) -> bool:
    return isinstance(value, (str, os.PathLike))


def check_beside(y: Any, sample_weight: Any, n_samples: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Targets and weights of so many rows, from files or arrays."""
    if y is None:
        raise ValueError("y must be a path or an array, got None")
    targets = mapped(y) if _is_path(y) else np.asarray(y)
    if targets.ndim not in (1, 2) or len(targets) != n_samples:
        raise ValueError(f"y must have one entry for each of {n_samples} rows, got shape {targets.shape}")
    if sample_weight is None:
        return targets, None
    weight = mapped(sample_weight) if _is_path(sample_weight) else np.asarray(sample_weight)
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape ({n_samples},), got {weight.shape}")
    return targets, weight


def mapped(path: Any) -> NDArray[Any]:
    """Return the array of a file, or an error that tells what is wrong with it."""
    size = os.stat(path).st_size
    with open(path, "rb") as file:
        try:
            shape, is_fortran, dtype = npy_header(file)
        except ValueError as error:
            raise ValueError(
                f"{path} must be a whole .npy file of numbers or strings, got {size} bytes: {error}"
            ) from None
        start = file.tell()
    needed = start + dtype.itemsize * math.prod(shape)
    if size < needed:
        needs = f"{needed} bytes for {dtype} of shape {shape}"
        raise ValueError(f"{path} must have {needs}, got {size}: it is cut off there")
    if 0 in shape:
        return np.empty(shape, dtype)
    mapped: NDArray[Any] = np.memmap(path, dtype, "r", start, shape, "F" if is_fortran else "C")
    return mapped


def expect_pages(rows: NDArray[Any]) -> None:
    """Have pages of a mapped file on their way from the disk, which has nothing to do while others are copied."""
    memory: Any = rows
    while isinstance(memory, np.ndarray):
        memory = memory.base
    is_mapped = rows.flags.c_contiguous and isinstance(memory, mmap.mmap)
    if not rows.size or not is_mapped or not hasattr(mmap, "MADV_WILLNEED"):
        return
    first = rows.ctypes.data - np.frombuffer(memory, np.uint8).ctypes.data
    start = first - first % mmap.PAGESIZE
    # A file system may know no such advice.
    with suppress(OSError):
        memory.madvise(mmap.MADV_WILLNEED, start, first + rows.nbytes - start)


def _touch(rows: NDArray[Any]) -> None:
    """Have pages read from the disk now, by the thread that reads, and not by the core while it computes."""
    if isinstance(rows, np.memmap) and rows.flags.c_contiguous:
        rows.view(np.ndarray).reshape(-1).view(np.uint8)[::_PAGE].max()
