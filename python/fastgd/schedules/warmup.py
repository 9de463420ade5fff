"""A learning rate that rises to where another schedule begins."""

from __future__ import annotations

from collections.abc import Callable

from .. import _validation as check
from ._base import Schedule
from ._function import as_schedule
from ._spec import Spec


class Warmup(Schedule):
    """A learning rate that rises along a line to the first one of another schedule, which then begins.

    For ``t < steps`` it is::

        inner(0) * (start_factor + (1 - start_factor) * t / steps)

    and ``inner(t - steps)`` from there on [1]_: PyTorch's ``SequentialLR([LinearLR, inner], [steps])``. A
    `ReduceOnPlateau` inside reads the losses of the rise too.

    Parameters
    ----------
    lr : float, schedule or function step -> float
        The rate, or the schedule, that is warmed up to; with the same `unit` where it has one.
    steps : int
        Steps of the rise, at least 1.
    start_factor : float, default=1/3
        What the first rate is multiplied by at step 0, above 0 and at most 1.
    unit : {"step", "epoch"}, default="step"
        What ``t`` and `steps` count, ``t`` from 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] P. Goyal, P. Dollár, R. Girshick, P. Noordhuis, L. Wesolowski, A. Kyrola, A. Tulloch, Y. Jia and K. He,
       "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677, 2017.

    Examples
    --------
    >>> from fastgd.schedules import Cosine, Warmup
    >>> schedule = Warmup(Cosine(0.5, t_max=100), steps=10, start_factor=0.5)
    >>> [schedule(step) for step in (0, 5, 10, 60, 110)]
    [0.25, 0.375, 0.5, 0.25, 0.0]
    """

    _names = ("lr", "steps", "start_factor", "unit")
    _core_name = "warmup"

    def __init__(
        self,
        lr: float | Schedule | Callable[[int], float],
        steps: int,
        start_factor: float = 1.0 / 3.0,
        *,
        unit: str = "step",
    ) -> None:
        self.lr = lr
        self.steps = steps
        self.start_factor = start_factor
        self.unit = unit
        self._check()

    def _check(self) -> None:
        inner = as_schedule(self.lr)
        if isinstance(inner, Warmup):
            raise check.refuse("lr", "a schedule without a warm-up of its own", inner)
        check.integer("steps", self.steps, 1, check.MAX_COUNT)
        check.number("start_factor", self.start_factor, "a number > 0 and <= 1", lambda v: 0.0 < v <= 1.0)
        self._check_choices()
        if "unit" in inner._names and inner.unit != self.unit:
            raise check.refuse("unit", f"that of lr, {inner.unit!r}", self.unit)

    def _spec(self) -> Spec:
        self._check()
        by_epoch = self.unit == "epoch"
        params = {"steps": float(self.steps), "start_factor": float(self.start_factor)}
        return Spec(self._core_name, params, by_epoch, inner=as_schedule(self.lr)._spec()._replace(by_epoch=by_epoch))
