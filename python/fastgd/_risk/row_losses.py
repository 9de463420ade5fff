"""Losses of rows from targets and raw scores, by the formulas of `fastgd.reference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._losses import check_domain, registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def name_of(loss: object) -> str:
    """The name of a loss, checked, or that of a function."""
    if callable(loss):
        return getattr(loss, "__name__", type(loss).__name__)
    allowed = f"one of {', '.join(registry())}, a function (y, raw) -> losses, or None"
    if not isinstance(loss, str):
        raise check.refuse("loss", allowed, loss, TypeError)
    if loss not in registry():
        raise check.refuse("loss", allowed, loss)
    return loss


def of_name(name: str, y: NDArray[Any], raw: Floats, params: Mapping[str, float], model: str) -> Floats:
    """Losses of shape (n_rows,) of a loss with a name, the whole square of ``"squared_error"``.

    `model` says what `y` are: ``"numbers"`` of the shape of the scores; ``"classes"``, indices for scores (n_rows,
    n_classes); ``"signs"``, (n_rows,) as the scores; or ``"labels"``, signs of (n_rows, n_outputs) as the scores.
    """
    from ..reference import METRICS
    from ..reference.risk import output_loss

    loss = registry()[name]
    if (model == "numbers") != (loss.kind == "regression"):
        wanted = [one.name for one in registry().values() if (one.kind == "regression") == (model == "numbers")]
        what = "numbers" if model == "numbers" else "classes"
        raise ValueError(f"loss must be one of {', '.join(wanted)} for a model of {what}, got {name!r}")
    if model == "labels" and (loss.kind == "multiclass" or not loss.trainable):
        raise ValueError(f"loss must be a binary one for labels with a column each, got {name!r}")
    if model == "numbers":
        check_domain(loss, params, y)
    if not loss.trainable:
        return METRICS[name](y, raw)
    if loss.kind == "multiclass" and model == "signs":
        # Of two classes with one score that of the first is 0: these losses know differences alone.
        raw, y = np.column_stack([np.zeros(len(raw)), raw]), (y > 0.0).astype(np.int64)
    raw = raw.reshape(len(raw), -1)
    targets = y if model in ("classes", "labels") or loss.kind == "multiclass" else y.reshape(raw.shape)
    losses = output_loss(name, raw.shape[1])(targets, raw, **params)[0]
    return 2.0 * losses if name == "squared_error" else losses.reshape(len(raw))


def of_function(loss: Callable[..., Any], y: NDArray[Any], raw: Floats) -> Floats:
    """Losses of shape (n_rows,) of a function ``(y, raw) -> losses``, or ``-> (losses, derivatives)``."""
    returned = loss(y, raw)
    if isinstance(returned, tuple) and len(returned) == 2:
        returned = returned[0]
    losses = check.real_array("loss(y, raw)", returned)
    if losses.shape != (len(raw),):
        raise ValueError(f"loss(y, raw) must have shape {(len(raw),)}, one loss a row, got shape {losses.shape}")
    return np.asarray(losses, np.float64)
