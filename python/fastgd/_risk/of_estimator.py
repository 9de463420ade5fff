"""Losses of rows by a fitted estimator with scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._losses import LOG_LINK, ZERO_ONE, registry
from .._rows import check_weight, present
from . import row_losses
from .estimate import Risk, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Those that are minus the logarithm of a probability.
_OF_PROBABILITIES = ("log_loss", "multinomial")


def of_estimator(estimator: Any, X: Any, y: Any, loss: str | Callable[..., Any] | None, sample_weight: Any) -> Risk:
    """The risk of an estimator on rows that it has not seen."""
    from sklearn.utils import _safe_indexing, get_tags
    from sklearn.utils.validation import _num_samples, check_is_fitted

    kind, called = get_tags(estimator).estimator_type, type(estimator).__name__
    if kind is None and hasattr(estimator, "score_samples") and hasattr(estimator, "sample"):
        kind = "density_estimator"
    if kind not in _KINDS:
        allowed = "a classifier, a regressor or a density estimator"
        raise ValueError(f"objective_or_estimator must be {allowed}, got {called}, which scikit-learn calls {kind!r}")
    check_is_fitted(estimator)
    if X is None:
        raise ValueError(f"X must be given for an estimator: {called} does not keep the rows that it was fitted to")
    if (y is None) != (kind == "density_estimator"):
        raise ValueError(f"y must be {'None for a density' if y is not None else 'given with X'} for {called}")
    n = _num_samples(X)
    if y is not None:
        y = np.asarray(y)
        if y.ndim not in (1, 2) or len(y) != n:
            raise ValueError(f"y must have {n} rows, as X has, got shape {y.shape}")
    rows, weight = present(check_weight(sample_weight, n, np.dtype(np.float64)), n)
    if rows is not None:
        X = _safe_indexing(X, rows)
        y = None if y is None else y[rows]
    name, losses = _KINDS[kind](estimator, X, y, loss)
    return estimate(losses, weight, name, held_out=True, of_mistakes=name == ZERO_ONE and not callable(loss))


def _of_classifier(estimator: Any, X: Any, y: NDArray[Any], loss: Any) -> tuple[str, Floats]:
    name = ZERO_ONE if loss is None else row_losses.name_of(loss)
    predicted = np.asarray(estimator.predict(X)) if name == ZERO_ONE or y.ndim == 2 else None
    if predicted is not None:
        y = _as_predicted(y, predicted)
    if callable(loss):
        scores = getattr(estimator, "decision_function", None) or estimator.predict_proba
        return name, row_losses.of_function(loss, y, np.asarray(scores(X)))
    if name == ZERO_ONE:
        wrong = np.asarray(predicted != y)
        return name, np.asarray(wrong.any(axis=1) if wrong.ndim == 2 else wrong, np.float64)
    if y.ndim == 2:
        raise ValueError(f"loss must be 'zero_one' or a function for labels with a column each, got {name!r}")
    classes = np.asarray(estimator.classes_)
    indices = _encode(y, classes)
    if name in _OF_PROBABILITIES:
        logarithms = _log_probabilities(estimator, X, name)
        return name, -logarithms[np.arange(len(y)), indices]
    if not hasattr(estimator, "decision_function"):
        raise _unfit(estimator, name, "decision_function")
    raw = np.asarray(estimator.decision_function(X), np.float64)
    if raw.ndim == 2 and raw.shape[1] != len(classes):
        raise ValueError(
            f"loss {name!r} needs one score a class, {len(classes)}, got {raw.shape[1]} from "
            f"{type(estimator).__name__}.decision_function"
        )
    params = registry()[name].params
    if raw.ndim == 1:
        return name, row_losses.of_name(name, np.where(indices > 0, 1.0, -1.0), raw, params, "signs")
    return name, row_losses.of_name(name, indices, raw, params, "classes")


def _as_predicted(y: NDArray[Any], predicted: NDArray[Any]) -> NDArray[Any]:
    """Targets of the shape of predictions, which a single column may have lost."""
    if predicted.ndim == 1 and y.shape == (len(predicted), 1):
        return y[:, 0]
    if predicted.shape != y.shape:
        raise ValueError(f"y must have shape {predicted.shape}, as predictions have, got shape {y.shape}")
    return y


def _encode(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    order = np.argsort(classes)
    places = np.minimum(np.searchsorted(classes, y, sorter=order), len(classes) - 1)
    indices = order[places].astype(np.int64)
    unseen = classes[indices] != y
    if np.any(unseen):
        row = int(np.argmax(unseen))
        raise ValueError(f"y must hold the labels {check.shown(classes.tolist())}, got {y[row]!r} at y[{row}]")
    return indices


def _log_probabilities(estimator: Any, X: Any, name: str) -> Floats:
    # The logarithm of 0 is what it is.
    with np.errstate(divide="ignore"):
        if hasattr(estimator, "predict_log_proba"):
            return np.asarray(estimator.predict_log_proba(X), np.float64)
        if hasattr(estimator, "predict_proba"):
            return np.asarray(np.log(np.asarray(estimator.predict_proba(X), np.float64)))
    raise _unfit(estimator, name, "predict_proba")


def _unfit(estimator: Any, name: str, method: str) -> ValueError:
    return ValueError(f"loss {name!r} does not fit {type(estimator).__name__}: it needs {method}, which that lacks")


def _of_regressor(estimator: Any, X: Any, y: NDArray[Any], loss: Any) -> tuple[str, Floats]:
    name = "squared_error" if loss is None else row_losses.name_of(loss)
    y = check.finite("y", check.real_array("y", y), np.float64)
    raw = np.asarray(estimator.predict(X), np.float64)
    if raw.shape == (len(y), 1) and y.ndim == 1:
        raw = raw[:, 0]
    y = _as_predicted(y, raw)
    if callable(loss):
        return name, row_losses.of_function(loss, y, raw)
    if name in LOG_LINK:
        if not (raw > 0.0).all():
            raise ValueError(f"loss {name!r} needs predictions > 0, got {raw.min()} from {type(estimator).__name__}")
        raw = np.log(raw)
    return name, row_losses.of_name(name, y, raw, registry()[name].params, "numbers")


def _of_density(estimator: Any, X: Any, y: None, loss: Any) -> tuple[str, Floats]:
    if loss is not None:
        raise check.refuse("loss", "None for a density, whose loss is minus its logarithm", loss)
    return "negative log-density", -np.asarray(estimator.score_samples(X), np.float64)


_KINDS: dict[str, Callable[..., tuple[str, Floats]]] = {
    "classifier": _of_classifier,
    "regressor": _of_regressor,
    "density_estimator": _of_density,
}
