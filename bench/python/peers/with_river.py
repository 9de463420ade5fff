"""river's linear models, a row a call."""

from __future__ import annotations

from typing import Any

from river import linear_model, optim


def online(loss: str, lr: float) -> Any:
    if loss == "log_loss":
        return linear_model.LogisticRegression(optimizer=optim.SGD(lr), intercept_lr=lr)
    # Its squared loss is the whole square.
    return linear_model.LinearRegression(optimizer=optim.SGD(lr / 2.0), intercept_lr=lr / 2.0)
