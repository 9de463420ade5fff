"""scikit-learn's checks of an estimator's contract, and its tools around the estimators of densities."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture
from fastgd.optimizers import Adam

X = load_iris(return_X_y=True)[0]
KINDS = [lambda: GaussianMixture(2, random_state=0), lambda: Gaussian(random_state=0)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:columns")
@parametrize_with_checks([GaussianMixture(), GaussianMixture(2, covariance_type="diag"), Gaussian()])
def test_contract(estimator: BaseEstimator, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("make", KINDS)
def test_copies_score_the_same_and_go_on_the_same(make: Callable[[], Any]) -> None:
    model = make()
    for piece in np.array_split(X, 3):
        model.partial_fit(piece)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for other in copies:
        np.testing.assert_array_equal(other.score_samples(X), model.score_samples(X))
    for one in (model, *copies):
        one.partial_fit(X)
    for other in copies:
        np.testing.assert_array_equal(other.score_samples(X), model.score_samples(X))


def test_clones_have_optimisers_of_their_own() -> None:
    model = GaussianMixture(2, optimizer=Adam(0.1))
    other = clone(model).set_params(optimizer__lr=0.2)
    assert other.optimizer == Adam(0.2)
    assert model.optimizer == Adam(0.1)


def test_a_search_finds_the_number_of_components() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(at, 0.2, size=(60, 2)) for at in (-2.0, 0.0, 2.0)])[rng.permutation(180)]
    search = GridSearchCV(GaussianMixture(random_state=0), {"n_components": [1, 2, 3]}, cv=3).fit(rows)
    assert search.best_params_ == {"n_components": 3}


@pytest.mark.parametrize("make", KINDS)
def test_names_of_features_are_kept_and_held_to(make: Callable[[], Any]) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = make().fit(frame)
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(model.score_samples(frame), make().fit(X).score_samples(X))
    with pytest.raises(ValueError, match="feature names"):
        model.score_samples(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("make", KINDS)
def test_parameters_set_after_a_fit_do_not_change_the_fitted_density(make: Callable[[], Any]) -> None:
    model = make().fit(X)
    expected = model.score_samples(X)
    model.set_params(covariance_type="diag", reg_covar=1.0)
    if isinstance(model, GaussianMixture):
        model.set_params(n_components=5)
    np.testing.assert_array_equal(model.score_samples(X), expected)


@pytest.mark.parametrize("module", ["mixture", "covariance"])
def test_without_scikit_learn_the_error_says_what_to_install(module: str) -> None:
    program = f"import sys; sys.modules['sklearn'] = None; import fastgd.{module}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install fastgd[sklearn]" in done.stderr


def test_the_modules_are_reached_from_the_package_without_costing_its_import() -> None:
    program = (
        "import sys, fastgd; assert 'sklearn' not in sys.modules; "
        "fastgd.mixture.GaussianMixture, fastgd.covariance.Gaussian"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
