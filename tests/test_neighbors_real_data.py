"""The images of fashion_mnist, as the bytes they are: scikit-learn's neighbours."""

from __future__ import annotations

import _real_data
import numpy as np
import pytest
import sklearn.neighbors

from fastgd.neighbors import KNeighborsClassifier

N_QUERIES = 500


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    return _real_data.load("fashion_mnist")


def test_predictions_are_scikit_learns(images: dict[str, np.ndarray]) -> None:
    X, y, Z = images["X_train"], images["y_train"], images["X_test"][:N_QUERIES]
    assert (X.shape, X.dtype) == ((60_000, 784), np.uint8)
    peer = sklearn.neighbors.KNeighborsClassifier(algorithm="brute").fit(X.astype(np.float32), y)
    expected, neighbors = peer.kneighbors(Z.astype(np.float32))
    model = KNeighborsClassifier().fit(X, y)
    distances, indices = model.kneighbors(Z)
    # Theirs are rounded to float32 in the end, and of rows exactly as near they may take another.
    np.testing.assert_allclose(distances, expected, rtol=2.0**-23)
    query, _ = other = np.nonzero(indices != neighbors)
    ours, others = (((X[rows].astype(int) - Z[query]) ** 2).sum(axis=1) for rows in (indices[other], neighbors[other]))
    np.testing.assert_array_equal(ours, others)
    np.testing.assert_array_equal(np.round(distances[other] ** 2), ours)
    Z, labels = images["X_test"], images["y_test"]
    assert len(Z) == 10_000
    predicted = model.predict(Z)
    np.testing.assert_array_equal(predicted, peer.predict(Z.astype(np.float32)))
    assert np.mean(predicted == labels) >= 0.85


def test_every_storage_has_the_same_neighbours(images: dict[str, np.ndarray]) -> None:
    X, y, Z = images["X_train"][:20_000], images["y_train"][:20_000], images["X_test"][:200]
    expected = KNeighborsClassifier().fit(X, y).kneighbors(Z)
    for dtype in (np.float64, np.float32, np.float16):
        found = KNeighborsClassifier().fit(X.astype(dtype), y).kneighbors(Z.astype(dtype))
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
