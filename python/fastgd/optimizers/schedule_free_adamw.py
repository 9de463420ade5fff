"""Schedule-free AdamW."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE
from ._base import EPS, NO_L1_ELSEWHERE, Optimizer, Rate, rules


class ScheduleFreeAdamW(Optimizer):
    """Schedule-free AdamW: a running mean of iterates in place of momentum and of a rate that falls.

    With the gradient ``g(y)`` of the batch, taken at ``y`` between the iterate ``z`` and the mean ``x``, at step
    ``t = 1, 2, ...``::

        v = beta2 * v + (1 - beta2) * g(y)**2
        z = z - lr * (g(y) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * y)
        x = (1 - c) * x + c * z,  c = a / (sum of all a so far),  a = (largest lr so far)**weight_lr_power
        y = beta1 * x + (1 - beta1) * z

    All begin at the start; ``x`` is the result. The decay is for weights alone, not intercepts. It refuses
    ``l1_ratio > 0``: its gradients are not taken at the parameters that a proximal step would act on.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; constant, or rising at first. ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    betas : pair of float, default=(0.9, 0.999)
        Where gradients are taken, from 0 (at the iterate) to nearly 1 (at the mean), and the share that the mean of
        squares keeps; each at least 0 and below 1.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    weight_decay : float, default=0.0
        Share of each weight that a step takes away, times the learning rate; at least 0.
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
    >>> from fastgd.optimizers import ScheduleFreeAdamW
    >>> ScheduleFreeAdamW(lr=1e-2, eps=1e-6)
    ScheduleFreeAdamW(lr=0.01, betas=(0.9, 0.999), eps=1e-06, weight_decay=0.0, weight_lr_power=2.0)
    """

    _names = ("lr", "betas", "eps", "weight_decay", "weight_lr_power")
    _core_name = "schedule_free_adamw"
    _numbers = rules(eps=EPS, weight_decay=NOT_NEGATIVE, weight_lr_power=NOT_NEGATIVE)
    _no_l1 = NO_L1_ELSEWHERE

    def __init__(
        self,
        lr: Rate = "auto",
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        weight_lr_power: float = 2.0,
    ) -> None:
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.weight_lr_power = weight_lr_power
        self._check()
