"""Gradient descent, with momentum."""

from __future__ import annotations

from .._validation import PART, SHARE
from ._base import Optimizer, Rate, rules


class SGD(Optimizer):
    """Gradient descent, with momentum where asked for; formulas and defaults are PyTorch's.

    A step with the batch's gradient ``g`` and the velocity ``v`` is::

        v = g                                        at the first step
        v = momentum * v + (1 - dampening) * g       at later ones
        d = g + momentum * v  if nesterov  else  v   (d = g without momentum)
        w = w - lr * d

    It is batch, stochastic or mini-batch gradient descent, as the batch is all rows, one or some. It takes
    ``l1_ratio > 0``: the proximal step is as long as this one is for gradients that stay the same, ``lr`` times what
    ``d`` would be if they were 1, so that momentum ends at the minimum too.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate. ``"auto"`` takes one over a bound on the objective's smoothness, see `fastgd.minimize`; on full
        batches of a smooth loss, without momentum, for the first step, and `BarzilaiBorwein` finds those after it.
    momentum : float, default=0.0
        Share of the velocity that a step keeps, at least 0 and below 1 [1]_.
    dampening : float, default=0.0
        Share of the gradient that does not enter the velocity, from 0 to 1; only with momentum.
    nesterov : bool, default=False
        Whether the step looks ahead along the new velocity [2]_; needs momentum, and no dampening.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed, alone or beside the others.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
       Mathematics and Mathematical Physics 4, 1964.
    .. [2] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and momentum in deep
       learning", International Conference on Machine Learning, 2013.

    Examples
    --------
    >>> from fastgd.optimizers import SGD
    >>> from fastgd.schedules import InverseScaling
    >>> SGD(lr=InverseScaling(0.1), momentum=0.9, nesterov=True)
    SGD(lr=InverseScaling(lr=0.1, power_t=0.5, unit='step'), momentum=0.9, dampening=0.0, nesterov=True)
    """

    _names = ("lr", "momentum", "dampening", "nesterov")
    _core_name = "sgd"
    _numbers = rules(momentum=SHARE, dampening=PART)
    _switches = ("nesterov",)
    _of_smoothness = 1.0

    def __init__(
        self, lr: Rate = "auto", momentum: float = 0.0, dampening: float = 0.0, nesterov: bool = False
    ) -> None:
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self._check()

    @property
    def _is_plain(self) -> bool:
        return self.momentum == 0.0

    def _check(self) -> None:
        super()._check()
        if self.nesterov and (self.momentum == 0.0 or self.dampening != 0.0):
            raise ValueError(
                f"nesterov=True needs momentum > 0 and dampening = 0, "
                f"got momentum={self.momentum} and dampening={self.dampening}"
            )
        if self.dampening != 0.0 and self.momentum == 0.0:
            raise ValueError(f"dampening must be 0 without momentum, where it has no effect, got {self.dampening}")
