"""RMSprop."""

from __future__ import annotations

from .._validation import SHARE
from ._base import EPS, NO_L1_OF_MEANS, Optimizer, Rate, rules


class RMSprop(Optimizer):
    """RMSprop: steps of the gradient over the root of the running mean of its squares; formulas are PyTorch's.

    With the batch's gradient ``g``::

        s = rho * s + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g,  s - a**2 stands for s below      (if centered)
        d = g / (sqrt(s) + eps)
        b = momentum * b + d,  b stands for d below                    (with momentum)
        w = w - lr * d

    Without momentum it takes ``l1_ratio > 0``, and the proximal step has each parameter's own rate; with momentum it
    refuses it, as its step then follows a mean of past gradients.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    rho : float, default=0.99
        Share that the running means keep, at least 0 and below 1; PyTorch's ``alpha``, which is the penalty here.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    momentum : float, default=0.0
        Share of the last step that the next one keeps, at least 0 and below 1.
    centered : bool, default=False
        Whether to divide by the root of the gradients' variance, not of their mean square [2]_.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", COURSERA: Neural Networks for Machine Learning, 2012.
    .. [2] A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850, 2013.

    Examples
    --------
    >>> from fastgd.optimizers import RMSprop
    >>> RMSprop(lr=1e-2, centered=True)
    RMSprop(lr=0.01, rho=0.99, eps=1e-08, momentum=0.0, centered=True)
    """

    _names = ("lr", "rho", "eps", "momentum", "centered")
    _core_name = "rmsprop"
    _numbers = rules(rho=SHARE, eps=EPS, momentum=SHARE)
    _switches = ("centered",)

    def __init__(
        self,
        lr: Rate = "auto",
        rho: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.momentum = momentum
        self.centered = centered
        self._check()

    def _why_no_l1(self) -> str:
        return f"with momentum {NO_L1_OF_MEANS}" if self.momentum > 0.0 else ""
