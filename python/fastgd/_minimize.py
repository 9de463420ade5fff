"""Gradient descent: batch, stochastic and mini-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from . import _validation as check
from ._callbacks import Callback, EpochInfo, Observers, check_callbacks, make_bar
from ._checkpoint import check_checkpoint, saves_of
from ._outcome import make_result, refuse_nonfinite
from ._plan import check_objective, make_plan
from ._rate import with_rate
from ._run import Model, check_start, check_together, run
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._checkpoint import Checkpoint
    from ._plan import Objective
    from .optimizers import Optimizer
    from .result import Result

__all__ = ["EpochInfo", "minimize"]


def minimize(
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
    lazy: bool = False,
    time_limit: float | None = None,
    callbacks: Callback | Iterable[Callback] = (),
    checkpoint: Checkpoint | None = None,
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
    objective : LinearObjective, MLPObjective, GaussianObjective, GaussianMixtureObjective or FunctionObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        Finite parameters to start from; ``objective.initial(init_seed)`` by default. It is not written to.
    optimizer : str or an instance from fastgd.optimizers, default="sgd"
        How a gradient becomes a step, and the learning rate: a float, a schedule, a function ``step -> float``, or
        ``"auto"``. For plain gradient steps on a linear objective that is ``1 / L`` (a third of it for `SAGA` and
        `SVRG`) with::

            L = c * ((1 - q) * lambda + q * max ||x||^2) + alpha * (1 - l1_ratio)
            q = (n - batch_size) / (batch_size * (n - 1)),  0 for full batches

        with ``lambda`` the largest eigenvalue of the mean of ``x x^T`` over at most 4096 evenly spaced rows, ``x`` with
        a 1 for the intercept, and ``c`` a bound on the loss's second derivative. Where that has no bound, or is 0, the
        mean of ``||x||^2`` takes the place of ``lambda``, and ``c`` is 1, or ``mean |y| + 1`` for exponential losses:
        this suits starts near 0. On full batches of a loss with a second derivative, plain `SGD` takes that rate for
        its first step only and goes on as `BarzilaiBorwein`, many times faster. For other optimisers and objectives
        ``"auto"`` is what `fastgd.find_lr` finds.
    batch_size : "full" or int, default="full"
        Rows a step: all (batch gradient descent), 1 (stochastic), or any other number (mini-batch); the last, smaller
        batch of an epoch is used too.
    max_epochs : int, default=100
        Passes over the rows at most, at least 1.
    tol : float or None, default=1e-4
        The run has converged when the best loss of the last `n_iter_no_change` epochs is not below the best one before
        them by more than this fraction of it. None: no such end.
    gtol : float, optional
        The run has converged when the gradient's Euclidean norm, penalty included, is at most this; with an l1 norm,
        that of the subgradient of least norm. Full batches only, and not with optimisers whose result is an average.
    gap_tol : float, optional
        The run has converged when the duality gap, which bounds how far the objective is above its minimum, is at most
        this; full batches only, and `LinearObjective.duality_gap` says for which losses. Looked at every 10 epochs.
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
        Seed of the start, where `w0` is not given and the objective's starts are random, and of a network's dropout; 0
        to 2**64 - 1.
    clip_value : float, optional
        Largest magnitude of an entry of the gradient, penalty included, above 0; larger ones are cut to it.
    clip_norm : float, optional
        Largest Euclidean norm ``c`` of the gradient ``g``, above 0: ``g`` is multiplied by ``c / (||g|| + 1e-6)`` where
        that is below 1, after `clip_value`. Neither is for `LBFGS`, nor this for `SAGA` and `SVRG`.
    lazy : bool, default=False
        Of sparse rows a mini-batch has gradients for its own columns only. With `SGD` without momentum, `ASGD` without
        an l1 norm, and `Adagrad` and `FTRL` without an l2 penalty, a step costs as much as the batch has entries:
        other coefficients catch up exactly with what the penalty and the mean ask of them once a batch meets them.
        With other optimisers every coefficient moves in every step, unless this is True: then those of other columns
        stay as they are, state and penalty included, as in PyTorch's ``SparseAdam``. Not with `clip_norm`, averages,
        or optimisers whose steps need all coefficients.
    time_limit : float, optional
        Seconds after which the run ends, above 0.
    callbacks : callable or iterable of callables, optional
        Called with an `EpochInfo` (epoch, step, loss, lr, seconds, x) at every epoch's end. One that returns True or
        raises StopIteration ends the run; any other exception ends it too, and is passed on.
    checkpoint : Checkpoint, optional
        Where to keep what the run needs to go on should it be ended from outside, and where to go on from: see
        `Checkpoint`.
    progress : bool, default=False
        Whether to show a bar; needs ``fastgd[progress]``.
    n_threads : int, optional
        Threads, at least 1; `fastgd.get_num_threads` by default. Small problems use fewer. The result is the same.

    Returns
    -------
    Result
        ``x`` (float64), ``fun``, ``grad_norm``, ``lr``, ``n_epochs``, ``n_steps``, ``success``, ``status``,
        ``message``, ``history``, ``lr_reason`` (why ``"auto"`` is the rate that it is), ``gap``, and SciPy's names
        ``nit``, ``nfev``, ``njev``, ``jac``. A run that diverges goes back to its best parameters and on with a tenth
        of the learning rate, three times at most. Divergence in the end, the time limit and Ctrl-C are results, not
        errors: ``status`` says so, and ``x`` is the best at an epoch's end.

    Raises
    ------
    TypeError
        An argument has the wrong type.
    ValueError
        A value is not allowed, ``loss="zero_one"`` is to be minimised, or X holds NaN or infinity: the message names
        argument, value and what is allowed. Nothing has been changed then. Or the checkpoint is damaged, or of another
        run: it is left as it is.
    OSError
        The checkpoint's folder does not exist, or it cannot be read or written to.
    ImportError
        ``progress=True`` without tqdm.

    See Also
    --------
    fastgd.sweep, fastgd.find_lr, fastgd.LinearObjective, fastgd.optimizers, fastgd.schedules

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
    check_objective(objective, "minimize")
    chosen = get_optimizer(optimizer)
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
        lazy=lazy,
        time_limit=time_limit,
        n_threads=n_threads,
    )
    seed = check.seed("init_seed", init_seed)
    start = objective.initial(seed) if w0 is None else check_start(objective, w0)
    given = check_callbacks(callbacks)
    bar = make_bar(plan.max_epochs) if check.boolean("progress", progress) else None
    model = Model(start, chosen, objective.alpha, objective.l1_ratio, init_seed=seed)
    check_together(objective, model, plan)
    kept = check_checkpoint(checkpoint)
    model = with_rate(objective, model, plan)
    saves = saves_of(kept, objective, [model], plan)
    with Observers(given, bar) as observers:
        outcome = run(objective, [model], plan, observers if observers else None, saves=saves)
    refuse_nonfinite(objective, outcome)
    return make_result(objective, model, plan, [(outcome, 0)], lambda: objective)
