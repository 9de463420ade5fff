"""Default estimators on real data score at least as scikit-learn's do, but for chance."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
from _real_data import load
from sklearn.exceptions import ConvergenceWarning

from fastgd import linear_model

SEEDS = range(5)
SLACK = 0.006


def mean_score(module: Any, data: dict[str, Any]) -> float:
    kind = module.SGDRegressor if data["task"] == "regression" else module.SGDClassifier
    scores = []
    for seed in SEEDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = kind(random_state=seed).fit(data["X_train"], data["y_train"])
        scores.append(model.score(data["X_test"], data["y_test"]))
    return float(np.mean(scores))


@pytest.mark.parametrize("name", ["adult", "ijcnn1", "bank_marketing", "higgs7k", "abalone", "reuters"])
def test_scores(name: str) -> None:
    data = load(name)
    assert mean_score(linear_model, data) >= mean_score(sklearn.linear_model, data) - SLACK


def test_a_default_that_diverges_elsewhere() -> None:
    # A rare category, standardised, is a feature with entries of 64: a first rate of 0.01 is too large for it.
    data = load("california_housing")
    assert mean_score(sklearn.linear_model, data) < 0.0
    assert mean_score(linear_model, data) > 0.63
