"""What networks score on real data, with settings that are not tuned to the rows they are scored on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from _real_data import load
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import Adam
from fastgd.schedules import Cosine


def fitted(model: Any, data: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data["X_train"], data["y_train"])


def mean_score(model: Any, step: str, data: dict[str, Any], n_seeds: int) -> float:
    scores = [
        fitted(model.set_params(**{f"{step}__random_state": seed}), data).score(data["X_test"], data["y_test"])
        for seed in range(n_seeds)
    ]
    return float(np.mean(scores))


def test_images_as_bytes() -> None:
    data = load("fashion_mnist")
    X, y = data["X_train"], data["y_train"]
    assert X.dtype == np.uint8
    adam = Adam(Cosine(3e-5, t_max=20 * -(-len(X) // 128)))
    model = MLPClassifier(256, optimizer=adam, batch_size=128, max_iter=20, warm_start=True, random_state=0)
    model.set_params(n_iter_no_change=np.inf)
    # A start is made for features of about 1, and pixels go up to 255.
    model.partial_fit(X[:128], y[:128], classes=range(10))
    model.coefs_[0] /= 255
    assert fitted(model, data).score(data["X_test"], data["y_test"]) >= 0.885
    assert model.n_iter_ == 20


def test_a_regression() -> None:
    network = MLPRegressor(hidden_layer_sizes=(100, 50), early_stopping=True, n_iter_no_change=20)
    model = make_pipeline(StandardScaler(), TransformedTargetRegressor(network, transformer=StandardScaler()))
    assert mean_score(model, "transformedtargetregressor__regressor", load("california_housing"), 2) >= 0.78


def test_a_hard_table() -> None:
    # Noisy classes: the penalty was chosen by cross-validation on the rows to learn from.
    network = MLPClassifier(50, alpha=1.0, early_stopping=True, n_iter_no_change=20)
    assert mean_score(make_pipeline(StandardScaler(), network), "mlpclassifier", load("higgs7k"), 5) >= 0.68
