"""A learning rate that rises once, then falls far below where it began."""

from __future__ import annotations

from typing import ClassVar

from .. import _validation as check
from ._base import Schedule, check_lr


class OneCycle(Schedule):
    """A learning rate that rises to `lr`, then falls far below where it began, in `total_steps` steps.

    It is PyTorch's ``OneCycleLR`` [1]_ without a cycle of the momentum, and with `lr` in the place of ``max_lr``. With
    ``first = lr / div_factor`` and ``last = first / final_div_factor`` it goes

    - from ``first`` at step 0 to `lr` at step ``pct_start * total_steps - 1``, then
    - to ``last`` at step ``total_steps - 1``; with `three_phase` in the time of the rise back to ``first``, and from
      there to ``last``.

    From ``a`` to ``b`` it takes, after the part ``p`` of the phase::

        b + (a - b) * (1 + cos(pi * p)) / 2     anneal_strategy="cos"
        a + (b - a) * p                         anneal_strategy="linear"

    After `total_steps` it stays where it ended, where PyTorch raises an error.

    Parameters
    ----------
    lr : float
        Largest learning rate, above 0.
    total_steps : int
        Steps of the cycle, at least 1.
    pct_start : float, default=0.3
        Part of the steps that the rise takes, from 0 to 1.
    anneal_strategy : {"cos", "linear"}, default="cos"
        Whether the rate follows cosines or lines.
    div_factor : float, default=25.0
        How many times less than `lr` the first rate is, above 0.
    final_div_factor : float, default=1e4
        How many times less than the first rate the last one is, above 0.
    three_phase : bool, default=False
        Whether the fall is in two phases.
    unit : {"step", "epoch"}, default="step"
        What `total_steps` counts.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning
       rates", Artificial Intelligence and Machine Learning for Multi-Domain Operations Applications, SPIE, 2019.

    Examples
    --------
    >>> from fastgd.schedules import OneCycle
    >>> schedule = OneCycle(0.5, total_steps=10, anneal_strategy="linear", div_factor=2.0, final_div_factor=1.0)
    >>> [schedule(step) for step in (0, 1, 2, 9)]
    [0.25, 0.375, 0.5, 0.25]
    """

    _names = (
        "lr",
        "total_steps",
        "pct_start",
        "anneal_strategy",
        "div_factor",
        "final_div_factor",
        "three_phase",
        "unit",
    )
    _core_name = "one_cycle"
    _choices: ClassVar[dict[str, tuple[str, ...]]] = {"anneal_strategy": ("cos", "linear")}

    def __init__(
        self,
        lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        *,
        unit: str = "step",
    ) -> None:
        self.lr = lr
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check_lr(self.lr)
        check.integer("total_steps", self.total_steps, 1, check.MAX_COUNT)
        check.number("pct_start", self.pct_start, *check.PART)
        check.number("div_factor", self.div_factor, *check.POSITIVE)
        check.number("final_div_factor", self.final_div_factor, *check.POSITIVE)
        check.boolean("three_phase", self.three_phase)
        self._check_choices()
