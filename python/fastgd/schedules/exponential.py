"""A learning rate that falls by a factor every step."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_lr


class Exponential(Schedule):
    """A learning rate that changes by the same factor every step, ``lr * gamma**t``.

    It is PyTorch's ``ExponentialLR``. A gamma below 1 makes the rates' sum finite, ``lr / (1 - gamma)``: chosen too
    small, it stops descent before the minimum [1]_.

    Parameters
    ----------
    lr : float
        First learning rate, above 0.
    gamma : float
        Factor, above 0; above 1 the rate rises, which ends in an error once it is beyond the range of float64.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] X. Li, Z. Zhuang and F. Orabona, "A second look at exponential and cosine step sizes: simplicity,
       adaptivity, and performance", International Conference on Machine Learning, 2021.

    Examples
    --------
    >>> from fastgd.schedules import Exponential
    >>> [Exponential(0.8, gamma=0.5)(step) for step in (0, 1, 2)]
    [0.8, 0.4, 0.2]
    """

    _names = ("lr", "gamma", "unit")
    _core_name = "exponential"

    def __init__(self, lr: float, gamma: float, *, unit: str = "step") -> None:
        self.lr = lr
        self.gamma = gamma
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.number("gamma", self.gamma, *check.POSITIVE)
        self._check_choices()
