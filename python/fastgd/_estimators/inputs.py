"""Checks of what an estimator is given: data as they are, targets, class labels, weights, threads."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .. import _validation as check
from .._matrix import is_sparse
from ..config import get_num_threads
from ..objectives.nonfinite import nonfinite_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# What the core reads as it is; anything else becomes the first.
_STORED = [np.float64, np.float32, np.float16, np.uint8, np.int8, np.bool_]
_STORED_DTYPES = frozenset(map(np.dtype, _STORED))
# Integer labels within so small a range are counted, not sorted.
_COUNTED = 1 << 16
_LARGEST_COUNTED = 2**62


def check_X(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Data that the core can read, without a copy where it can as they are; entries are checked where they are read.

    Sparse matrices are CSR afterwards. With `reset` the features are those of the estimator from now on.
    """
    return _checked(estimator, X, None, reset)


def check_X_y(
    estimator: Any, X: Any, y: Any, *, reset: bool, multi_output: bool = False, y_numeric: bool = False
) -> tuple[Any, NDArray[Any]]:
    """Data as `check_X` leaves them, and targets of as many rows; these are finite."""
    if y is None:
        name = type(estimator).__name__
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None")
    if not reset and _is_ready(estimator, X) and _is_plain(y) and len(y) == X.shape[0]:
        return X, y
    given: tuple[Any, NDArray[Any]] = _checked(
        estimator, X, {"multi_output": multi_output, "y_numeric": y_numeric, "y": y}, reset
    )
    return given


def _checked(estimator: Any, X: Any, targets: Mapping[str, Any] | None, reset: bool) -> Any:
    if targets is None and not reset and _is_ready(estimator, X):
        return X
    if hasattr(X, "__dlpack__") and not hasattr(X, "__array__"):
        X = np.from_dlpack(X)
    stored: list[type] | None = [np.float64, np.float32] if hasattr(X, "tocsr") else _STORED
    if isinstance(X, np.ndarray) and check.is_bfloat16(X.dtype):
        stored = None
    options = {"accept_sparse": "csr", "dtype": stored, "ensure_all_finite": False}
    return validate_data(estimator, X, reset=reset, **options, **(targets or {}))


def _is_ready(estimator: Any, X: Any) -> bool:
    """Whether there is nothing to check beside what the core does: rows that come one by one are many calls."""
    is_dense = type(X) is np.ndarray and X.ndim == 2 and X.dtype in _STORED_DTYPES
    return (
        (is_dense or (is_sparse(X) and X.format == "csr" and X.ndim == 2 and X.dtype.char in "fd"))
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and "feature_names_in_" not in vars(estimator)
    )


def _is_plain(y: object) -> bool:
    # What is not finite is no class, and the objective refuses it as a number.
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biuf"


def refuse_nonfinite(X: Any) -> None:
    """Raise where X holds NaN or infinity, naming the place."""
    if hasattr(X, "tocsr"):
        bad = np.flatnonzero(~np.isfinite(X.data))
        if bad.size:
            row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
            raise nonfinite_entry(X.data[bad[0]], row, int(X.indices[bad[0]]))
        return
    place = check.first(lambda block: ~np.isfinite(block), X)
    if place is not None:
        raise nonfinite_entry(X[place], place[0], place[1])


def encode_labels(y: NDArray[Any], classes: NDArray[Any] | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """The sorted classes, those of `y` where they are not given, and the index of each label among them."""
    if classes is None:
        counted = _count_labels(y)
        if counted is not None:
            return counted
        check_classification_targets(y)
        found, indices = np.unique(y, return_inverse=True)
        return found, indices
    try:
        places = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
        seen = classes[places] == y
    except TypeError:
        # Labels of another kind, such as numbers among strings.
        places = seen = np.zeros(len(y), np.bool_)
    if not np.all(seen):
        unseen = np.unique(y[~seen]).tolist()
        raise ValueError(f"y must hold labels among classes={check.shown(classes.tolist())}, got {check.shown(unseen)}")
    return classes, places


def _count_labels(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Labels and indices without sorting, where the labels are integers of a small range."""
    offsets: NDArray[Any]
    if y.dtype.kind == "b":
        found, offsets = np.array([False, True]), y.view(np.uint8)
        present = np.array([not y.all(), y.any()])
    elif y.dtype.kind in "iu":
        low, high = int(y.min()), int(y.max())
        if high - low >= _COUNTED or high > _LARGEST_COUNTED:
            return None
        offsets = y if low == 0 else y.astype(np.int64) - low
        present = np.bincount(offsets, minlength=high - low + 1) > 0
        found = np.arange(low, high + 1, dtype=np.int64).astype(y.dtype)
    else:
        return None
    if present.all():
        return found, offsets
    return found[present], (np.cumsum(present) - 1)[offsets]


def check_sample_weight(sample_weight: Any, n_samples: int) -> NDArray[Any] | None:
    """Sample weights as an array of one number a row, or None; the objective checks their values."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real) and not isinstance(sample_weight, (bool, np.bool_)):
        return np.full(n_samples, float(sample_weight))
    weight = check.real_array("sample_weight", sample_weight)
    if weight.ndim == 0:
        return np.full(n_samples, float(weight))
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar: sample_weight has shape {weight.shape}")
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape {(n_samples,)}, one weight a row, got shape {weight.shape}")
    return weight


def refuse_no_weight(weight: NDArray[Any] | None, name: str = "sample_weight") -> None:
    """Raise where weights are no weights, or no row has any; the latter worded as scikit-learn's."""
    if weight is not None and not (np.isfinite(weight) & (weight >= 0.0)).all():
        bad = int(np.argmin(np.isfinite(weight) & (weight >= 0.0)))
        raise ValueError(f"{name} must be >= 0, got {weight[bad]} at {name}[{bad}], class weights included")
    if weight is not None and not weight.any():
        raise ValueError(f"{name} must be > 0 for at least one row, got weights that are all zero")


def add_class_weight(
    class_weight: str | Mapping[Any, float] | None,
    classes: NDArray[Any],
    indices: NDArray[Any],
    sample_weight: NDArray[Any] | None,
) -> NDArray[Any] | None:
    """Sample weights times the weight of each row's class; None where all are 1."""
    if class_weight is None:
        return sample_weight
    if isinstance(class_weight, str):
        counts = np.bincount(indices, weights=sample_weight, minlength=len(classes)).astype(np.float64)
        # A class without rows has no weight to set.
        of_class = np.divide(counts.sum(), len(classes) * counts, out=np.ones(len(classes)), where=counts > 0)
    else:
        # A class that has no rows here may have some in another fold, or later; a name that is none is a mistake.
        unknown = [label for label in class_weight if label not in classes.tolist()]
        if unknown and any(label not in class_weight for label in classes.tolist()):
            raise ValueError(
                f"class_weight must name classes among {check.shown(classes.tolist())}, got {check.shown(unknown)}"
            )
        of_class = np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])
    weight: NDArray[Any] = of_class[indices]
    return weight if sample_weight is None else weight * sample_weight


def threads_of(estimator: Any) -> int | None:
    """Threads to use: `n_threads`, or its alias `n_jobs` where scikit-learn has that; None for the default."""
    n_threads = None if estimator.n_threads is None else check.integer("n_threads", estimator.n_threads, 1)
    n_jobs: int | None = getattr(estimator, "n_jobs", None)
    if n_jobs is None:
        return n_threads
    if n_jobs == 0:
        raise ValueError("n_jobs must be an integer other than 0 or None, got 0")
    alias = n_jobs if n_jobs > 0 else max(1, get_num_threads() + 1 + n_jobs)
    if n_threads is not None and alias != n_threads:
        raise ValueError(
            f"n_jobs must be None or the same as n_threads, whose alias it is, got n_jobs={n_jobs} and "
            f"n_threads={n_threads}"
        )
    return alias


def warn_not_converged(estimator: Any, what_happened: str, what_to_do: str) -> None:
    """Tell that a fit has ended before it converged: what happened, in figures, and what to change."""
    warnings.warn(
        f"{type(estimator).__name__} has not converged: {what_happened}; {what_to_do}", ConvergenceWarning, stacklevel=4
    )


def forget(estimator: Any, *names: str) -> None:
    """Remove attributes, where they are."""
    for name in names:
        if name in vars(estimator):
            delattr(estimator, name)
