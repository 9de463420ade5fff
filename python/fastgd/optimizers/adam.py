"""Adam."""

from __future__ import annotations

from ._base import EPS, NO_L1_OF_MEANS, Optimizer, Rate, rules


class Adam(Optimizer):
    """Adam: steps of the running mean of gradients over the root of that of their squares; formulas are PyTorch's.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2           (with amsgrad, u = max(u, v) stands for v below)
        w = w - lr / (1 - beta1**t) * m / (sqrt(v / (1 - beta2**t)) + eps)

    It refuses ``l1_ratio > 0``: its step follows a mean of past gradients, after which no proximal step would end at
    the minimum.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    betas : pair of float, default=(0.9, 0.999)
        Shares that the running means keep, each at least 0 and below 1.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    amsgrad : bool, default=False
        Whether the mean of squares may not fall [2]_.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: A method for stochastic optimization", International Conference on Learning
       Representations, 2015.
    .. [2] S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", International Conference on
       Learning Representations, 2018.

    Examples
    --------
    >>> from fastgd.optimizers import Adam
    >>> Adam(lr=1e-3)
    Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, amsgrad=False)
    """

    _names = ("lr", "betas", "eps", "amsgrad")
    _core_name = "adam"
    _numbers = rules(eps=EPS)
    _switches = ("amsgrad",)
    _no_l1 = NO_L1_OF_MEANS

    def __init__(
        self, lr: Rate = "auto", betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, amsgrad: bool = False
    ) -> None:
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.amsgrad = amsgrad
        self._check()
