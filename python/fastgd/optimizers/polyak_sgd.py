"""Gradient descent with Polyak's step size."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE, NUMBER
from ._base import Optimizer, Rate, rules


class PolyakSGD(Optimizer):
    """Gradient descent with Polyak's step size: as far as a linear model needs to reach the least value.

    With the objective's value ``F``, penalty included, and gradient ``g`` on the batch::

        w = w - min(lr, (F - f_min) / (||g||**2 + eps)) * g

    and no step where ``F`` is not above `f_min`. There is one rate for all parameters, so it takes ``l1_ratio > 0``.

    Parameters
    ----------
    lr : float, schedule, function step -> float or "auto", default=1.0
        The largest rate.
    f_min : float, default=0.0
        The least value that the objective has on a batch, or a bound below it. A bound that is too low makes steps
        too long near the minimum.
    eps : float, default=0.0
        At least 0; makes steps shorter where the gradient is small.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] B. T. Polyak, "Minimization of unsmooth functionals", USSR Computational Mathematics and Mathematical Physics
       9, 1969.
    .. [2] N. Loizou, S. Vaswani, I. Laradji and S. Lacoste-Julien, "Stochastic Polyak step-size for SGD: An adaptive
       learning rate for fast convergence", International Conference on Artificial Intelligence and Statistics, 2021.

    Examples
    --------
    >>> from fastgd.optimizers import PolyakSGD
    >>> PolyakSGD(lr=10.0)
    PolyakSGD(lr=10.0, f_min=0.0, eps=0.0)
    """

    _names = ("lr", "f_min", "eps")
    _core_name = "polyak_sgd"
    _numbers = rules(f_min=NUMBER, eps=NOT_NEGATIVE)

    def __init__(self, lr: Rate = 1.0, f_min: float = 0.0, eps: float = 0.0) -> None:
        self.lr = lr
        self.f_min = f_min
        self.eps = eps
        self._check()
