"""Reading while learning: the next window is there when it is asked for, also that of the next epoch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers

from fastgd.data import ChunkSource
from fastgd.data._ahead import Ahead
from fastgd.data._windows import windows
from fastgd.linear_model import SGDRegressor

N, D = 1000, 5
X, Y = numbers(N, D)
# Of a wait for what would never come; a run in which it comes does not wait.
LONGEST = 10.0


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "fastgd-reader"]


def test_one_is_made_while_one_is_used_and_no_more() -> None:
    events: list[str] = []

    def items(_: Any) -> Iterator[int | None]:
        for i in range(3):
            events.append(f"made {i}")
            yield i
            # A mark does not hold up the one behind it.
            yield None

    with Ahead(items) as coming:
        for i in coming:
            if i is None:
                continue
            waited = time.monotonic() + LONGEST
            while f"made {min(i + 1, 2)}" not in events and time.monotonic() < waited:
                time.sleep(0.001)
            assert f"made {i + 2}" not in events, "two ahead"
            events.append(f"used {i}")
    assert events == ["made 0", "made 1", "used 0", "made 2", "used 1", "used 2"]


def waiting_for(event: threading.Event) -> Callable[[int], float]:
    """A rate that is known at the first step once something else has happened, which another thread does."""

    def rate(step: int) -> float:
        if step == 0 and not event.wait(LONGEST):
            raise AssertionError("nothing was read while the first window was learned from")
        return 0.01

    return rate


@pytest.mark.parametrize(
    "shuffle, max_memory, number",
    [
        # The first window ends in the fifth chunk of shuffled rows, and with the first one of others.
        (True, 100_000, 5),
        (False, 100_000, 1),
        # All rows are one window: those of the second epoch are read in the first one.
        (True, "256MB", 15),
    ],
)
def test_what_comes_next_is_read_while_steps_are_made(shuffle: bool, max_memory: Any, number: int) -> None:
    is_reached = threading.Event()
    n_read = 0

    def chunks() -> Iterator[Any]:
        nonlocal n_read
        for begin in range(0, N, 100):
            if n_read == number:
                is_reached.set()
            n_read += 1
            yield X[begin : begin + 100], Y[begin : begin + 100]

    source = ChunkSource(chunks, max_memory=max_memory, n_window_blocks=4)
    # Without the chunk that was read to know its columns.
    n_read = 0
    options: dict[str, Any] = {"max_iter": 2, "tol": None, "random_state": 0, "batch_size": 10, "shuffle": shuffle}
    SGDRegressor(**options, learning_rate=waiting_for(is_reached)).fit(source)


def test_rows_that_keep_their_order_do_not_wait_for_a_whole_window() -> None:
    source = ChunkSource([(X, Y)], max_memory=100_000)
    kept, shuffled = ([len(window.y) for window in windows(source, 10, order)] for order in (None, np.zeros(1, int)))
    assert (sum(kept), sum(shuffled)) == (N, N)
    assert max(kept) <= source.block_rows < max(shuffled)


def test_reading_ends_with_a_fit_that_does_not_come_to_what_is_read() -> None:
    is_endless = threading.Event()
    n_epochs = 0

    def chunks() -> Iterator[Any]:
        nonlocal n_epochs
        n_epochs += 1
        yield X, Y
        # The first time was to know the columns, the second one is the first epoch.
        while n_epochs > 2:
            is_endless.set()
            yield X[:1], Y[:1]

    def rate(step: int) -> float:
        assert is_endless.wait(LONGEST)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SGDRegressor(max_iter=2, learning_rate=rate).fit(ChunkSource(chunks))
