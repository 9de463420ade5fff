"""Successive halving: many models for a few epochs, few models for many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ._run import Folds, Model, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._core import _Outcome
    from ._plan import Objective, Plan
    from ._run import Observer
    from ._saves import Saves

# One in so many configurations stays, and has so many times the epochs.
_FACTOR = 3


def descend(
    objective: Objective,
    models: Sequence[Model],
    plan: Plan,
    folds: Folds | None,
    group: int,
    observer: Observer | None,
    saves: Saves | None = None,
) -> list[list[tuple[_Outcome, int]]]:
    """Descend with all models; says for each in which outcomes it took part, and where in them.

    With a `group` above 0, models are halved: so many consecutive ones are one configuration, that of its folds; only
    without one there may be checkpoints. Time limit and seconds are those of all outcomes together.
    """
    alive = np.arange(len(models))
    legs: list[list[tuple[_Outcome, int]]] = [[] for _ in models]
    state = None
    done = 0
    began = time.perf_counter()
    for until, n_kept in _rungs(len(models) // group, plan.max_epochs) if group else [(plan.max_epochs, 0)]:
        before = time.perf_counter() - began
        of_rung = None if folds is None else folds._replace(of_model=[folds.of_model[m] for m in alive.tolist()])
        rung = plan._replace(
            max_epochs=until - done,
            time_limit=None if plan.time_limit is None else max(plan.time_limit - before, 0.0),
        )
        outcome = run(objective, [models[m] for m in alive.tolist()], rung, observer, of_rung, state, saves)
        outcome["history"]["seconds"] += before
        done = until
        for at, m in enumerate(alive.tolist()):
            legs[m].append((outcome, at))
        if n_kept == 0 or outcome["n_epochs"] < rung.max_epochs or {"interrupted", "time_limit"} & {*outcome["status"]}:
            break
        score = outcome["fun"] if folds is None else outcome["held_out"]
        kept = ranked(score, outcome["status"], group)[:n_kept]
        chosen = (kept[:, None] * group + np.arange(group)).ravel()
        alive, state = alive[chosen], outcome["state"].select(chosen)
    return legs


def ranked(score: NDArray[np.float64], status: Sequence[str], group: int) -> NDArray[np.intp]:
    """The configurations, each of `group` consecutive models, from the best to the worst: by rising mean score.

    One that was dropped, or that diverged, has no claim and comes after all others; what is no number comes last.
    """
    has_no_claim = np.reshape([one in ("dropped", "diverged") for one in status], (-1, group)).sum(axis=1) > 0
    mean = score.reshape(-1, group).mean(axis=1)
    return np.lexsort((np.where(np.isnan(mean), np.inf, mean), has_no_claim))


def _rungs(n: int, max_epochs: int) -> list[tuple[int, int]]:
    """Epochs at which to drop, and how many configurations stay; none in the end."""
    kept: list[int] = []
    while n > 1:
        n = -(-n // _FACTOR)
        kept.append(n)
    epochs = [max(1, max_epochs // _FACTOR ** (len(kept) - i)) for i in range(len(kept))]
    # Of several at one epoch only the last one counts.
    dropping = {epoch: n for epoch, n in zip(epochs, kept, strict=True) if epoch < max_epochs}
    return [*dropping.items(), (max_epochs, 0)]
