"""Many configurations in one pass over the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from ._callbacks import Observers, make_bar
from ._checkpoint import check_checkpoint, saves_of
from ._folds import make_folds, without
from ._grid import check_grid, make_models
from ._halving import descend
from ._outcome import make_result, refuse_nonfinite
from ._plan import Plan, check_objective, make_plan
from ._rate import with_rate
from ._run import Folds, Model, check_resumable, check_start, check_together, run
from ._sweep_result import SweepResult
from .objectives import DataObjective, DensityObjective
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._checkpoint import Checkpoint
    from ._core import _Outcome
    from ._plan import Objective
    from .optimizers import Optimizer
    from .result import Result

__all__ = ["sweep"]


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
    lazy: bool = False,
    time_limit: float | None = None,
    checkpoint: Checkpoint | None = None,
    progress: bool = False,
    n_threads: int | None = None,
) -> SweepResult:
    """Minimise with every configuration of a grid, all of them in the same passes over the data.

    The rows are read once for all models: a configuration more costs its arithmetic, and next to nothing while it is
    the memory that is waited for. Each one's result has the bits of `minimize` with its values and the same
    `random_state`, whatever becomes of the others. Many starts (``grid={"w0": starts}``) are an answer to local minima.

    Parameters
    ----------
    objective : LinearObjective, MLPObjective, GaussianObjective, GaussianMixtureObjective or FunctionObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        Where all configurations start, unless the grid says otherwise; ``objective.initial(init_seed)`` by default.
    grid : mapping of str to list
        The values to combine, the last key's varying fastest. Keys are

        - the parameters of the optimiser, such as ``"lr"`` (floats, ``"auto"``, or schedules of one kind; for
          `SGD` on full batches not ``"auto"`` beside floats) and ``"momentum"``, and with a schedule as its ``lr``
          those of the schedule, such as ``"lr__gamma"``;
        - ``"alpha"`` and ``"l1_ratio"``, the penalty in the place of the objective's own;
        - ``"w0"``, starts; or ``"init_seed"``, seeds of starts where the objective's are random, and of dropout.
    cv : int, optional
        Number of folds, from 2 to the number of rows of positive weight. Every configuration is then fitted once for
        each fold, without the fold's rows, in the same passes, and scored by the mean loss on them, weighted and
        without the penalty. Folds are random (`random_state`), of equal size, and stratified for classes;
        ``lr="auto"`` and standardising go by the rows that a model sees, whose result is that of `minimize` with the
        fold's rows at weight 0.
    halving : bool, default=False
        Whether to drop two thirds of the configurations again and again, so that one is left for the last two thirds
        of the epochs, three or less for the two ninths before them, and so on [1]_. Those go whose loss on held-out
        rows, without `cv` whose objective, is highest, first of all those that have diverged. What is left has the same
        bits as without halving. Not for `LBFGS`, `SAGA` and `SVRG`.
    optimizer, batch_size, max_epochs, tol, gtol, n_iter_no_change, shuffle, order, random_state, init_seed
        As in `fastgd.minimize`, and shared by all configurations; `tol` and `gtol` end each model's descent by itself.
    clip_value, clip_norm, lazy, time_limit, progress, n_threads
        Likewise; the time limit is that of all descents together.
    checkpoint : Checkpoint, optional
        Where to keep what all descents need to go on should they be ended from outside, and where to go on from, as in
        `fastgd.minimize`; not with `halving`.

    Returns
    -------
    SweepResult
        ``x`` (n_models, n_params), ``fun`` (n_models,), ``results`` (a `Result` a model), ``table`` (a dict of arrays,
        one row a model), ``scores`` (with `cv`: one row a configuration), ``best_params`` and ``best`` (a `Result`).
        It prints as a table. Divergence, the time limit and Ctrl-C are statuses of models, not errors.

    Raises
    ------
    TypeError
        An argument, or the grid or one of its values, has the wrong type.
    ValueError
        As `fastgd.minimize`; and the grid is empty, names what is not known or cannot vary in one pass, holds a value
        that is not allowed, rates of several kinds of schedule, or seeds that all give the same start; `cv` is no
        number of folds that the rows allow, or the objective has no rows to hold out; the optimiser cannot be halved;
        `checkpoint` is given with `halving`.
    ImportError
        ``progress=True`` without tqdm.
    OSError
        As `fastgd.minimize`.

    See Also
    --------
    fastgd.minimize, fastgd.find_lr

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
    check_objective(objective, "sweep")
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
        lazy=lazy,
        time_limit=time_limit,
        n_threads=n_threads,
    )
    start = None if w0 is None else check_start(objective, w0)
    settings = check_grid(objective, chosen, start, grid)
    k = _check_cv(objective, cv)
    if check.boolean("halving", halving):
        check_resumable(chosen)
        if checkpoint is not None:
            raise check.refuse("checkpoint", "None with halving, which is several runs in a row", checkpoint)
    kept = check_checkpoint(checkpoint)
    models = make_models(objective, chosen, start, check.seed("init_seed", init_seed), settings)
    for model in models:
        check_together(objective, model, plan)
    bar = make_bar(plan.max_epochs) if check.boolean("progress", progress) else None
    fitted, folds = of_folds(objective, models, plan, k)
    saves = saves_of(kept, objective, fitted, plan, cv=repr(cv))
    with Observers((), bar) as observer:
        group = max(k, 1) if halving else 0
        legs = descend(objective, fitted, plan, folds, group, observer if observer else None, saves)
    _refuse_nonfinite(objective, legs[0][0][0], folds)

    def result(at: int) -> Result:
        return make_result(objective, fitted[at], plan, legs[at], partial(_alone, objective, fitted[at], folds, at))

    def refit(at: int) -> Result:
        model = with_rate(objective, models[at], plan)
        legs = [(run(objective, [model], plan), 0)]
        return make_result(objective, model, plan, legs, partial(_alone, objective, model))

    held_out = None if folds is None else np.array([outcome["held_out"][at] for *_, (outcome, at) in legs])
    return SweepResult(settings, [result(at) for at in range(len(fitted))], held_out, k, refit)


def _check_cv(objective: Objective, cv: object) -> int:
    """The number of folds, 0 for none."""
    if cv is None:
        return 0
    if not isinstance(objective, DataObjective):
        why = "which has no rows to hold out"
        if isinstance(objective, DensityObjective):
            why = "whose rows have no weights, to hold some of them out"
        raise ValueError(f"cv must be None for {type(objective).__name__}, {why}, got {cv!r}")
    return check.integer("cv", cv, 2, objective._n_present)


def of_folds(
    objective: Objective, models: Sequence[Model], plan: Plan, k: int, of_row: NDArray[np.int32] | None = None
) -> tuple[list[Model], Folds | None]:
    """A model for each setting and fold, with the rate chosen from the rows it sees; folds are random unless given."""
    if k == 0 or not isinstance(objective, DataObjective):
        return [with_rate(objective, model, plan) for model in models], None
    of_row = make_folds(objective, k, plan.seed) if of_row is None else of_row
    folds = Folds(of_row, [*range(k)] * len(models))
    if not any(model.optimizer._is_auto for model in models):
        return [model for model in models for _ in range(k)], folds
    seen = [without(objective, of_row == fold) for fold in range(k)]
    return [with_rate(seen[fold], model, plan) for model in models for fold in range(k)], folds


def _alone(objective: Objective, model: Model, folds: Folds | None = None, at: int = 0) -> Objective:
    """What a model would minimise alone: on the rows that it sees, with its own penalty."""
    if not isinstance(objective, DataObjective):
        return objective
    penalty = {"alpha": model.alpha, "l1_ratio": model.l1_ratio}
    if folds is None:
        return objective._with(**penalty)
    return without(objective, folds.of_row == folds.of_model[at], **penalty)


def _refuse_nonfinite(objective: Objective, outcome: _Outcome, folds: Folds | None) -> None:
    """Raise where the data kept models from descending; a bad row is held out by one fold, whose models fare well."""
    refuse_nonfinite(objective, outcome)
    if folds is not None and "diverged" in outcome["status"] and isinstance(objective, DataObjective):
        error = objective._nonfinite()
        if error is not None:
            raise error
