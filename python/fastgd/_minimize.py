"""Gradient descent: batch, stochastic and mini-batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from ._callbacks import Callback, EpochInfo, Observers, check_callbacks, make_bar
from ._divergence import cause
from ._losses import no_gradient
from ._run import Model, Plan, run
from .objectives import FunctionObjective, LinearObjective
from .optimizers import check_l1, get_optimizer
from .result import History, Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._core import _Outcome
    from ._run import Objective
    from .optimizers import Optimizer

__all__ = ["EpochInfo", "minimize"]

_INF = float("inf")
# What the core multiplies the rate of a model by that diverged.
RESTART_FACTOR = 0.1
_MAX_INT = 2**63 - 1


def minimize(
    objective: Objective,
    w0: ArrayLike | None = None,
    *,
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
    callbacks: Callback | Iterable[Callback] = (),
    progress: bool = False,
    n_threads: int | None = None,
) -> Result:
    """Minimise an objective by batch, stochastic or mini-batch gradient descent.

    A step on the batch ``B`` of rows is, with the optimiser's ``update``::

        g = sum_{i in B} s_i * grad loss_i / (mean(s) * |B|)  +  alpha * (1 - l1_ratio) * coef
        w = update(w, g, lr)
        coef = sign(coef) * max(|coef| - rate * alpha * l1_ratio, 0)

    The last line is the l1 norm's proximal step, from which exact zeros come; its ``rate`` is what the update has moved
    `w` by for each unit of ``g``, that is ``lr`` for plain SGD. ``mean(s)`` and ``|B|`` count rows of
    positive weight only; a batch that has none is no step. The same arguments give the same bits for every number of
    threads and on every SIMD level with fused multiply-add, unless a callback, the time limit or Ctrl-C ends the run.

    Parameters
    ----------
    objective : LinearObjective or FunctionObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        Finite parameters to start from; ``objective.initial(init_seed)`` by default. It is not written to.
    optimizer : str or an instance from fastgd.optimizers, default="sgd"
        How a gradient becomes a step, and the learning rate: a float, a schedule, or ``"auto"`` (the default), which is
        ``1 / (L * (1 + 2 / batch_size))``, or ``1 / L`` for full batches, with
        ``L = c * (mean ||x||^2 + 1 for an intercept) + alpha * (1 - l1_ratio)``. The mean is over at most 4096 evenly
        spaced rows; ``c`` bounds the loss's second derivative: 1 for piecewise linear losses, which have no such
        bound to use, and ``mean |y| + 1`` for exponential ones, which have none at all: this suits starts near 0.
    batch_size : "full" or int, default="full"
        Rows a step: all (batch gradient descent), 1 (stochastic), or any other number (mini-batch); the last, smaller
        batch of an epoch is used too.
    max_epochs : int, default=100
        Passes over the rows at most, at least 1.
    tol : float or None, default=1e-4
        The run has converged when the best loss of the last `n_iter_no_change` epochs is not below the best one before
        them by more than this fraction of it. None: no such end.
    gtol : float, optional
        The run has converged when the gradient's Euclidean norm, penalty included, is at most this; full batches only.
    n_iter_no_change : int, default=5
        See `tol`; at least 1.
    shuffle : bool, default=True
        Whether every epoch visits the rows in a new random order; else as they are stored. No matter for full batches.
    order : array of int, or function epoch -> array of int, optional
        Row indices for every epoch, of any length and with repeats, in place of `shuffle`. Epochs count from 0. Not for
        full batches, which have no order.
    random_state : int, default=0
        Seed of the orders, 0 to 2**64 - 1. There is no None: a run can always be repeated.
    init_seed : int, default=0
        Seed of the start, where `w0` is not given and the objective's starts are random; 0 to 2**64 - 1.
    clip_value : float, optional
        Largest magnitude of an entry of the gradient, penalty included, above 0; larger ones are cut to it.
    clip_norm : float, optional
        Largest Euclidean norm ``c`` of the gradient ``g``, above 0: ``g`` is multiplied by ``c / (||g|| + 1e-6)`` where
        that is below 1, after `clip_value`.
    time_limit : float, optional
        Seconds after which the run ends, above 0.
    callbacks : callable or iterable of callables, optional
        Called with an `EpochInfo` (epoch, step, loss, lr, seconds, x) at every epoch's end. One that returns True or
        raises StopIteration ends the run; any other exception ends it too, and is passed on.
    progress : bool, default=False
        Whether to show a bar; needs ``fastgd[progress]``.
    n_threads : int, optional
        Threads, at least 1; `fastgd.get_num_threads` by default. Small problems use fewer. The result is the same.

    Returns
    -------
    Result
        ``x`` (float64), ``fun``, ``grad_norm``, ``lr``, ``n_epochs``, ``n_steps``, ``success``, ``status``,
        ``message``, ``history``, and SciPy's names ``nit``, ``nfev``, ``njev``, ``jac``. A run that diverges goes back
        to its best parameters and on with a tenth of the learning rate, three times at most. Divergence in the end, the
        time limit and Ctrl-C are results, not errors: ``status`` says so, and ``x`` is the best at an epoch's end.

    Raises
    ------
    TypeError
        An argument has the wrong type.
    ValueError
        A value is not allowed, ``loss="zero_one"`` is to be minimised, or X holds NaN or infinity: the message names
        argument, value and what is allowed. Nothing has been changed then.
    ImportError
        ``progress=True`` without tqdm.

    See Also
    --------
    fastgd.LinearObjective, fastgd.optimizers, fastgd.schedules

    References
    ----------
    .. [1] H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.
    .. [2] L. Bottou, F. E. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning", SIAM
       Review 60, 2018.
    .. [3] N. Parikh and S. Boyd, "Proximal algorithms", Foundations and Trends in Optimization 1, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = X @ [2.0, -1.0] + 0.5
    >>> objective = fastgd.LinearObjective(X, y, loss="squared_error")
    >>> sgd = fastgd.optimizers.SGD(lr=0.3, momentum=0.5)
    >>> result = fastgd.minimize(objective, optimizer=sgd, batch_size=10, max_epochs=50, tol=None)
    >>> result.status, bool(result.fun < 1e-8)
    ('max_epochs', True)
    >>> coef, intercept = objective.unpack(result.x)
    >>> coef.round(3).tolist(), intercept.round(3).tolist()
    ([[2.0, -1.0]], [0.5])
    """
    if not isinstance(objective, (LinearObjective, FunctionObjective)):
        raise check.refuse("objective", "a LinearObjective or a FunctionObjective of fastgd", objective, TypeError)
    if isinstance(objective, LinearObjective) and not objective._loss.trainable:
        raise no_gradient("minimize")
    chosen = get_optimizer(optimizer)
    plan = Plan(
        batch_size=_check_batch_size(batch_size),
        max_epochs=check.integer("max_epochs", max_epochs, 1, _MAX_INT),
        tol=None
        if tol is None
        else check.number("tol", tol, "a finite number >= 0 or None", lambda v: 0.0 <= v < _INF),
        n_iter_no_change=check.integer("n_iter_no_change", n_iter_no_change, 1, _MAX_INT),
        shuffle=check.boolean("shuffle", shuffle),
        order=_check_order(order, objective.n_samples),
        seed=check.seed("random_state", random_state),
        gtol=None
        if gtol is None
        else check.number("gtol", gtol, "a finite number >= 0 or None", lambda v: 0.0 <= v < _INF),
        clip_value=_check_clip("clip_value", clip_value),
        clip_norm=_check_clip("clip_norm", clip_norm),
        time_limit=None
        if time_limit is None
        else check.number("time_limit", time_limit, "a number of seconds > 0 or None", lambda v: v > 0.0),
        n_threads=0 if n_threads is None else check.integer("n_threads", n_threads, 1, 2**31 - 1),
    )
    if plan.order is not None and plan.batch_size == 0:
        raise ValueError("order must be None with batch_size='full', where every step takes all rows at once")
    if plan.gtol is not None and plan.batch_size != 0:
        raise ValueError("gtol must be None but with batch_size='full': no other step knows the whole gradient")
    if plan.batch_size != 0 and isinstance(objective, FunctionObjective) and not objective._is_sum:
        raise ValueError(f"batch_size must be 'full' for a FunctionObjective without n_samples, got {batch_size!r}")
    check_l1(chosen, objective.l1_ratio if objective.alpha > 0.0 else 0.0)
    seed = check.seed("init_seed", init_seed)
    start = objective.initial(seed) if w0 is None else _check_start(objective, w0)
    given = check_callbacks(callbacks)
    bar = make_bar(plan.max_epochs) if check.boolean("progress", progress) else None
    model = Model(start, chosen, objective.alpha, objective.l1_ratio)
    with Observers(given, bar) as observers:
        outcome = run(objective, [model], plan, observers if observers else None)
    if outcome["nonfinite"] is not None and isinstance(objective, LinearObjective):
        raise objective._nonfinite_at(outcome["nonfinite"])
    return _result(objective, model, plan, outcome)


def _check_batch_size(batch_size: object) -> int:
    if isinstance(batch_size, str):
        if batch_size != "full":
            raise check.refuse("batch_size", "an integer >= 1 or 'full'", batch_size)
        return 0
    if isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool):
        if not 1 <= batch_size <= _MAX_INT:
            raise check.refuse("batch_size", "an integer >= 1 or 'full'", batch_size)
        return int(batch_size)
    raise check.refuse("batch_size", "an integer >= 1 or 'full'", batch_size, TypeError)


def _check_clip(name: str, clip: object) -> float:
    """The bound, 0 for none."""
    return 0.0 if clip is None else check.number(name, clip, "a finite number > 0 or None", lambda v: 0.0 < v < _INF)


def _check_order(order: object, n_samples: int) -> NDArray[np.int64] | Callable[[int], NDArray[np.int64]] | None:
    if order is None:
        return None
    if not callable(order):
        return check.row_indices("order", order, n_samples)

    def checked(epoch: int) -> NDArray[np.int64]:
        return check.row_indices(f"order({epoch})", order(epoch), n_samples)

    return checked


def _check_start(objective: Objective, w0: object) -> NDArray[np.float64]:
    given = check.real_array("w0", w0)
    if given.ndim != 1 or given.size == 0 or objective.n_params not in (None, given.size):
        raise ValueError(f"w0 must have shape ({objective.n_params or 'n_params'},), got shape {given.shape}")
    return check.finite("w0", given, np.float64)


def _result(objective: Objective, model: Model, plan: Plan, outcome: _Outcome) -> Result:
    history = outcome["history"]
    status = outcome["status"][0]
    x = outcome["x"][0].copy()
    lr = float(outcome["lr"][0])
    return Result(
        x=x,
        fun=float(outcome["fun"][0]),
        grad_norm=float(outcome["grad_norm"][0]),
        lr=lr,
        n_epochs=outcome["n_epochs"],
        n_steps=outcome["n_steps"],
        success=status in ("converged", "callback") or (status == "max_epochs" and plan.tol is None),
        status=status,
        message=_message(objective, model, plan, outcome),
        history=History(
            epoch=history["epoch"],
            step=history["step"],
            loss=history["loss"][:, 0].copy(),
            lr=history["lr"][:, 0].copy(),
            grad_norm=history["grad_norm"][:, 0].copy(),
            seconds=history["seconds"],
        ),
        _gradient=lambda: _gradient(objective, x),
    )


def _gradient(objective: Objective, x: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return np.asarray(objective.grad(x), dtype=np.float64)
    except ValueError:
        return np.full(x.shape, math.nan)


def _message(objective: Objective, model: Model, plan: Plan, outcome: _Outcome) -> str:
    kinds = {0: "batch gradient descent", 1: "stochastic gradient descent"}
    kind = kinds.get(plan.batch_size, f"mini-batch gradient descent with batches of {plan.batch_size}")
    n_epochs, n_restarts, status = outcome["n_epochs"], outcome["n_restarts"][0], outcome["status"][0]
    epochs = f"{n_epochs} epoch{'' if n_epochs == 1 else 's'}"
    if status == "diverged":
        momentum = float(getattr(model.optimizer, "momentum", 0.0))
        lr = float(outcome["lr"][0]) / RESTART_FACTOR**n_restarts
        why = cause(objective, lr, momentum, model.alpha, model.l1_ratio, plan.batch_size)
        return f"{kind} diverged after {epochs}, x is the best before: {why}"
    tamed = f"; diverged {n_restarts}x on the way, lr fell to a tenth each time" if n_restarts else ""
    best = "x is the best at an epoch's end"
    converged = {
        "tol": f"the loss fell by less than the fraction tol={plan.tol} of it in {plan.n_iter_no_change} epochs",
        "gtol": f"the gradient's norm is at most gtol={plan.gtol}",
        "line search": "rounding allows no further decrease",
    }
    ends: dict[str, Any] = {
        "converged": f"converged: {converged.get(outcome['converged_by'][0])}",
        "max_epochs": "made all its epochs"
        if plan.tol is None
        else f"made all its epochs before the loss settled to tol={plan.tol}",
        "time_limit": f"reached its time limit of {plan.time_limit} s: {best}",
        "interrupted": f"was interrupted: {best}",
        "callback": "was ended by a callback",
    }
    return f"{kind} {ends[status]} ({epochs}){tamed}"
