"""FTRL-Proximal."""

from __future__ import annotations

from ._base import EPS, Optimizer, Rate, rules


class FTRL(Optimizer):
    """FTRL-Proximal: a rate for every parameter, and zeros from an l1 norm that all steps so far have a share in.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``, the rate ``eta`` of a parameter, and ``soft(z, c)``,
    which brings ``z`` nearer to 0 by ``c``, to 0 at most::

        n   = n + g**2
        z   = z + g - (1 / eta_new - 1 / eta) * w,  eta_new = lr / (beta + sqrt(n))
        w   = -eta_new * soft(z, t * alpha * l1_ratio)

    ``n`` begins at 0 and ``z`` where descent does, at ``-w * beta / lr``. Without an l1 norm a step at a constant
    rate is ``w = w - eta_new * g``, Adagrad's. It takes ``l1_ratio > 0`` in the formula. As the l1 norm counts with
    every step, as gradients do, it is that of the objective; the paper's does not, and its meaning falls with the
    number of steps. A step of the learning rate 0 is none.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    beta : float, default=1.0
        What the first rates are ``lr`` over, at least 1e-20.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    H. B. McMahan et al., "Ad click prediction: A view from the trenches", ACM SIGKDD International Conference on
    Knowledge Discovery and Data Mining, 2013.

    Examples
    --------
    >>> from fastgd.optimizers import FTRL
    >>> FTRL(lr=0.5)
    FTRL(lr=0.5, beta=1.0)
    """

    _names = ("lr", "beta")
    _core_name = "ftrl"
    _numbers = rules(beta=EPS)

    def __init__(self, lr: Rate = "auto", beta: float = 1.0) -> None:
        self.lr = lr
        self.beta = beta
        self._check()
