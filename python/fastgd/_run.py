"""One call of the engine for any number of models: hyper-parameters become arrays with one entry a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _core
from ._auto_lr import auto_lr
from .schedules._spec import stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._core import _Outcome
    from .objectives import FunctionObjective, LinearObjective
    from .optimizers import Optimizer

    Objective = LinearObjective | FunctionObjective
    Floats = NDArray[np.float64]
    Order = NDArray[np.int64] | Callable[[int], NDArray[np.int64]] | None
    Observer = Callable[[int, int, Floats, Floats, float, Callable[[], Floats]], bool]


class Plan(NamedTuple):
    """What all models of a run share, checked; `fastgd.minimize` documents each. A batch size of 0 is all rows."""

    batch_size: int
    max_epochs: int
    tol: float | None
    n_iter_no_change: int
    shuffle: bool
    order: Order
    seed: int
    gtol: float | None
    clip_value: float
    clip_norm: float
    time_limit: float | None
    n_threads: int


class Model(NamedTuple):
    """What each model of a run has of its own, checked."""

    w0: Floats
    optimizer: Optimizer
    alpha: float
    l1_ratio: float


def run(objective: Objective, models: Sequence[Model], plan: Plan, observer: Observer | None) -> _Outcome:
    """Descend with every model in the same passes over the data."""
    auto = [
        auto_lr(objective, model.alpha, model.l1_ratio, plan.batch_size) if model.optimizer._is_auto else 0.0
        for model in models
    ]
    schedules = [model.optimizer._schedule(lr) for model, lr in zip(models, auto, strict=True)]
    return _core.minimize(
        objective._core_objective(models[0].w0.size),
        np.stack([model.w0 for model in models]),
        optimizer=_one({model.optimizer._core_name for model in models}, "optimizer"),
        optimizer_params=_columns([model.optimizer._core_params() for model in models]),
        schedule=stacked([schedule._spec() for schedule in schedules]),
        alpha=np.array([model.alpha for model in models]),
        l1_ratio=np.array([model.l1_ratio for model in models]),
        batch_size=plan.batch_size,
        max_epochs=plan.max_epochs,
        tol=plan.tol,
        n_iter_no_change=plan.n_iter_no_change,
        shuffle=plan.shuffle,
        order=plan.order,
        seed=plan.seed,
        gtol=plan.gtol,
        clip_value=plan.clip_value,
        clip_norm=plan.clip_norm,
        time_limit=float("inf") if plan.time_limit is None else plan.time_limit,
        observer=observer,
        n_threads=plan.n_threads,
    )


def _one(names: set[str], what: str) -> str:
    if len(names) != 1:
        raise ValueError(f"all models of a run must have the same {what}, got {', '.join(sorted(names))}")
    return names.pop()


def _columns(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
