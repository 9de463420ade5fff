"""scikit-learn's loss of linear models, which its logistic regression hands to SciPy's optimisers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn._loss.loss import HalfBinomialLoss
from sklearn.linear_model._linear_loss import LinearModelLoss

Floats = npt.NDArray[np.floating]


def log_loss(X: Floats, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    model = LinearModelLoss(base_loss=HalfBinomialLoss(), fit_intercept=True)

    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        loss, grad = model.loss_gradient(w, X, y, n_threads=n_threads)
        return float(loss), grad

    return value_and_grad
