"""One epoch on a piece of a stream, and where the next one goes on; quickly, as a piece may be a single row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _core
from .._outcome import refuse_nonfinite
from .._params import Parametrised
from .._plan import Plan
from .._rate import with_rate
from .._run import Model, arguments, check_together
from .inputs import threads_of
from .problem import Problem, seed_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..objectives import DataObjective
    from .descent import Descending

    Floats = NDArray[np.float64]

# A state that is no more than a place in the schedule.
_NONE = np.empty(0)


class Stream(NamedTuple):
    """Where `partial_fit` goes on: the epoch, the steps made, the rate of ``"auto"`` and the optimiser's state.

    The state belongs to the parameters that are `held`, others have been set since where these are not the estimator's;
    and to an optimiser of this `kind`.
    """

    epoch: int
    step: int
    lr: float | None = None
    state: tuple[Any, ...] | None = None
    held: Any = None
    kind: str = ""
    # Whether there is nothing to know but where it is: plain SGD, at a rate that learns nothing.
    is_plain: bool = False


class Diverged(ValueError):
    """A piece on which a descent diverged."""


class Recipe(NamedTuple):
    """What pieces have in common, as long as the parameters in `key` do not change."""

    key: tuple[Any, ...]
    objective: DataObjective
    lr: float | None
    is_plain: bool
    arguments: dict[str, Any]


def stream_after(state: _core.DescentState, lr: float | None, held: Any, kind: str, is_plain: bool = False) -> Stream:
    """Where a run has ended; plain SGD has its state in its parameters alone."""
    parts = state.parts()
    epoch, step, _, slots, _, learned = parts
    if len(learned) == 0 and (is_plain or len(slots) == 0):
        return Stream(epoch, step, lr, kind=kind, is_plain=True)
    return Stream(epoch, step, lr, parts, held, kind)


def go_on(estimator: Descending, problem: Problem, is_in_order: bool = False) -> _core._Outcome:
    """One epoch on a piece of a stream, whose rows may lie in their order; returns what the core tells of it."""
    of = vars(estimator)
    before: Stream = of.get("_stream") or Stream(0, 0)
    recipe: Recipe | None = of.get("_recipe")
    key = _key(estimator, problem)
    goes_on = recipe is not None and recipe.key == key
    if recipe is not None and goes_on:
        objective = estimator._on_piece(recipe.objective, problem)
    else:
        objective = estimator._objective(problem)
    held = estimator._held()
    start = estimator._params_so_far(objective)
    if recipe is None or not goes_on:
        recipe = estimator.__dict__["_recipe"] = _make_recipe(estimator, objective, start, before, key)
    kind = recipe.arguments["optimizer"]
    state = before.state if before.held is held and before.kind == kind else None
    # An optimiser without its state is at its first step.
    step = before.step if state is not None or (before.is_plain and before.kind == kind) else 0
    seed = seed_of(estimator.random_state)
    size = _size(estimator, objective.n_samples)
    options = {**recipe.arguments, "seed": seed, "init_seed": [seed], "batch_size": size}
    if is_in_order or size >= objective.n_samples:
        # All rows at once have no order but their own.
        options["shuffle"] = False
    outcome = _core.minimize(
        objective._core,
        start[np.newaxis],
        resume=_core.DescentState(state or (before.epoch, step, *[_NONE] * 4)),
        **options,
    )
    refuse_nonfinite(objective, outcome)
    if outcome["status"][0] == "interrupted":
        raise KeyboardInterrupt
    if outcome["status"][0] == "diverged":
        raise Diverged(
            f"Floating-point under-/overflow occurred: {type(estimator).__name__} diverged on these rows, and is as it "
            "was before; take a smaller learning rate, or scale X with StandardScaler"
        )
    estimator._set_params_of(objective, outcome["x"][0])
    estimator._keep(held)
    estimator._count(1, int(outcome["n_steps"][0]), objective.n_samples, goes_on=True)
    estimator.__dict__.setdefault("loss_curve_", []).append(float(outcome["history"]["loss"][0, 0]))
    if before.is_plain and goes_on:
        # The numbers of a wide model take longer to bring than a small piece to learn from.
        estimator._stream = before._replace(epoch=before.epoch + 1, step=step + int(outcome["n_steps"][0]))
    else:
        estimator._stream = stream_after(outcome["state"], recipe.lr, estimator._held(), kind, recipe.is_plain)
    return outcome


def _make_recipe(
    estimator: Descending, objective: DataObjective, start: Floats, before: Stream, key: tuple[Any, ...]
) -> Recipe:
    estimator._validate_params()
    estimator._refuse_in_stream()
    optimizer = estimator._optimizer_of_stream()
    info = optimizer._info
    if info["finite_sums"] or info["line_search"] or info["full_batch"]:
        raise ValueError(f"optimizer must be another than {optimizer!r} with partial_fit: it needs the same rows again")
    plan = Plan(
        batch_size=_size(estimator, objective.n_samples),
        max_epochs=1,
        tol=None,
        n_iter_no_change=1,
        shuffle=bool(estimator.shuffle),
        order=None,
        seed=0,
        gtol=None,
        gap_tol=None,
        clip_value=0.0,
        clip_norm=0.0,
        lazy=False,
        time_limit=None,
        n_threads=threads_of(estimator) or 0,
        stream=True,
        evaluate=False,
    )
    # A rate that was found on the first piece is the rate of all.
    found = before.lr if optimizer._is_auto else None
    model = Model(start, optimizer, objective.alpha, objective.l1_ratio, found)
    check_together(objective, model, plan)
    model = with_rate(objective, model, plan) if optimizer._is_auto and found is None else model
    same = arguments([model], plan)
    return Recipe(
        key,
        objective._without_data(),
        model.lr,
        optimizer._is_plain,
        {**same, "fold_of_row": np.empty(0, np.int32), "fold_of_model": [], "observer": None},
    )


def _size(estimator: Descending, n_samples: int) -> int:
    """Rows a step."""
    rows = estimator._batch_rows(n_samples)
    return n_samples if isinstance(rows, str) else rows


def _key(estimator: Descending, problem: Problem) -> tuple[Any, ...]:
    values = (_frozen(getattr(estimator, name, None)) for name in estimator._of_stream)
    return (*estimator._stream_key(problem), *values)


def _frozen(value: Any) -> Any:
    """A value that does not change when the object is changed in its place."""
    if value is None or isinstance(value, (str, float, int)):
        return value
    if isinstance(value, Parametrised):
        return repr(value)
    return tuple(value.items()) if isinstance(value, Mapping) else value
