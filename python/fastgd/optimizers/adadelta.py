"""Adadelta."""

from __future__ import annotations

from .._validation import SHARE
from ._base import EPS, Optimizer, Rate, rules


class Adadelta(Optimizer):
    """Adadelta: a rate for every parameter, from the sizes of its past steps and gradients; formulas are PyTorch's.

    With the batch's gradient ``g``, the running means ``s`` of squared gradients and ``u`` of squared steps::

        s = rho * s + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(s + eps) * g
        u = rho * u + (1 - rho) * d**2
        w = w - lr * d

    It refuses ``l1_ratio > 0``: where that norm holds a parameter at 0 the gradient is not 0, so that the rate would
    grow with every step.

    Parameters
    ----------
    lr : float, schedule, function step -> float or "auto", default=1.0
        Factor of the step; the method is meant to do with 1.
    rho : float, default=0.9
        Share that the running means keep, at least 0 and below 1.
    eps : float, default=1e-6
        At least 1e-20; its root over the gradient's size is the size of the first steps.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    M. D. Zeiler, "ADADELTA: An adaptive learning rate method", arXiv:1212.5701, 2012.

    Examples
    --------
    >>> from fastgd.optimizers import Adadelta
    >>> Adadelta(rho=0.95)
    Adadelta(lr=1.0, rho=0.95, eps=1e-06)
    """

    _names = ("lr", "rho", "eps")
    _core_name = "adadelta"
    _numbers = rules(rho=SHARE, eps=EPS)
    _no_l1 = "its rates grow while the gradient is not 0, as it is where the l1 norm holds a parameter at 0"

    def __init__(self, lr: Rate = 1.0, rho: float = 0.9, eps: float = 1e-6) -> None:
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self._check()
