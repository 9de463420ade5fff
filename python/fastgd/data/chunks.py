"""Chunks that a program makes: a list of them, or an iterator."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._matrix import as_matrix, is_sparse
from .source import Block, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ChunkSource(Source):
    """Chunks ``(X, y)`` or ``(X, y, sample_weight)`` of rows, from a sequence, a callable or an iterator.

    Parameters
    ----------
    chunks : sequence, iterable, or callable that returns an iterator
        Chunks: of a sequence, such as a list, in any order; of a callable, or of another iterable that can be gone
        through again, in their own order in every epoch; of an iterator once. A chunk without rows is passed over.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds beside the chunks themselves; see `Source`.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed; the first chunk with rows is none, or there is no such chunk.

    Notes
    -----
    The first chunk is read when the source is made, to know columns and types. Chunks that come later are checked when
    they are read: one with other columns or another dtype ends the fit, is named by its number, counted from 0, and
    what was learned before it is kept.

    Examples
    --------
    >>> import numpy as np
    >>> from fastgd.data import ChunkSource
    >>> from fastgd.linear_model import SGDRegressor
    >>> def chunks():
    ...     for seed in range(5):
    ...         X = np.random.default_rng(seed).normal(size=(200, 2))
    ...         yield X, X @ [1.0, -2.0] + 3.0
    >>> model = SGDRegressor(random_state=0, max_iter=5, tol=None).fit(ChunkSource(chunks))
    >>> model.coef_.round(2).tolist()
    [1.0, -2.0]
    """

    def __init__(
        self,
        chunks: Iterable[Any] | Callable[[], Iterable[Any]],
        *,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
    ) -> None:
        if not callable(chunks) and not isinstance(chunks, Iterable):
            raise check.refuse("chunks", "an iterable of (X, y), or a callable that returns one", chunks, TypeError)
        self._chunks = chunks
        # In which row of a part that is an iterator each chunk begins.
        self._firsts: list[int] = []
        is_one_shot = isinstance(chunks, Iterator)
        # The chunks of an iterator that are read to know what they are.
        self._read: list[Block] = []
        self._rest = iter(chunks() if callable(chunks) else chunks)
        first = self._first()
        self._target_bytes = 8 if first.y.dtype.hasobject else int(first.y[:1].nbytes)
        # Those of a list are all there at once.
        self._rows_stay = isinstance(chunks, (list, tuple))
        super().__init__(
            first.X.shape[1],
            first.X.dtype,
            is_sparse=is_sparse(first.X),
            n_samples=_n_rows(chunks) if isinstance(chunks, (list, tuple)) else None,
            n_parts=len(chunks) if isinstance(chunks, Sequence) else 1,
            is_one_shot=is_one_shot,
            max_memory=max_memory,
            n_window_blocks=n_window_blocks,
        )
        if not is_one_shot:
            del self._read, self._rest

    def _first(self) -> Block:
        """The first chunk with rows."""
        for number, chunk in enumerate(self._rest):
            self._read.append(as_block(chunk, number))
            if self._read[-1].X.shape[0]:
                return self._read[-1]
        raise ValueError("chunks must hold at least one row, got none")

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, as `Source` says."""
        n_before = 0
        for number, chunk in self._numbered(part):
            self._note(number, n_before)
            block = as_block(chunk, number)
            n_before += len(block.y)
            yield from _pieces(block, n_rows)

    def read_targets(self, part: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield the targets of a part, and their weights or None, as `Source` says."""
        n_before = 0
        for number, chunk in self._numbered(part):
            self._note(number, n_before)
            _, y, weight = _unpacked(number, chunk)
            targets = _as_targets(y, number)
            n_before += len(targets)
            yield targets, None if weight is None else np.asarray(weight)

    def _note(self, number: int, n_before: int) -> None:
        # Those of the epoch before stay: a row of it may still be asked for when this one is read.
        if number == len(self._firsts):
            self._firsts.append(n_before)

    def _bytes_of_target(self) -> int:
        return self._target_bytes

    def _numbered(self, part: int) -> Iterator[tuple[int, Any]]:
        if isinstance(self._chunks, Sequence):
            return iter([(part, self._chunks[part])])
        if not self.is_one_shot:
            return iter(enumerate(self._chunks() if callable(self._chunks) else self._chunks))
        if not self._read:
            raise ValueError("chunks must be a callable that returns an iterator to be read twice, got an iterator")
        read, self._read = self._read, []
        return iter(enumerate(chain(read, self._rest)))

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it."""
        number = part
        if not isinstance(self._chunks, Sequence):
            number = bisect_right(self._firsts, row) - 1
            row -= self._firsts[number]
        return f"row {row} of chunk {number}"


def _unpacked(number: int, chunk: Any) -> tuple[Any, Any, Any]:
    if not isinstance(chunk, (tuple, list)) or len(chunk) not in (2, 3):
        allowed = "a pair (X, y) or a triple (X, y, sample_weight)"
        raise check.refuse(f"chunk {number}", allowed, type(chunk).__name__, TypeError)
    return chunk[0], chunk[1], chunk[2] if len(chunk) == 3 else None


def _n_rows(chunks: Sequence[Any]) -> int:
    return sum(len(_as_targets(_unpacked(number, chunk)[1], number)) for number, chunk in enumerate(chunks))


def as_block(chunk: Any, number: int) -> Block:
    """A chunk as arrays that the core reads; one without rows as it is."""
    X, y, weight = _unpacked(number, chunk)
    if not is_sparse(X):
        X = check.as_array(f"X of chunk {number}", X)
    if X.ndim != 2 or X.shape[0] > 0:
        X = as_matrix(f"X of chunk {number}", X).source
    targets = _as_targets(y, number)
    if len(targets) != X.shape[0]:
        raise ValueError(f"y of chunk {number} must have an entry a row of X, {X.shape[0]}, got {len(targets)}")
    if weight is not None:
        weight = check.real_array(f"sample_weight of chunk {number}", weight)
        if weight.shape != (len(targets),):
            raise ValueError(f"sample_weight of chunk {number} must have shape ({len(targets)},), got {weight.shape}")
    return Block(X, targets, weight)


def _as_targets(y: Any, number: int) -> NDArray[Any]:
    if y is None:
        raise ValueError(f"y of chunk {number} must be given, got None")
    targets = np.asarray(y)
    if targets.ndim not in (1, 2):
        raise ValueError(f"y of chunk {number} must have shape (n_rows,) or (n_rows, n_outputs), got {targets.shape}")
    return targets


def _pieces(block: Block, n_rows: int) -> Iterator[Block]:
    for begin in range(0, len(block.y), n_rows):
        some = slice(begin, begin + n_rows)
        weight = block.sample_weight
        yield Block(block.X[some], block.y[some], None if weight is None else weight[some])
