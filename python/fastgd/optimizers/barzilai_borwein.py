"""Gradient descent with the rates of Barzilai and Borwein."""

from __future__ import annotations

from ._base import Optimizer, Rate


class BarzilaiBorwein(Optimizer):
    """Batch gradient descent with a rate from the curvature along the last step, for full batches of every objective.

    With the gradient ``g`` at ``w``, and ``w'`` and ``g'`` where the step before began::

        t = min((w - w').(g - g') / ||g - g'||**2, 10 t)       (t itself where that is not above 0; at first lr_0)
        w = w - lr / lr_0 * t * g

    For a quadratic objective ``1 / t`` is a mean of the curvatures that the step met [1]_. Such steps are many times
    faster than those of a constant rate and need no line search, though some of them ascend. Where the objective ``F``
    is above the mean ``C`` of its values yet [2]_, the last step has led astray, and the next starts from ``w'`` again,
    with a tenth of the rate. Elsewhere::

        C = (0.85 Q C + F) / (0.85 Q + 1),  Q = 0.85 Q + 1     (C = F, Q = 1 at first)

    The result has the best parameters of the run. It takes ``l1_ratio > 0``, as a step of one rate for all parameters.
    This is what ``lr="auto"`` means for `SGD` on full batches, without momentum, where the loss is smooth.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        The rate of the first step, ``lr_0``, and what makes later ones smaller or larger than they were found to be.
        ``"auto"`` takes one over a bound on the objective's smoothness, see `fastgd.minimize`.

    Raises
    ------
    ValueError, TypeError
        The rate is not allowed.

    References
    ----------
    .. [1] J. Barzilai and J. M. Borwein, "Two-point step size gradient methods", IMA Journal of Numerical Analysis 8,
       1988.
    .. [2] H. Zhang and W. W. Hager, "A nonmonotone line search technique and its application to unconstrained
       optimization", SIAM Journal on Optimization 14, 2004.

    Examples
    --------
    >>> import fastgd
    >>> ellipse = fastgd.FunctionObjective(lambda w: (w @ w + 9 * w[0] ** 2, 2 * w + [18 * w[0], 0]), jac=True)
    >>> optimizer = fastgd.optimizers.BarzilaiBorwein(lr=0.01)
    >>> float(fastgd.minimize(ellipse, [1.0, 1.0], optimizer=optimizer).fun) < 1e-20
    True
    """

    _names = ("lr",)
    _core_name = "barzilai_borwein"
    _of_smoothness = 1.0
    _later_rates = "; later rates are those of Barzilai and Borwein"

    def __init__(self, lr: Rate = "auto") -> None:
        self.lr = lr
        self._check()
