"""A learning rate that falls along a cosine, again and again."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_least_lr, check_lr


class CosineWarmRestarts(Schedule):
    """A learning rate that falls along half a period of a cosine, then starts again from `lr`.

    It is PyTorch's ``CosineAnnealingWarmRestarts`` [1]_. With ``t_cur`` steps since the last restart and ``t_i`` steps
    to the next one::

        eta_min + (lr - eta_min) * (1 + cos(pi * t_cur / t_i)) / 2

    where ``t_i`` is `t_0` first, and is multiplied by `t_mult` at each restart. The large rates after a restart may
    leave a poor local minimum.

    Parameters
    ----------
    lr : float
        Learning rate at each restart, above 0.
    t_0 : int
        Steps to the first restart, at least 1.
    t_mult : int, default=1
        Factor from each period to the next, at least 1.
    eta_min : float, default=0.0
        Learning rate that each period goes down to, from 0 to `lr`.
    unit : {"step", "epoch"}, default="step"
        What the periods count.

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
    >>> from fastgd.schedules import CosineWarmRestarts
    >>> schedule = CosineWarmRestarts(0.5, t_0=10, t_mult=2)
    >>> [schedule(step) for step in (0, 5, 10, 20, 30)]
    [0.5, 0.25, 0.5, 0.25, 0.5]
    """

    _names = ("lr", "t_0", "t_mult", "eta_min", "unit")
    _core_name = "cosine_warm_restarts"

    def __init__(self, lr: float, t_0: int, t_mult: int = 1, eta_min: float = 0.0, *, unit: str = "step") -> None:
        self.lr = lr
        self.t_0 = t_0
        self.t_mult = t_mult
        self.eta_min = eta_min
        self.unit = unit
        self._check()

    def _check(self) -> None:
        lr = check_lr(self.lr)
        check.integer("t_0", self.t_0, 1, check.MAX_COUNT)
        check.integer("t_mult", self.t_mult, 1, check.MAX_COUNT)
        check_least_lr("eta_min", self.eta_min, lr)
        self._check_choices()
