"""An epoch of many models through `sweep`, on batches of 128 of a table that does not fit the caches.

The bound is the larger of one model's time, which reads the rows, and of the multiply-adds of all at the peak. 60
models are also timed run by run, and the ten-class ones beside one wide product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
_SMALL_ROWS = 300
_RUN: dict[str, Any] = {"batch_size": 128, "max_epochs": 1, "tol": None, "random_state": SEED}
# Models, outputs of each.
_CASES = [(4, 1), (16, 1), (60, 1), (16, 10)]
_OF_BOUND = 0.8
_OF_RUNS = 4.0
_OF_PEERS = {2: 1.8}


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    X = data.uniform(rng, (_SMALL_ROWS if setting.small else _SHAPE[0], _SHAPE[1]), np.float32)
    scores = X @ rng.standard_normal((X.shape[1], 10), np.float32)
    binary = fastgd.LinearObjective(X, scores[:, 0] > np.median(scores[:, 0]))
    classes = scores.argmax(axis=1)
    classes[:10] = np.arange(10)
    tens = fastgd.LinearObjective(X, classes, loss="multinomial", n_classes=10)
    for n_threads in setting.threads:
        for n_models, n_outputs in _CASES:
            with machine.threads(n_threads, []):
                yield from _compare(setting, binary if n_outputs == 1 else tens, n_models, n_outputs, n_threads)
        rivals = peers.offering("many_softmax_epoch")
        with machine.threads(n_threads, rivals):
            yield _beside_wide_products(setting, tens, X, classes, rivals, n_threads)


def _sweep(objective: fastgd.LinearObjective, alphas: list[float]) -> fastgd.SweepResult:
    return fastgd.sweep(objective, grid={"alpha": alphas}, optimizer=fastgd.optimizers.SGD(1e-3), **_RUN)


def _epoch(objective: fastgd.LinearObjective, alphas: list[float]) -> float:
    return descent.seconds(_sweep(objective, alphas))


def _compare(
    setting: Setting, objective: fastgd.LinearObjective, n_models: int, n_outputs: int, n_threads: int
) -> Iterator[report.Row]:
    alphas = np.logspace(-6, -2, n_models).tolist()
    for alpha, x in zip(alphas, _sweep(objective, alphas).x, strict=True):
        if not np.array_equal(x, _sweep(objective, [alpha]).x[0]):
            raise agreement.DisagreementError(f"the sweep's penalty {alpha} ends elsewhere than a run of its own")
    contestants: rounds.Contestants = {
        "fastgd": lambda: _epoch(objective, alphas),
        "one model": lambda: _epoch(objective, alphas[:1]),
    }
    limits = setting.limits
    if limits is not None:
        n_flops = 4.0 * objective.n_samples * objective.n_features * n_models * n_outputs
        contestants["FMA peak"] = lambda: limits.fma_seconds(n_flops, np.float32, n_threads)
    if n_models == 60:
        contestants["runs one by one"] = lambda: sum(_epoch(objective, [alpha]) for alpha in alphas)
    seconds = rounds.medians(contestants, setting.rounds)
    title = f"{n_models} models of {n_outputs} outputs, {objective.n_samples} x {objective.n_features}, batch 128"
    if limits is None:
        yield report.unmeasured(title, n_threads, "no library of limits")
    else:
        bound = max(("one model", "FMA peak"), key=lambda name: seconds[name])
        yield report.compare(title, n_threads, seconds, [bound], _OF_BOUND)
    if n_models == 60:
        yield report.compare(title, n_threads, seconds, ["runs one by one"], _OF_RUNS, everywhere=True)


def _beside_wide_products(
    setting: Setting,
    objective: fastgd.LinearObjective,
    X: data.Floats,
    y: data.Ints,
    rivals: list[peers.Peer],
    n_threads: int,
) -> report.Row:
    n_models, lr = 16, 1e-3
    order = np.random.default_rng(SEED).permutation(len(y))
    alphas = np.zeros(n_models).tolist()
    run = {**_RUN, "order": order, "optimizer": fastgd.optimizers.SGD(lr)}
    epochs = {
        peer.name: peer.build("many_softmax_epoch", X, y, order, _RUN["batch_size"], lr, n_models) for peer in rivals
    }

    def sweep() -> fastgd.SweepResult:
        return fastgd.sweep(objective, grid={"alpha": alphas}, **run)

    own = sweep()
    step_error = lr * float(agreement.rounding(X.dtype, _RUN["batch_size"] + X.shape[1], 1.0))
    tolerance = agreement.descent_rounding(X.dtype, own.results[0].n_steps, own.x[0], step_error)
    for name, epoch in epochs.items():
        for x, theirs in zip(own.x, np.hsplit(epoch(), n_models), strict=True):
            coef, intercept = objective.unpack(x)
            error = float(np.linalg.norm(theirs - np.vstack([coef.T, intercept])))
            agreement.check(f"{name}: the end of an epoch", error, tolerance)
    contestants: rounds.Contestants = {"fastgd": lambda: descent.seconds(sweep())}
    contestants |= {name: rounds.clocked(epoch) for name, epoch in epochs.items()}
    seconds = rounds.medians(contestants, setting.rounds)
    title = f"{n_models} models of 10 outputs, {X.shape[0]} x {X.shape[1]}, batch 128"
    return report.compare(title, n_threads, seconds, epochs, _OF_PEERS.get(n_threads))
