"""Converting once: a source as arrays in a folder, which are mapped and not understood anew in every epoch."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from ._windows import check_shape_of_target, checked_block, is_empty
from .csr import CsrSource
from .npy import NpySource
from .source import Source

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from .source import Block

_DTYPES = ("uint8", "float16", "float32", "float64")


def convert(source: Source, path: Any, *, dtype: DTypeLike | None = None) -> None:
    """Write the rows of a source into a folder of ``.npy`` files, holding a few of its blocks at a time.

    Parameters
    ----------
    source : Source
        Rows, which can be read more than once.
    path : path
        The folder, which must not exist. It is written beside this name, and renamed when it is whole.
    dtype : {"uint8", "float16", "float32", "float64"}, optional
        Type of the features. By default uint8 where all are whole numbers from 0 to 255, else float16 where the source
        has that, else float32; of sparse rows float32. Types of one byte stay as they are.

    Raises
    ------
    FileExistsError
        There is a file or folder of that name.
    TypeError, ValueError
        An argument is not allowed, or a value does not fit the type: the message tells its place.

    See Also
    --------
    converted : the source that such a folder is.

    Notes
    -----
    Dense rows are ``X.npy`` of shape (n_samples, n_features). Sparse ones are those arrays that SciPy makes a CSR array
    of, ``data.npy``, ``indices.npy``, ``indptr.npy`` and ``shape.npy``. Beside them are ``y.npy`` and, where rows have
    weights, ``sample_weight.npy``. Names of columns are not kept.

    Where a later row does not fit a narrower type, the source is read from the beginning once more.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from fastgd.data import ChunkSource, convert, converted
    >>> X = np.arange(12.0).reshape(6, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "rows")
    ...     convert(ChunkSource([(X, X[:, 0])]), path)
    ...     converted(path)
    NpySource(6 x 2, dense uint8)
    """
    if not isinstance(source, Source):
        raise check.refuse("source", "a source of fastgd.data", source, TypeError)
    if source.is_one_shot:
        raise ValueError(f"source must be one that can be read twice, got {source!r}")
    target = os.path.realpath(path)
    if os.path.lexists(target):
        raise FileExistsError(f"path must be a folder that does not exist, got {os.fspath(path)!r}")
    kinds = _Kinds(source, dtype)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.tmp")
    try:
        while not _write(source, temporary, kinds):
            shutil.rmtree(temporary)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def converted(path: Any, *, max_memory: int | str = "256MB", n_window_blocks: int = 8) -> NpySource | CsrSource:
    """Return the source that a folder is which `convert` has written.

    Parameters
    ----------
    path : path
        The folder.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds; see `Source`.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Returns
    -------
    NpySource or CsrSource
        Its rows.

    Raises
    ------
    ValueError
        It holds no such files, or bad ones.
    """
    if not is_converted(path):
        raise ValueError(f"path must be a folder that fastgd.data.convert has written, got {os.fspath(path)!r}")
    weight = os.path.join(path, "sample_weight.npy")
    beside: dict[str, Any] = {
        "sample_weight": weight if os.path.exists(weight) else None,
        "max_memory": max_memory,
        "n_window_blocks": n_window_blocks,
    }
    y = os.path.join(path, "y.npy")
    dense = os.path.join(path, "X.npy")
    return NpySource(dense, y, **beside) if os.path.exists(dense) else CsrSource(path, y, **beside)


def is_converted(path: Any) -> bool:
    """Whether a folder holds what `convert` writes."""
    return any(os.path.isfile(os.path.join(path, name)) for name in ("X.npy", "indptr.npy"))


class _Kinds:
    """The types of features and targets, which become wider where a block does not fit."""

    def __init__(self, source: Source, dtype: DTypeLike | None) -> None:
        self._source = source
        self._is_given = dtype is not None
        if dtype is not None and np.dtype(dtype).name not in _DTYPES[2 * source.is_sparse :]:
            raise check.refuse("dtype", f"one of {', '.join(_DTYPES[2 * source.is_sparse :])}", np.dtype(dtype).name)
        widest = np.dtype(np.float16 if source.dtype == np.float16 else np.float32)
        narrow = source.dtype if source.dtype.itemsize == 1 else np.dtype(np.uint8)
        self.X = np.dtype(dtype) if dtype is not None else widest if source.is_sparse else narrow
        self._widest = widest
        self.y: np.dtype[Any] | None = None
        self.is_weighted = False

    def hold(self, block: Block, X: Any, part: int, first: int) -> bool:
        """Whether they hold a block; where not, they do now, but what was written before it is too narrow."""
        before = self.X, self.y, self.is_weighted
        if not _fits(X.data if self._source.is_sparse else X, self.X):
            if self._is_given or self._widest == self.X:
                self._refuse(X, part, first)
            self.X = self._widest
            self.hold(block, X, part, first)
            return False
        kind = block.y.dtype
        if self.y is not None and (self.y.kind == "U") != (kind.kind == "U"):
            kinds = f"{self.y} and {kind} at {self._source.place(part, first)}"
            raise TypeError(f"y must hold numbers or strings everywhere, got {kinds}")
        self.y = kind if self.y is None else np.promote_types(self.y, kind)
        self.is_weighted |= block.sample_weight is not None
        return before[1] is None or before == (self.X, self.y, self.is_weighted)

    def _refuse(self, X: Any, part: int, first: int) -> None:
        """Raise for the first row with an entry that does not fit."""
        for row in range(X.shape[0]):
            values = X[[row]].data if self._source.is_sparse else X[row]
            misfits = [value for value in values if not _fits(np.array([value]), self.X)]
            if misfits:
                place = self._source.place(part, first + row)
                raise ValueError(f"X must hold numbers that {self.X} holds, got {misfits[0]} at {place}")


def _fits(values: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether a type holds all values, but for rounding."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return bool(np.isfinite(values.astype(dtype, copy=False)).all())
    if values.dtype.itemsize == 1:
        return values.dtype == dtype or values.dtype.kind == "b" or bool((values >= 0).all())
    return bool(((values >= 0) & (values <= 255) & (values == np.floor(values))).all())


def _write(source: Source, folder: str, kinds: _Kinds) -> bool:
    """Write all rows; False where a type turned out to be too narrow."""
    os.mkdir(folder)
    n_samples, n_entries = 0, 0
    shape_of_target: tuple[int, ...] | None = None
    with ExitStack() as stack:

        def array(name: str) -> _Array:
            return stack.enter_context(_Array(os.path.join(folder, f"{name}.npy")))

        y, weight = array("y"), None
        features = [array(name) for name in (("data", "indices", "indptr") if source.is_sparse else ("X",))]
        for part in range(source.n_parts):
            n_of_part = 0
            for block in source.read(part, source.block_rows):
                if is_empty(block):
                    continue
                X = checked_block(source, block, part, n_of_part)
                shape_of_target = block.y.shape[1:] if shape_of_target is None else shape_of_target
                check_shape_of_target(source, block, shape_of_target, part, n_of_part)
                if block.y.dtype.hasobject:
                    block = block._replace(y=block.y.astype(str))
                if not kinds.hold(block, X, part, n_of_part):
                    return False
                if source.is_sparse:
                    data, indices, indptr = features
                    data.append(X.data, kinds.X)
                    indices.append(X.indices, np.dtype(np.int32 if source.n_features < 2**31 else np.int64))
                    ends = X.indptr.astype(np.int64) + n_entries
                    indptr.append(ends[n_samples > 0 :], ends.dtype)
                    n_entries += len(X.data)
                else:
                    features[0].append(X, kinds.X)
                assert kinds.y is not None
                y.append(block.y, kinds.y)
                if kinds.is_weighted:
                    weight = array("sample_weight") if weight is None else weight
                    given = block.sample_weight
                    weight.append(np.ones(len(block.y)) if given is None else given, np.dtype(np.float64))
                n_of_part += len(block.y)
                n_samples += len(block.y)
        if n_samples == 0:
            raise ValueError(f"source must have at least one row, got {source!r} without any")
        if source.is_sparse:
            array("shape").append(np.array([n_samples, source.n_features]), np.dtype(np.int64))
    return True


class _Array:
    """A ``.npy`` file that grows by rows; a context that writes its header in the end."""

    def __init__(self, path: str) -> None:
        self._stream: IO[bytes] = open(path, "xb")  # noqa: SIM115
        self._dtype: np.dtype[Any] = np.dtype(np.float64)
        self._shape: tuple[int, ...] = (0,)
        self._write_header()

    def __enter__(self) -> _Array:
        return self

    def __exit__(self, *_: object) -> None:
        with self._stream as stream:
            stream.seek(0)
            self._write_header()
            stream.flush()
            os.fsync(stream.fileno())

    def append(self, values: NDArray[Any], dtype: np.dtype[Any]) -> None:
        """Add rows in a type, which is the same for all of them."""
        self._dtype = dtype
        self._shape = (self._shape[0] + len(values), *values.shape[1:])
        np.ascontiguousarray(values, dtype).tofile(self._stream)

    def _write_header(self) -> None:
        # NumPy leaves room for more rows: the length is the same for any number of them.
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._stream, header)
