"""Lion."""

from __future__ import annotations

from .._validation import NOT_NEGATIVE
from ._base import Optimizer, Rate, rules


class Lion(Optimizer):
    """Lion: every parameter moves by the learning rate, in the direction of a mean of gradients.

    With the batch's gradient ``g``::

        d = sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
        w = w - lr * (d + weight_decay * w)          (the decay for weights alone, not intercepts)

    As its steps do not shrink near a minimum, give it a schedule that does. It refuses ``l1_ratio > 0``: steps of one
    size tell nothing of how strong the gradient is, which a proximal step would have to weigh.

    Parameters
    ----------
    lr : "auto", float, schedule or function step -> float, default="auto"
        Learning rate; ``"auto"`` takes that of a range test, see `fastgd.find_lr`.
    betas : pair of float, default=(0.9, 0.99)
        Shares of the running mean in the direction and in itself, each at least 0 and below 1.
    weight_decay : float, default=0.0
        Share of each weight that a step takes away, times the learning rate; at least 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", Advances in Neural Information Processing Systems
    36, 2023.

    Examples
    --------
    >>> from fastgd.optimizers import Lion
    >>> from fastgd.schedules import Cosine
    >>> Lion(lr=Cosine(1e-2, t_max=1000))
    Lion(lr=Cosine(lr=0.01, t_max=1000, eta_min=0.0, unit='step'), betas=(0.9, 0.99), weight_decay=0.0)
    """

    _names = ("lr", "betas", "weight_decay")
    _core_name = "lion"
    _numbers = rules(weight_decay=NOT_NEGATIVE)
    _no_l1 = "its steps have one size, whatever the gradient's"

    def __init__(self, lr: Rate = "auto", betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0) -> None:
        self.lr = lr
        self.betas = betas
        self.weight_decay = weight_decay
        self._check()
