"""A learning rate that falls as a power of the steps."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_lr


class InverseScaling(Schedule):
    """A learning rate that falls as a power of the steps, ``lr / (t + 1)**power_t``.

    With ``1/2 < power_t <= 1`` the rates sum to infinity and their squares do not, which is what convergence of
    stochastic gradient descent to the minimum asks for [1]_.

    Parameters
    ----------
    lr : float
        First learning rate, above 0.
    power_t : float, default=0.5
        Exponent, at least 0.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> from fastgd.schedules import InverseScaling
    >>> InverseScaling(0.1, power_t=0.5)(step=3)
    0.05
    """

    _names = ("lr", "power_t", "unit")
    _core_name = "inverse_scaling"

    def __init__(self, lr: float, power_t: float = 0.5, *, unit: str = "step") -> None:
        self.lr = lr
        self.power_t = power_t
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.number("power_t", self.power_t, *check.NOT_NEGATIVE)
        self._check_choices()
