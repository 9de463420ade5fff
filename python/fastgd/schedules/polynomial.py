"""A learning rate that falls to 0 as a power of the steps that are left."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_lr


class Polynomial(Schedule):
    """A learning rate that falls to 0 in `total_iters` steps, ``lr * (1 - t / total_iters)**power``.

    It is PyTorch's ``PolynomialLR``, and 0 from step `total_iters` on. With ``power=1`` it falls along a line; the
    power 0.9 is known from the segmentation of images [1]_.

    Parameters
    ----------
    lr : float
        First learning rate, above 0.
    total_iters : int
        Steps until the rate is 0, at least 1.
    power : float, default=1.0
        Exponent, above 0.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy and A. L. Yuille, "DeepLab: semantic image segmentation
       with deep convolutional nets, atrous convolution, and fully connected CRFs", IEEE Transactions on Pattern
       Analysis and Machine Intelligence 40, 2018.

    Examples
    --------
    >>> from fastgd.schedules import Polynomial
    >>> schedule = Polynomial(0.8, total_iters=4, power=2.0)
    >>> [schedule(step) for step in (0, 2, 4, 5)]
    [0.8, 0.2, 0.0, 0.0]
    """

    _names = ("lr", "total_iters", "power", "unit")
    _core_name = "polynomial"

    def __init__(self, lr: float, total_iters: int, power: float = 1.0, *, unit: str = "step") -> None:
        self.lr = lr
        self.total_iters = total_iters
        self.power = power
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.integer("total_iters", self.total_iters, 1, check.MAX_COUNT)
        check.number("power", self.power, *check.POSITIVE)
        self._check_choices()
