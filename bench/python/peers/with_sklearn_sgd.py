"""scikit-learn's stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import SGDClassifier

Floats = npt.NDArray[np.floating]


def sgd(X: Floats, y: Floats, lr: float, n_epochs: int, shuffle: bool, alpha: float = 0.0) -> Callable[[], Floats]:
    model = SGDClassifier(
        loss="log_loss",
        penalty="l2" if alpha > 0.0 else None,
        alpha=alpha,
        learning_rate="constant",
        eta0=lr,
        max_iter=n_epochs,
        tol=None,
        shuffle=shuffle,
        random_state=0,
    )

    def descend() -> Floats:
        model.fit(X, y)
        return np.append(model.coef_.ravel(), model.intercept_)

    return descend
