"""Labels of a classifier: one a row, or a column for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_labels(y: Any) -> tuple[NDArray[Any], bool]:
    """Labels of shape (n_samples,), or (n_samples, n_labels) where each has a column; and whether it has."""
    if hasattr(y, "toarray"):
        y = y.toarray()
    if y.ndim == 1:
        return y, False
    if y.shape[1] == 1:
        return column_or_1d(y, warn=True), False
    kind = type_of_target(y, input_name="y")
    if kind != "multilabel-indicator":
        raise ValueError(f"y must be labels, or a matrix of 0 and 1 with a column for each label, got {kind}")
    return y.astype(bool), True


def strata(indices: NDArray[Any], n_classes: int, share: float) -> NDArray[Any] | None:
    """What a share of the rows is to be drawn evenly from: the classes, where there are enough rows of each for that.

    Of two classes there have to be, and they are named as in scikit-learn's error.
    """
    has_pairs = np.bincount(indices, minlength=n_classes).min() > 1
    if n_classes == 2 and not has_pairs:
        named: NDArray[Any] = np.array(["False", "True"])[indices]
        return named
    return indices if n_classes <= 2 or (has_pairs and share * len(indices) >= n_classes) else None


def set_classes(model: Any, classes: Any, y: NDArray[Any], is_many: bool) -> None:
    """The classes of a stream, told by its first piece."""
    known = vars(model).get("classes_")
    if known is None and classes is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    if known is None:
        model.classes_, model._has_many_labels = np.unique(np.asarray(classes)), is_many
    elif classes is not None and not np.array_equal(known, np.unique(np.asarray(classes))):
        raise ValueError(
            f"`classes={check.shown(classes)}` is not the same as on last call to partial_fit, was: {known}"
        )
    if is_many and y.shape[1] != len(model.classes_):
        raise ValueError(f"y must have a column for each of {len(model.classes_)} labels, got shape {y.shape}")
    if is_many != model._has_many_labels:
        kinds = ("one label a row", "a column for each label")
        raise ValueError(f"y must have {kinds[not is_many]} as before, got shape {y.shape}")
