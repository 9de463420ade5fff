"""How many rows a block and a window may have, so that what is held of a source stays below a given size."""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import _validation as check

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY_UNITS = {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_ALLOWED = 'a number of bytes >= 1, or one with a unit, such as "512MB", "1.5GB" or "1GiB"'
# Beside its features a row of a window has a weight, an index and what the engine makes of these, and its target, which
# is collected and joined.
_BYTES_BESIDE = 24
_COPIES_OF_TARGET = 3
# A block is read, converted and put into its window: it is there up to this many times.
_COPIES_OF_BLOCK = 3
# The window that is learned from, and the next one.
_WINDOWS = 2
# A smaller file is not read any faster in pieces.
_MOST_BLOCK_BYTES = 1 << 26


def as_bytes(name: str, value: object) -> int:
    """A size in bytes from what a user writes."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)\s*", value)
        unit = (_UNITS | _BINARY_UNITS).get(found[2].upper()) if found else None
        if found is None or unit is None or float(found[1]) * unit < 1.0:
            raise check.refuse(name, _ALLOWED, value)
        return int(float(found[1]) * unit)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise check.refuse(name, _ALLOWED, value, TypeError)
    return check.integer(name, value, 1)


def shown_bytes(size: int) -> str:
    """A size as a user would write it, rounded up so that it is enough."""
    unit = next((u for u in ("GB", "MB", "KB") if size >= 10 * _UNITS[u]), "B")
    return f"{-(-size // _UNITS[unit])}{unit}"


class Budget(NamedTuple):
    """What may be held, over how many blocks rows are shuffled, and how large a row of features and its target are."""

    max_bytes: int
    n_window_blocks: int
    bytes_of_row: int
    bytes_of_target: int

    @property
    def _bytes_held_of_row(self) -> int:
        return self.bytes_of_row + _BYTES_BESIDE + _COPIES_OF_TARGET * max(8, self.bytes_of_target)

    @property
    def block_bytes(self) -> int:
        """Bytes of a block, at most."""
        share = self.max_bytes // (_WINDOWS * self.n_window_blocks + _COPIES_OF_BLOCK)
        return max(1, min(share, _MOST_BLOCK_BYTES))

    @property
    def block_rows(self) -> int:
        """Rows of a block, at most."""
        return max(1, self.block_bytes // self._bytes_held_of_row)

    @property
    def window_bytes(self) -> int:
        """Bytes of the features of a window, at most, where rows are not all as large; one is joined from its parts."""
        return self.max_bytes // 5

    def window_rows(self, batch_size: int, n_blocks: int) -> int:
        """Rows of a window of so many blocks: whole batches, as many as fit."""
        in_all = self.max_bytes // self._bytes_held_of_row
        left = (in_all - _COPIES_OF_BLOCK * self.block_rows) // _WINDOWS
        rows = min(self.block_rows * n_blocks, left)
        rows -= rows % batch_size
        if rows < batch_size and left < batch_size:
            raise too_little(self.max_bytes, self._least_rows(batch_size) * self._bytes_held_of_row, batch_size)
        return max(rows, batch_size)

    def _least_rows(self, batch_size: int) -> int:
        return _WINDOWS * batch_size + _COPIES_OF_BLOCK * -(-batch_size // self.n_window_blocks) + 1


def too_little(max_bytes: int, least: int, batch_size: int) -> ValueError:
    """The error for memory that does not hold what a step needs."""
    return ValueError(
        f"max_memory must be at least {shown_bytes(least)} for a batch_size of {batch_size} rows like these, got "
        f"{max_bytes} bytes"
    )
