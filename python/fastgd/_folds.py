"""Folds of cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .objectives import DataObjective

# Of the orders of rows that a seed gives, one that no epoch reaches.
_EPOCH = 2**64 - 1


def make_folds(objective: DataObjective, k: int, seed: int) -> NDArray[np.int32]:
    """The fold of each row: rows in a random order, dealt to the folds in turn, class by class where there are classes.

    Folds then differ by one row at most, and so do the numbers of a class's rows in them. Rows of weight 0 do not
    count; they are dealt last.
    """
    order = _core.permutation(objective.n_samples, seed, _EPOCH)
    if objective.n_classes is not None:
        order = order[np.argsort(objective._y[order], kind="stable")]
    if objective._weight is not None:
        order = order[np.argsort(objective._weight[order] == 0.0, kind="stable")]
    folds = np.empty(objective.n_samples, np.int32)
    folds[order] = np.arange(objective.n_samples) % k
    return folds


def without(objective: DataObjective, absent: NDArray[np.bool_], **penalty: float) -> DataObjective:
    """The same objective with these rows at weight 0, and maybe another penalty; the data are shared."""
    weight = np.ones(objective.n_samples, objective.dtype) if objective._weight is None else objective._weight.copy()
    weight[absent] = 0.0
    return objective._with(_weight=weight, **penalty)
