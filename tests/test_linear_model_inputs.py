"""What estimators take: arrays of every kind as they are, frames, and the errors for what they do not take."""

from __future__ import annotations

import tracemalloc
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from _linear_data import numbers, two_classes

from fastgd.linear_model import Perceptron, SGDClassifier, SGDClassifierCV, SGDOneClassSVM, SGDRegressor

COLUMNS = list("abcde")


class Dlpack:
    """An array of another library, that is known by the protocol alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class ArrayLike:
    """One that converts itself, as torch's tensors do."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape = array.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._array if dtype is None else self._array.astype(dtype)


@pytest.mark.parametrize("wrap", [Dlpack, ArrayLike, np.ndarray.tolist, np.asfortranarray], ids=lambda w: w.__name__)
def test_other_arrays(wrap: Any) -> None:
    X, y = two_classes()
    model = SGDClassifier(random_state=0).fit(wrap(X), y)
    expected = SGDClassifier(random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.predict(wrap(X)), expected.predict(X))


def test_frames() -> None:
    X, y = two_classes()
    frame = pd.DataFrame(X, columns=COLUMNS)
    model = SGDClassifier(random_state=0).fit(frame, pd.Series(y))
    np.testing.assert_array_equal(model.coef_, SGDClassifier(random_state=0).fit(X, y).coef_)
    np.testing.assert_array_equal(model.predict(frame), model.predict(frame[COLUMNS]))
    assert model.feature_names_in_.tolist() == COLUMNS
    assert model.n_features_in_ == 5


def test_names_are_held_to_those_of_fit() -> None:
    X, y = two_classes()
    model = SGDClassifier(random_state=0).fit(pd.DataFrame(X, columns=COLUMNS), y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pd.DataFrame(X, columns=COLUMNS[::-1]))
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(pd.DataFrame(X, columns=[*COLUMNS[:4], "f"]), y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


def test_early_stopping_does_not_warn_of_names() -> None:
    X, y = two_classes()
    frame = pd.DataFrame(X, columns=COLUMNS)
    model = SGDClassifier(early_stopping=True, random_state=0).fit(frame, y)
    model.fit(frame, y, X_val=frame, y_val=y)
    assert model.feature_names_in_.tolist() == COLUMNS


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, np.bool_], ids=str
)
@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor, SGDOneClassSVM, Perceptron])
def test_no_copy_of_the_data(dtype: Any, kind: Any) -> None:
    n, d = 2000, 500
    X = np.zeros((n, d), dtype)
    X[np.arange(n), np.arange(n) % d] = 1
    X.setflags(write=False)
    y = np.arange(n) % 2
    model = kind(max_iter=1, tol=None)
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
    assert max(after_fit, after_rest) < 0.25 * n * d


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "model",
    [
        *(
            kind(**options)
            for kind in (SGDClassifier, SGDRegressor, SGDOneClassSVM)
            for options in ({}, {"batch_size": 9})
        ),
        SGDClassifier(batch_size="full"),
        SGDClassifier(standardize=True),
        SGDClassifier(learning_rate="auto"),
        SGDClassifierCV(),
    ],
    ids=str,
)
def test_what_is_not_finite_is_named(model: Any, dtype: Any, value: float) -> None:
    X, y = two_classes()
    X = X.astype(dtype)
    fitted = model.fit(X, y)
    X[211, 3] = value
    where = f"got {value} in row 211, column 3; NaN and infinity are refused"
    with pytest.raises(ValueError, match=where):
        fitted.predict(X)
    with pytest.raises(ValueError, match=where):
        model.fit(X, y)


def test_rows_of_weight_0_may_hold_anything() -> None:
    X, y = two_classes()
    weight = np.ones(len(X))
    weight[3] = 0.0
    broken = X.copy()
    broken[3] = np.nan
    options: dict[str, Any] = {"shuffle": False, "max_iter": 5, "tol": None}
    model = SGDClassifier(**options).fit(broken, y, sample_weight=weight)
    np.testing.assert_array_equal(model.coef_, SGDClassifier(**options).fit(np.delete(X, 3, 0), np.delete(y, 3)).coef_)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"y": None}, "requires y to be passed"),
        ({"y": [0, 1]}, "inconsistent numbers of samples"),
        ({"y": np.zeros(300)}, "number of classes has to be greater than one; got 1 class"),
        ({"y": np.linspace(0, 1, 300)}, "Unknown label type: continuous"),
        ({"y": np.where(np.arange(300) == 7, np.nan, 1.0)}, "Input y contains NaN"),
        ({"X": np.zeros(300)}, "Expected 2D array, got 1D array"),
        ({"X": np.zeros((300, 2, 2))}, "dim 3"),
        ({"X": np.zeros((0, 5)), "y": []}, "Found array with 0 sample"),
        ({"X": np.zeros((300, 0))}, r"0 feature\(s\)"),
        ({"X": np.full((300, 2), "a")}, "could not convert string to float"),
        ({"X": np.zeros((300, 2), complex)}, "Complex data not supported"),
        ({"sample_weight": np.ones(3)}, r"sample_weight must have shape \(300,\)"),
        ({"sample_weight": -np.ones(300)}, "sample_weight must be >= 0, got -1.0 at"),
        ({"sample_weight": np.zeros(300)}, "sample_weight must be > 0 for at least one row"),
        ({"sample_weight": np.ones((300, 1))}, "Sample weights must be 1D array"),
        ({"coef_init": np.zeros(4)}, r"coef_init .* must have shape \(1, 5\), got \(4,\)"),
        ({"intercept_init": np.zeros(2)}, r"intercept_init .* must have shape \(1,\), got \(2,\)"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_input_that_is_refused(changed: dict[str, Any], message: str) -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match=message):
        SGDClassifier().fit(**{"X": X, "y": y, **changed})


def test_a_column_of_the_wrong_type_is_named() -> None:
    X, y = two_classes()
    frame = pd.DataFrame(X, columns=COLUMNS).assign(c="x")
    with pytest.raises(ValueError, match="could not convert string to float: 'x'"):
        SGDClassifier().fit(frame, y)


@pytest.mark.parametrize("kind, data", [(SGDClassifier, two_classes), (SGDRegressor, numbers)])
def test_data_are_not_written_to(kind: Any, data: Any) -> None:
    X, y = data()
    before = X.copy(), y.copy()
    kind(standardize=True, random_state=0).fit(X, y)
    assert np.array_equal(X, before[0])
    assert np.array_equal(y, before[1])


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor, SGDOneClassSVM, Perceptron])
@pytest.mark.parametrize("convert", ["csr_array", "csr_matrix", "csc_array", "coo_array"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_and_dense_fits_agree(kind: Any, convert: str, dtype: Any) -> None:
    random = np.random.default_rng(0)
    X = (random.normal(size=(200, 30)) * (random.random((200, 30)) < 0.2)).astype(dtype)
    y = (X[:, 0] - X[:, 1] > 0).astype(int)
    sparse = getattr(scipy.sparse, convert)(X)
    options: dict[str, Any] = {"max_iter": 3, "tol": None, "random_state": 0}
    dense_fit, sparse_fit = kind(**options).fit(X, y), kind(**options).fit(sparse, y)
    tolerance = 1e-9 if dtype is np.float64 else 1e-3
    np.testing.assert_allclose(sparse_fit.coef_, dense_fit.coef_, rtol=tolerance, atol=tolerance)
    assert sparse_fit.coef_.dtype == dtype
    np.testing.assert_allclose(dense_fit.predict(sparse), dense_fit.predict(X), rtol=tolerance, atol=tolerance)
    for fit, rows in ((dense_fit, X), (sparse_fit, sparse)):
        fit.partial_fit(rows, y)
    np.testing.assert_allclose(sparse_fit.coef_, dense_fit.coef_, rtol=tolerance, atol=tolerance)


def test_an_entry_of_sparse_data_that_is_not_finite_is_named() -> None:
    X, y = two_classes()
    fitted = SGDClassifier(random_state=0).fit(X, y)
    X[211, 3] = np.inf
    for call in (fitted.predict, lambda rows: SGDClassifier().fit(rows, y), lambda rows: fitted.partial_fit(rows, y)):
        with pytest.raises(ValueError, match="got inf in row 211, column 3; NaN and infinity are refused"):
            call(scipy.sparse.csr_array(X))


def test_early_stopping_on_sparse_data() -> None:
    X, y = two_classes()
    model = SGDClassifier(early_stopping=True, random_state=0).fit(scipy.sparse.csr_array(X), y)
    assert model.validation_scores_ == SGDClassifier(early_stopping=True, random_state=0).fit(X, y).validation_scores_
