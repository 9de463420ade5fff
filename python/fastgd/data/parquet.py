"""Parquet files, and folders of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ._tables import TableSource, as_paths, choose, common_dtype, need_arrow
from .arrow import refuse_other_schema


class ParquetSource(TableSource):
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
        self._paths = [file for one in as_paths("path", path) for file in _files(one)]
        self._parts: list[tuple[int, int]] = []
        # Of each file, so that its end is read and understood once.
        self._metadata: list[Any] = []
        n_samples = 0
        first: Any = None
        for file, name in enumerate(self._paths):
            reader = self._open(file)
            schema, metadata = reader.schema_arrow, reader.metadata
            if first is None:
                first = schema
                self._columns = choose(name, first.names, columns, y, sample_weight)
            refuse_other_schema(self._paths[0], first, name, schema, self._columns.all)
            self._metadata.append(metadata)
            self._parts += [(file, group) for group in range(metadata.num_row_groups)]
            n_samples += metadata.num_rows
        if n_samples == 0:
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

    def _open(self, file: int) -> Any:
        pa, parquet = (need_arrow(module, "ParquetSource") for module in ("pyarrow", "pyarrow.parquet"))
        path = self._paths[file]
        size = os.stat(path).st_size
        try:
            known = self._metadata[file] if file < len(self._metadata) else None
            return parquet.ParquetFile(path, metadata=known, memory_map=True)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path} must be a whole Parquet file, got {size} bytes: {error}") from error

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        file, group = self._parts[part]
        pa = need_arrow("pyarrow", "ParquetSource")
        try:
            with self._open(file) as reader:
                yield from reader.iter_batches(n_rows, row_groups=[group], columns=names, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            column = self._metadata[file].row_group(group).column(0)
            offset = min(o for o in (column.dictionary_page_offset, column.data_page_offset) if o)
            where = f"row group {group} of {self._paths[file]}, from byte {offset} on,"
            raise ValueError(f"{where} cannot be read: {error}") from error

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        file, group = self._parts[part]
        return f"row {row} of row group {group} of {self._paths[file]}"


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    found = sorted(str(file) for file in Path(path).rglob("*.parquet"))
    if not found:
        raise ValueError(f"path must be a file or a folder with *.parquet in it, got {path} without any")
    return found
