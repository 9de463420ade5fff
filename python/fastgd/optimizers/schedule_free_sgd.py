"""Schedule-free gradient descent."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE, PART
from ._base import NO_L1_ELSEWHERE, Optimizer, Rate, rules


class ScheduleFreeSGD(Optimizer):
    """Schedule-free gradient descent: a running mean of iterates in place of a rate that falls.

    With the gradient ``g(y)`` of the batch, taken at ``y`` between the iterate ``z`` and the mean ``x``::

        z = z - lr * g(y)
        x = (1 - c) * x + c * z,  c = a / (sum of all a so far),  a = (largest lr so far)**weight_lr_power
        y = beta * x + (1 - beta) * z

    All begin at the start; ``x`` is the result. With a constant rate ``c`` is one over the number of steps. It refuses
    ``l1_ratio > 0``: its gradients are not taken at the parameters that a proximal step would act on.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; constant, or rising at first. ``"auto"`` takes one over a bound on the objective's smoothness,
        see `fastgd.minimize`.
    beta : float, default=0.9
        Where gradients are taken, from 0 (at the iterate) to 1 (at the mean).
    weight_lr_power : float, default=2.0
        How little the steps of a rate that still rises count in the mean, at least 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled and A. Cutkosky, "The road less scheduled", Advances in
    Neural Information Processing Systems 37, 2024.

    Examples
    --------
    >>> from fastgd.optimizers import ScheduleFreeSGD
    >>> ScheduleFreeSGD(lr=0.5)
    ScheduleFreeSGD(lr=0.5, beta=0.9, weight_lr_power=2.0)
    """

    _names = ("lr", "beta", "weight_lr_power")
    _core_name = "schedule_free_sgd"
    _numbers = rules(beta=PART, weight_lr_power=NOT_NEGATIVE)
    _no_l1 = NO_L1_ELSEWHERE
    _of_smoothness = 1.0

    def __init__(self, lr: Rate = "auto", beta: float = 0.9, weight_lr_power: float = 2.0) -> None:
        self.lr = lr
        self.beta = beta
        self.weight_lr_power = weight_lr_power
        self._check()
