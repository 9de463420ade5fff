"""The learning rate that scikit-learn's SGD calls optimal."""

from __future__ import annotations

from .. import _validation as check
from ._base import Schedule
from ._spec import Spec


class Optimal(Schedule):
    """A learning rate that falls as one over the steps, ``1 / (alpha * (t0 + t))``.

    It suits an objective that an L2 penalty of strength `alpha` makes strongly convex [1]_, and is what scikit-learn's
    ``SGDClassifier`` has by default, there counted in rows, which are steps where ``batch_size=1``. It has no `lr`: the
    penalty sets the scale. The default `t0` makes ``alpha**(-1/4)`` the first rate.

    Parameters
    ----------
    alpha : float
        Strength of the L2 penalty, above 0.
    t0 : float, optional
        Steps that the schedule takes for made before the first one, above 0; by default ``alpha**(-3/4)``.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts, from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade, 2nd edition, 2012.

    Examples
    --------
    >>> from fastgd.schedules import Optimal
    >>> schedule = Optimal(alpha=0.0001)
    >>> [round(schedule(step), 6) for step in (0, 1000, 2000)]
    [10.0, 5.0, 3.333333]
    """

    _names = ("alpha", "t0", "unit")
    _core_name = "optimal"

    def __init__(self, alpha: float, t0: float | None = None, *, unit: str = "step") -> None:
        self.alpha = alpha
        self.t0 = t0
        self.unit = unit
        self._check()

    def _check(self) -> None:
        check.number("alpha", self.alpha, *check.POSITIVE)
        if self.t0 is not None:
            check.number("t0", self.t0, *check.POSITIVE)
        self._check_choices()

    def _spec(self) -> Spec:
        self._check()
        return Spec(self._core_name, {"alpha": float(self.alpha), "t0": float(self.t0 or 0.0)}, self.unit == "epoch")
