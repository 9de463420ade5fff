"""scikit-learn's stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import SGDClassifier

Floats = npt.NDArray[np.floating]


def sgd(X: Floats, y: Floats, lr: float, n_epochs: int, shuffle: bool) -> Callable[[], Floats]:
    model = _model(lr, n_epochs, shuffle, penalty=None)

    def descend() -> Floats:
        model.fit(X, y)
        return np.append(model.coef_.ravel(), model.intercept_)

    return descend


def sparse_sgd(X: Any, y: Floats, lr: float, alpha: float) -> Callable[[int, bool], Floats]:
    def descend(n_epochs: int, shuffle: bool) -> Floats:
        model = _model(lr, n_epochs, shuffle, penalty="l2" if alpha > 0.0 else None, alpha=alpha, fit_intercept=False)
        coef: Floats = model.fit(X, y).coef_.ravel()
        return coef

    return descend


def _model(lr: float, n_epochs: int, shuffle: bool, **params: Any) -> SGDClassifier:
    return SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=lr,
        max_iter=n_epochs,
        tol=None,
        shuffle=shuffle,
        random_state=0,
        **params,
    )
