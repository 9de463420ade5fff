"""Averaged gradient descent."""

from __future__ import annotations

from .._validation import MAX_COUNT
from ._base import Optimizer, Rate, rules


class ASGD(Optimizer):
    """Averaged gradient descent: the result is the mean of the iterates, as with scikit-learn's ``average``.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``::

        w = w - lr * g
        x = w                                        up to step average_from
        x = x + (w - x) / (t - average_from + 1)     from it on

    ``x`` is the result, the mean of the ``w`` after the steps ``average_from, ..., t``. It averages out the noise of
    batches, so that the rate may stay large. It takes ``l1_ratio > 0``; a mean of parameters has fewer exact zeros than
    the last of them. PyTorch's optimiser of this name has another formula, with a rate that falls and a decay.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate. ``"auto"`` takes one over a bound on the objective's smoothness, see `fastgd.minimize`.
    average_from : int, default=1
        First step whose result is in the mean, at least 1. scikit-learn counts rows, which are steps when
        ``batch_size=1``.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control
    and Optimization 30, 1992.

    Examples
    --------
    >>> from fastgd.optimizers import ASGD
    >>> ASGD(lr=0.1, average_from=1000)
    ASGD(lr=0.1, average_from=1000)
    """

    _names = ("lr", "average_from")
    _core_name = "asgd"
    _counts = rules(average_from=MAX_COUNT)
    _of_smoothness = 1.0

    def __init__(self, lr: Rate = "auto", average_from: int = 1) -> None:
        self.lr = lr
        self.average_from = average_from
        self._check()
