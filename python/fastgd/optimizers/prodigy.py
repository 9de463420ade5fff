"""Prodigy."""

from __future__ import annotations

from .. import _validation as check
from .._validation import NOT_NEGATIVE, POSITIVE, SHARE, Rule
from ._base import EPS, NO_L1_OF_MEANS, Optimizer, Rate, rules


class Prodigy(Optimizer):
    """Prodigy: Adam that finds its own rate, from an estimate of how far the solution is.

    With the batch's gradient ``g`` at step ``t = 1, 2, ...``, the start ``w0``, and the estimate ``d`` of the
    distance, which begins at `d0`::

        r = d * lr * sqrt(1 - beta2**t) / (1 - beta1**t)
        m = beta1 * m + (1 - beta1) * d * g
        v = beta2 * v + (1 - beta2) * (d * g)**2
        s = beta3 * s + r * d / d0 * g                       (d**2 / d0 * g with safeguard_warmup)
        a = beta3 * a + r * d / d0 * <g, w0 - w>
        d = max(d, d_coef * a / sum(|s|))
        w = w - r * (m / (sqrt(v) + d * eps) + weight_decay * w)

    The decay is for weights alone, not intercepts. It refuses ``l1_ratio > 0``: its step follows a mean of past
    gradients, after which no proximal step would end at the minimum.

    Parameters
    ----------
    lr : float, schedule, function step -> float or "auto", default=1.0
        Factor of the rate that is found, to be left at 1; a schedule that falls to 0 gets closer to a minimum.
    betas : pair of float, default=(0.9, 0.999)
        Shares that the running means keep, each at least 0 and below 1.
    beta3 : float, optional
        Share that the sums for the estimate keep, at least 0 and below 1; ``sqrt(beta2)`` by default.
    eps : float, default=1e-8
        At least 1e-20; keeps the division finite.
    weight_decay : float, default=0.0
        Share of each weight that a step takes away, times the rate; at least 0.
    d0 : float, default=1e-6
        First estimate of the distance, at least 1e-15; it only grows, so too small a one costs steps, too large a one
        everything.
    d_coef : float, default=1.0
        Factor of the estimate, above 0.
    safeguard_warmup : bool, default=False
        Whether the estimate may not grow faster while a schedule's rate is small.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    K. Mishchenko and A. Defazio, "Prodigy: An expeditiously adaptive parameter-free learner", International Conference
    on Machine Learning, 2024.

    Examples
    --------
    >>> from fastgd.optimizers import Prodigy
    >>> Prodigy(d0=1e-4).d0
    0.0001
    """

    _names = ("lr", "betas", "beta3", "eps", "weight_decay", "d0", "d_coef", "safeguard_warmup")
    _core_name = "prodigy"
    # d * eps has to be above 0 in float32.
    _numbers = rules(
        eps=EPS,
        weight_decay=NOT_NEGATIVE,
        d0=Rule("a finite number >= 1e-15", lambda v: 1e-15 <= v < float("inf")),
        d_coef=POSITIVE,
    )
    _switches = ("safeguard_warmup",)
    _no_l1 = NO_L1_OF_MEANS

    def __init__(
        self,
        lr: Rate = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        beta3: float | None = None,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        d0: float = 1e-6,
        d_coef: float = 1.0,
        safeguard_warmup: bool = False,
    ) -> None:
        self.lr = lr
        self.betas = betas
        self.beta3 = beta3
        self.eps = eps
        self.weight_decay = weight_decay
        self.d0 = d0
        self.d_coef = d_coef
        self.safeguard_warmup = safeguard_warmup
        self._check()

    def _check(self) -> None:
        super()._check()
        if self.beta3 is not None:
            check.number("beta3", self.beta3, f"{SHARE.allowed} or None", SHARE.holds)

    def _core_params(self) -> dict[str, float]:
        # The core takes a negative beta3 for the root of beta2.
        return {**super()._core_params(), "beta3": -1.0 if self.beta3 is None else float(self.beta3)}
