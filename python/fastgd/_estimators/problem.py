"""What is minimised, and what is said where its data do not allow it."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Problem(NamedTuple):
    """What is minimised, in the terms of the objectives on data."""

    X: Any
    y: NDArray[Any]
    loss: str
    n_classes: int | None = None
    weight: NDArray[Any] | None = None
    offset: NDArray[Any] | None = None
    # What weights are divided by: of a fit their mean, those of a stream count as they are.
    mean_weight: float = 1.0


class Validation(NamedTuple):
    """Rows that tell when to stop."""

    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None


def seed_of(random_state: Any) -> int:
    """A seed for the core from what scikit-learn takes as one."""
    if isinstance(random_state, Integral):
        return check.seed("random_state", int(random_state))
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
