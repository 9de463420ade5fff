"""Contestants take turns, round by round, so that whatever else the machine does meets them all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

# Threads of a pool that has just worked spin for a while, on the processors that are the next contestant's.
_SETTLES = 0.05

# The seconds of one run; or of several ways to do the same thing, of which the one with the best median counts.
Seconds = float | npt.NDArray[np.float64]
Contestants = dict[str, Callable[[], Seconds]]


def clocked(run: Callable[..., object], *args: Any) -> Callable[[], Seconds]:
    """A contestant that is timed from outside."""

    def seconds() -> float:
        begin = time.perf_counter()
        run(*args)
        return time.perf_counter() - begin

    return seconds


def medians(contestants: Mapping[str, Callable[[], Seconds]], n_rounds: int) -> dict[str, float]:
    """The median seconds of each contestant, by name; every one has to be warm."""
    samples: dict[str, list[Seconds]] = {name: [] for name in contestants}
    for _ in range(n_rounds):
        for name, seconds in contestants.items():
            time.sleep(_SETTLES)
            samples[name].append(seconds())
    return {name: float(np.min(np.median(np.asarray(taken), axis=0))) for name, taken in samples.items()}
