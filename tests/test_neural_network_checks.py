"""scikit-learn's checks of an estimator's contract, and its tools around ours."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import SGD, AdamW


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_contract(estimator: BaseEstimator, check: Callable[[Any], None]) -> None:
    check(estimator)


X, Y = load_iris(return_X_y=True)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_copies_predict_the_same_and_go_on_the_same(kind: Any) -> None:
    model = kind(solver="sgd", random_state=0)
    for _ in range(3):
        model.partial_fit(X, Y, **({"classes": [0, 1, 2]} if kind is MLPClassifier else {}))
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for other in copies:
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
    for one in (model, *copies):
        one.partial_fit(X, Y)
    for other in copies:
        for coef, expected in zip(other.coefs_, model.coefs_, strict=True):
            np.testing.assert_array_equal(coef, expected)


def test_clones_have_optimisers_of_their_own() -> None:
    model = MLPClassifier(optimizer=SGD(0.1, momentum=0.5))
    other = clone(model).set_params(optimizer__lr=0.2)
    assert other.optimizer == SGD(0.2, momentum=0.5)
    assert model.optimizer == SGD(0.1, momentum=0.5)


def test_searches_vary_the_optimiser() -> None:
    pipeline = make_pipeline(
        StandardScaler(),
        MLPClassifier(optimizer=AdamW(0.01), max_iter=100, tol=0.0, n_iter_no_change=100, random_state=0),
    )
    grid = {"mlpclassifier__optimizer__lr": [1e-6, 1e-2], "mlpclassifier__hidden_layer_sizes": [(10,), ()]}
    with pytest.warns(match="Maximum iterations"):
        search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    assert search.best_params_["mlpclassifier__optimizer__lr"] == 1e-2
    assert search.score(X, Y) > 0.95


def test_importing_the_package_alone_does_not_import_scikit_learn() -> None:
    program = "import sys, fastgd; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_scikit_learn_the_error_says_what_to_install() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import fastgd.neural_network"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install fastgd[sklearn]" in done.stderr
