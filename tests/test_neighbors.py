"""Classification by neighbours: scikit-learn's results, on data as they are.

That neighbours are right to the bit is in test_neighbors_parity.py.
"""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.neighbors
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score

import fastgd
from fastgd.neighbors import KNeighborsClassifier
from fastgd.reference import neighbors as twin

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, np.bool_]


@pytest.fixture
def X() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(300, 7))


@pytest.fixture
def Z() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(80, 7))


@pytest.fixture
def y() -> np.ndarray:
    return np.array(["one", "two", "four"])[np.random.default_rng(2).integers(0, 3, 300)]


def theirs(**params: Any) -> sklearn.neighbors.KNeighborsClassifier:
    return sklearn.neighbors.KNeighborsClassifier(algorithm="brute", **params)


def halved(distances: np.ndarray) -> np.ndarray:
    return 0.5**distances


@pytest.mark.parametrize("k", [1, 2, 5, 300])
@pytest.mark.parametrize("weights", ["uniform", "distance", None, halved])
def test_all_that_scikit_learn_says(X: np.ndarray, Z: np.ndarray, y: np.ndarray, k: int, weights: Any) -> None:
    ours = KNeighborsClassifier(k, weights=weights).fit(X, y)
    peer = theirs(n_neighbors=k, weights=weights).fit(X, y)
    distances, indices = ours.kneighbors(Z)
    expected, neighbors = peer.kneighbors(Z)
    np.testing.assert_array_equal(indices, neighbors)
    # Theirs is a difference of products, which loses digits.
    np.testing.assert_allclose(distances, expected, rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(Z), peer.predict(Z))
    np.testing.assert_allclose(ours.predict_proba(Z), peer.predict_proba(Z), rtol=1e-9)
    assert ours.score(Z, y[:80]) == peer.score(Z, y[:80])


@pytest.mark.parametrize("k", [1, 5])
def test_weights_and_votes_are_those_of_the_twin(X: np.ndarray, Z: np.ndarray, k: int) -> None:
    labels = np.random.default_rng(2).integers(0, 3, 300)
    Z[::2] = X[:40]
    squares = twin.squared_distances(X, Z)
    neighbors = twin.nearest(squares, k)
    weights = twin.inverse_distances(np.sqrt(np.take_along_axis(squares, neighbors, axis=1)))
    votes = twin.votes(labels[neighbors], weights, 3)
    model = KNeighborsClassifier(k, weights="distance").fit(X, labels)
    np.testing.assert_array_equal(model.predict(Z), votes.argmax(axis=1))
    np.testing.assert_allclose(model.predict_proba(Z), votes / votes.sum(axis=1, keepdims=True), rtol=1e-12)


def test_rows_as_near_are_in_their_order_and_classes_with_as_many_votes_too() -> None:
    X = np.tile([[1.0, 0.0], [0.0, 1.0]], (40, 1))
    model = KNeighborsClassifier(6).fit(X, np.tile([7, 3], 40))
    distances, indices = model.kneighbors([[0.0, 0.0], [1.0, 0.0]])
    assert indices.tolist() == [[0, 1, 2, 3, 4, 5], [0, 2, 4, 6, 8, 10]]
    assert distances.tolist() == [[1.0] * 6, [0.0] * 6]
    assert model.predict([[0.0, 0.0]]).tolist() == [3]


def test_neighbours_at_no_distance_are_the_only_ones() -> None:
    model = KNeighborsClassifier(3, weights="distance").fit([[0.0], [0.0], [1.0], [1.5]], [0, 1, 1, 1])
    np.testing.assert_array_equal(model.predict_proba([[0.0], [1.0]]), [[0.5, 0.5], [0.0, 1.0]])


def test_rows_of_fit_are_not_their_own_neighbours(X: np.ndarray, y: np.ndarray) -> None:
    X = np.concatenate([X, X[:50]])
    y = np.concatenate([y, y[50:100]])
    model = KNeighborsClassifier(3).fit(X, y)
    distances, indices = model.kneighbors()
    assert not (indices == np.arange(350)[:, None]).any()
    assert (distances[:50, 0] == 0.0).all()
    assert (indices[:50, 0] == np.arange(300, 350)).all()
    one_out = cross_val_score(KNeighborsClassifier(3), X[:60], y[:60], cv=LeaveOneOut())
    assert KNeighborsClassifier(3).fit(X[:60], y[:60]).score(None, y[:60]) == pytest.approx(one_out.mean())
    with pytest.raises(ValueError, match=r"n_neighbors must be at most 349, .* other than itself .*got 350"):
        model.kneighbors(n_neighbors=350)
    assert model.kneighbors(n_neighbors=349, return_distance=False).shape == (350, 349)


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_graphs(X: np.ndarray, Z: np.ndarray, y: np.ndarray, mode: str) -> None:
    ours, peer = KNeighborsClassifier(4).fit(X, y), theirs(n_neighbors=4).fit(X, y)
    for queries, k in [(Z, None), (None, 2)]:
        graph, expected = (model.kneighbors_graph(queries, k, mode) for model in (ours, peer))
        assert type(graph) is type(expected)
        assert graph.shape == expected.shape
        np.testing.assert_allclose(graph.toarray(), expected.toarray(), rtol=1e-9)


def test_labels_of_several_columns(X: np.ndarray, Z: np.ndarray) -> None:
    labels = np.random.default_rng(3).integers(0, [2, 5], (300, 2))
    ours, peer = KNeighborsClassifier(4).fit(X, labels), theirs(n_neighbors=4).fit(X, labels)
    assert ours.outputs_2d_
    assert [classes.tolist() for classes in ours.classes_] == [[0, 1], [0, 1, 2, 3, 4]]
    np.testing.assert_array_equal(ours.predict(Z), peer.predict(Z))
    for shares, expected in zip(ours.predict_proba(Z), peer.predict_proba(Z), strict=True):
        np.testing.assert_allclose(shares, expected)
    binary = labels[:, :1] == 0
    sparse = KNeighborsClassifier(3).fit(X, scipy.sparse.csr_array(np.hstack([binary, ~binary]).astype(int)))
    np.testing.assert_array_equal(sparse.predict(Z).sum(axis=1), 1)


@pytest.mark.filterwarnings("error")
def test_a_row_of_several_columns_is_right_if_all_of_them_are(X: np.ndarray, Z: np.ndarray) -> None:
    labels = np.random.default_rng(3).integers(0, [3, 2], size=(len(X), 2))
    model = KNeighborsClassifier(3).fit(X, labels)
    expected = np.random.default_rng(4).integers(0, [3, 2], size=(len(Z), 2))
    right = (model.predict(Z) == expected).all(axis=1)
    assert 0 < right.sum() < (model.predict(Z) == expected).any(axis=1).sum()
    assert model.score(Z, expected) == pytest.approx(right.mean())
    weight = np.arange(len(Z)) % 5
    assert model.score(Z, expected, weight) == pytest.approx(np.average(right, weights=weight))
    with pytest.raises(ValueError, match="y must have the shape of what is predicted"):
        model.score(Z, expected[:, 0])
    # Of two classes each they are what scikit-learn has a score for.
    ones = scipy.sparse.csr_array(labels > 0)
    peer = theirs(n_neighbors=3).fit(X, ones.toarray())
    assert KNeighborsClassifier(3).fit(X, ones).score(Z, expected > 0) == peer.score(Z, expected > 0)


def test_one_column_of_labels_is_told_to_be_one() -> None:
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match=r"y\.ravel"):
        model = KNeighborsClassifier(1).fit([[0.0], [1.0]], [[0], [1]])
    assert model.predict([[0.9]]).tolist() == [1]
    assert not model.outputs_2d_


@pytest.mark.parametrize("dtype", DTYPES)
def test_data_are_not_copied(dtype: Any, y: np.ndarray) -> None:
    wide = (np.random.default_rng(0).random((300, 12)) * 100 % 3).astype(dtype)
    X = wide[:, 3:10]
    model = KNeighborsClassifier().fit(X, y)
    assert np.shares_memory(model._fit_X, wide)
    expected = theirs().fit(X.astype(np.float64), y).kneighbors(X[:50].astype(np.float64))
    distances, _ = model.kneighbors(X[:50])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-7, atol=1e-6)
    assert model._fit_X.dtype == dtype


def test_data_of_a_file(X: np.ndarray, y: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = KNeighborsClassifier().fit(mapped, y)
    assert np.shares_memory(model._fit_X, mapped)
    np.testing.assert_array_equal(model.kneighbors(mapped)[1], KNeighborsClassifier().fit(X, y).kneighbors(X)[1])


@pytest.mark.parametrize("sparse", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_and_dense_meet(sparse: tuple[bool, bool], dtype: Any, y: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    # Eighths: their squares add up without rounding.
    X, Z = (np.where(rng.random((n, 90)) < 0.1, rng.integers(-9, 9, (n, 90)) / 8, 0.0) for n in (300, 40))
    expected = KNeighborsClassifier().fit(X, y).kneighbors(Z)
    rows, queries = (
        scipy.sparse.csr_array(part, dtype=dtype) if is_sparse else part.astype(dtype)
        for part, is_sparse in zip((X, Z), sparse, strict=True)
    )
    found = KNeighborsClassifier().fit(rows, y).kneighbors(queries)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_few_entries_among_many_columns(dtype: Any, index: Any, y: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    X, Z = (np.where(rng.random((n, 2000)) < 0.002, rng.integers(-9, 9, (n, 2000)) / 8, 0.0) for n in (300, 40))
    rows, queries = (scipy.sparse.csr_array(part, dtype=dtype) for part in (X, Z))
    for part in (rows, queries):
        part.indices, part.indptr = part.indices.astype(index), part.indptr.astype(index)
    found = KNeighborsClassifier().fit(rows, y).kneighbors(queries)
    expected = KNeighborsClassifier().fit(X, y).kneighbors(Z)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_entries_of_a_column_add_up(y: np.ndarray) -> None:
    """Also where they are large beside their sum: float32 loses it, and every row has to be looked at."""
    rng = np.random.default_rng(5)
    X = rng.integers(0, 4, (300, 5)).astype(np.float32)
    large = np.full((300, 5), 2.0**24, np.float32)
    data, columns = np.hstack([large, X, -large]), np.tile(np.arange(5), (300, 3))
    rows = scipy.sparse.csr_array((data.ravel(), columns.ravel(), np.arange(0, 4501, 15)), shape=(300, 5))
    np.testing.assert_array_equal(
        KNeighborsClassifier().fit(rows, y).kneighbors(X)[1], KNeighborsClassifier().fit(X, y).kneighbors(X)[1]
    )


def test_columns_far_from_zero(y: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    X, Z = (1e6 + rng.integers(0, 512, (n, 6)) / 64 for n in (300, 50))
    expected = twin.nearest(twin.squared_distances(X, Z), 5)
    for dtype in (np.float64, np.float32):
        stored = KNeighborsClassifier().fit(X.astype(dtype), y)
        wanted = twin.nearest(twin.squared_distances(X.astype(dtype), Z), 5)
        np.testing.assert_array_equal(stored.kneighbors(Z)[1], wanted)
    np.testing.assert_array_equal(KNeighborsClassifier().fit(X, y).kneighbors(Z)[1], expected)


@pytest.mark.parametrize("n_queries", [3, 300])
def test_clusters_that_float32_does_not_tell_apart(n_queries: int) -> None:
    """Products in float32 leave half of all rows, which is when the search goes on in float64."""
    rng = np.random.default_rng(7)
    level = 2.0**24
    X, Z = (rng.integers(0, 64, (n, 6)) + level * rng.choice([-1, 1], (n, 1)) for n in (4000, n_queries))
    # The last query is the only one that is far from all of them.
    Z[-1] = 0.0
    expected = twin.nearest(twin.squared_distances(X, Z), 4)
    model = KNeighborsClassifier(4).fit(X, np.arange(4000) % 3)
    for n_threads in (1, 2):
        found = model.set_params(n_threads=n_threads).kneighbors(Z)[1]
        np.testing.assert_array_equal(found, expected)


def test_copies(X: np.ndarray, Z: np.ndarray, y: np.ndarray) -> None:
    model = KNeighborsClassifier(3, weights="distance").fit(X, y)
    expected = model.predict_proba(Z)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), clone(model).fit(X, y)):
        np.testing.assert_array_equal(again.predict_proba(Z), expected)


def test_search_over_parameters(X: np.ndarray, y: np.ndarray) -> None:
    grid = {"n_neighbors": [1, 5], "weights": ["uniform", "distance"]}
    ours, peer = (GridSearchCV(model, grid, cv=3).fit(X, y) for model in (KNeighborsClassifier(), theirs()))
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], peer.cv_results_["mean_test_score"])


def test_what_is_known_after_fit(X: np.ndarray, y: np.ndarray) -> None:
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = KNeighborsClassifier(metric="euclidean", p=1).fit(frame, y)
    assert model.classes_.tolist() == ["four", "one", "two"]
    assert (model.n_samples_fit_, model.n_features_in_, model.outputs_2d_) == (300, 7, False)
    assert (model.effective_metric_, model.effective_metric_params_) == ("euclidean", {})
    assert model.feature_names_in_.tolist() == list("abcdefg")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("gfedcba")])


def test_n_jobs_is_another_name_for_n_threads(X: np.ndarray, Z: np.ndarray, y: np.ndarray) -> None:
    expected = KNeighborsClassifier().fit(X, y).kneighbors(Z)[0]
    for params in ({"n_jobs": 2}, {"n_jobs": -1}, {"n_threads": 2}, {"n_jobs": 2, "n_threads": 2}):
        np.testing.assert_array_equal(KNeighborsClassifier(**params).fit(X, y).kneighbors(Z)[0], expected)
    with fastgd.threads(1):
        np.testing.assert_array_equal(KNeighborsClassifier().fit(X, y).kneighbors(Z)[0], expected)
