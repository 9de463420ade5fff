"""CSV files, plain or compressed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._tables import TableSource, as_paths, checked_dtype, choose, need_arrow

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# Bytes of text that are understood at once: a line has to fit, of which a number takes up to 25.
_LEAST_BLOCK, _MOST_BLOCK = 1 << 16, 1 << 20
_BYTES_OF_COLUMN = 64
# As numbers, texts such as "0," take up to this many times their bytes.
_GROWTH = 4


class CsvSource(TableSource):
    """CSV files, also compressed ones (``.gz``, ``.bz2``, ``.zst``), read by pyarrow: ``pip install 'fastgd[arrow]'``.

    Parameters
    ----------
    path : path, or list of paths
        Files with the same columns.
    y : str
        The column with targets or labels, whose type is that of its first lines.
    columns : sequence of str, optional
        The features, columns of numbers; all others by default.
    sample_weight : str, optional
        A column of weights.
    dtype : {"float64", "float32"}, default="float64"
        Type of the features.
    delimiter : str, default=","
        What stands between the columns.
    column_names : sequence of str, optional
        Names of the columns of files without a first line of names.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds, beside a few blocks of text of 64 KB at least, or 64 bytes a column; see `Source`. The
        names of the columns take 1 MB at most.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    ImportError
        There is no pyarrow.
    ValueError
        A file has no lines, or other columns than the first one; or `y` is none of them.

    Notes
    -----
    A part is a file; its rows come in their order. A line that cannot be read ends the fit with its file and row, and
    what was learned before it is kept. So does an empty field.
    """

    def __init__(
        self,
        path: Any,
        y: str,
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        dtype: DTypeLike = np.float64,
        delimiter: str = ",",
        column_names: Sequence[str] | None = None,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        self._paths = as_paths("path", path)
        self._format = (delimiter, None if column_names is None else list(column_names))
        found = checked_dtype(dtype)
        first = self._look_at(0, None, found)
        self._least_block = max(_LEAST_BLOCK, _BYTES_OF_COLUMN * len(first.schema.names))
        self._columns = choose(self._paths[0], first.schema.names, columns, y, sample_weight)
        self._types = {name: first.schema.field(name).type for name in self._columns.beside}
        super().__init__(
            len(self._columns.features),
            found,
            n_parts=len(self._paths),
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
            feature_names=self._columns.features,
        )
        for file in range(1, len(self._paths)):
            self._look_at(file, self._columns.all, found)

    def _look_at(self, file: int, names: list[str] | None, dtype: np.dtype[Any]) -> Any:
        """Open a file to see its columns, at as few of its lines as hold them."""
        try:
            return self._open(file, names, dtype, _LEAST_BLOCK)
        except ValueError:
            return self._open(file, names, dtype, _MOST_BLOCK)

    def _open(self, file: int, names: list[str] | None, dtype: np.dtype[Any], block: int) -> Any:
        pa, csv = (need_arrow(module, "CsvSource") for module in ("pyarrow", "pyarrow.csv"))
        delimiter, column_names = self._format
        # Where there is no file, Python says so in its own words.
        os.stat(self._paths[file])
        types = {}
        if names is not None:
            number = pa.from_numpy_dtype(dtype)
            types = {name: self._types.get(name, number) for name in names}
        try:
            return csv.open_csv(
                self._paths[file],
                csv.ReadOptions(use_threads=False, block_size=block, column_names=column_names),
                csv.ParseOptions(delimiter=delimiter),
                csv.ConvertOptions(column_types=types, include_columns=names),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
            raise ValueError(f"{self._paths[file]} cannot be read: {error}") from error

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        pa = need_arrow("pyarrow", "CsvSource")
        block = max(min(self._budget.block_bytes // _GROWTH, _MOST_BLOCK), self._least_block)
        n_before = 0
        try:
            for batch in self._open(part, names, self.dtype, block):
                yield batch
                n_before += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            where = f"{self._paths[part]} cannot be read from row {n_before} on"
            raise ValueError(f"{where}: {error}") from error

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        return f"row {row} of {self._paths[part]}"
