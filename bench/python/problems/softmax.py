"""An epoch of mini-batch descent on a softmax of ten classes, every contestant in the same order of rows.

fastgd's time is that of the epoch in `Result.history.seconds`, without the pass over all rows that gives `Result.fun`
at the end; the peers' is the wall time of their epoch. They compute no loss on the way, fastgd does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import agreement
import data
import descent
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

import fastgd

_SHAPE = (60_000, 784)
# Not a multiple of the batch size: the last, smaller batch is part of the comparison.
_SMALL_ROWS = 300
_N_CLASSES = 10
_BATCH_SIZES = (32, 128, 1024)
_LR = 1e-3  # far below 2 / L: L is at most half the largest squared norm of a row, of about 784 / 3
# By batch size, and the share of the peak by threads, too.
_OF_PEERS = {128: 3.5}
_OF_FMA_PEAK = {(128, 1): 0.65}


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    shape = (_SMALL_ROWS if setting.small else _SHAPE[0], _SHAPE[1])
    X = data.uniform(rng, shape, np.float32)
    y = (X @ rng.standard_normal((shape[1], _N_CLASSES), np.float32)).argmax(axis=1)
    y[:_N_CLASSES] = np.arange(_N_CLASSES)  # each class is there
    order = rng.permutation(shape[0])
    objective = fastgd.LinearObjective(X, y, loss="multinomial", n_classes=_N_CLASSES)
    for batch_size, n_threads in itertools.product(_BATCH_SIZES, setting.threads):
        yield from _compare(setting, objective, X, y, order, batch_size, n_threads)


def _descend(objective: fastgd.LinearObjective, order: data.Ints, batch_size: int) -> fastgd.Result:
    return descent.run(objective, fastgd.optimizers.SGD(lr=_LR), batch_size=batch_size, order=order)


def _compare(
    setting: Setting,
    objective: fastgd.LinearObjective,
    X: data.Floats,
    y: data.Ints,
    order: data.Ints,
    batch_size: int,
    n_threads: int,
) -> Iterator[report.Row]:
    rivals = peers.offering("softmax_epoch")
    with machine.threads(n_threads, rivals):
        epochs = {peer.name: peer.build("softmax_epoch", X, y, order, batch_size, _LR) for peer in rivals}
        own = _descend(objective, order, batch_size)
        step_error = _LR * float(agreement.rounding(X.dtype, batch_size + X.shape[1], 1.0))
        tolerance = agreement.descent_rounding(X.dtype, own.n_steps, own.x, step_error)
        for name, epoch in epochs.items():
            agreement.check(f"{name}: the end of an epoch", float(np.linalg.norm(epoch() - own.x)), tolerance)
        contestants: rounds.Contestants = {"fastgd": lambda: descent.seconds(_descend(objective, order, batch_size))}
        contestants |= {name: rounds.clocked(epoch) for name, epoch in epochs.items()}
        limits = setting.limits
        if limits is not None:
            # Forward and backward, a multiplication and an addition each.
            n_flops = 4.0 * X.size * _N_CLASSES
            contestants["FMA peak"] = lambda: limits.fma_seconds(n_flops, X.dtype, n_threads)
        seconds = rounds.medians(contestants, setting.rounds)

    title = f"softmax {X.shape[0]} x {X.shape[1]} {X.dtype}, batch {batch_size}"
    yield report.compare(title, n_threads, seconds, epochs, _OF_PEERS.get(batch_size))
    if limits is not None:
        yield report.compare(title, n_threads, seconds, ["FMA peak"], _OF_FMA_PEAK.get((batch_size, n_threads)))
    else:
        yield report.unmeasured(title, n_threads, "no library of limits")
