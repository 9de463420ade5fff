"""A user's function as a schedule."""

from __future__ import annotations

from collections.abc import Callable

from .. import _validation as check
from ._base import Schedule, check_lr
from ._spec import Spec
from .constant import Constant


class Function(Schedule):
    """The learning rate that a user's function ``step -> lr`` returns."""

    _names = ("function",)

    def __init__(self, function: Callable[[int], float]) -> None:
        self.function = function
        self._check()

    def _check(self) -> None:
        if not callable(self.function) or isinstance(self.function, type):
            raise check.refuse("function", "a function step -> float", self.function, TypeError)

    def _rate(self, step: int) -> float:
        rate = self.function(step)
        return check.number(f"lr({step})", rate, *check.NOT_NEGATIVE)

    def _spec(self) -> Spec:
        self._check()
        return Spec("function", {}, call=self._rate)


def as_schedule(lr: object, also: str = ", a schedule or a function step -> float") -> Schedule:
    """A learning rate, a schedule or a function ``step -> lr``, as a schedule; `also` is for the error."""
    if isinstance(lr, Schedule):
        lr._check()
        return lr
    if callable(lr) and not isinstance(lr, type):
        return Function(lr)
    return Constant(check_lr(lr, also))
