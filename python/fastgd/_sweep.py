"""Many configurations in one pass over the data."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from ._callbacks import Observers, make_bar
from ._folds import make_folds, without
from ._halving import descend
from ._minimize import check_objective
from ._outcome import make_result, refuse_nonfinite
from ._plan import Plan, make_plan
from ._rate import with_rate
from ._run import Folds, Model, check_start, check_together, run
from ._sweep_result import SweepResult
from .objectives import LinearObjective
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._plan import Objective
    from ._run import Floats
    from .optimizers import Optimizer
    from .result import Result

__all__ = ["sweep"]

# What one pass over the data has in common, and why it cannot vary.
_SHARED = {
    "batch_size": "the rows of a step",
    "shuffle": "the order of the rows",
    "order": "the order of the rows",
    "random_state": "the order of the rows",
    "max_epochs": "the passes over the data",
    "loss": "the objective",
    "fit_intercept": "the objective",
    "optimizer": "the kind of step",
    "update_every": "the snapshots",
    "tol": "the end of the run",
    "gtol": "the end of the run",
    "n_iter_no_change": "the end of the run",
    "clip_value": "the clipping",
    "clip_norm": "the clipping",
}


def sweep(
    objective: Objective,
    w0: ArrayLike | None = None,
    *,
    grid: Mapping[str, Iterable[Any]],
    cv: int | None = None,
    halving: bool = False,
    optimizer: str | Optimizer = "sgd",
    batch_size: int | str = "full",
    max_epochs: int = 100,
    tol: float | None = 1e-4,
    gtol: float | None = None,
    n_iter_no_change: int = 5,
    shuffle: bool = True,
    order: ArrayLike | Callable[[int], ArrayLike] | None = None,
    random_state: int = 0,
    init_seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    time_limit: float | None = None,
    progress: bool = False,
    n_threads: int | None = None,
) -> SweepResult:
    """Minimise with every configuration of a grid, all of them in the same passes over the data.

    A configuration costs its arithmetic and no memory traffic, so that a few are nearly free. Each one's result has
    the bits of `minimize` with its values and the same `random_state`.

    Parameters
    ----------
    objective : LinearObjective or FunctionObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        Where all configurations start, unless the grid says otherwise; ``objective.initial(init_seed)`` by default.
    grid : mapping of str to list
        The values to combine: ``"lr"`` (floats, ``"auto"``, or schedules of one kind), ``"alpha"``, ``"l1_ratio"``,
        ``"init_seed"``, ``"w0"``, and parameters of the optimiser, ``"lr__gamma"`` for those of its schedule.
    cv : int, optional
        Number of folds, 2 to n_samples. Every configuration is then fitted once for each fold, without the fold's rows,
        in the same pass, and scored by the mean loss on them. Folds are random (`random_state`) and stratified for
        classes; ``lr="auto"`` and standardising go by the rows that a model sees, whose result is that of `minimize`
        with the fold's rows at weight 0.
    halving : bool, default=False
        Whether to drop two thirds of the configurations at a third of the epochs, again and again [1]_: those of the
        highest loss on held-out rows, or without `cv` of the highest objective.
    optimizer, batch_size, max_epochs, tol, gtol, n_iter_no_change, shuffle, order, random_state, init_seed
        As in `fastgd.minimize`, and shared by all configurations.
    clip_value, clip_norm, time_limit, progress, n_threads
        Likewise; with `halving` the time limit is that of each part between two drops.

    Returns
    -------
    SweepResult
        ``x`` (n_models, n_params), ``fun`` (n_models,), ``results``, ``table`` (a dict of arrays, one row a model),
        ``scores`` (with `cv`: one row a configuration), ``best`` (a `Result`). It prints as a table.

    Raises
    ------
    TypeError, ValueError
        As `fastgd.minimize`; and the grid is empty, names what is not known or cannot vary in one pass, or starts from
        the same parameters for every ``init_seed``; or `cv` is no number of folds that the rows allow.

    References
    ----------
    .. [1] K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
       International Conference on Artificial Intelligence and Statistics, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(300, 5))
    >>> y = X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=300) > 0.0
    >>> objective = fastgd.LinearObjective(X, y)
    >>> found = fastgd.sweep(objective, grid={"lr": [0.01, 1.0], "alpha": [1e-3, 1e-1]}, cv=3, batch_size=32)
    >>> found.x.shape, found.best_params
    ((12, 6), {'lr': 1.0, 'alpha': 0.001})
    """
    check_objective(objective)
    chosen = get_optimizer(optimizer)
    plan = make_plan(
        objective,
        batch_size=batch_size,
        max_epochs=max_epochs,
        tol=tol,
        gtol=gtol,
        n_iter_no_change=n_iter_no_change,
        shuffle=shuffle,
        order=order,
        random_state=random_state,
        clip_value=clip_value,
        clip_norm=clip_norm,
        time_limit=time_limit,
        n_threads=n_threads,
    )
    values = _check_grid(objective, chosen, grid)
    k = _check_cv(objective, cv)
    check.boolean("halving", halving)
    seed = check.seed("init_seed", init_seed)
    start = None if w0 is None else check_start(objective, w0)
    settings = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
    plain = [_model(objective, chosen, start, seed, setting) for setting in settings]
    if "init_seed" in values and len({model.w0.tobytes() for model in plain}) == 1 < len(values["init_seed"]):
        raise ValueError(
            f"grid must not vary 'init_seed', every one of which gives the same start for {type(objective).__name__}; "
            "'w0' takes starts"
        )
    for model in plain:
        check_together(objective, model, plan)
    models, folds = _of_folds(objective, plain, plan, k)
    bar = make_bar(plan.max_epochs) if check.boolean("progress", progress) else None
    with Observers((), bar) as observer:
        legs = descend(objective, models, plan, folds, max(k, 1) if halving else 0, observer if observer else None)
    refuse_nonfinite(objective, legs[0][0][0])
    results = [make_result(objective, model, plan, own) for model, own in zip(models, legs, strict=True)]
    held_out = None if folds is None else np.array([outcome["held_out"][at] for *_, (outcome, at) in legs])

    def refit(at: int) -> Result:
        model = with_rate(objective, plain[at], plan)
        return make_result(objective, model, plan, [(run(objective, [model], plan), 0)])

    return SweepResult(settings, results, held_out, k, refit)


def _check_grid(objective: Objective, optimizer: Optimizer, grid: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """The values of each key; both may be many."""
    if not isinstance(grid, Mapping):
        raise check.refuse("grid", "a mapping of names to lists of values", grid, TypeError)
    if not grid:
        raise ValueError("grid must have at least one key, got {}")
    own = ["alpha", "l1_ratio"] if isinstance(objective, LinearObjective) else []
    known = [*optimizer.get_params(), *own, "init_seed", "w0"]
    values: dict[str, list[Any]] = {}
    for key, given in grid.items():
        if key in _SHARED:
            raise ValueError(
                f"grid must not vary {key!r}: {_SHARED[key]} is one for all models of a pass; sweep once for each"
            )
        if key not in known:
            raise ValueError(f"grid's keys must be among {', '.join(known)}, got {key!r}")
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise check.refuse(f"grid[{key!r}]", "a list of values", given, TypeError)
        values[key] = list(given)
        if not values[key]:
            raise ValueError(f"grid[{key!r}] must have at least one value, got none")
    return values


def _check_cv(objective: Objective, cv: object) -> int:
    """The number of folds, 0 for none."""
    if cv is None:
        return 0
    if not isinstance(objective, LinearObjective):
        raise ValueError(f"cv must be None for {type(objective).__name__}, which has no rows to hold out, got {cv!r}")
    return check.integer("cv", cv, 2, objective.n_samples)


def _model(
    objective: Objective, optimizer: Optimizer, w0: Floats | None, seed: int, setting: Mapping[str, Any]
) -> Model:
    """The model of a setting, checked."""
    own = {key: value for key, value in setting.items() if key not in ("alpha", "l1_ratio", "init_seed", "w0")}
    chosen = type(optimizer)(**optimizer.get_params(deep=False)).set_params(**own) if own else optimizer
    alpha = check.number(
        "alpha", setting.get("alpha", objective.alpha), "a finite number >= 0", lambda v: 0.0 <= v < float("inf")
    )
    ratio = setting.get("l1_ratio", objective.l1_ratio)
    l1_ratio = check.number("l1_ratio", ratio, "a number from 0 to 1", lambda v: 0.0 <= v <= 1.0)
    if "w0" in setting:
        start = check_start(objective, setting["w0"])
    elif w0 is not None and "init_seed" not in setting:
        start = w0
    else:
        start = objective.initial(check.seed("init_seed", setting.get("init_seed", seed)))
    return Model(start, chosen, alpha, l1_ratio)


def _of_folds(objective: Objective, models: Sequence[Model], plan: Plan, k: int) -> tuple[list[Model], Folds | None]:
    """A model for each setting and fold, with the rate that is chosen from the rows that it sees."""
    if k == 0 or not isinstance(objective, LinearObjective):
        return [with_rate(objective, model, plan) for model in models], None
    of_row = make_folds(objective, k, plan.seed)
    seen = [without(objective, of_row == fold) for fold in range(k)]
    made = [with_rate(seen[fold], model, plan) for model in models for fold in range(k)]
    return made, Folds(of_row, [*range(k)] * len(models))
