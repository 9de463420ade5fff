"""Files of Arrow's IPC format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._tables import PiecesSource, need_arrow


class ArrowSource(PiecesSource):
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

    _format = "Arrow"
    _piece = "record batch"

    def _opened(self, file: int) -> Any:
        pa, ipc = (need_arrow(module, "ArrowSource") for module in ("pyarrow", "pyarrow.ipc"))
        return ipc.open_file(pa.memory_map(self._paths[file]))

    def _look_at(self, file: int) -> tuple[Any, int, int | None]:
        reader = self._open(file)
        return reader.schema, reader.num_record_batches, None

    def _batches(self, part: int, n_rows: int, names: list[str]) -> Iterable[Any]:
        file, batch = self._parts[part]
        pa = need_arrow("pyarrow", "ArrowSource")
        try:
            yield self._open(file).get_batch(batch).select(names)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"record batch {batch} of {self._paths[file]} cannot be read: {error}") from error
