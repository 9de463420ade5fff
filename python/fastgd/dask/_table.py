"""Rows on a cluster: blocks that are looked at, and objectives of them that stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dask
import numpy as np
from distributed import futures_of

from . import _blocks
from ._cluster import RETRIES, at, by_worker, gathered
from ._collections import rows_of

if TYPE_CHECKING:
    from distributed import Client, Future
    from numpy.typing import NDArray

    from ..data import Block


class Table:
    """Blocks of rows on a cluster.

    Attributes
    ----------
    n_features : int
        Number of columns.
    names : array or None
        Their names.
    shape : tuple of int
        That of the targets of a row.
    head : Block
        A row of them.
    weight : float
        The sum of the weights of all rows.
    n_present : int
        The number of rows that have one.
    labels : array
        The labels, sorted, where they are counted.
    label_weights : array
        The sum of the weights of the rows of each.
    """

    def __init__(self, client: Client, X: Any, y: Any, sample_weight: Any, *, has_labels: bool) -> None:
        rows = rows_of(X, y, sample_weight)
        self.client = client
        # Of letters and digits that Dask's dashboard leaves out of the name of a group of tasks.
        self.token = uuid4().hex[:8]
        self.names = rows.names
        # Where rows are in memory, targets come to them and not they to these.
        holders = client.who_has(futures_of(X))
        take = dask.delayed(_blocks.take, pure=False)
        delayed = []
        for number, parts in enumerate(rows.blocks):
            with dask.annotate(**at(min(holders.get(parts[0].key) or ("",)))):
                delayed.append(take(number, *parts, dask_key_name=self.key("block", number)))
        self._blocks: list[Future] = client.compute(delayed, retries=RETRIES)
        told = gathered(
            client,
            [
                client.submit(_blocks.tell, block, has_labels, number, key=self.key("look", number), retries=RETRIES)
                for number, block in enumerate(self._blocks)
            ],
        )
        heads = [one.head for one in told if one.head is not None]
        if not heads:
            raise ValueError(f"X must hold at least one row of weight above 0, got {len(told)} chunks without any")
        self.head: Block = heads[0]
        _refuse_others(told, has_labels)
        self.n_features = self.head.X.shape[1]
        self.shape = self.head.y.shape[1:]
        self.weight: float = sum(one.weight for one in told)
        self.n_present: int = sum(one.n_present for one in told)
        with_rows = [one for one in told if one.n_rows]
        self.labels: NDArray[Any] = np.unique(np.concatenate([one.labels for one in with_rows]))
        self.label_weights = np.zeros(len(self.labels))
        for one in with_rows if has_labels else ():
            self.label_weights[np.searchsorted(self.labels, one.labels)] += one.label_weights

    def key(self, what: str, *numbers: int) -> str:
        """The name of a task; Dask's dashboard shows those that differ in numbers as one group."""
        return "-".join([f"fastgd-{what}-{self.token}", *map(str, numbers)])

    def objectives(self, estimator: Any, alpha: float | None = None) -> Objectives:
        """Make the objectives of all blocks, and let these go: Dask knows how to make them again."""
        made = [
            self.client.submit(
                _blocks.make, estimator, block, number, alpha, key=self.key("objective", number), retries=RETRIES
            )
            for number, block in enumerate(self._blocks)
        ]
        weights = gathered(
            self.client,
            [
                self.client.submit(_blocks.weigh, objective, key=self.key("weigh", number))
                for number, objective in enumerate(made)
            ],
        )
        self._blocks = []
        found = {number: weight for number, weight in enumerate(weights) if weight is not None}
        if not found:
            raise ValueError("sample_weight must be > 0 for at least one row, class weights included, got 0 for all")
        return Objectives(
            self,
            {number: made[number] for number in found},
            sum(weight for weight, _ in found.values()),
            sum(n_present for _, n_present in found.values()),
        )


class Objectives:
    """Objectives of the blocks that have rows, on the workers that have these.

    Attributes
    ----------
    table : Table
        Where they are from.
    futures : dict of int to Future
        One a block, by the number of the block.
    weight : float
        The sum of the weights of all rows.
    n_present : int
        The number of rows that have one.
    """

    def __init__(self, table: Table, futures: dict[int, Future], weight: float, n_present: int) -> None:
        self.table = table
        self.futures = futures
        self.weight = weight
        self.n_present = n_present
        self._places = {number: place for place, number in enumerate(futures)}

    def __len__(self) -> int:
        return len(self.futures)

    def first(self) -> Future:
        """The objective of the first block."""
        return next(iter(self.futures.values()))

    def on_workers(self) -> list[tuple[str, list[Future], _blocks.Chunks]]:
        """The address of each worker, and what it holds."""
        return [
            (
                address,
                [self.futures[number] for number in numbers],
                _blocks.Chunks(numbers, [self._places[number] for number in numbers], len(self)),
            )
            for address, numbers in by_worker(self.table.client, self.futures)
        ]


def _refuse_others(told: list[_blocks.Told], has_labels: bool) -> None:
    """Raise for a block that has other columns, another type or other targets than the first one with rows."""
    first, expected = next((number, one) for number, one in enumerate(told) if one.n_rows)
    for number, one in enumerate(told):
        if not one.n_rows:
            continue
        if one.n_features != expected.n_features:
            raise ValueError(
                f"X of chunk {number} must have {expected.n_features} columns as chunk {first}, got {one.n_features}"
            )
        if one.dtype != expected.dtype:
            raise TypeError(f"X of chunk {number} must have dtype {expected.dtype} as chunk {first}, got {one.dtype}")
        if one.shape != expected.shape:
            raise ValueError(f"y of chunk {number} must have rows of shape {expected.shape}, got {one.shape}")
        if has_labels and (one.labels.dtype.kind in "biuf") != (expected.labels.dtype.kind in "biuf"):
            raise TypeError(
                f"y of chunk {number} must have labels of dtype {expected.labels.dtype} as chunk {first}, "
                f"got {one.labels.dtype}"
            )
