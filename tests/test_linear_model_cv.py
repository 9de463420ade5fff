"""Parameters chosen by cross-validation in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import three_classes, two_classes
from sklearn.model_selection import KFold, PredefinedSplit

import fastgd
from fastgd.linear_model import SGDClassifier, SGDClassifierCV

FULL: dict[str, Any] = {"loss": "log_loss", "batch_size": "full", "learning_rate": "constant", "eta0": 0.5}


@pytest.mark.parametrize(
    "options", [{}, FULL, {"loss": "multinomial", "batch_size": 10}], ids=["rows", "full", "softmax"]
)
def test_the_best_is_fitted_on_all_rows(options: dict[str, Any]) -> None:
    X, y = three_classes()
    grid = {"alpha": [1e-4, 1e-2, 10.0]}
    search = SGDClassifierCV(param_grid=grid, cv=3, random_state=0, **options).fit(X, y)
    alone = SGDClassifier(random_state=0, **{**options, **search.best_params_}).fit(X, y)
    np.testing.assert_array_equal(search.coef_, alone.coef_)
    assert search.best_params_["alpha"] < 10.0
    assert search.n_iter_ == alone.n_iter_


def test_scores_are_those_of_a_sweep() -> None:
    X, y = two_classes()
    weight = np.random.default_rng(0).random(len(y))
    search = SGDClassifierCV(param_grid={"alpha": [1e-3, 1e-1]}, cv=4, random_state=5, **FULL)
    search.fit(X, y, sample_weight=weight)
    objective = fastgd.LinearObjective(X, y, sample_weight=weight)
    found = fastgd.sweep(
        objective,
        grid={"alpha": [1e-3, 1e-1]},
        cv=4,
        optimizer=fastgd.optimizers.SGD(lr=0.5),
        max_epochs=1000,
        tol=1e-3,
        random_state=5,
    )
    assert found.scores is not None
    np.testing.assert_array_equal(search.cv_results_["mean_test_loss"], found.scores["mean"])
    np.testing.assert_array_equal(search.cv_results_["rank_test_score"], found.scores["rank"])
    assert search.best_params_ == found.best_params


def test_given_folds_and_a_score() -> None:
    X, y = two_classes()
    folds = np.arange(len(y)) % 3
    options = {**FULL, "max_iter": 5, "tol": None}
    search = SGDClassifierCV(param_grid={"alpha": [0.01]}, cv=PredefinedSplit(folds), scoring="accuracy", **options)
    search.fit(X, y)
    for k in range(3):
        seen, held_out = folds != k, folds == k
        alone = SGDClassifier(alpha=0.01, **options).fit(X[seen], y[seen])
        assert search.cv_results_[f"split{k}_test_score"][0] == alone.score(X[held_out], y[held_out])


def test_rates_vary_too() -> None:
    X, y = two_classes()
    grid = {"eta0": [1e-9, 0.1], "penalty": ["l1", "l2"], "alpha": [1e-4]}
    search = SGDClassifierCV(param_grid=grid, learning_rate="constant", random_state=0).fit(X, y)
    assert search.best_params_["eta0"] == 0.1
    assert len(search.cv_results_["params"]) == 4


def test_without_a_grid_the_penalty_is_chosen() -> None:
    X, y = two_classes()
    search = SGDClassifierCV("log_loss", random_state=0).fit(X, y)
    assert [setting["alpha"] for setting in search.cv_results_["params"]] == [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert search.predict_proba(X).shape == (len(X), 2)
    assert not hasattr(search, "partial_fit")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"param_grid": {"batch_size": [1]}}, "param_grid must vary only alpha, .*, got 'batch_size'"),
        ({"param_grid": {"alpha": [-1.0]}}, "The 'alpha' parameter of SGDClassifierCV must be"),
        ({"cv": 1}, "The 'cv' parameter of SGDClassifierCV must be an int"),
        ({"cv": 301}, "cv must be an integer from 2 to 300, got 301"),
        ({"cv": KFold(3).split(np.zeros(200))}, "cv must hold out each row once"),
        ({"param_grid": {"learning_rate": ["constant", "optimal"]}}, "same schedule"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match=message):
        SGDClassifierCV(**options).fit(X, y)
