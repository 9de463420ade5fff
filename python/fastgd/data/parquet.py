"""Parquet files, and folders of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from ._tables import PiecesSource, need_arrow


class ParquetSource(PiecesSource):
    """Parquet files, read by pyarrow; needs it: ``pip install 'fastgd[arrow]'``.

    Parameters
    ----------
    path : path, or list of paths
        Files of one schema; of a folder all ``*.parquet`` in it and below, by their names.
    y : str
        The column with targets or labels.
    columns : sequence of str, optional
        The features, columns of numbers or bool; all others by default. No other column is read.
    sample_weight : str, optional
        A column of weights.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds beside what pyarrow does: up to three pages of each column that is read, which are of
        1 MB where the file was written with pyarrow's defaults, or a row group where that is less; see `Source`.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    ImportError
        There is no pyarrow.
    ValueError
        A file is no whole Parquet file, and the message tells its bytes; its columns are others than those of the
        first, or `y` is none of them.
    TypeError
        A feature is no number.

    Notes
    -----
    A part is a row group. One that is damaged ends the fit when it is read, with its file and byte offset, and what was
    learned before it is kept. A null is refused likewise, with its column, row and file.
    """

    _format = "Parquet"
    _piece = "row group"

    @cached_property
    def _metadata(self) -> dict[int, Any]:
        """Of each file that was opened, so that its end is read and understood once."""
        return {}

    def _files(self, path: str) -> list[str]:
        if not os.path.isdir(path):
            return [path]
        found = sorted(str(file) for file in Path(path).rglob("*.parquet"))
        if not found:
            raise ValueError(f"path must be a file or a folder with *.parquet in it, got {path} without any")
        return found

    def _opened(self, file: int) -> Any:
        parquet = need_arrow("pyarrow.parquet", "ParquetSource")
        reader = parquet.ParquetFile(self._paths[file], metadata=self._metadata.get(file), memory_map=True)
        self._metadata[file] = reader.metadata
        return reader

    def _look_at(self, file: int) -> tuple[Any, int, int | None]:
        reader = self._open(file)
        return reader.schema_arrow, reader.metadata.num_row_groups, reader.metadata.num_rows

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        file, group = self._parts[part]
        pa = need_arrow("pyarrow", "ParquetSource")
        try:
            with self._open(file) as reader:
                # On several threads it holds more than it may.
                yield from reader.iter_batches(n_rows, row_groups=[group], columns=names, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            column = self._metadata[file].row_group(group).column(0)
            offset = min(o for o in (column.dictionary_page_offset, column.data_page_offset) if o)
            where = f"row group {group} of {self._paths[file]}, from byte {offset} on,"
            raise ValueError(f"{where} cannot be read: {error}") from error
