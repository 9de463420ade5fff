"""Files of svmlight's and LIBSVM's format."""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .. import _validation as check
from ._budget import shown_bytes
from ._tables import as_paths, checked_dtype, need_arrow
from .source import Block, Source

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# Of an entry such as " 7:1" become a column and a value, in arrays that grow by doubling.
_GROWTH = 8
_LEAST_BYTES = 1 << 14
_WIDEST = 2**31 - 1


def _zstandard(path: str) -> Any:
    return BufferedReader(need_arrow("pyarrow", "SvmlightSource of .zst files").input_stream(path, compression="zstd"))


# What reads a compressed file, by suffix.
_OPENERS: dict[str, Callable[[str], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".zst": _zstandard}


class SvmlightSource(Source):
    """Sparse rows from svmlight files, read by scikit-learn; needs it: ``pip install 'fastgd[sklearn]'``.

    Parameters
    ----------
    path : path, or list of paths
        Files, plain or compressed (``.gz``, ``.bz2``; ``.zst`` by pyarrow, ``pip install 'fastgd[arrow]'``).
    n_features : int, optional
        Number of columns; by default found in a pass over the files.
    zero_based : bool or "auto", default="auto"
        Whether columns count from 0; by default found in a pass over the files: where there is a column 0.
    dtype : {"float64", "float32"}, default="float64"
        Type of the features.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds; see `Source`.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Attributes
    ----------
    first_index : int
        What the files call the first column, 0 or 1.

    Raises
    ------
    ImportError
        There is no scikit-learn, or no pyarrow where a file needs it.
    ValueError
        A file that has to be looked through holds a line that cannot be read.

    Notes
    -----
    A part is a range of bytes of a file, of which the lines that begin in it are read, or a compressed file, which is
    read from its begin. A line that cannot be read, or is so long that its row would take all of `max_memory`, ends the
    fit, with its file, its byte offset, which is that of the plain text, and what it says, and what was learned before
    it is kept.
    """

    _rows_stay = True

    def __init__(
        self,
        path: Any,
        *,
        n_features: int | None = None,
        zero_based: bool | str = "auto",
        dtype: DTypeLike = np.float64,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        self._paths = as_paths("path", path)
        if zero_based not in (True, False, "auto"):
            raise check.refuse("zero_based", "True, False or 'auto'", zero_based)
        given = None if n_features is None else check.integer("n_features", n_features, 1)
        found = checked_dtype(dtype)
        # To know how much is read at once, the budget before the number of columns.
        super().__init__(1, found, is_sparse=True, max_memory=max_memory, n_window_blocks=n_window_blocks)
        self._n_bytes = max(_LEAST_BYTES, self._budget.block_bytes // _GROWTH)
        self._longest_line = max(_LEAST_BYTES, self._budget.max_bytes // _GROWTH)
        self._parts = [(each, begin) for each in self._paths for begin in self._begins(each)]
        if not self._parts:
            raise ValueError(f"path must hold at least one row, got none in {', '.join(self._paths)}")
        self.n_parts = len(self._parts)
        self.first_index = 0
        if given is None or zero_based == "auto":
            least, most = self._columns()
            self.first_index = int(least > 0 if zero_based == "auto" else not zero_based)
            given = most + 1 - self.first_index if given is None else given
        else:
            self.first_index = int(not zero_based)
        self.n_features = given

    def _begins(self, path: str) -> range:
        """Where the parts of a file begin."""
        size = os.stat(path).st_size
        return range(0, size, max(size, 1) if _suffix(path) in _OPENERS else self._n_bytes)

    def _columns(self) -> tuple[int, int]:
        """The least and the greatest column of all files, as they are written."""
        least, most = 2**62, 0
        for part in range(self.n_parts):
            for X, _ in self._load(part, None):
                if X.nnz:
                    least, most = min(least, int(X.indices.min())), max(most, int(X.indices.max()))
        return least, most

    def _load(self, part: int, n_features: int | None) -> Iterator[Any]:
        """The lines of a part; without a number of columns these are as they are written, and too many."""
        width = _WIDEST if n_features is None else n_features
        options = {"n_features": width, "dtype": self.dtype, "zero_based": n_features is None or self.first_index == 0}
        path, begin = self._parts[part]
        for first, text in self._texts(path, begin):
            yield _parsed(path, first, text, options)

    def _texts(self, path: str, begin: int) -> Iterator[tuple[int, bytes]]:
        """The lines of a part, some at a time, each time with the byte that they begin at."""
        if _suffix(path) in _OPENERS:
            yield from self._decompressed(path)
            return
        with open(path, "rb") as file:
            first, end = (self._line_start(file, path, at) for at in (begin, begin + self._n_bytes))
            file.seek(first)
            yield first, file.read(max(0, end - first))

    def _decompressed(self, path: str) -> Iterator[tuple[int, bytes]]:
        """The lines of a compressed file, some at a time."""
        first = 0
        with _OPENERS[_suffix(path)](path) as file:
            while True:
                try:
                    text = file.read(self._n_bytes)
                    text += self._rest_of_line(file, path, first + len(text))
                except (OSError, EOFError, zlib.error) as error:
                    raise ValueError(f"{path} cannot be read from byte {first} of its text on: {error}") from error
                if not text:
                    return
                yield first, text
                first += len(text)

    def _line_start(self, file: BinaryIO, path: str, at: int) -> int:
        """Where the first line begins that does not begin before `at`."""
        if at == 0:
            return 0
        file.seek(at - 1)
        return at - 1 + len(self._rest_of_line(file, path, at - 1))

    def _rest_of_line(self, file: BinaryIO, path: str, at: int) -> bytes:
        """What is left of the line that byte `at`, the next of the file, is in; it may be damaged, and have no end."""
        rest = file.readline(self._longest_line)
        if len(rest) == self._longest_line and not rest.endswith(b"\n"):
            raise ValueError(
                f"{path} cannot be read: the line at byte {at} goes on for more than {self._longest_line} bytes, so "
                f"its row would not fit into max_memory={shown_bytes(self._budget.max_bytes)}"
            )
        return rest

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, as `Source` says."""
        for X, y in self._load(part, self.n_features):
            for begin in range(0, len(y), n_rows):
                yield Block(X[begin : begin + n_rows], y[begin : begin + n_rows])

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        path, begin = self._parts[part]
        if _suffix(path) in _OPENERS:
            return f"row {row} of {path}"
        with open(path, "rb") as file:
            return f"row {row} from byte {self._line_start(file, path, begin)} of {path} on"


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1]


def _parsed(path: str, first: int, text: bytes, options: dict[str, Any]) -> Any:
    from sklearn.datasets import load_svmlight_file

    try:
        return load_svmlight_file(BytesIO(text), **options)
    except (ValueError, OverflowError, IndexError) as error:
        at = first
        # Which line it is, found by reading one after the other.
        for line in text.splitlines(keepends=True):
            try:
                load_svmlight_file(BytesIO(line), **options)
            except (ValueError, OverflowError, IndexError) as found:
                shown = check.shown(line.rstrip().decode("ascii", "replace"))
                raise ValueError(f"{path} cannot be read: at byte {at}: {found}, in the line {shown}") from error
            at += len(line)
        raise ValueError(f"{path} cannot be read from byte {first} on: {error}") from error
