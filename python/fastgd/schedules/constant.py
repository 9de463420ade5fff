"""The same learning rate always."""

from __future__ import annotations

from ._base import Schedule, check_lr


class Constant(Schedule):
    """The same learning rate at every step.

    Parameters
    ----------
    lr : float
        Learning rate, above 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] L. Bottou, F. E. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning", SIAM Review
       60, 2018, section 4: how far from the minimum a constant rate stays.

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
