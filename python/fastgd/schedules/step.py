"""A learning rate that falls by a factor every so many steps."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule, check_lr


class Step(Schedule):
    """A learning rate that falls by a factor every `step_size` steps, ``lr * gamma**(t // step_size)``.

    It is PyTorch's ``StepLR``. Halving the rate each time the error has stopped to fall is near to optimal for least
    squares [1]_.

    Parameters
    ----------
    lr : float
        First learning rate, above 0.
    step_size : int
        Steps between two falls, at least 1.
    gamma : float, default=0.1
        Factor, above 0.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] R. Ge, S. M. Kakade, R. Kidambi and P. Netrapalli, "The step decay schedule: a near optimal, geometrically
       decaying learning rate procedure for least squares", Advances in Neural Information Processing Systems 32, 2019.

    Examples
    --------
    >>> from fastgd.schedules import Step
    >>> schedule = Step(0.8, step_size=10, gamma=0.5)
    >>> [schedule(step) for step in (0, 9, 10, 25)]
    [0.8, 0.8, 0.4, 0.2]
    """

    _names = ("lr", "step_size", "gamma", "unit")
    _core_name = "step"

    def __init__(self, lr: float, step_size: int, gamma: float = 0.1, *, unit: str = "step") -> None:
        self.lr = lr
        self.step_size = step_size
        self.gamma = gamma
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.integer("step_size", self.step_size, 1, check.MAX_COUNT)
        check.number("gamma", self.gamma, *check.POSITIVE)
        self._check_choices()
