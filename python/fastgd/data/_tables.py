"""Record batches of pyarrow as blocks: which columns, in which type, and what a batch may not hold."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _core
from .._matrix import stored_dtype
from .source import Block, Source

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    Targets = tuple[NDArray[Any], NDArray[Any] | None]

# Rows that are made together: few enough for a cache, from which they go into their window, and enough for what a group
# costs whatever it holds.
_CACHED_BYTES = 1 << 20
_FEWEST_ROWS = 256


def need_arrow(module: str, what: str) -> Any:
    """Import a module of pyarrow, or say how to install it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise ImportError(f"{what} needs pyarrow: pip install 'fastgd[arrow]'") from error


def as_paths(name: str, value: Any) -> list[str]:
    """One path, or several."""
    given = [value] if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(given, Sequence) or not all(isinstance(path, (str, os.PathLike)) for path in given):
        raise TypeError(f"{name} must be a path or a list of paths, got {type(value).__name__}")
    if not given:
        raise ValueError(f"{name} must be at least one path, got none")
    return [os.fspath(path) for path in given]


class Columns(NamedTuple):
    """What of a table is what."""

    features: tuple[str, ...]
    y: str
    sample_weight: str | None

    @property
    def beside(self) -> list[str]:
        """Target and weight."""
        return [self.y] if self.sample_weight is None else [self.y, self.sample_weight]

    @property
    def all(self) -> list[str]:
        """Those that are read."""
        return [*self.features, *self.beside]


def choose(path: str, names: Sequence[str], columns: Sequence[str] | None, y: Any, sample_weight: Any) -> Columns:
    """The columns of a file; the features are all others by default."""
    beside = [name for name in (y, sample_weight) if name is not None]
    for argument, name in (("y", y), ("sample_weight", sample_weight)):
        if name is None and argument == "sample_weight":
            continue
        if not isinstance(name, str) or name not in names:
            raise ValueError(f"{argument} must be a column of {path}, one of {_some(names)}, got {name!r}")
    chosen = [name for name in names if name not in beside] if columns is None else list(columns)
    for name in chosen:
        if name not in names or name in beside:
            raise ValueError(f"columns must be among the other columns of {path}, {_some(names)}, got {name!r}")
    read, among = Counter([*chosen, *beside]), Counter(names)
    twice = next((name for name in read if read[name] > 1 or among[name] > 1), None)
    if twice is not None:
        argument = "columns" if twice in chosen else "y" if twice == y else "sample_weight"
        where = f"{among[twice]} of {path} have" if among[twice] > 1 else "the list has twice"
        raise ValueError(f"{argument} must name a column once, got {twice!r}, which {where}")
    if not chosen:
        raise ValueError(f"{path} must have a column beside {', '.join(map(repr, beside))}, got none")
    return Columns(tuple(chosen), y, sample_weight)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")


def common_dtype(path: str, schema: Any, columns: Columns) -> np.dtype[Any]:
    """The type that holds all features and that the core reads."""
    types = need_arrow("pyarrow.types", "a table")
    found = []
    for name in columns.features:
        kind = schema.field(name).type
        if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
            raise TypeError(f"columns must hold numbers, got {kind} in column {name!r} of {path}")
        found.append(np.dtype(kind.to_pandas_dtype()))
    return stored_dtype(np.result_type(*found))


def _cached_rows(n_rows: int, bytes_of_row: int) -> Iterator[slice]:
    """All rows in groups that a cache holds."""
    n_together = max(_FEWEST_ROWS, _CACHED_BYTES // bytes_of_row)
    for begin in range(0, n_rows, n_together):
        yield slice(begin, min(begin + n_together, n_rows))


class TableSource(Source):
    """Rows from files of one schema."""

    _rows_stay = True
    _paths: list[str]
    _columns: Columns

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        """Some columns of a part, in record batches."""
        raise NotImplementedError

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, as `Source` says."""
        n_before = 0
        for whole in self._batches(part, n_rows, self._columns.all):
            for begin in range(0, whole.num_rows, n_rows):
                batch = whole.slice(begin, n_rows)
                y, weight = self._targets(batch, part, n_before)
                columns = [
                    self._numbers(batch, name, part, n_before).astype(self.dtype, copy=False)
                    for name in self._columns.features
                ]
                for rows in _cached_rows(len(y), self.n_features * self.dtype.itemsize):
                    X = np.empty((rows.stop - rows.start, self.n_features), self.dtype)
                    _core.interleave([column[rows] for column in columns], X)
                    yield Block(X, y[rows], None if weight is None else weight[rows])
                n_before += batch.num_rows

    def read_targets(self, part: int) -> Iterator[Targets]:
        """Yield the targets of a part, and their weights or None, as `Source` says."""
        n_before = 0
        for batch in self._batches(part, self.block_rows, self._columns.beside):
            yield self._targets(batch, part, n_before)
            n_before += batch.num_rows

    def _targets(self, batch: Any, part: int, n_before: int) -> Targets:
        y = self._numbers(batch, self._columns.y, part, n_before)
        name = self._columns.sample_weight
        return y.astype(str) if y.dtype.hasobject else y, (
            None if name is None else self._numbers(batch, name, part, n_before)
        )

    def _numbers(self, batch: Any, name: str, part: int, n_before: int) -> NDArray[Any]:
        column = batch.column(name)
        if column.null_count:
            row = int(column.is_null().to_numpy(zero_copy_only=False).argmax())
            raise ValueError(f"column {name!r} must have no nulls, got one at {self.place(part, n_before + row)}")
        if hasattr(column, "dictionary_decode"):
            column = column.dictionary_decode()
        values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return values


class PiecesSource(TableSource):
    """Files that lie in pieces, which can be read in any order: each is a part."""

    # What errors call a file, and a piece of it.
    _format: str
    _piece: str

    def __init__(
        self,
        path: Any,
        y: str,
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        self._paths = [file for one in as_paths("path", path) for file in self._files(one)]
        # A file and the piece of it for each part.
        self._parts: list[tuple[int, int]] = []
        n_samples: int | None = 0
        first: Any = None
        for file, name in enumerate(self._paths):
            schema, n_pieces, n_rows = self._look_at(file)
            if first is None:
                first = schema
                self._columns = choose(name, first.names, columns, y, sample_weight)
            _refuse_other_schema(self._paths[0], first, name, schema, self._columns.all)
            self._parts += [(file, piece) for piece in range(n_pieces)]
            n_samples = None if n_samples is None or n_rows is None else n_samples + n_rows
        if not self._parts or n_samples == 0:
            raise ValueError(f"path must hold at least one row, got none in {', '.join(self._paths)}")
        super().__init__(
            len(self._columns.features),
            common_dtype(self._paths[0], first, self._columns),
            n_samples=n_samples,
            n_parts=len(self._parts),
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
            feature_names=self._columns.features,
        )

    def _files(self, path: str) -> list[str]:
        """The files that a path stands for."""
        return [path]

    def _opened(self, file: int) -> Any:
        """The reader of a file."""
        raise NotImplementedError

    def _look_at(self, file: int) -> tuple[Any, int, int | None]:
        """Schema, number of pieces and, where it is told, number of rows of a file."""
        raise NotImplementedError

    def _open(self, file: int) -> Any:
        pa = need_arrow("pyarrow", type(self).__name__)
        path = self._paths[file]
        size = os.stat(path).st_size
        try:
            return self._opened(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path} must be a whole {self._format} file, got {size} bytes: {error}") from error

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        file, piece = self._parts[part]
        return f"row {row} of {self._piece} {piece} of {self._paths[file]}"


def _refuse_other_schema(first_path: str, first: Any, path: str, schema: Any, names: Sequence[str]) -> None:
    """Raise where a file has not the columns of the first one."""
    for name in names:
        expected = first.field(name).type
        found = schema.field(name).type if name in schema.names else None
        if found != expected:
            got = "no such column" if found is None else f"{found}"
            raise ValueError(f"column {name!r} must be {expected} in {path}, as in {first_path}, got {got}")


def checked_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """The type that numbers of a text are made to."""
    found = np.dtype(dtype)
    if found not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"dtype must be float64 or float32, got {found}")
    return found
