"""What is minimised, and what is said where its data do not allow it."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from ._base import LinearModel, nonfinite_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..objectives import LinearObjective


class Problem(NamedTuple):
    """What is minimised, in the terms of `LinearObjective`."""

    X: Any
    y: NDArray[Any]
    loss: str
    n_classes: int | None = None
    weight: NDArray[Any] | None = None
    offset: NDArray[Any] | None = None


class Validation(NamedTuple):
    """Rows that tell when to stop."""

    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None


class Reading:
    """Turns an error of the core about X that is not finite into one that names the estimator."""

    def __init__(self, estimator: LinearModel, objective: LinearObjective) -> None:
        self._estimator = estimator
        self._objective = objective

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, ValueError):
            return
        place = self._objective._core.find_nonfinite()
        if place is not None:
            raise nonfinite_error(self._estimator, self._objective._matrix.source[place], *place) from None


def seed_of(random_state: Any) -> int:
    """A seed for the core from what scikit-learn takes as one."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
