"""What a call from Python costs when there is next to nothing to compute."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Iterator

import numpy as np
import report
from setting import SEED, Setting

import fastgd

_AT_MOST = 3e-6
_CALLS = 10_000
_SMALL_CALLS = 100
# Whatever else runs can only add to the time, so of several medians the least is the nearest to the cost.
_GROUPS = 5


def rows(setting: Setting) -> Iterator[report.Row]:
    X = np.random.default_rng(SEED).standard_normal((1, 10))
    objective = fastgd.LinearObjective(X, np.ones(1), loss="log_loss", n_classes=2)
    w = np.zeros(objective.n_params)
    timer = timeit.Timer(lambda: objective.value_and_grad(w))
    n_calls = _SMALL_CALLS if setting.small else _CALLS
    timer.timeit(n_calls)
    seconds = min(statistics.median(timer.repeat(setting.rounds, n_calls)) / n_calls for _ in range(_GROUPS))
    yield report.Row(
        "overhead of value_and_grad, 1 x 10",
        threads=None,
        own=report.duration(seconds),
        target="<= 3 us",
        reached=seconds <= _AT_MOST,
        seconds={"fastgd": seconds},
    )
