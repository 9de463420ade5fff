"""Rounds of evaluations that take as long as they have to: workers are asked themselves, not by way of new tasks.

A task costs Dask's scheduler a dozen messages, a call of an actor two. So each worker has an actor that holds its
objectives; where a worker is gone, Dask makes these anew elsewhere, and then there are other actors.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from distributed import TimeoutError as NoAnswer

from ..objectives.chunked import add_up, weighted_sums
from ._blocks import threads_here
from ._cluster import RETRIES, at, gathered

if TYPE_CHECKING:
    import numpy as np
    from distributed import Future
    from numpy.typing import NDArray

    from ..objectives import DataObjective
    from ..objectives.chunked import Nodes
    from ._blocks import Chunks
    from ._table import Objectives

    Floats = NDArray[np.float64]

# How often to look whether a worker that does not answer is there, and to tell the dashboard of rounds, in seconds.
_LOOK, _TELL = 1.0, 1.0


class Holder:
    """The objectives that a worker holds."""

    def __init__(self, objectives: list[DataObjective], chunks: Chunks, n_threads: int | None) -> None:
        self._objectives = objectives
        self._chunks = chunks
        self._n_threads = threads_here(n_threads)

    def evaluate(self, W: Floats) -> Nodes:
        """The sums as far as they are those of whole branches of the tree."""
        chunks = self._chunks
        leaves = {
            (0, place): weighted_sums(W, objective, number, self._n_threads)
            for objective, number, place in zip(self._objectives, chunks.numbers, chunks.places, strict=True)
        }
        return add_up(leaves, chunks.n_places)


class _Lost(Exception):
    """A worker is gone."""


class Holders:
    """Those of all workers."""

    def __init__(self, objectives: Objectives, n_threads: int | None) -> None:
        self._of = objectives
        self._n_threads = n_threads
        self._holders: list[Future] = []
        self._actors: list[Any] = []
        self._n_made = 0
        self._n_rounds = 0
        self._told = time.monotonic()
        self._telling: Future | None = None

    def evaluate(self, W: Floats) -> Nodes:
        """One round: the sums of all chunks."""
        self._n_rounds += 1
        self._tell()
        for _ in range(RETRIES + 1):
            try:
                return add_up(self._ask(W), len(self._of))
            except _Lost as lost:
                self._holders, self._actors, what = [], [], lost
        raise RuntimeError(f"a worker was lost {RETRIES + 1} times in one round: {what}")

    def _ask(self, W: Floats) -> Nodes:
        if not self._actors:
            self._make()
        nodes: dict[tuple[int, int], Floats] = {}
        calls = [_called(holder, actor, W) for holder, actor in zip(self._holders, self._actors, strict=True)]
        for holder, call in zip(self._holders, calls, strict=True):
            nodes.update(_answer(holder, call))
        return nodes

    def _make(self) -> None:
        table = self._of.table
        self._n_made += 1
        self._holders = [
            table.client.submit(
                Holder,
                held,
                chunks,
                self._n_threads,
                key=table.key("holder", self._n_made, worker),
                actor=True,
                **at(address),
            )
            for worker, (address, held, chunks) in enumerate(self._of.on_workers())
        ]
        self._actors = gathered(table.client, self._holders)

    def _tell(self) -> None:
        """A task now and then whose number is that of the round, for those who watch Dask's dashboard."""
        if time.monotonic() - self._told > _TELL:
            self._told = time.monotonic()
            table = self._of.table
            self._telling = table.client.submit(int, self._n_rounds, key=table.key("round", self._n_rounds))


def _called(holder: Future, actor: Any, W: Floats) -> Any:
    if holder.status != "finished":
        raise _Lost(holder.status)
    return actor.evaluate(W)


def _answer(holder: Future, call: Any) -> Nodes:
    while True:
        try:
            nodes: Nodes = call.result(timeout=_LOOK)
        except NoAnswer:
            if holder.status != "finished":
                raise _Lost(holder.status) from None
        except OSError as error:
            raise _Lost(error) from None
        else:
            return nodes
