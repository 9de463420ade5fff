"""Adam with decoupled weight decay."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE
from ._base import EPS, NO_L1_OF_MEANS, Optimizer, Rate, rules


class AdamW(Optimizer):
    """AdamW: Adam after a weight decay that its rates do not scale; formulas are PyTorch's.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``::

        w = w - lr * weight_decay * w                (weights alone, not intercepts)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2           (with amsgrad, u = max(u, v) stands for v below)
        w = w - lr / (1 - beta1**t) * m / (sqrt(v / (1 - beta2**t)) + eps)

    The decay is not the objective's penalty ``alpha``, whose gradient is in ``g``. It refuses ``l1_ratio > 0``: its
    step follows a mean of past gradients, after which no proximal step would end at the minimum.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    betas : pair of float, default=(0.9, 0.999)
        Shares that the running means keep, each at least 0 and below 1.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    weight_decay : float, default=1e-2
        Share of each weight that a step takes away, times the learning rate; at least 0.
    amsgrad : bool, default=False
        Whether the mean of squares may not fall [2]_.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", International Conference on Learning
       Representations, 2019.
    .. [2] S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", International Conference on
       Learning Representations, 2018.

    Examples
    --------
    >>> from fastgd.optimizers import AdamW
    >>> AdamW(lr=1e-3, weight_decay=0.1)
    AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.1, amsgrad=False)
    """

    _names = ("lr", "betas", "eps", "weight_decay", "amsgrad")
    _core_name = "adamw"
    _numbers = rules(eps=EPS, weight_decay=NOT_NEGATIVE)
    _switches = ("amsgrad",)
    _no_l1 = NO_L1_OF_MEANS

    def __init__(
        self,
        lr: Rate = "auto",
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.amsgrad = amsgrad
        self._check()
