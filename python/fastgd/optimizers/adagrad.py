"""Adagrad."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE
from ._base import EPS, Optimizer, Rate, rules


class Adagrad(Optimizer):
    """Adagrad: every parameter has a rate that falls with the sum of its squared gradients; formulas are PyTorch's.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``::

        s = s + g**2                                 (from initial_accumulator_value)
        w = w - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    It takes ``l1_ratio > 0``: the proximal step has each parameter's own rate.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    lr_decay : float, default=0.0
        How fast the learning rate falls of itself, at least 0.
    initial_accumulator_value : float, default=0.0
        Where the sum of squares begins, at least 0.
    eps : float, default=1e-10
        At least 1e-20; keeps the division finite.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    Journal of Machine Learning Research 12, 2011.

    Examples
    --------
    >>> from fastgd.optimizers import Adagrad
    >>> Adagrad(lr=0.5)
    Adagrad(lr=0.5, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10)
    """

    _names = ("lr", "lr_decay", "initial_accumulator_value", "eps")
    _core_name = "adagrad"
    _numbers = rules(lr_decay=NOT_NEGATIVE, initial_accumulator_value=NOT_NEGATIVE, eps=EPS)

    def __init__(
        self, lr: Rate = "auto", lr_decay: float = 0.0, initial_accumulator_value: float = 0.0, eps: float = 1e-10
    ) -> None:
        self.lr = lr
        self.lr_decay = lr_decay
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = eps
        self._check()
