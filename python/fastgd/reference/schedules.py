"""Learning-rate schedules: pure functions of the number of steps already taken, which counts from 0.

The same functions of the number of epochs are schedules by epoch. One, `reduce_on_plateau`, reads losses: it has a
state in place of a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Schedule: TypeAlias = Callable[[int], float]
"""A function ``step -> lr``."""


def constant(lr: float) -> Schedule:
    """Return the schedule that is `lr` at every step.

    Parameters
    ----------
    lr : float
        Learning rate.

    Returns
    -------
    function step -> float
        The schedule.
    """
    return lambda step: lr


def as_schedule(lr: float | Schedule) -> Schedule:
    """Return a schedule as it is, and a rate as the `constant` schedule."""
    return lr if callable(lr) else constant(lr)


def cosine_between(start: float, end: float, part: float) -> float:
    """Return ``end + (start - end) (1 + cos(pi part)) / 2``, which goes from `start` at 0 to `end` at 1."""
    return end + (start - end) * (1.0 + math.cos(math.pi * part)) / 2.0


def inverse_scaling(lr: float, power_t: float = 0.5) -> Schedule:
    """Return the schedule ``lr / (step + 1)**power_t``.

    With ``1/2 < power_t <= 1`` the rates sum to infinity and their squares do not, which is what convergence of
    stochastic approximation asks for.

    Parameters
    ----------
    lr : float
        Learning rate of step 0.
    power_t : float
        Exponent.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.
    """
    return lambda step: lr / (step + 1) ** power_t


def optimal(alpha: float, t0: float | None = None) -> Schedule:
    """Return the schedule ``1 / (alpha (t0 + step))``.

    Parameters
    ----------
    alpha : float
        Strength of the L2 penalty.
    t0 : float, optional
        Steps taken for made before; by default ``alpha**(-3/4)``, which makes ``alpha**(-1/4)`` the first rate.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade, 2nd edition, 2012.
    """
    before = alpha**-0.75 if t0 is None else t0
    return lambda step: 1.0 / (alpha * (before + step))


def step(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """Return the schedule ``lr * gamma**(step // step_size)``.

    Parameters
    ----------
    lr : float
        Learning rate of step 0.
    step_size : int
        Steps between two falls.
    gamma : float
        Factor of each fall.

    Returns
    -------
    function step -> float
        The schedule.
    """
    return lambda step: lr * gamma ** (step // step_size)


def exponential(lr: float, gamma: float) -> Schedule:
    """Return the schedule ``lr * gamma**step``.

    Parameters
    ----------
    lr : float
        Learning rate of step 0.
    gamma : float
        Factor of each step.

    Returns
    -------
    function step -> float
        The schedule.
    """
    return lambda step: lr * gamma**step


def polynomial(lr: float, total_iters: int, power: float = 1.0) -> Schedule:
    """Return the schedule ``lr * (1 - min(step, total_iters) / total_iters)**power``.

    Parameters
    ----------
    lr : float
        Learning rate of step 0.
    total_iters : int
        First step whose rate is 0.
    power : float
        Exponent.

    Returns
    -------
    function step -> float
        The schedule.
    """
    return lambda step: lr * ((total_iters - min(step, total_iters)) / total_iters) ** power


def cosine(lr: float, t_max: int, eta_min: float = 0.0) -> Schedule:
    """Return the schedule ``eta_min + (lr - eta_min) (1 + cos(pi step / t_max)) / 2``.

    Parameters
    ----------
    lr : float
        Learning rate of step 0, the largest.
    t_max : int
        Steps from the largest to the smallest rate: half a period.
    eta_min : float
        Smallest learning rate.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", International Conference on
    Learning Representations, 2017.
    """
    return lambda step: cosine_between(lr, eta_min, step % (2 * t_max) / t_max)


def cosine_warm_restarts(lr: float, t_0: int, t_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Return the schedule ``eta_min + (lr - eta_min) (1 + cos(pi t_cur / t_i)) / 2``.

    ``t_cur`` is the number of steps since the last restart. The period ``t_i`` is `t_0`, and at each restart `t_mult`
    times the one before.

    Parameters
    ----------
    lr : float
        Learning rate of step 0 and of each restart.
    t_0 : int
        Steps to the first restart.
    t_mult : int
        Factor from each period to the next.
    eta_min : float
        Learning rate that each period goes down to.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", International Conference on
    Learning Representations, 2017.
    """

    def schedule(step: int) -> float:
        t_cur, t_i = (step % t_0, t_0) if t_mult == 1 else (step, t_0)
        while t_cur >= t_i:
            t_cur, t_i = t_cur - t_i, t_i * t_mult
        return cosine_between(lr, eta_min, t_cur / t_i)

    return schedule


def one_cycle(
    lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """Return the schedule that rises to `lr` and falls far below where it began.

    From ``lr / div_factor`` to `lr` at step ``pct_start total_steps - 1``, then to
    ``lr / (div_factor final_div_factor)`` at step ``total_steps - 1``; in three phases by way of ``lr / div_factor`` at
    step ``2 pct_start total_steps - 2``. From ``a`` to ``b``, after the part ``p`` of a phase, it is
    ``b + (a - b) (1 + cos(pi p)) / 2``, or ``a + (b - a) p``.

    Parameters
    ----------
    lr : float
        Largest learning rate.
    total_steps : int
        Steps of the cycle; from then on the rate is its last.
    pct_start : float
        Part of the steps that the rise takes.
    anneal_strategy : "cos" or "linear"
        Which way a phase goes.
    div_factor, final_div_factor : float
        What divides `lr` at the first step, and that again at the last one.
    three_phase : bool
        Whether the fall has two phases.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning rates",
    Artificial Intelligence and Machine Learning for Multi-Domain Operations Applications, SPIE, 2019.
    """
    first = lr / div_factor
    last = first / final_div_factor
    top, end = pct_start * total_steps - 1.0, total_steps - 1.0
    # Where each phase ends, and the rates that it goes between.
    phases = [(top, first, lr), (end, lr, last)]
    if three_phase:
        phases = [(top, first, lr), (2.0 * top, lr, first), (end, first, last)]

    def schedule(step: int) -> float:
        now = min(float(step), end)
        at = next((i for i, phase in enumerate(phases) if now <= phase[0]), len(phases) - 1)
        begin = phases[at - 1][0] if at > 0 else 0.0
        finish, a, b = phases[at]
        p = (now - begin) / (finish - begin) if finish > begin else 1.0
        return a + (b - a) * p if anneal_strategy == "linear" else cosine_between(a, b, p)

    return schedule


def warmup(schedule: Schedule, steps: int, start_factor: float = 1.0 / 3.0) -> Schedule:
    """Return the schedule that rises along a line to the first rate of another, which then begins.

    ``schedule(0) (start_factor + (1 - start_factor) step / steps)`` for ``step < steps``, then
    ``schedule(step - steps)``.

    Parameters
    ----------
    schedule : function step -> float
        The schedule that is warmed up to.
    steps : int
        Steps of the rise.
    start_factor : float
        Factor of step 0.

    Returns
    -------
    function step -> float
        The schedule.

    References
    ----------
    P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677, 2017.
    """

    def warmed_up(step: int) -> float:
        if step < steps:
            return schedule(0) * (start_factor + (1.0 - start_factor) * step / steps)
        return schedule(step - steps)

    return warmed_up


class Plateau(NamedTuple):
    """State of `reduce_on_plateau`: the rate, and what it knows of the losses so far."""

    lr: float
    best: float = math.inf
    n_bad: int = 0
    cooldown_left: int = 0


def plateau(lr: float) -> Plateau:
    """Return the state of `reduce_on_plateau` before any epoch.

    Parameters
    ----------
    lr : float
        First learning rate.

    Returns
    -------
    Plateau
        The state.
    """
    return Plateau(lr)


def reduce_on_plateau(
    state: Plateau,
    loss: float,
    *,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> Plateau:
    """Return the state after an epoch, whose ``lr`` is the rate of the next one.

    An epoch is good where ``loss < best (1 - threshold)``, or ``loss < best - threshold``. After more than `patience`
    bad ones in a row ``lr`` becomes ``max(lr factor, min_lr)``, if that is less by more than `eps`, and the next
    `cooldown` epochs are not counted.

    Parameters
    ----------
    state : Plateau
        The state before the epoch.
    loss : float
        Loss of the epoch.
    factor, min_lr, eps : float
        How the rate falls.
    patience, cooldown : int
        Bad epochs in a row that change nothing, and epochs after a fall that are not counted.
    threshold : float
        What counts as less.
    threshold_mode : "rel" or "abs"
        Whether `threshold` is a share of the best loss or a difference from it.

    Returns
    -------
    Plateau
        The state after the epoch.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", IEEE Conference on Computer
    Vision and Pattern Recognition, 2016, section 3.4.
    """
    lr, best, n_bad, cooldown_left = state
    good = loss < (best * (1.0 - threshold) if threshold_mode == "rel" else best - threshold)
    best, n_bad = (loss, 0) if good else (best, n_bad + 1)
    if cooldown_left > 0:
        cooldown_left, n_bad = cooldown_left - 1, 0
    if n_bad > patience:
        reduced = max(lr * factor, min_lr)
        lr = reduced if lr - reduced > eps else lr
        cooldown_left, n_bad = cooldown, 0
    return Plateau(lr, best, n_bad, cooldown_left)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "inverse_scaling": inverse_scaling,
    "optimal": optimal,
    "step": step,
    "exponential": exponential,
    "polynomial": polynomial,
    "cosine": cosine,
    "cosine_warm_restarts": cosine_warm_restarts,
    "one_cycle": one_cycle,
    "warmup": warmup,
}
"""Schedules by name: functions of the step alone."""

LOSS_SCHEDULES: dict[str, tuple[Callable[[float], Plateau], Callable[..., Plateau]]] = {
    "reduce_on_plateau": (plateau, reduce_on_plateau),
}
"""Schedules that read losses: the state before any epoch, and the state after one more."""
