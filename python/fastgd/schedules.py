"""Learning-rate schedules: pure functions of the number of optimiser steps already taken, which counts from 0."""

from __future__ import annotations

from typing import ClassVar

from . import _validation as check
from ._params import Parametrised

__all__ = ["Constant", "InverseScaling", "Schedule"]


def check_lr(lr: object, also: str = "") -> float:
    """A learning rate, as a float; `also` names what else is allowed in its place."""
    return check.number("lr", lr, f"a finite number > 0{also}", lambda v: 0.0 < v < float("inf"))


class Schedule(Parametrised):
    """Base of the learning-rate schedules; each is called as ``schedule(step)``."""

    _core_name: ClassVar[str]

    def _core_params(self) -> dict[str, float]:
        self._check()
        return {name: float(getattr(self, name)) for name in self._names}

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step.

        Parameters
        ----------
        step : int
            Number of steps already taken.

        Returns
        -------
        float
            Learning rate.
        """
        raise NotImplementedError


class Constant(Schedule):
    """The same learning rate at every step.

    Parameters
    ----------
    lr : float
        Learning rate, above 0.

    Examples
    --------
    >>> from fastgd.schedules import Constant
    >>> Constant(0.1)(step=1000)
    0.1
    """

    _names = ("lr",)
    _core_name = "constant"

    def __init__(self, lr: float) -> None:
        self.lr = lr
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)

    def __call__(self, step: int) -> float:
        """Return ``lr``."""
        check.integer("step", step, 0)
        return float(self.lr)


class InverseScaling(Schedule):
    """A learning rate that falls as a power of the steps, ``lr / (step + 1)**power_t``.

    With ``1/2 < power_t <= 1`` the rates sum to infinity and their squares do not, which is what convergence of
    stochastic gradient descent to the minimum asks for [1]_.

    Parameters
    ----------
    lr : float
        Learning rate of the first step, above 0.
    power_t : float, default=0.5
        Exponent, at least 0.

    References
    ----------
    .. [1] H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> from fastgd.schedules import InverseScaling
    >>> InverseScaling(0.1, power_t=0.5)(step=3)
    0.05
    """

    _names = ("lr", "power_t")
    _core_name = "inverse_scaling"

    def __init__(self, lr: float, power_t: float = 0.5) -> None:
        self.lr = lr
        self.power_t = power_t
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.number("power_t", self.power_t, "a finite number >= 0", lambda v: 0.0 <= v < float("inf"))

    def __call__(self, step: int) -> float:
        """Return ``lr / (step + 1)**power_t``."""
        return float(self.lr / (check.integer("step", step, 0) + 1) ** self.power_t)
