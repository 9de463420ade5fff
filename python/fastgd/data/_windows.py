"""An epoch of a source: its parts in their order, cut into windows of whole batches."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _core
from .. import _validation as check
from .._matrix import as_matrix, is_sparse
from ._budget import too_little

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .source import Block, Source

# The stream of random numbers that keys the order of the parts.
_PARTS_STREAM = 32


class Stretch(NamedTuple):
    """Where some rows of a window that follow each other are from."""

    part: int
    first: int
    n_rows: int


class Order(NamedTuple):
    """The order in which the core visits the rows of a window."""

    n_rows: int
    seed: int
    number: int

    def of_rows(self) -> NDArray[np.int64]:
        return _core.permutation(self.n_rows, self.seed, self.number)


class Window(NamedTuple):
    """Rows to learn from, where each is from, and the order that they have been brought into, else the stored one."""

    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None
    stretches: list[Stretch]
    order: Order | None = None

    def place(self, source: Source, row: int) -> str:
        """Where a row of this window is in the source."""
        if self.order is not None:
            row = int(self.order.of_rows()[row])
        for stretch in self.stretches:
            if row < stretch.n_rows:
                return source.place(stretch.part, stretch.first + row)
            row -= stretch.n_rows
        raise IndexError(row)


def order_of_parts(n_parts: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The parts in the order of an epoch, a permutation of (seed, epoch)."""
    key = int(_core.philox(seed, _PARTS_STREAM, epoch, 0)[0])
    return _core.permutation(n_parts, key, 0)


def windows(source: Source, batch_size: int, order: NDArray[np.int64] | None) -> Iterator[Window]:
    """The windows of an epoch, in the stored order of the parts where `order` is None; their rows in that order."""
    return Windows(source, batch_size, order is not None).of_epoch(order)


class Windows:
    """Windows of one epoch after another; of dense ones the memory is used again for the next but one.

    With a `seed` rows are copied to where the core's steps are going to look for them, one after the other, as far as
    it is known how many a window will have: a thread that copies waits for less than one that computes. Not those of
    the first window, which a learning rate may be found on, and not sparse ones. `n_before` windows have been.
    """

    def __init__(
        self, source: Source, batch_size: int, shuffles: bool, seed: int | None = None, n_before: int = 0
    ) -> None:
        self._source = source
        # Rows that keep their order need not wait for each other: a shorter window is there sooner.
        rows = source._budget.window_rows(batch_size, source.n_window_blocks if shuffles else 1)
        if source.n_samples is not None:
            rows = min(rows, -(-source.n_samples // batch_size) * batch_size)
        self._n_rows_at_once = min(source.block_rows, rows)
        self._shape_of_target: tuple[int, ...] | None = None
        self._fill: _Dense | _Sparse
        if source.is_sparse:
            self._fill = _Sparse(source, rows, batch_size)
        else:
            self._fill = _Dense(source, rows, batch_size, seed if shuffles else None, n_before)

    def of_epoch(
        self, order: NDArray[np.int64] | None, is_in_vain: Callable[[], bool] = lambda: False
    ) -> Iterator[Window]:
        """The windows of an epoch, which is cut short where it is in vain."""
        source, fill = self._source, self._fill
        fill.start_epoch()
        n_rows = 0
        parts = list(range(source.n_parts)) if order is None else order.tolist()
        for part, following in zip_longest(parts, parts[1:]):
            if following is not None:
                source.expect(following)
            n_of_part = 0
            for block in source.read(part, self._n_rows_at_once):
                if is_in_vain():
                    return
                if is_empty(block):
                    continue
                X = checked_block(source, block, part, n_of_part)
                if self._shape_of_target is None:
                    self._shape_of_target = block.y.shape[1:]
                check_shape_of_target(source, block, self._shape_of_target, part, n_of_part)
                n_rows += len(block.y)
                if source.n_samples is not None and n_rows > source.n_samples:
                    raise _wrong_number(source, "more")
                yield from fill.add(X, block, Stretch(part, n_of_part, len(block.y)))
                n_of_part += len(block.y)
        if n_rows == 0:
            raise ValueError(f"X must have at least one row, got {source!r} without any")
        if source.n_samples is not None and n_rows < source.n_samples:
            raise _wrong_number(source, n_rows)
        yield from fill.rest()


def _wrong_number(source: Source, n_rows: object) -> ValueError:
    name = type(source).__name__
    return ValueError(f"n_samples must be the number of rows that {name} reads, got {source.n_samples} for {n_rows}")


def is_empty(block: Block) -> bool:
    """Whether a block has no rows, and is passed over."""
    return bool(block.X.shape[0] == 0 and block.y is not None and len(block.y) == 0)


def check_shape_of_target(source: Source, block: Block, expected: tuple[int, ...], part: int, first: int) -> None:
    """Raise where rows of y are others than those before."""
    if block.y.shape[1:] != expected:
        shapes = f"shape (n_rows{''.join(f', {n}' for n in expected)}{',' * (not expected)})"
        raise ValueError(f"y must have {shapes} everywhere, got {block.y.shape} at {source.place(part, first)}")


def checked_block(source: Source, block: Block, part: int, first: int) -> Any:
    """The features of a block as the core reads them; raises where it does not fit the source, or is no block."""
    where = source.place(part, first)
    X, y, weight = block
    if len(getattr(X, "shape", ())) == 2 and X.shape[1] != source.n_features:
        raise ValueError(f"X must have {source.n_features} columns, got {X.shape[1]} at {where}")
    if is_sparse(X) != source.is_sparse:
        kinds = ("dense", "sparse")
        raise TypeError(f"X must be {kinds[source.is_sparse]}, got {kinds[not source.is_sparse]} rows at {where}")
    stored = as_matrix("X", X).source
    if stored.dtype != source.dtype:
        raise TypeError(f"X must have dtype {source.dtype} everywhere, got {stored.dtype} at {where}")
    if y is None:
        raise ValueError(f"y must be given with X, got None at {where}")
    if y.ndim not in (1, 2) or len(y) != X.shape[0]:
        raise ValueError(f"y must have one entry for each of {X.shape[0]} rows, got shape {y.shape} at {where}")
    check_targets(source, y, weight, part, first)
    return stored


def check_targets(source: Source, y: NDArray[Any], weight: NDArray[Any] | None, part: int, first: int) -> None:
    """Raise where a target is not finite, or a weight is no weight, and tell where."""
    if y.dtype.kind == "f":
        bad = check.first(lambda some: ~np.isfinite(some), y)
        if bad is not None:
            raise ValueError(f"y must be finite, got {y[bad]} at {source.place(part, first + bad[0])}")
    if weight is None:
        return
    if weight.shape != (len(y),) or weight.dtype.kind not in "biuf":
        allowed = f"one number for each of {len(y)} rows"
        given = f"shape {weight.shape}, dtype {weight.dtype}"
        raise ValueError(f"sample_weight must have {allowed}, got {given} at {source.place(part, first)}")
    bad = check.first(lambda some: ~(np.isfinite(some) & (some >= 0.0)), weight)
    if bad is not None:
        place = source.place(part, first + bad[0])
        raise ValueError(f"sample_weight must be finite and >= 0, got {weight[bad]} at {place}")


class _Beside:
    """Targets, weights and places of the rows that wait for their window."""

    def __init__(self) -> None:
        self._y: list[NDArray[Any]] = []
        self._weight: list[NDArray[Any] | None] = []
        self._stretches: list[Stretch] = []

    def add(self, block: Block, begin: int, end: int, stretch: Stretch) -> None:
        weight = block.sample_weight
        self._y.append(block.y[begin:end].copy())
        self._weight.append(None if weight is None else weight[begin:end].copy())
        self._stretches.append(Stretch(stretch.part, stretch.first + begin, end - begin))

    def take(self, X: Any, order: Order | None = None) -> Window:
        """As many of them as these features have rows, as a window of both; in an order that these have already."""
        y, weights, stretches = [], [], []
        left = int(X.shape[0])
        while left > 0:
            if len(self._y[0]) > left:
                self._split(left)
            y.append(self._y.pop(0))
            given = self._weight.pop(0)
            weights.append(given)
            stretches.append(self._stretches.pop(0))
            left -= len(y[-1])
        weight = None
        if any(given is not None for given in weights):
            pairs = zip(y, weights, strict=True)
            weight = np.concatenate([np.ones(len(part)) if given is None else given for part, given in pairs])
        joined = y[0] if len(y) == 1 else np.concatenate(y)
        if order is not None:
            y.clear()
            rows = order.of_rows()
            joined, weight = joined[rows], None if weight is None else weight[rows]
        return Window(X, joined, weight, stretches, order)

    def _split(self, n_rows: int) -> None:
        """Make two stretches of the first one."""
        y, weight, (part, first, n) = self._y[0], self._weight[0], self._stretches[0]
        self._y[:1] = [y[:n_rows], y[n_rows:]]
        self._weight[:1] = [None, None] if weight is None else [weight[:n_rows], weight[n_rows:]]
        self._stretches[:1] = [Stretch(part, first, n_rows), Stretch(part, first + n_rows, n - n_rows)]


class _Dense:
    """Rows that are copied into two windows by turns, or not at all where a block is a window and stays as it is."""

    def __init__(self, source: Source, rows: int, batch_size: int, seed: int | None, n_before: int) -> None:
        self._source = source
        self._rows = rows
        self._batch_size = batch_size
        self._seed = seed
        self._buffers: list[NDArray[Any]] = []
        # Windows so far, and of these the ones that were copied; rows of the present one.
        self._n_windows = n_before
        self._n_copied = self._n = 0
        self._order: Order | None = None
        self._beside = _Beside()

    def start_epoch(self) -> None:
        self._n_left = self._source.n_samples

    def add(self, X: NDArray[Any], block: Block, stretch: Stretch) -> Iterator[Window]:
        begin = 0
        while begin < len(X):
            if self._n == 0:
                self._order = self._next_order()
            end = min(len(X), begin + self._rows - self._n)
            self._beside.add(block, begin, end, stretch)
            if self._n_left is not None:
                self._n_left -= end - begin
            if end - begin == self._rows and self._source._rows_stay:
                self._n_windows += 1
                yield self._beside.take(X[begin:end])
            else:
                self._copy(X[begin:end])
                if self._n == self._rows:
                    yield from self.rest()
            begin = end

    def rest(self) -> Iterator[Window]:
        if self._n:
            X, self._n = self._buffer()[: self._n], 0
            self._n_windows += 1
            self._n_copied += 1
            yield self._beside.take(X, self._order)

    def _next_order(self) -> Order | None:
        """That of the window that begins, where it is known by now."""
        if self._seed is None or self._n_windows == 0 or self._n_left is None:
            return None
        n_rows = min(self._rows, self._n_left)
        # A batch that is all of them has no order.
        return Order(n_rows, self._seed, self._n_windows) if n_rows > self._batch_size else None

    def _copy(self, X: NDArray[Any]) -> None:
        buffer, n = self._buffer(), self._n
        if self._order is None:
            buffer[n : n + len(X)] = X
        else:
            n_rows, seed, number = self._order
            _core.place_rows(X, n, buffer[:n_rows], seed, number)
        self._n += len(X)

    def _buffer(self) -> NDArray[Any]:
        place = self._n_copied % 2
        if place == len(self._buffers):
            shape = (self._rows, self._source.n_features)
            memory = _memory(self._rows * self._source.n_features * self._source.dtype.itemsize)
            self._buffers.append(np.frombuffer(memory, np.uint8).view(self._source.dtype).reshape(shape))
        return self._buffers[place]


def _memory(size: int) -> mmap.mmap:
    """Memory that goes back to the system when it is free; an allocator may keep that of a thread."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # Rows are gathered from all over a window: with pages of 4 KB most of them miss the tables of pages, too.
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


class _Sparse:
    """Sparse rows, of which as many are a window as fit by their bytes."""

    def __init__(self, source: Source, rows: int, batch_size: int) -> None:
        self._source = source
        self._rows = rows
        self._batch_size = batch_size
        self._parts: list[Any] = []
        self._n = self._bytes = 0
        self._beside = _Beside()

    def start_epoch(self) -> None:
        """Nothing is known of an epoch before it."""

    def add(self, X: Any, block: Block, stretch: Stretch) -> Iterator[Window]:
        most = self._source._budget.window_bytes
        ends = X.indptr[1:].astype(np.int64) * (X.data.itemsize + X.indices.itemsize)
        self._beside.add(block, 0, X.shape[0], stretch)
        begin = 0
        while begin < X.shape[0]:
            before = int(ends[begin - 1]) if begin else 0
            fits = int(np.searchsorted(ends, before + most - self._bytes, side="right"))
            end = max(begin, min(X.shape[0], fits, begin + self._rows - self._n))
            if end > begin:
                some = X[begin:end]
                self._parts.append(some if self._source._rows_stay else some.copy())
                self._n += end - begin
                self._bytes += int(ends[end - 1]) - before
            if end < X.shape[0]:
                if self._n < self._batch_size:
                    held = self._bytes + int(ends[end] - (ends[end - 1] if end else 0))
                    least = self._source.max_memory * -(-held * self._batch_size // (self._n + 1)) // most + 1
                    raise too_little(self._source.max_memory, least, self._batch_size)
                yield from self._whole_batches()
            begin = end

    def _whole_batches(self) -> Iterator[Window]:
        X = self._joined()
        n_rows = self._n - self._n % self._batch_size
        rest = X[n_rows:]
        self._parts = [rest] if rest.shape[0] else []
        self._n, self._bytes = rest.shape[0], rest.data.nbytes + rest.indices.nbytes
        yield self._beside.take(X[:n_rows])

    def rest(self) -> Iterator[Window]:
        if self._n:
            X, self._parts, self._n, self._bytes = self._joined(), [], 0, 0
            yield self._beside.take(X)

    def _joined(self) -> Any:
        return self._parts[0] if len(self._parts) == 1 else _stacked(self._parts)


def _stacked(parts: list[Any]) -> Any:
    from scipy.sparse import vstack

    return vstack(parts, format="csr")
