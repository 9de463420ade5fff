"""Targets as the core takes them: numbers, signs or class indices, in the dtype of the arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _validation as check
from ._losses import check_domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ._losses import Loss

# Class indices travel as floats: float32 holds every integer up to this one.
_MAX_CLASSES = 1 << 24


class Targets(NamedTuple):
    """Encoded targets.

    Attributes
    ----------
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Numbers of a regression; -1 and +1 of two classes with one score, or of labels with a column each; class indices
        otherwise.
    n_outputs : int
        Scores a row.
    n_classes : int or None
        Number of classes; None for regression, and for labels with a column each.
    """

    y: NDArray[Any]
    n_outputs: int
    n_classes: int | None


def encode(
    y: object, loss: Loss, params: Mapping[str, float], n_classes: object, n_samples: int, dtype: np.dtype[Any]
) -> Targets:
    """Check targets against the loss, and encode them for the core."""
    values = check.real_array("y", y)
    # A single column of labels is rather a mistake.
    has_columns = loss.kind == "regression" or (
        loss.kind == "binary" and loss.trainable and values.ndim == 2 and values.shape[1] != 1
    )
    shapes = "(n_samples,) or (n_samples, n_outputs)" if has_columns else "(n_samples,)"
    if values.ndim not in ((1, 2) if has_columns else (1,)):
        raise ValueError(f"y must have shape {shapes} for loss {loss.name!r}, got shape {values.shape}")
    if len(values) != n_samples:
        raise ValueError(f"y must have as many rows as X, {n_samples}, got shape {values.shape}")
    if loss.kind != "regression" and values.ndim == 1:
        return _encode_labels(values, loss, n_classes, dtype)
    if values.size == 0:
        raise ValueError(f"y must have at least one column, got shape {values.shape}")
    if loss.kind != "regression":
        return _encode_columns(values, loss, n_classes, dtype)
    if n_classes is not None:
        raise ValueError(f"n_classes must be None for the regression loss {loss.name!r}, got {check.shown(n_classes)}")
    targets = check.finite("y", values, dtype)
    check_domain(loss, params, targets)
    return Targets(targets, 1 if values.ndim == 1 else values.shape[1], None)


def _encode_labels(values: NDArray[Any], loss: Loss, n_classes: object, dtype: np.dtype[Any]) -> Targets:
    declared = None if n_classes is None else check.integer("n_classes", n_classes, 2, _MAX_CLASSES)
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    if values.dtype.kind not in "iu":
        _check_integral(values, loss, declared)
    low, high = int(values.min()), int(values.max())
    # Signs are one of the two ways to write two classes; a loss over class indices does not take them.
    signed = loss.kind == "binary" and declared in (None, 2) and low == -1 and high <= 1
    if signed:
        _refuse_first(values == 0, values, "-1 or +1 where others are -1", loss)
    if low == high and declared is None:
        raise ValueError(
            f"y must hold at least two classes, got {low} in every row; give n_classes if others exist but are absent"
        )
    count = 2 if signed else _count_classes(values, loss, declared, low, high)
    if loss.kind == "binary" and count == 2:
        return Targets(np.where(values > 0, dtype.type(1), dtype.type(-1)), 1, 2)
    return Targets(np.require(values, dtype, ["C", "A"]), count, count)


def _encode_columns(values: NDArray[Any], loss: Loss, n_classes: object, dtype: np.dtype[Any]) -> Targets:
    """Labels that a row may have several of: each has a column."""
    if n_classes is not None:
        raise ValueError(f"n_classes must be None for y with a column for each label, got {check.shown(n_classes)}")
    low = -1 if check.first(lambda block: block == -1, values) is not None else 0
    index = check.first(lambda block: (block != low) & (block != 1), values)
    if index is not None:
        allowed = "-1 or +1 where others are -1" if low else "0 or 1 in columns of labels"
        raise _not_a_label(values, index, allowed, loss)
    signs = np.where(values > 0, dtype.type(1), dtype.type(-1))
    return Targets(np.ascontiguousarray(signs), values.shape[1], None)


def _check_integral(values: NDArray[Any], loss: Loss, declared: int | None) -> None:
    index = check.first(lambda block: ~np.isfinite(block), values)
    if index is not None:
        raise ValueError(f"y must be finite, got {values[index]} at {check.at('y', index)}")
    index = check.first(lambda block: block != np.floor(block), values)
    if index is not None:
        raise _not_a_label(values, index, _labels(loss, declared), loss)


def _count_classes(values: NDArray[Any], loss: Loss, declared: int | None, low: int, high: int) -> int:
    if low < 0 or (declared is not None and high >= declared):
        limit = high if declared is None else declared - 1
        _refuse_first((values < 0) | (values > limit), values, _labels(loss, declared), loss)
    if declared is not None:
        return declared
    if low > 0:
        raise ValueError(
            f"y must hold class indices that begin with 0 for loss {loss.name!r}, got {low} to {high}; subtract {low}, "
            f"or give n_classes={high + 1} where the classes below are only absent"
        )
    if high >= min(max(len(values), 2), _MAX_CLASSES):
        index = (int(values.argmax()),)
        raise ValueError(
            f"y must hold class indices that begin with 0 for loss {loss.name!r}, got {high} at {check.at('y', index)} "
            f"in {len(values)} rows; give n_classes={high + 1} if there are that many classes"
        )
    return high + 1


def _labels(loss: Loss, declared: int | None) -> str:
    indices = f"class indices from 0 to {'n_classes - 1' if declared is None else declared - 1}"
    return f"labels {{0, 1}}, {{-1, +1}} or {indices}" if loss.kind == "binary" and declared in (None, 2) else indices


def _refuse_first(bad: NDArray[np.bool_], values: NDArray[Any], allowed: str, loss: Loss) -> None:
    if bad.any():
        raise _not_a_label(values, (int(bad.argmax()),), allowed, loss)


def _not_a_label(values: NDArray[Any], index: tuple[int, ...], allowed: str, loss: Loss) -> ValueError:
    return ValueError(f"y must hold {allowed} for loss {loss.name!r}, got {values[index]} at {check.at('y', index)}")
