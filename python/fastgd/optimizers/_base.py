"""What all optimisers share: parameters by name, their checks, and the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from .. import _validation as check
from .._params import Parametrised
from ..schedules import Schedule
from ..schedules._function import as_schedule

Rate = float | str | Schedule | Callable[[int], float]


class Rule(NamedTuple):
    """What a parameter may be, in words and as a test."""

    allowed: str
    holds: Callable[[float], bool]


INFINITY = float("inf")
SHARE = Rule("a number >= 0 and < 1", lambda v: 0.0 <= v < 1.0)
POSITIVE = Rule("a finite number > 0", lambda v: 0.0 < v < INFINITY)
NOT_NEGATIVE = Rule("a finite number >= 0", lambda v: 0.0 <= v < INFINITY)


class Optimizer(Parametrised):
    """Base of the optimisers; an instance holds parameters only, the state of a run stays in the run."""

    _core_name: ClassVar[str]
    # Parameters that are numbers, and those that are True or False.
    _numbers: ClassVar[Mapping[str, Rule]] = {}
    _switches: ClassVar[tuple[str, ...]] = ()
    # How lr="auto" is found: from a bound on the smoothness, times this; None: by a range test.
    _of_smoothness: ClassVar[float | None] = None
    lr: Rate

    def _check(self) -> None:
        if "lr" in self._names:
            self._check_lr()
        for name, rule in self._numbers.items():
            check.number(name, getattr(self, name), rule.allowed, rule.holds)
        for name in self._switches:
            check.boolean(name, getattr(self, name))
        if "betas" in self._names:
            check_betas(self.betas)  # type: ignore[attr-defined]

    def _check_lr(self) -> None:
        if not (isinstance(self.lr, str) and self.lr == "auto"):
            as_schedule(self.lr, ", a schedule, a function step -> float or 'auto'")

    def _core_params(self) -> dict[str, float]:
        """The parameters by the core's names."""
        self._check()
        params = {name: float(getattr(self, name)) for name in (*self._numbers, *self._switches)}
        if "betas" in self._names:
            params["beta1"], params["beta2"] = map(float, self.betas)  # type: ignore[attr-defined]
        return params

    def _schedule(self, auto_lr: float) -> Schedule:
        """The learning rate as a schedule, with `auto_lr` in the place of ``"auto"``."""
        if "lr" not in self._names:
            return as_schedule(1.0)
        return as_schedule(auto_lr if self._is_auto else self.lr)

    @property
    def _is_auto(self) -> bool:
        return "lr" in self._names and isinstance(self.lr, str)


def check_betas(betas: object) -> None:
    """Two shares."""
    allowed = "a pair of numbers >= 0 and < 1"
    if not isinstance(betas, (tuple, list)):
        raise check.refuse("betas", allowed, betas, TypeError)
    if len(betas) != 2:
        raise check.refuse("betas", allowed, betas)
    for i, beta in enumerate(betas):
        check.number(f"betas[{i}]", beta, SHARE.allowed, SHARE.holds)
