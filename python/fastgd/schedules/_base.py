"""What all learning-rate schedules have in common."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .. import _core
from .. import _validation as check
from .._params import Parametrised
from ._spec import Spec, stacked


def check_lr(lr: object, also: str = "") -> float:
    """A learning rate, as a float; `also` names what else is allowed in its place."""
    return check.number("lr", lr, check.POSITIVE.allowed + also, check.POSITIVE.holds)


def check_least_lr(name: str, value: object, lr: float) -> float:
    """The rate that a schedule ends with, which is not above the one it begins with."""
    return check.number(name, value, f"a number from 0 to lr, here {lr}", lambda v: 0.0 <= v <= lr)


class Schedule(Parametrised):
    """Base of the learning-rate schedules; each is called as ``schedule(step)``."""

    _core_name: ClassVar[str]
    # The parameters that are one of a few strings; the core gets the string's index.
    _choices: ClassVar[dict[str, tuple[str, ...]]] = {}

    unit: str = "step"

    def _check_choices(self) -> None:
        for name, allowed in {"unit": ("step", "epoch"), **self._choices}.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                error = ValueError if isinstance(value, str) else TypeError
                raise check.refuse(name, " or ".join(map(repr, allowed)), value, error)

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        return float(self._choices[name].index(value) if name in self._choices else value)

    def _spec(self) -> Spec:
        self._check()
        params = {name: self._number(name) for name in self._names if name != "unit"}
        return Spec(self._core_name, params, self.unit == "epoch")

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step, or of an epoch where ``unit="epoch"``.

        Parameters
        ----------
        step : int
            Number of steps, or epochs, already made.

        Returns
        -------
        float
            Learning rate.

        Raises
        ------
        ValueError, TypeError
            `step` is no integer of at least 0, or the rate that belongs to it is not finite.
        """
        count = np.array([check.integer("step", step, 0, 2**63 - 1)])
        return float(_core.schedule_rates(stacked([self._spec()]), 1, count, count, None)[0, 0])
