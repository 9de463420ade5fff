"""All losses by name.

A loss is a function of targets and raw scores alone, ``(y, raw, **loss_params) -> (loss, dloss/draw)``; it never
sees the data.  `LOSSES` maps a name to its function, `KINDS` to what it expects: ``"regression"`` and
``"binary"`` losses are elementwise (binary labels are -1 and +1), ``"multiclass"`` ones take class indices of
shape (n,) and scores of shape (n, K).
"""

from __future__ import annotations

from ._arrays import Loss
from .binary_losses import exponential, hinge, log_loss, modified_huber, perceptron, squared_hinge
from .multiclass_losses import crammer_singer, label_columns, multiclass_hinge, multinomial, one_vs_rest
from .regression_losses import (
    absolute_error,
    epsilon_insensitive,
    gamma,
    huber,
    log_cosh,
    poisson,
    quantile,
    squared_epsilon_insensitive,
    squared_error,
    tweedie,
)

_LOSSES_OF_KIND: dict[str, tuple[Loss, ...]] = {
    "regression": (
        squared_error,
        absolute_error,
        huber,
        epsilon_insensitive,
        squared_epsilon_insensitive,
        quantile,
        log_cosh,
        poisson,
        gamma,
        tweedie,
    ),
    "binary": (log_loss, hinge, squared_hinge, modified_huber, perceptron, exponential),
    "multiclass": (multinomial, multiclass_hinge, crammer_singer),
}

LOSSES: dict[str, Loss] = {loss.__name__: loss for losses in _LOSSES_OF_KIND.values() for loss in losses}
"""Losses by name."""
KINDS: dict[str, str] = {loss.__name__: kind for kind, losses in _LOSSES_OF_KIND.items() for loss in losses}
"""What each loss expects: ``"regression"``, ``"binary"`` or ``"multiclass"``."""

__all__ = [
    "KINDS",
    "LOSSES",
    "absolute_error",
    "crammer_singer",
    "epsilon_insensitive",
    "exponential",
    "gamma",
    "hinge",
    "huber",
    "label_columns",
    "log_cosh",
    "log_loss",
    "modified_huber",
    "multiclass_hinge",
    "multinomial",
    "one_vs_rest",
    "perceptron",
    "poisson",
    "quantile",
    "squared_epsilon_insensitive",
    "squared_error",
    "squared_hinge",
    "tweedie",
]
