"""A learning rate that falls along half a period of a cosine."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_least_lr, check_lr


class Cosine(Schedule):
    """A learning rate that falls from `lr` to `eta_min` in `t_max` steps, along half a period of a cosine.

    It is PyTorch's ``CosineAnnealingLR`` [1]_ in closed form::

        eta_min + (lr - eta_min) * (1 + cos(pi * t / t_max)) / 2

    After `t_max` steps it rises again, to `lr` at step ``2 * t_max``, and so on.

    Parameters
    ----------
    lr : float
        First and largest learning rate, above 0.
    t_max : int
        Steps from the largest to the smallest rate, at least 1.
    eta_min : float, default=0.0
        Smallest learning rate, from 0 to `lr`.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", International Conference
       on Learning Representations, 2017.

    Examples
    --------
    >>> from fastgd.schedules import Cosine
    >>> schedule = Cosine(0.5, t_max=10, eta_min=0.25)
    >>> [schedule(step) for step in (0, 5, 10, 20)]
    [0.5, 0.375, 0.25, 0.5]
    """

    _names = ("lr", "t_max", "eta_min", "unit")
    _core_name = "cosine"

    def __init__(self, lr: float, t_max: int, eta_min: float = 0.0, *, unit: str = "step") -> None:
        self.lr = lr
        self.t_max = t_max
        self.eta_min = eta_min
        self.unit = unit
        self._check()

    def _check(self) -> None:
        lr = check_lr(self.lr)
        check.integer("t_max", self.t_max, 1, check.MAX_COUNT)
        check_least_lr("eta_min", self.eta_min, lr)
        self._check_choices()
