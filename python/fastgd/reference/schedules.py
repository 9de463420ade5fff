"""Learning-rate schedules: pure functions of the number of steps already taken, which counts from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

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


SCHEDULES: dict[str, Callable[..., Schedule]] = {"constant": constant, "inverse_scaling": inverse_scaling}
