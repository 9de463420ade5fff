"""What networks take: arrays of every kind as they are, frames, and the errors for what they do not take."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from _network_data import labels, quadrants, rings, waves
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError

from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import SGD

QUICK: dict[str, Any] = {"hidden_layer_sizes": 8, "max_iter": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def _two_epochs_are_few() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.parametrize("wrap", [np.ndarray.tolist, np.asfortranarray, pd.DataFrame], ids=lambda w: w.__name__)
def test_other_arrays(wrap: Any) -> None:
    X, y = quadrants()
    model, expected = MLPClassifier(**QUICK).fit(wrap(X), y), MLPClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
    np.testing.assert_array_equal(model.predict_proba(wrap(X)), expected.predict_proba(X))


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows(form: str, dtype: Any) -> None:
    X = scipy.sparse.random_array((200, 30), density=0.2, rng=0, format=form, dtype=dtype)
    y = np.asarray(X.sum(axis=1)).ravel() > 3.0
    sparse, dense = MLPClassifier(**QUICK).fit(X, y), MLPClassifier(**QUICK).fit(X.toarray(), y)
    assert sparse.coefs_[0].dtype == dtype
    # Sums of at most 30 terms, over 2 steps.
    tolerance = 200.0 * np.finfo(dtype).eps
    np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(sparse.predict_proba(X), dense.predict_proba(X.toarray()), rtol=tolerance)


def test_frames_have_names() -> None:
    X, y = quadrants()
    frame = pd.DataFrame(X, columns=list("abc"))
    for options in ({}, {"early_stopping": True}):
        model = MLPClassifier(**QUICK, **options).fit(frame, pd.Series(y))
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        assert model.n_features_in_ == 3
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["c", "b", "a"]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, np.bool_], ids=str
)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_no_copy_of_the_data(dtype: Any, kind: Any) -> None:
    n, d = 4000, 500
    X = np.zeros((n, d), dtype)
    X[np.arange(n), np.arange(n) % d] = 1
    X.setflags(write=False)
    y = np.arange(n) % 2
    model = kind(**QUICK)
    model.fit(X[:100], y[:100]).predict(X[:100])
    tracemalloc.start()
    try:
        model.fit(X, y)
        after_fit = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        model.predict(X)
        model.partial_fit(X, y)
        after_rest = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A mask of what is finite would be a byte an entry.
    assert max(after_fit, after_rest) < 0.4 * n * d
    expected = np.float64 if dtype is np.float64 else np.float32
    assert {part.dtype for part in (*model.coefs_, *model.intercepts_)} == {np.dtype(expected)}
    assert kind is MLPClassifier or model.predict(X).dtype == expected


def test_labels_of_any_kind() -> None:
    X, y = quadrants()
    expected = MLPClassifier(**QUICK).fit(X, y)
    for names in (["no", "yes"], [False, True], [-1, 1], [2, 300], [0.0, 1.0], np.array(["b", "c"], object)):
        named = np.asarray(names)[y]
        model = MLPClassifier(**QUICK).fit(X, named)
        assert model.classes_.tolist() == list(names)
        np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
        np.testing.assert_array_equal(model.predict(X), np.asarray(names)[expected.predict(X)])


def test_a_column_of_targets_is_flattened_with_a_warning() -> None:
    X, y = quadrants()
    for kind in (MLPClassifier, MLPRegressor):
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
            model = kind(**QUICK).fit(X, y[:, None])
        assert model.predict(X).shape == y.shape


def test_a_batch_is_clipped_to_the_data() -> None:
    X, y = quadrants(100)
    with pytest.warns(UserWarning, match="batch_size=150 is larger than the number of rows, 100; it is clipped to it"):
        model = MLPClassifier(batch_size=150, **QUICK).fit(X, y)
    full = MLPClassifier(batch_size="full", **QUICK).fit(X, y)
    auto = MLPClassifier(**QUICK).fit(X, y)
    for other in (full, auto):
        np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])
    with pytest.warns(UserWarning, match="batch_size=150 is larger than the number of rows, 100"):
        model.partial_fit(X, y)


def test_automatic_batches_have_200_rows() -> None:
    X, y = quadrants(401)
    model, given = MLPClassifier(**QUICK).fit(X, y), MLPClassifier(batch_size=200, **QUICK).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], given.coefs_[0])
    assert model.history_.step.tolist() == [3, 6]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_is_not_finite_is_named(value: float, activation: str) -> None:
    X, y = quadrants()
    model = MLPClassifier(activation=activation, **QUICK).fit(X, y)
    bad = X.copy()
    bad[7, 1] = value
    for call in (lambda: model.predict(bad), lambda: model.partial_fit(bad, y), lambda: model.fit(bad, y)):
        with pytest.raises(ValueError, match=f"X must be finite, got {value} in row 7, column 1"):
            call()


def test_parameters_that_are_too_large() -> None:
    X, y = quadrants()
    model = MLPClassifier(**QUICK).fit(X, y)
    model.coefs_[0] = model.coefs_[0] * 1e308
    with pytest.raises(ValueError, match="coefs and intercepts must be finite, and small enough"):
        model.predict(X)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes\[1\] must be an integer from 1 to 2147483647, got 0"),
        ({"hidden_layer_sizes": -2}, "hidden_layer_sizes' parameter of MLPClassifier must be"),
        ({"activation": "sine"}, "'activation' parameter .* must be a str among .*'softplus'"),
        ({"dropout": 1.0}, r"'dropout' parameter .* must be a float in the range \[0.0, 1.0\)"),
        ({"solver": "newton"}, "'solver' parameter"),
        ({"alpha": -1.0}, "'alpha' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"batch_size": "half"}, "'batch_size' parameter"),
        ({"learning_rate": "fast"}, "'learning_rate' parameter"),
        ({"optimizer": "fastest"}, "optimizer must be one of 'sgd', .* got 'fastest'"),
        ({"n_threads": 0}, "'n_threads' parameter"),
        ({"dropout": 0.5, "solver": "lbfgs"}, "dropout must be 0 with LBFGS, which compares its steps, got 0.5"),
    ],
)
def test_bad_parameters(options: dict[str, Any], message: str) -> None:
    X, y = quadrants()
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier(**{**QUICK, **options}).fit(X, y)


def test_bad_data() -> None:
    X, y = rings()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MLPClassifier().fit(X, y[:5])
    with pytest.raises(ValueError, match="0 sample"):
        MLPClassifier().fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="got multiclass-multioutput"):
        MLPClassifier().fit(X, np.arange(800).reshape(400, 2) % 3)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        MLPClassifier().fit(X, y, sample_weight=np.full(400, -1.0))
    with pytest.raises(ValueError, match="sample_weight must be > 0 for at least one row"):
        MLPClassifier().fit(X, y, sample_weight=np.zeros(400))
    with pytest.raises(ValueError, match="y must be >= 0 for loss 'poisson'"):
        MLPRegressor("poisson").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="loss_params must name parameters of loss 'squared_error'"):
        MLPRegressor(loss_params={"epsilon": 1.0}).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="y_val must be given with X_val"):
        MLPClassifier(early_stopping=True).fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X_val must be None without early_stopping=True"):
        MLPClassifier().fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="The validation set is too small"):
        MLPRegressor(early_stopping=True).fit(X[:4], X[:4, 0])
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(X)
    with pytest.raises(ValueError, match="X has 1 features, but MLPClassifier is expecting 2"):
        MLPClassifier(**QUICK).fit(X, y).predict(X[:, :1])


@pytest.mark.allocator
def test_memory_that_cannot_be_had() -> None:
    X, y = quadrants()
    model = MLPClassifier(hidden_layer_sizes=(2**27, 2**27))
    for call in (lambda: model.fit(X, y), lambda: model.partial_fit(X, y, classes=[0, 1])):
        with pytest.raises(MemoryError):
            call()
    assert not hasattr(model, "coefs_")
    assert model.set_params(**QUICK).fit(X, y).predict(X).shape == y.shape


def test_weights_are_rows() -> None:
    X, y = waves(90)
    weight = np.arange(90) % 3
    options = {**QUICK, "max_iter": 20, "optimizer": SGD(0.05, momentum=0.9)}
    weighted = MLPRegressor(**options).fit(X, y, sample_weight=weight)
    repeated = MLPRegressor(**options).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    # Sums of at most 90 terms, over 20 steps.
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-10, atol=1e-12)
    X, y = labels(60)
    scaled = [MLPClassifier(**QUICK).fit(X, y, sample_weight=np.full(60, w)).coefs_[0] for w in (1.0, 8.0)]
    # The penalty is divided by the weight, too.
    assert (scaled[0] != scaled[1]).any()
    no_penalty = {**QUICK, "alpha": 0.0}
    scaled = [MLPClassifier(**no_penalty).fit(X, y, sample_weight=np.full(60, w)).coefs_[0] for w in (1.0, 8.0)]
    np.testing.assert_array_equal(*scaled)
