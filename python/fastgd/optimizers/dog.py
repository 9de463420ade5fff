"""Distance over gradients."""

from __future__ import annotations

from .._validation import POSITIVE
from ._base import EPS, Optimizer, Rate, rules


class DoG(Optimizer):
    """DoG: gradient descent whose rate is the distance travelled over the root of the sum of squared gradients.

    With the batch's gradient ``g`` and the start ``w0``::

        r = max(r, ||w - w0||)                       (from reps_rel * (1 + ||w0||))
        G = G + ||g||**2
        w = w - lr * r / sqrt(G + eps) * g

    There is one rate for all parameters, so it takes ``l1_ratio > 0``.

    Parameters
    ----------
    lr : float, schedule, function step -> float or "auto", default=1.0
        Factor of the rate that is found, to be left at 1.
    reps_rel : float, default=1e-6
        First distance, relative to the size of the start; above 0.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    M. Ivgi, O. Hinder and Y. Carmon, "DoG is SGD's best friend: A parameter-free dynamic step size schedule",
    International Conference on Machine Learning, 2023.

    Examples
    --------
    >>> from fastgd.optimizers import DoG
    >>> DoG(reps_rel=1e-4)
    DoG(lr=1.0, reps_rel=0.0001, eps=1e-08)
    """

    _names = ("lr", "reps_rel", "eps")
    _core_name = "dog"
    _numbers = rules(reps_rel=POSITIVE, eps=EPS)

    def __init__(self, lr: Rate = 1.0, reps_rel: float = 1e-6, eps: float = 1e-8) -> None:
        self.lr = lr
        self.reps_rel = reps_rel
        self.eps = eps
        self._check()
