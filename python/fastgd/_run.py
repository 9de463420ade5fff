"""One call of the engine for any number of models: hyper-parameters become arrays with one entry a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _core
from . import _validation as check
from ._plan import Plan
from .objectives import LinearObjective, MLPObjective
from .optimizers import check_l1
from .schedules._function import as_schedule
from .schedules._spec import stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._core import _Outcome
    from ._plan import Objective
    from ._saves import Saves
    from .optimizers import Optimizer

    Floats = NDArray[np.float64]
    Observer = Callable[[int, int, Floats, Floats, float, Callable[[], Floats]], float]

__all__ = ["Folds", "Model", "Plan", "run"]

_LARGEST_TABLED = 4096


class Model(NamedTuple):
    """What each model of a run has of its own, checked; `lr` takes the place of ``"auto"``."""

    w0: Floats
    optimizer: Optimizer
    alpha: float
    l1_ratio: float
    lr: float | None = None
    lr_reason: str = ""
    init_seed: int = 0


class Folds(NamedTuple):
    """Which fold each row belongs to, and which one each model holds out."""

    of_row: NDArray[np.int32]
    of_model: Sequence[int]


def check_start(objective: Objective, w0: object, name: str = "w0") -> Floats:
    """Parameters to start from."""
    given = check.real_array(name, w0)
    if given.ndim != 1 or given.size == 0 or objective.n_params not in (None, given.size):
        raise ValueError(f"{name} must have shape ({objective.n_params or 'n_params'},), got shape {given.shape}")
    return check.finite(name, given, np.float64)


def check_together(objective: Objective, model: Model, plan: Plan) -> None:
    """Refuse an optimiser where it cannot do what is asked."""
    check_l1(model.optimizer, model.l1_ratio if model.alpha > 0.0 else 0.0)
    name, info, size = type(model.optimizer).__name__, model.optimizer._info, plan.batch_size
    if plan.gtol is not None:
        _check_gtol(model.optimizer, plan.gtol)
    if isinstance(objective, MLPObjective):
        _check_network(objective, model, plan)
    if info["line_search"] and (plan.clip_value != 0.0 or plan.clip_norm != 0.0):
        which, given = ("clip_value", plan.clip_value) if plan.clip_value != 0.0 else ("clip_norm", plan.clip_norm)
        raise ValueError(f"{which} must be None with {name}, whose line searches need the gradient itself, got {given}")
    if info["full_batch"] and size != 0:
        raise ValueError(f"batch_size must be 'full' with {name}, which compares its steps, got {size}")
    if plan.lazy and (info["whole"] or info["finite_sums"] or info["averages"] or plan.clip_norm != 0.0):
        what = "clip_norm" if plan.clip_norm != 0.0 else name
        raise ValueError(f"lazy must be False with {what}, whose steps need all coefficients, got True")
    if info["finite_sums"]:
        if not isinstance(objective, LinearObjective):
            kind = type(objective).__name__
            raise ValueError(f"optimizer must be another than {name} for {kind}, whose rows have no slope in a score")
        if not 1 <= size <= _LARGEST_TABLED:
            allowed = f"an integer from 1 to {_LARGEST_TABLED}"
            raise ValueError(f"batch_size must be {allowed} with {name}, got {size or 'full'}")
        if plan.clip_norm != 0.0:
            raise ValueError(f"clip_norm must be None with {name}, got {plan.clip_norm}")


def _check_network(objective: MLPObjective, model: Model, plan: Plan) -> None:
    """Refuse what needs the value that a gradient belongs to, or slopes that the l1 norm may hold at 0."""
    name, info = type(model.optimizer).__name__, model.optimizer._info
    if objective._has_random_steps:
        if info["full_batch"]:
            raise ValueError(f"dropout must be 0 with {name}, which compares its steps, got {objective.dropout}")
        if plan.gtol is not None:
            raise ValueError(
                f"gtol must be None with dropout, whose gradients are not those of the result, got {plan.gtol}"
            )
    if info["line_search"] and model.alpha > 0.0 and model.l1_ratio > 0.0:
        raise ValueError(f"l1_ratio must be 0 with {name} for a network, got {model.l1_ratio}")


def _check_gtol(optimizer: Optimizer, gtol: float) -> None:
    """Refuse to stop on a gradient that is not that of the result."""
    if optimizer._info["averages"]:
        name = type(optimizer).__name__
        raise ValueError(f"gtol must be None with {name}, whose gradients are not those of its result, got {gtol}")


def check_resumable(optimizer: Optimizer) -> None:
    """Refuse halving with an optimiser whose descent cannot go on without some of the models."""
    if optimizer._info["line_search"] or optimizer._info["finite_sums"]:
        raise ValueError(f"halving must be False with {type(optimizer).__name__}, whose state is bound to a run")


def run(
    objective: Objective,
    models: Sequence[Model],
    plan: Plan,
    observer: Observer | None = None,
    folds: Folds | None = None,
    resume: _core.DescentState | None = None,
    saves: Saves | None = None,
) -> _Outcome:
    """Descend with every model in the same passes over the data."""
    _check_momenta(objective, models, plan)
    try:
        return _core.minimize(
            objective._core_objective(models[0].w0.size),
            _starts(models),
            fold_of_row=np.empty(0, np.int32) if folds is None else folds.of_row,
            fold_of_model=[] if folds is None else list(folds.of_model),
            resume=resume,
            observer=observer,
            **({} if saves is None else saves.arguments()),
            **arguments(models, plan),
        )
    except ValueError as error:
        if saves is None or not str(error).startswith("checkpoint "):
            raise
        raise ValueError(f"{saves.path} is not a usable checkpoint: {error}") from None


def _starts(models: Sequence[Model]) -> Floats:
    """Where each begins; a row at a time, since of many large networks Ctrl-C would wait for all."""
    starts = np.empty((len(models), models[0].w0.size))
    for start, model in zip(starts, models, strict=True):
        start[:] = model.w0
    return starts


def arguments(models: Sequence[Model], plan: Plan) -> dict[str, Any]:
    """What the core is told of models and plan, beside the start: the same for each piece of a stream."""
    schedules = [as_schedule(model.lr) if model.lr is not None else model.optimizer._schedule() for model in models]
    return {
        "optimizer": _kind_of_step(models),
        "optimizer_params": _columns([model.optimizer._core_params() for model in models]),
        "schedule": stacked([schedule._spec() for schedule in schedules]),
        "alpha": np.array([model.alpha for model in models]),
        "l1_ratio": np.array([model.l1_ratio for model in models]),
        "batch_size": plan.batch_size,
        "max_epochs": plan.max_epochs,
        "tol": plan.tol,
        "n_iter_no_change": plan.n_iter_no_change,
        "shuffle": plan.shuffle,
        "order": plan.order,
        "seed": plan.seed,
        "init_seed": [model.init_seed for model in models],
        "gtol": plan.gtol,
        "gap_tol": plan.gap_tol,
        "clip_value": plan.clip_value,
        "clip_norm": plan.clip_norm,
        "lazy": plan.lazy,
        "stream": plan.stream,
        "evaluate": plan.evaluate,
        "grad_norm": plan.grad_norm,
        "time_limit": float("inf") if plan.time_limit is None else plan.time_limit,
        "n_threads": plan.n_threads,
    }


def _kind_of_step(models: Sequence[Model]) -> str:
    names = {model.optimizer._core_name for model in models}
    if len(names) != 1:
        raise ValueError(
            f"grid must have one kind of step for all models of a pass, got {' and '.join(sorted(names))}: on full "
            "batches lr='auto' is another kind for SGD than a rate, or momentum; sweep once for each"
        )
    return names.pop()


def _check_momenta(objective: Objective, models: Sequence[Model], plan: Plan) -> None:
    """Refuse models that would not have the bits of a run alone.

    On sparse rows plain SGD keeps a scale beside its coefficients, which rounds in its own way.
    """
    sparse = objective._moves_some(plan.batch_size)
    momenta = {model.optimizer._core_params().get("momentum", 0.0) > 0.0 for model in models}
    if sparse and len(momenta) > 1:
        raise ValueError(
            "grid must not have momentum 0 beside others for mini-batches of sparse rows, where it is another kind of "
            "step; sweep once for each"
        )


def _columns(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
