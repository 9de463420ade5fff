"""Adam with Nesterov's momentum."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE
from ._base import EPS, NO_L1_OF_MEANS, Optimizer, Rate, rules


class NAdam(Optimizer):
    """NAdam: Adam that looks ahead along its mean of gradients, as Nesterov's momentum does; formulas are PyTorch's.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``::

        m    = beta1 * m + (1 - beta1) * g
        v    = beta2 * v + (1 - beta2) * g**2
        mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2),  p_t = mu_1 * mu_2 * ... * mu_t
        d    = (1 - mu_t) / (1 - p_t) * g  +  mu_{t+1} / (1 - p_{t+1}) * m
        w    = w - lr * d / (sqrt(v / (1 - beta2**t)) + eps)

    It refuses ``l1_ratio > 0``: its step follows a mean of past gradients, after which no proximal step would end at
    the minimum.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    betas : pair of float, default=(0.9, 0.999)
        Shares that the running means keep, each at least 0 and below 1.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    momentum_decay : float, default=4e-3
        How fast the momentum ``mu_t`` rises from ``0.52 * beta1`` to ``beta1``, at least 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", International Conference on Learning Representations,
    workshop track, 2016.

    Examples
    --------
    >>> from fastgd.optimizers import NAdam
    >>> NAdam(lr=2e-3)
    NAdam(lr=0.002, betas=(0.9, 0.999), eps=1e-08, momentum_decay=0.004)
    """

    _names = ("lr", "betas", "eps", "momentum_decay")
    _core_name = "nadam"
    _numbers = rules(eps=EPS, momentum_decay=NOT_NEGATIVE)
    _no_l1 = NO_L1_OF_MEANS

    def __init__(
        self,
        lr: Rate = "auto",
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        momentum_decay: float = 4e-3,
    ) -> None:
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.momentum_decay = momentum_decay
        self._check()
