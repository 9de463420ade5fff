"""What the core is told of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .._core import _ScheduleSpec


class Spec(NamedTuple):
    """The schedule of one model: a row of the core's registry with its numbers, or a user's function."""

    name: str
    params: dict[str, float]
    by_epoch: bool = False
    inner: Spec | None = None
    call: Callable[[int], float] | None = None

    @property
    def kind(self) -> str:
        """What all models of a run have in common, in words."""
        unit = " by epoch" if self.by_epoch else ""
        return f"{self.name}{unit}" + (f" to {self.inner.kind}" if self.inner else "")


def stacked(specs: Sequence[Spec]) -> _ScheduleSpec:
    """The schedule of a run with an array for each number, one entry a model."""
    kinds = sorted({spec.kind for spec in specs})
    if len(kinds) != 1:
        raise ValueError(f"all models of a run must have the same schedule, got {', '.join(kinds)}")
    first = specs[0]
    params = {name: np.array([spec.params[name] for spec in specs]) for name in first.params}
    inner = [spec.inner for spec in specs if spec.inner is not None]
    calls = [spec.call for spec in specs if spec.call is not None]
    return (
        first.name,
        params,
        first.by_epoch,
        stacked(inner) if inner else None,
        calls,
    )
