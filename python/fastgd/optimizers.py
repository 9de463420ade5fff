"""Optimisers: how a gradient becomes a step."""

from __future__ import annotations

from typing import ClassVar

from . import _validation as check
from ._params import Parametrised
from .schedules import Constant, Schedule
from .schedules._base import check_lr

__all__ = ["SGD", "Optimizer"]


class Optimizer(Parametrised):
    """Base of the optimisers; an instance holds parameters only, the state of a run stays in the run."""

    _core_name: ClassVar[str]
    lr: float | str | Schedule

    def _core_params(self) -> dict[str, float]:
        raise NotImplementedError

    def _schedule(self, auto_lr: float) -> Schedule:
        """The learning rate as a schedule, with `auto_lr` in the place of ``"auto"``."""
        if isinstance(self.lr, Schedule):
            return self.lr
        return Constant(auto_lr if isinstance(self.lr, str) else self.lr)


class SGD(Optimizer):
    """Gradient descent, with momentum where asked for; formulas and defaults are PyTorch's.

    A step with the batch's gradient ``g`` and the velocity ``v`` is::

        v = g                                        at the first step
        v = momentum * v + (1 - dampening) * g       at later ones
        d = g + momentum * v  if nesterov  else  v   (d = g without momentum)
        w = w - lr * d

    It is batch, stochastic or mini-batch gradient descent, as the batch is all rows, one or some.

    Parameters
    ----------
    lr : "auto", float or schedule, default="auto"
        Learning rate. ``"auto"`` takes one over a bound on the objective's smoothness, see `fastgd.minimize`.
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

    def __init__(
        self,
        lr: float | str | Schedule = "auto",
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self._check()

    def _check(self) -> None:
        also = ", a schedule or 'auto'"
        if isinstance(self.lr, Schedule):
            self.lr._check()
        elif isinstance(self.lr, str):
            if self.lr != "auto":
                raise check.refuse("lr", f"a finite number > 0{also}", self.lr)
        else:
            check_lr(self.lr, also)
        momentum = check.number("momentum", self.momentum, "a number >= 0 and < 1", lambda v: 0.0 <= v < 1.0)
        dampening = check.number("dampening", self.dampening, "a number from 0 to 1", lambda v: 0.0 <= v <= 1.0)
        nesterov = check.boolean("nesterov", self.nesterov)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError(
                f"nesterov=True needs momentum > 0 and dampening = 0, got momentum={momentum} and dampening={dampening}"
            )
        if dampening != 0.0 and momentum == 0.0:
            raise ValueError(f"dampening must be 0 without momentum, where it has no effect, got {dampening}")

    def _core_params(self) -> dict[str, float]:
        self._check()
        return {
            "momentum": float(self.momentum),
            "dampening": float(self.dampening),
            "nesterov": float(self.nesterov),
        }


_BY_NAME: dict[str, type[Optimizer]] = {"sgd": SGD}


def get_optimizer(optimizer: object) -> Optimizer:
    """The optimiser meant by a name or an instance."""
    allowed = f"one of {', '.join(map(repr, _BY_NAME))} or an instance from fastgd.optimizers"
    if isinstance(optimizer, Optimizer):
        optimizer._check()
        return optimizer
    if not isinstance(optimizer, str):
        raise check.refuse("optimizer", allowed, optimizer, TypeError)
    if optimizer not in _BY_NAME:
        raise check.refuse("optimizer", allowed, optimizer)
    return _BY_NAME[optimizer]()
