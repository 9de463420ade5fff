"""Estimators that are used again: other parameters, other optimisers, other data, after errors and after a journey."""

from __future__ import annotations

import io
from typing import Any

import joblib
import numpy as np
import pytest
import scipy.sparse
from _linear_data import numbers, two_classes

from fastgd import optimizers
from fastgd.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDClassifierCV,
    SGDRegressor,
)


def test_a_second_search_tells_of_itself() -> None:
    X, y = two_classes()
    search = SGDClassifierCV(param_grid={"alpha": [1e-3, 100.0]}, random_state=0).fit(X, y)
    search.set_params(param_grid={"alpha": [1.0, 2.0, 3.0]}).fit(X, y)
    assert search.best_params_["alpha"] in (1.0, 2.0, 3.0)
    assert len(search.cv_results_["params"]) == 3


def test_equal_scores_have_equal_ranks() -> None:
    X, y = two_classes()
    search = SGDClassifierCV(param_grid={"alpha": [1.0, 1.0, 2.0]}, random_state=0).fit(X, y)
    ranks = search.cv_results_["rank_test_score"]
    assert ranks[0] == ranks[1] != ranks[2]


def test_another_optimiser_begins_anew() -> None:
    X, y = numbers()
    model = SGDRegressor(shuffle=False, optimizer=optimizers.Adagrad(lr=0.5)).fit(X, y)
    coef, intercept = model.coef_.copy(), model.intercept_.copy()
    model.set_params(optimizer=optimizers.ASGD(lr=1e-3)).partial_fit(X, y)
    fresh = SGDRegressor(shuffle=False, optimizer=optimizers.ASGD(lr=1e-3))
    fresh.partial_fit(X[:1], y[:1])
    fresh.coef_, fresh.intercept_ = coef, intercept
    fresh.partial_fit(X, y)
    np.testing.assert_array_equal(model.coef_, fresh.coef_)


@pytest.mark.parametrize("options", [{"optimizer": optimizers.Adam(lr=1e-2)}, {"average": True}, {}])
def test_a_stream_survives_joblib(options: dict[str, Any]) -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0, **options)
    for _ in range(3):
        model.partial_fit(X, y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    stored = joblib.load(file)
    for one in (model, stored):
        for _ in range(3):
            one.partial_fit(X, y)
    np.testing.assert_array_equal(stored.coef_, model.coef_)


def test_a_damaged_state_is_refused() -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0, optimizer="adam").partial_fit(X, y)
    parts = model._stream.state
    model._stream = model._stream._replace(state=(*parts[:4], np.ones(2_000_000), *parts[5:]))
    with pytest.raises(ValueError, match="resume must be of the same objective and optimizer"):
        model.partial_fit(X, y)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-100, 100], np.int8),
        np.array([-20_000, 20_000], np.int16),
        np.array([2**63 - 2, 2**63 - 1], np.int64),
        np.array([2**64 - 9, 2**64 - 3], np.uint64),
    ],
)
@pytest.mark.parametrize("kind", [SGDClassifier, LogisticRegression])
def test_labels_at_the_ends_of_their_types(kind: Any, labels: np.ndarray) -> None:
    X, y = two_classes()
    model = kind().fit(X, labels[y])
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.score(X, labels[y]) > 0.9


def test_nothing_of_a_refused_piece_is_kept() -> None:
    X, y = two_classes()
    model = SGDClassifier(random_state=0)
    with pytest.raises(ValueError, match="y must hold labels among"):
        model.partial_fit(X, y + 1, classes=[0, 1])
    model.partial_fit(X[:, :3], y, classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]
    model = SGDClassifier(random_state=0).partial_fit(X, y, classes="grow")
    with pytest.raises(ValueError, match="X must be finite"):
        model.partial_fit(np.full((2, 5), np.nan), [2, 2], classes="grow")
    assert model.classes_.tolist() == [0, 1]
    assert model.coef_.shape == (1, 5)
    assert model.sparsify().partial_fit(X[:2], [2, 2], classes="grow").coef_.shape == (3, 5)


@pytest.mark.parametrize("change", [{"penalty": "bogus"}, {"batch_size": 0}, {"shuffle": "no"}, {"random_state": -5}])
def test_changes_between_pieces_are_checked(change: dict[str, Any]) -> None:
    X, y = two_classes()
    model = SGDClassifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=next(iter(change))):
        model.set_params(**change).partial_fit(X, y)


def test_an_intercept_that_is_no_more_wanted() -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0).partial_fit(X, y)
    assert not np.any(model.set_params(fit_intercept=False).partial_fit(X, y).intercept_)


@pytest.mark.parametrize("kind", [Ridge, LinearRegression])
def test_sparse_columns_of_large_means(kind: Any) -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=200), 1e7 + rng.normal(size=200)])
    y = 3.0 * X[:, 0] + 2.0 * (X[:, 1] - 1e7)
    sparse = kind().fit(scipy.sparse.csr_array(X), y)
    np.testing.assert_allclose(sparse.coef_, kind().fit(X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize("kind", [Ridge, LinearRegression])
def test_malformed_rows_never_reach_scipy(kind: Any) -> None:
    X, y = numbers()
    bad = scipy.sparse.csr_array(X)
    bad.indices[2] = 10**8
    with pytest.raises(ValueError, match=r"X\.indices must be in 0\.\."):
        kind().fit(bad, y)
