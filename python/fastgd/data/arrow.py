"""Files of Arrow's IPC format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from ._tables import TableSource, as_paths, choose, common_dtype, need_arrow


class ArrowSource(TableSource):
    """Arrow IPC files (Feather 2), mapped into memory; needs pyarrow: ``pip install 'fastgd[arrow]'``.

    Parameters
    ----------
    path : path, or list of paths
        Files of one schema.
    y : str
        The column with targets or labels.
    columns : sequence of str, optional
        The features, columns of numbers or bool; all others by default.
    sample_weight : str, optional
        A column of weights.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds beside a record batch, where these are compressed; see `Source`.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    ImportError
        There is no pyarrow.
    ValueError
        A file is no whole Arrow file, and the message tells its bytes; its columns are others than those of the first,
        or `y` is none of them.
    TypeError
        A feature is no number.

    Notes
    -----
    A part is a record batch. A null is refused where it is read, with its column, row and file.
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
        self._paths = as_paths("path", path)
        # A file and a record batch for each part.
        self._parts: list[tuple[int, int]] = []
        first = self._open(0).schema
        self._columns = choose(self._paths[0], first.names, columns, y, sample_weight)
        for file, name in enumerate(self._paths):
            reader = self._open(file)
            refuse_other_schema(self._paths[0], first, name, reader.schema, self._columns.all)
            self._parts += [(file, batch) for batch in range(reader.num_record_batches)]
        if not self._parts:
            raise ValueError(f"path must hold at least one row, got none in {', '.join(self._paths)}")
        super().__init__(
            len(self._columns.features),
            common_dtype(self._paths[0], first, self._columns),
            n_parts=len(self._parts),
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
            feature_names=self._columns.features,
        )

    def _open(self, file: int) -> Any:
        pa, ipc = (need_arrow(module, "ArrowSource") for module in ("pyarrow", "pyarrow.ipc"))
        path = self._paths[file]
        size = os.stat(path).st_size
        try:
            return ipc.open_file(pa.memory_map(path))
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path} must be a whole Arrow file, got {size} bytes: {error}") from error

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        file, batch = self._parts[part]
        pa = need_arrow("pyarrow", "ArrowSource")
        try:
            yield self._open(file).get_batch(batch).select(names)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"record batch {batch} of {self._paths[file]} cannot be read: {error}") from error

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        file, batch = self._parts[part]
        return f"row {row} of record batch {batch} of {self._paths[file]}"


def refuse_other_schema(first_path: str, first: Any, path: str, schema: Any, names: Sequence[str]) -> None:
    """Raise where a file has not the columns of the first one."""
    for name in names:
        expected = first.field(name).type
        found = schema.field(name).type if name in schema.names else None
        if found != expected:
            got = "no such column" if found is None else f"{found}"
            raise ValueError(f"column {name!r} must be {expected} in {path}, as in {first_path}, got {got}")
