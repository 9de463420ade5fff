"""What a search for neighbours refuses, in words that name the argument, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from fastgd import _core
from fastgd.neighbors import KNeighborsClassifier

X = np.random.default_rng(0).normal(size=(30, 3))
y = np.arange(30) % 2


@pytest.mark.parametrize(
    "params, message",
    [
        ({"n_neighbors": 0}, r"'n_neighbors' parameter .* Got 0"),
        ({"n_neighbors": 2.0}, r"'n_neighbors' parameter .* Got 2\.0"),
        ({"weights": "heavy"}, r"'weights' parameter .*'distance'.* Got 'heavy'"),
        ({"algorithm": "kd_tree"}, r"'algorithm' parameter .*'brute'.* Got 'kd_tree'"),
        ({"algorithm": "ball_tree"}, r"'algorithm' parameter .*'brute'.* Got 'ball_tree'"),
        ({"metric": "cosine"}, r"'metric' parameter .*'euclidean'.* Got 'cosine'"),
        ({"p": 1}, r"p must be 2, .* got 1"),
        ({"metric_params": {"w": [1, 2, 3]}}, r"metric_params must be None, .* got \{'w'"),
        ({"n_jobs": 0}, r"n_jobs must be an integer other than 0"),
        ({"n_jobs": 1, "n_threads": 2}, r"n_jobs must be None or the same as n_threads"),
        ({"n_threads": 0}, r"'n_threads' parameter .* Got 0"),
    ],
)
def test_parameters(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KNeighborsClassifier(**params).fit(X, y)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"weights": "heavy"}, r"weights must be 'uniform', 'distance', .* got 'heavy'"),
        ({"metric": "cosine"}, r"metric must be 'minkowski' or 'euclidean', got 'cosine'"),
        ({"p": 1}, r"p must be 2, .* got 1"),
        ({"metric_params": {"w": [1, 2, 3]}}, r"metric_params must be None, .* got \{'w'"),
    ],
)
def test_parameters_that_are_set_after_fit(params: dict[str, Any], message: str) -> None:
    model = KNeighborsClassifier().fit(X, y)
    expected = model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.set_params(**params).predict(X)
    with pytest.raises(ValueError, match=message):
        model.predict_proba(X)
    model.set_params(weights="uniform", metric="euclidean", p=2, metric_params=None)
    np.testing.assert_array_equal(model.predict(X), expected)


def test_more_neighbours_than_rows() -> None:
    model = KNeighborsClassifier(31).fit(X, y)
    with pytest.raises(ValueError, match=r"n_neighbors must be at most 30, .*got 31 with n_samples_fit = 30"):
        model.predict(X)
    assert model.kneighbors(X, 30)[1].shape == (30, 30)
    with pytest.raises(ValueError, match=r"n_neighbors must be an integer >= 1, got 0"):
        model.kneighbors(X, 0)
    with pytest.raises(TypeError, match=r"n_neighbors must be an integer >= 1, got 2\.5"):
        model.kneighbors(X, 2.5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 7, 1999])
def test_what_is_not_finite_is_named(dtype: Any, value: float, row: int) -> None:
    rows = np.random.default_rng(1).normal(size=(2000, 40)).astype(dtype)
    bad = rows.copy()
    bad[row, 5] = value
    labels = np.arange(2000) % 3
    where = rf"X must be finite, got -?(nan|inf) in row {row}, column 5"
    model = KNeighborsClassifier()
    with pytest.raises(ValueError, match=where):
        model.fit(bad, labels)
    model.fit(rows, labels)
    for n_threads in (1, 2):
        with pytest.raises(ValueError, match=where):
            model.set_params(n_threads=n_threads).kneighbors(bad)


def test_what_is_not_finite_is_named_in_sparse_rows() -> None:
    rows = scipy.sparse.csr_array(np.eye(30))
    bad = rows.copy()
    bad.data[17] = np.nan
    with pytest.raises(ValueError, match="got nan in row 17, column 17"):
        KNeighborsClassifier().fit(bad, y)
    model = KNeighborsClassifier().fit(rows, y)
    with pytest.raises(ValueError, match="got nan in row 17, column 17"):
        model.predict(bad)


def test_numbers_too_large_for_float32_are_data() -> None:
    """Of float64 rows products in float32 are out of the question here, not the rows."""
    large = X * 1e200
    np.testing.assert_array_equal(KNeighborsClassifier().fit(large, y).kneighbors(large, 1)[1][:, 0], np.arange(30))


def test_shapes() -> None:
    model = KNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but KNeighborsClassifier is expecting 3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])
    with pytest.raises(ValueError, match="0 sample"):
        KNeighborsClassifier().fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        KNeighborsClassifier().fit(X, y[:20])
    with pytest.raises(ValueError, match="mode must be 'connectivity' or 'distance', got 'both'"):
        model.kneighbors_graph(X, mode="both")
    with pytest.raises(TypeError, match="return_distance must be True or False, got 1"):
        model.kneighbors(X, return_distance=1)


def test_targets_that_are_no_labels() -> None:
    with pytest.raises(ValueError, match="Unknown label type"):
        KNeighborsClassifier().fit(X, X[:, 0])


def test_weights_of_a_function() -> None:
    model = KNeighborsClassifier(weights=lambda distances: distances[:, :1]).fit(X, y)
    with pytest.raises(ValueError, match=r"weights must return an array of .* \(30, 5\), got shape \(30, 1\)"):
        model.predict(X)
    model.set_params(weights=lambda distances: np.where(np.arange(30)[:, None] == 4, 0.0, distances + 1.0))
    with pytest.raises(ValueError, match=r"weights must not be 0 for all neighbors of a row, .* row 4 of X"):
        model.predict(X)


def test_a_refused_fit_leaves_the_model_that_was_there() -> None:
    model = KNeighborsClassifier(3).fit(X, y)
    expected = model.predict(X)
    with pytest.raises(ValueError, match="must be finite"):
        model.fit(np.full((40, 3), np.nan), np.arange(40))
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.n_samples_fit_ == 30


def test_the_core_checks_what_would_be_unsafe() -> None:
    index = _core.NearestRows(X, "float64", 1)
    with pytest.raises(ValueError, match="Z must have 3 columns, got 2"):
        index.query(X[:, :2].copy(), "float64", 1, False, 1)
    for k in (0, 31):
        with pytest.raises(ValueError, match="k must be from 1 to"):
            index.query(X, "float64", k, False, 1)
    with pytest.raises(ValueError, match="k must be from 1 to 29, got 30"):
        index.query(X, "float64", 30, True, 1)
    with pytest.raises(ValueError, match="Z must be X"):
        index.query(np.zeros((31, 3)), "float64", 1, True, 1)
