"""Many random starts of a small network in one `sweep`, beside as many runs one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import agreement
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting

import fastgd

from .mlp import CASES, make_problem

_CASE = CASES[-1]
_N_STARTS = 32
_SMALL_STEPS = 2
_RUN: dict[str, Any] = {"batch_size": _CASE.batch_size, "max_epochs": 1, "tol": None, "random_state": SEED}
_AT_LEAST = 4.0


def rows(setting: Setting) -> Iterator[report.Row]:
    n_steps = _SMALL_STEPS if setting.small else _CASE.n_steps
    *_, objective = make_problem(_CASE, n_steps, np.float32)
    seeds = list(range(_N_STARTS))
    for n_threads in setting.threads:
        with machine.threads(n_threads, []):
            yield _compare(setting, objective, seeds, n_steps, n_threads)


def _optimizer() -> fastgd.optimizers.SGD:
    return fastgd.optimizers.SGD(lr=_CASE.lr)


def _sweep(objective: fastgd.MLPObjective, seeds: list[int]) -> fastgd.SweepResult:
    return fastgd.sweep(objective, grid={"init_seed": seeds}, optimizer=_optimizer(), **_RUN)


def _run(objective: fastgd.MLPObjective, seed: int) -> fastgd.Result:
    return fastgd.minimize(objective, init_seed=seed, optimizer=_optimizer(), **_RUN)


def _compare(
    setting: Setting, objective: fastgd.MLPObjective, seeds: list[int], n_steps: int, n_threads: int
) -> report.Row:
    found = _sweep(objective, seeds)
    for seed, x in zip(seeds, found.x, strict=True):
        if not np.array_equal(x, _run(objective, seed).x):
            raise agreement.DisagreementError(f"the sweep's start {seed} ends elsewhere than a run of its own")
    # Whole calls, as what a run costs beside its steps is part of what one sweep saves.
    contestants: rounds.Contestants = {
        "fastgd": rounds.clocked(lambda: _sweep(objective, seeds)),
        "runs one by one": rounds.clocked(lambda: [_run(objective, seed) for seed in seeds]),
    }
    seconds = rounds.medians(contestants, setting.rounds)
    name = "-".join(map(str, objective.sizes))
    title = f"{len(seeds)} starts of {name}, batch {_CASE.batch_size}, {n_steps} steps"
    return report.compare(title, n_threads, seconds, ["runs one by one"], _AT_LEAST, everywhere=True)
