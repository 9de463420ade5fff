"""The rows that tell when to stop: a share of the data, or others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from .inputs import check_sample_weight, check_X_y, refuse_no_weight
from .problem import Validation

if TYPE_CHECKING:
    from numpy.typing import NDArray


def split(
    estimator: Any, X: Any, y: NDArray[Any], weight: NDArray[Any] | None, stratify: NDArray[Any] | None = None
) -> tuple[NDArray[Any] | None, Validation | None]:
    """With ``early_stopping`` the weights of the rows to learn from, 0 for the others, and these others."""
    if not estimator.early_stopping:
        return weight, None
    kind = ShuffleSplit if stratify is None else StratifiedShuffleSplit
    splitter = kind(test_size=estimator.validation_fraction, random_state=estimator.random_state)
    n_samples = X.shape[0]
    _, rows = next(splitter.split(np.zeros((n_samples, 1)), stratify))
    of_rows = None if weight is None else weight[rows]
    if of_rows is not None and not of_rows.any():
        raise ValueError("The sample weights for validation set are all zero, consider using a different random state.")
    left = np.ones(n_samples) if weight is None else weight.astype(np.float64)
    left[rows] = 0.0
    # A fancy index: of a DataFrame or an array alike, `X` is one of NumPy or SciPy by now.
    return left, Validation(X[rows], y[rows], of_rows)


def check_validation(estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> Validation | None:
    """The rows to score that the caller gives, checked; None where there are none."""
    if X_val is None:
        for name, value in (("y_val", y_val), ("sample_weight_val", sample_weight_val)):
            if value is not None:
                raise ValueError(f"{name} must be None without X_val, whose rows it belongs to")
        return None
    if y_val is None:
        raise ValueError("y_val must be given with X_val, got None")
    if not estimator.early_stopping:
        raise ValueError("X_val must be None without early_stopping=True, which it is for")
    many, numeric = getattr(estimator, "_takes_many_targets", False), isinstance(estimator, RegressorMixin)
    X, y = check_X_y(estimator, X_val, y_val, reset=False, multi_output=many, y_numeric=numeric)
    weight = check_sample_weight(sample_weight_val, X.shape[0])
    refuse_no_weight(weight, "sample_weight_val")
    return Validation(X, y, weight)
