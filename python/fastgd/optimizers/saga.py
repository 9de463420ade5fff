"""SAGA."""

from __future__ import annotations

from ._base import Optimizer, Rate


class SAGA(Optimizer):
    """SAGA: stochastic steps whose noise vanishes at the minimum, with a table of the rows' last gradients.

    For a row ``i`` (the mean over the batch ``B``, where it has more), with its gradient ``g_i(w)``, the gradient
    ``h_i`` that the table has, and the table's mean ``a`` over all ``n`` rows::

        w   = w - lr * (g_i(w) - h_i + a)
        a   = a + (g_i(w) - h_i) * |B| / n
        h_i = g_i(w)

    The table begins at 0. It is for linear models, whose table is one number a row and output: the gradient is that
    times the row. It takes ``l1_ratio > 0``, and with a constant rate converges as batch descent does.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate. ``"auto"`` takes a third of one over a bound on the objective's smoothness, see
        `fastgd.minimize`.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    A. Defazio, F. Bach and S. Lacoste-Julien, "SAGA: A fast incremental gradient method with support for non-strongly
    convex composite objectives", Advances in Neural Information Processing Systems 27, 2014.

    Examples
    --------
    >>> from fastgd.optimizers import SAGA
    >>> SAGA()
    SAGA(lr='auto')
    """

    _names = ("lr",)
    _core_name = "saga"
    _of_smoothness = 1.0 / 3.0

    def __init__(self, lr: Rate = "auto") -> None:
        self.lr = lr
        self._check()
