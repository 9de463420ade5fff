"""The grid of a sweep: which settings it has, and the model of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from ._run import Model, check_start
from .objectives import DataObjective

if TYPE_CHECKING:
    from ._plan import Objective
    from ._run import Floats
    from .optimizers import Optimizer

Setting = dict[str, Any]

# What one pass over the data has in common, and why it cannot vary.
_SHARED = {
    "batch_size": "the rows of a step",
    "shuffle": "the order of the rows",
    "order": "the order of the rows",
    "random_state": "the order of the rows",
    "max_epochs": "the number of passes over the data",
    **dict.fromkeys(
        (
            *("loss", "loss_params", "fit_intercept", "sample_weight", "standardize", "offset", "n_classes"),
            *("hidden_layer_sizes", "activation", "dropout"),
        ),
        "the objective",
    ),
    "optimizer": "the kind of step",
    "update_every": "the time of snapshots",
    **dict.fromkeys(("tol", "gtol", "gap_tol", "n_iter_no_change", "time_limit", "cv", "halving"), "the end of a run"),
    **dict.fromkeys(("clip_value", "clip_norm"), "the clipping of gradients"),
    "lazy": "the kind of step",
    "n_threads": "the team of threads",
}
# The rest are parameters of the optimiser.
_OF_MODEL = ("alpha", "l1_ratio", "init_seed", "w0")


def check_grid(objective: Objective, optimizer: Optimizer, w0: Floats | None, grid: object) -> list[Setting]:
    """All combinations of the grid's values, the last key's varying fastest; both may be many."""
    if not isinstance(grid, Mapping):
        raise check.refuse("grid", "a mapping of names to lists of values", grid, TypeError)
    if not grid:
        raise ValueError("grid must have at least one key, got {}")
    penalty = ("alpha", "l1_ratio") if isinstance(objective, DataObjective) else ()
    known = [*optimizer.get_params(), *penalty, "init_seed", "w0"]
    values: dict[str, list[Any]] = {}
    for key, given in grid.items():
        if key in _SHARED:
            raise ValueError(
                f"grid must not vary {key!r}: {_SHARED[key]} is one for all models of a pass; sweep once for each"
            )
        if key not in known:
            raise ValueError(f"grid's keys must be among {', '.join(known)}, got {check.shown(key)}")
        values[key] = values_of(f"grid[{key!r}]", given)
    if "init_seed" in values and ("w0" in values or w0 is not None) and not objective._has_random_steps:
        raise ValueError("grid must not vary 'init_seed' where 'w0' gives the start")
    if "w0" in values:
        starts = values["w0"] = [check_start(objective, start) for start in values["w0"]]
        for start in starts:
            if start.size != starts[0].size:
                raise ValueError(
                    f"grid['w0'] must hold starts of one size, got {starts[0].size} and {start.size} parameters"
                )
    return [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]


def make_models(
    objective: Objective, optimizer: Optimizer, w0: Floats | None, seed: int, settings: Sequence[Setting]
) -> list[Model]:
    """The model of each setting, checked."""
    models = [_model(objective, optimizer, w0, seed, setting) for setting in settings]
    n_seeds = len({setting.get("init_seed") for setting in settings})
    if n_seeds > 1 and not objective._has_random_steps and len({model.w0.tobytes() for model in models}) == 1:
        raise ValueError(
            f"grid must not vary 'init_seed', every one of which gives the same start for {type(objective).__name__}; "
            "'w0' takes starts"
        )
    # An automatic rate is a number.
    kinds = {"constant" if m.optimizer._is_auto else m.optimizer._schedule()._spec().kind for m in models}
    if len(kinds) > 1:
        raise ValueError(
            f"grid['lr'] must hold rates of one kind, as one schedule serves all models of a pass; got "
            f"{', '.join(sorted(kinds))}; sweep once for each"
        )
    return models


def values_of(name: str, given: object) -> list[Any]:
    allowed = "a list of values"
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise check.refuse(name, allowed, given, TypeError)
    if isinstance(given, np.ndarray) and given.ndim == 0:
        raise check.refuse(name, allowed, given, TypeError)
    values = [value.item() if isinstance(value, np.generic) else value for value in given]
    if not values:
        raise ValueError(f"{name} must have at least one value, got none")
    return values


def _model(objective: Objective, optimizer: Optimizer, w0: Floats | None, seed: int, setting: Setting) -> Model:
    own = {key: value for key, value in setting.items() if key not in _OF_MODEL}
    chosen = type(optimizer)(**optimizer.get_params(deep=False)).set_params(**own) if own else optimizer
    alpha = check.number("alpha", setting.get("alpha", objective.alpha), *check.NOT_NEGATIVE)
    ratio = setting.get("l1_ratio", objective.l1_ratio)
    l1_ratio = check.number("l1_ratio", ratio, *check.PART)
    init_seed = check.seed("init_seed", setting.get("init_seed", seed))
    start = setting.get("w0", w0)
    if start is None:
        start = objective.initial(init_seed)
    return Model(start, chosen, alpha, l1_ratio, init_seed=init_seed)
