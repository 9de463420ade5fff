"""Dense data as compressed sparse rows, in every way in which SciPy may hold them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

DTYPES: dict[str, tuple[Any, Any]] = {
    "csr_float64_int32": (np.float64, np.int32),
    "csr_float64_int64": (np.float64, np.int64),
    "csr_float32_int32": (np.float32, np.int32),
    "csr_float32_int64": (np.float32, np.int64),
}


class Entries(NamedTuple):
    """Of all rows, one after the other."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray


def entries_of(X: np.ndarray) -> Entries:
    row, column = np.nonzero(X)
    return Entries(row, column, X[row, column])


def shuffled(entries: Entries, folder: Path) -> Entries:
    """Columns in no order."""
    order = np.lexsort([np.random.default_rng(0).random(len(entries.row)), entries.row])
    return Entries(*(part[order] for part in entries))


def halved(entries: Entries, folder: Path) -> Entries:
    """Every entry twice, at half its value, which is exact."""
    twice = Entries(*(np.concatenate([part, part]) for part in entries))
    return shuffled(twice._replace(value=twice.value / 2), folder)


def with_zeros(entries: Entries, folder: Path) -> Entries:
    """Some entries that are 0, beside others of their column."""
    some = slice(None, None, 3)
    row, column = (np.concatenate([part, part[some]]) for part in entries[:2])
    value = np.concatenate([entries.value, np.zeros_like(entries.value[some])])
    return shuffled(Entries(row, column, value), folder)


def mapped(part: np.ndarray, folder: Path) -> np.ndarray:
    """A read-only file whose last byte is the last of a page: a read beyond it may find no memory."""
    if part.size == 0:
        return part
    path = Path(tempfile.mkstemp(dir=folder)[1])
    front = -part.nbytes % 4096
    path.write_bytes(bytes(front) + part.tobytes())
    return np.memmap(path, part.dtype, "r", front, part.shape)


def read_only(part: np.ndarray, folder: Path) -> np.ndarray:
    part.setflags(write=False)
    return part


ORDERS: dict[str, Callable[[Entries, Path], Entries]] = {f.__name__: f for f in (shuffled, halved, with_zeros)}
MEMORIES: dict[str, Callable[[np.ndarray, Path], np.ndarray]] = {f.__name__: f for f in (mapped, read_only)}
LAYOUTS = ("canonical", *ORDERS, *MEMORIES)


def as_csr(X: np.ndarray, storage: str, layout: str = "canonical", folder: Path = Path()) -> Any:
    """A CSR array of these values, laid out in one of LAYOUTS."""
    dtype, index = DTYPES[storage]
    entries = entries_of(X)
    if layout in ORDERS:
        entries = ORDERS[layout](entries, folder)
    offsets = np.searchsorted(entries.row, np.arange(len(X) + 1)).astype(index)
    parts = [entries.value.astype(dtype), entries.column.astype(index), offsets]
    if layout in MEMORIES:
        parts = [MEMORIES[layout](part, folder) for part in parts]
    csr = scipy.sparse.csr_array(X.shape, dtype=dtype)
    # As they are: the constructor would look for a narrower type of index.
    csr.data, csr.indices, csr.indptr = parts
    return csr
