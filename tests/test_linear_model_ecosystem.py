"""Estimators inside what scikit-learn builds of estimators."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from _linear_data import numbers, three_classes, two_classes
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastgd import linear_model
from fastgd.linear_model import SGDClassifier, SGDRegressor
from fastgd.optimizers import Adam
from fastgd.schedules import Cosine

ESTIMATORS = [getattr(linear_model, name) for name in linear_model.__all__]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_clone_and_pickle(kind: Any) -> None:
    X, y = two_classes()
    model = kind()
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    model.fit(X, y)
    assert clone(model).get_params() == model.get_params()
    assert np.array_equal(clone(model).fit(X, y).coef_, model.coef_)
    copied = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copied.predict(X), model.predict(X))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_html(kind: Any) -> None:
    X, y = two_classes()
    assert kind.__name__ in kind().fit(X, y)._repr_html_()


def test_a_search_changes_the_optimizer_within() -> None:
    X, y = two_classes()
    model = SGDClassifier(optimizer=Adam(lr=Cosine(0.1, t_max=100)), batch_size=32, random_state=0)
    search = GridSearchCV(model, {"optimizer__lr__lr": [1e-9, 0.1], "alpha": [1e-4]}, cv=3).fit(X, y)
    assert search.best_params_["optimizer__lr__lr"] == 0.1
    assert model.optimizer.lr.lr == 0.1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: CalibratedClassifierCV(model, cv=3),
        OneVsRestClassifier,
        lambda model: BaggingClassifier(model, n_estimators=3, n_jobs=2, random_state=0),
        lambda model: GridSearchCV(model, {"alpha": [1e-4, 1e-2]}, n_jobs=2, cv=3),
    ],
    ids=["pipeline", "calibration", "one-vs-rest", "bagging", "search"],
)
def test_inside_others(wrap: Any) -> None:
    X, y = three_classes()
    assert wrap(SGDClassifier(random_state=0)).fit(X, y).score(X, y) > 0.6


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_cross_validation_in_parallel(backend: str) -> None:
    X, y = three_classes()
    model = SGDClassifier(random_state=0)
    with joblib.parallel_backend(backend):
        scores = cross_val_score(model, X, y, n_jobs=2)
    np.testing.assert_array_equal(scores, cross_val_score(model, X, y))


def test_regressions_beside_each_other() -> None:
    X, Y = numbers(outputs=2)
    assert MultiOutputRegressor(SGDRegressor(random_state=0)).fit(X, Y).score(X, Y) > 0.9


def test_weights_are_routed() -> None:
    X, y = two_classes()
    weight = np.random.default_rng(0).random(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = SGDClassifier(random_state=0).set_fit_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        routed.fit(X, y, sample_weight=weight)
    scaled = StandardScaler().fit_transform(X)
    expected = SGDClassifier(random_state=0).fit(scaled, y, sample_weight=weight)
    np.testing.assert_array_equal(routed[-1].coef_, expected.coef_)


def test_a_generator_as_random_state_moves_on() -> None:
    X, y = two_classes()
    random = np.random.RandomState(0)
    first, second = (SGDClassifier(random_state=random, max_iter=2, tol=None).fit(X, y).coef_ for _ in range(2))
    assert not np.array_equal(first, second)
