"""SVRG."""

from __future__ import annotations

from .._validation import MAX_COUNT
from ._base import Optimizer, Rate, rules


class SVRG(Optimizer):
    """SVRG: stochastic steps whose noise vanishes at the minimum, with the full gradient at a snapshot.

    With the gradient ``g_B`` of the batch, the snapshot ``v`` of the parameters at the beginning of every
    `update_every`-th epoch, and the gradient ``a`` of all rows there::

        w = w - lr * (g_B(w) - g_B(v) + a)

    It is for linear models. A snapshot costs one more pass over the rows, and one number a row and output. It takes
    ``l1_ratio > 0``, and with a constant rate converges as batch descent does.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate. ``"auto"`` takes a third of one over a bound on the objective's smoothness, see
        `fastgd.minimize`.
    update_every : int, default=1
        Epochs from one snapshot to the next, at least 1.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    R. Johnson and T. Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", Advances in
    Neural Information Processing Systems 26, 2013.

    Examples
    --------
    >>> from fastgd.optimizers import SVRG
    >>> SVRG(update_every=2)
    SVRG(lr='auto', update_every=2)
    """

    _names = ("lr", "update_every")
    _core_name = "svrg"
    _counts = rules(update_every=MAX_COUNT)
    _of_smoothness = 1.0 / 3.0

    def __init__(self, lr: Rate = "auto", update_every: int = 1) -> None:
        self.lr = lr
        self.update_every = update_every
        self._check()
