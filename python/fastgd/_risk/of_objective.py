"""Losses of rows by an objective and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._losses import ZERO_ONE, registry
from .._matrix import as_matrix
from .._rows import check_weight, present
from .._scores import network_scores, raw_scores
from .._targets import encode
from ..objectives import DataObjective, DensityObjective, FunctionObjective, LinearObjective, MLPObjective
from . import row_losses
from .estimate import Risk, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def of_data_objective(
    objective: DataObjective, w: Any, X: Any, y: Any, loss: str | Callable[..., Any] | None, sample_weight: Any
) -> Risk:
    """The risk of a linear model or a network."""
    if X is None:
        if y is not None or sample_weight is not None:
            given = "y" if y is not None else "sample_weight"
            raise ValueError(f"{given} must be None without X: the objective has targets and weights for its own rows")
        rows, weight = present(objective._weight, objective.n_samples)
        raw = objective.decision_function(w, rows)
        targets = objective._y if rows is None else objective._y[rows]
    else:
        raw, targets, weight = _held_out(objective, w, X, y, sample_weight)
    scores, targets = np.asarray(raw, np.float64), np.asarray(targets, np.float64)
    model = _model(objective)
    if model == "classes":
        targets = targets.astype(np.int64)
    name, losses = _losses(objective, loss, targets, scores, model)
    is_function = callable(loss) or (loss is None and objective._loss.own is not None)
    return estimate(losses, weight, name, X is not None, of_mistakes=name == ZERO_ONE and not is_function)


def of_sum(objective: FunctionObjective, w: Any) -> Risk:
    """The risk of a finite sum, whose terms are its rows."""
    if not objective._is_sum:
        raise ValueError("objective must have rows: a FunctionObjective has them with n_samples")
    losses = np.array([objective.value(w, [i]) for i in range(objective.n_samples)])
    return estimate(losses, None, "terms", held_out=False)


def of_density(objective: DensityObjective, w: Any, Z: Any, sample_weight: Any) -> Risk:
    """The risk of a density: the mean of ``-log q(z)``."""
    if Z is None and sample_weight is not None:
        raise ValueError("sample_weight must be None without X: the rows of a density have equal weights")
    on = objective if Z is None else objective._on(Z)
    rows, weight = present(check_weight(sample_weight, on.n_samples, np.dtype(np.float64)), on.n_samples)
    losses = -np.asarray(on.score_samples(w, rows), np.float64)
    return estimate(losses, weight, "negative log-density", Z is not None)


def _held_out(
    objective: DataObjective, w: Any, X: Any, y: Any, sample_weight: Any
) -> tuple[NDArray[Any], NDArray[Any], Floats | None]:
    if y is None:
        raise ValueError("y must be given with X")
    if objective._offset is not None:
        raise ValueError("X must be None for an objective with an offset, which is not known for other rows")
    matrix = as_matrix("X", X)
    n, d = matrix.source.shape
    if d != objective.n_features:
        raise ValueError(f"X must have {objective.n_features} columns, as the objective's has, got {d}")
    encoded = encode(y, objective._loss, objective.loss_params, objective.n_classes, n, matrix.compute_dtype)
    if encoded.n_outputs != objective.n_outputs:
        raise ValueError(f"y must have {objective.n_outputs} columns, as the objective's has, got {encoded.n_outputs}")
    seen, weight = present(check_weight(sample_weight, n, np.dtype(np.float64)), n)
    rows = matrix.source if seen is None else matrix.source[seen]
    params, _ = objective._parameters(w)
    if isinstance(objective, MLPObjective):
        raw = network_scores(rows, *objective.unpack(params), objective.activation)
    elif isinstance(objective, LinearObjective):
        raw = raw_scores(rows, *objective.raw_coef(params))
    else:
        raise check.refuse("objective", "a LinearObjective or an MLPObjective with X", objective, TypeError)
    targets = encoded.y if seen is None else encoded.y[seen]
    return raw[:, 0] if raw.shape[1] == 1 else raw, targets, weight


def _model(objective: DataObjective) -> str:
    """What the targets are."""
    if objective._loss.kind == "regression":
        return "numbers"
    if objective.n_classes is None:
        return "labels"
    return "signs" if objective.n_outputs == 1 else "classes"


def _losses(
    objective: DataObjective, loss: str | Callable[..., Any] | None, y: NDArray[Any], raw: Floats, model: str
) -> tuple[str, Floats]:
    own = objective._loss.own
    if loss is None and own is not None:
        n = len(raw)
        # It may write to what it gets, which is C-ordered and its own.
        return own.name, own(np.array(y.reshape(n, -1), np.float64, order="C"), raw.reshape(n, -1).copy())[0]
    if loss is None:
        loss = objective._loss.name
    name = row_losses.name_of(loss)
    if callable(loss):
        return name, row_losses.of_function(loss, y, raw)
    params = objective.loss_params if name == objective.loss else registry()[name].params
    return name, row_losses.of_name(name, y, raw, params, model)
