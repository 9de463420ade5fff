"""Gradient descent, step by step."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import _validation as check
from ._plan import check_objective, make_plan
from ._rate import with_rate
from ._run import Model, check_start, check_together
from .objectives import FunctionObjective
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._plan import Objective
    from .optimizers import Optimizer
    from .reference.steps import Descent, Taken

    Floats = NDArray[np.float64]

__all__ = ["TraceStep", "trace"]


@dataclass(frozen=True, eq=False, repr=False)
class TraceStep:
    """A step of a descent, as `fastgd.trace` yields it; its arrays are the caller's own.

    With the batch ``B``, its objective ``F_B``, penalty included, and ``l1 = alpha * l1_ratio``::

        predicted_decrease = -gradient . update - l1 * (||coef + update||_1 - ||coef||_1)
        actual_decrease = F_B(w) - F_B(w + update)

    The first is what ``F_B`` falls by to first order, if `gradient` is its gradient; the l1 norm, absent as a rule, is
    no part of the gradient, and what it falls by is known.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 0.
    step : int
        Steps on the way to `w`, from 0: what schedules and dropout count. A restart takes it back.
    rows : array of shape (n_batch,), int64
        The batch, without its rows of weight 0, which are absent; ``[0]`` for a function that is no sum.
    w : array of shape (n_params,), float64
        Parameters before the step, at which the gradient is taken.
    loss : float
        ``F_B(w)``, of a network with dropout that of the units that this step keeps.
    gradient : array of shape (n_params,), float64
        What the optimiser was given: the gradient of ``F_B`` without the l1 norm, or the estimate by `SAGA` or `SVRG`,
        clipped.
    lr : float
        Learning rate, lowered by restarts. Some optimisers make a rate of their own of it.
    update : array of shape (n_params,), float64
        What the step added to `w`.
    predicted_decrease, actual_decrease : float
        As above; the latter for the same units.
    x : array of shape (n_params,), float64
        What `fastgd.minimize` would report after the step: ``w + update``, unless the optimiser averages.
    restart : int
        How often the descent had diverged and gone back before this step. Where it is larger than in the step before,
        all steps since the best epoch began are undone: `w` and `step` are as they were at its beginning.
    """

    epoch: int
    step: int
    rows: NDArray[np.int64]
    w: Floats
    loss: float
    gradient: Floats
    lr: float
    update: Floats
    predicted_decrease: float
    actual_decrease: float
    x: Floats
    restart: int

    def __repr__(self) -> str:
        rows = np.array2string(self.rows, threshold=6, edgeitems=3, separator=", ")
        return (
            f"TraceStep(epoch={self.epoch}, step={self.step}, rows={rows}, loss={self.loss:.6g}, "
            f"|gradient|={np.linalg.norm(self.gradient):.3g}, lr={self.lr:.3g}, "
            f"|update|={np.linalg.norm(self.update):.3g}, predicted_decrease={self.predicted_decrease:.3g}, "
            f"actual_decrease={self.actual_decrease:.3g}" + (f", restart={self.restart})" if self.restart else ")")
        )


def trace(
    objective: Objective,
    w0: ArrayLike | None = None,
    *,
    optimizer: str | Optimizer = "sgd",
    batch_size: int | str = "full",
    max_epochs: int = 100,
    tol: float | None = 1e-4,
    gtol: float | None = None,
    gap_tol: float | None = None,
    n_iter_no_change: int = 5,
    shuffle: bool = True,
    order: ArrayLike | Callable[[int], ArrayLike] | None = None,
    random_state: int = 0,
    init_seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
) -> Generator[TraceStep, None, None]:
    """Go through the steps of batch, stochastic or mini-batch gradient descent, one at a time.

    The steps are those of `fastgd.minimize` with the same arguments, and end where it ends, but for rounding: losses
    and gradients of each batch come from the core, and what is made of them from the loop and the optimisers of
    `fastgd.reference`, in float64. A step is kept no longer than you keep it, takes two evaluations of its batch, and
    is made when it is asked for; to stop early, stop asking. The arguments of `fastgd.minimize` that are not here are
    about a run as a whole; with ``lazy=False`` alone a step is that of the formulas.

    Parameters
    ----------
    objective : any objective of fastgd
        What is minimised.
    w0 : array of shape (n_params,), optional
        Finite parameters to start from; ``objective.initial(init_seed)`` by default. It is not written to.
    optimizer : str or an instance from fastgd.optimizers, default="sgd"
        As in `fastgd.minimize`, ``lr="auto"`` too; any but `LBFGS`, whose steps are searched for along lines. `SAGA`
        and `SVRG` keep a gradient for each row here.
    batch_size : "full" or int, default="full"
        Rows a step: all (batch gradient descent), 1 (stochastic), or any other number (mini-batch).
    max_epochs : int, default=100
        Passes over the rows at most, at least 1.
    tol, gtol, gap_tol, n_iter_no_change
        When to end before that, as in `fastgd.minimize`.
    shuffle, order, random_state
        The order of the rows, as in `fastgd.minimize`.
    init_seed : int, default=0
        Seed of the start, where `w0` is not given and the objective's starts are random, and of a network's dropout.
    clip_value, clip_norm : float, optional
        Bounds on the entries and on the norm of each step's gradient, as in `fastgd.minimize`.

    Returns
    -------
    generator of TraceStep
        Every step: ``epoch``, ``step``, ``restart``, ``rows`` of its batch, ``w`` before it, ``loss`` of the batch and
        ``gradient`` there, ``lr``, ``update``, ``predicted_decrease`` (``-gradient . update``), ``actual_decrease`` of
        the same batch, and ``x``, what would be reported after it. Those that a divergence undoes are there, too, and
        ``restart`` is larger after them. The last one's ``x`` is what `fastgd.minimize` returns, but where the run has
        diverged in the end or is one of `BarzilaiBorwein`, which return the best parameters, and where `gtol` or
        `gap_tol` ended it, for the last one's ``w``.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed, which is found before the first step is asked for. A step raises for what is found
        on the way: X holds NaN or infinity, a function returns what it must not, an order or rate is not allowed.

    See Also
    --------
    fastgd.minimize : the same at full speed.
    fastgd.reference.steps : the loop.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    >>> objective = fastgd.LinearObjective(X, [0.0, 1.0, 1.5, 3.5], loss="squared_error")
    >>> sgd = fastgd.optimizers.SGD(lr=0.1)
    >>> for step in fastgd.trace(objective, optimizer=sgd, batch_size=2, max_epochs=1, shuffle=False):
    ...     print(step.rows, round(step.loss, 4), round(step.predicted_decrease, 4), round(step.actual_decrease, 4))
    [0 1] 0.25 0.075 0.0669
    [2 3] 3.0962 4.6681 2.8473
    """
    check_objective(objective, "trace")
    chosen = get_optimizer(optimizer)
    if chosen._info["line_search"]:
        name = type(chosen).__name__
        raise ValueError(f"optimizer must be another than {name} for trace: its steps are searched for along lines")
    plan = make_plan(
        objective,
        batch_size=batch_size,
        max_epochs=max_epochs,
        tol=tol,
        gtol=gtol,
        gap_tol=gap_tol,
        n_iter_no_change=n_iter_no_change,
        shuffle=shuffle,
        order=order,
        random_state=random_state,
        clip_value=clip_value,
        clip_norm=clip_norm,
    )
    seed = check.seed("init_seed", init_seed)
    start = objective.initial(seed) if w0 is None else check_start(objective, w0)
    model = Model(start, chosen, objective.alpha, objective.l1_ratio, init_seed=seed)
    check_together(objective, model, plan)
    # It loads the twin, which only those need who ask for it.
    from ._traced import start_descent

    return _steps(objective, start_descent(objective, with_rate(objective, model, plan), plan))


def _steps(objective: Objective, descent: Descent) -> Generator[TraceStep, None, None]:
    for taken in descent.run():
        yield _told(descent, taken)
    if not isinstance(objective, FunctionObjective) and not np.isfinite(descent.losses[-1]):
        objective._check_own_loss(descent.best_begin.x)


@np.errstate(over="ignore", invalid="ignore")  # a step of a run that diverges says so by its numbers
def _told(descent: Descent, taken: Taken) -> TraceStep:
    before, after = taken.begin, taken.end
    update = after.w - before.w
    l1_change = float(descent.l1 @ (np.abs(after.w) - np.abs(before.w)))
    return TraceStep(
        epoch=taken.epoch,
        step=before.step,
        rows=taken.rows,
        w=before.w.copy(),
        loss=taken.value,
        gradient=taken.gradient.copy(),
        lr=taken.lr,
        update=update,
        predicted_decrease=-float(taken.gradient @ update) - l1_change,
        actual_decrease=taken.value - taken.seen.batch_value(after.w, taken.rows),
        x=after.x.copy(),
        restart=taken.restart,
    )
