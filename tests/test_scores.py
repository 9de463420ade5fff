"""Raw scores without an objective: the same bits, the same errors."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from fastgd import LinearObjective, threads
from fastgd._scores import raw_scores

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.uint8, np.int8, np.bool_, np.int64]


def some_rows(n_samples: int, n_features: int, dtype: Any) -> NDArray[Any]:
    return np.random.default_rng(n_samples).integers(0, 2, (n_samples, n_features)).astype(dtype)


def some_model(n_outputs: int, n_features: int, dtype: Any = np.float64) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(n_features)
    return rng.normal(size=(n_outputs, n_features)).astype(dtype), rng.normal(size=n_outputs).astype(dtype)


def of_objective(X: Any, coef: NDArray[Any], intercept: NDArray[Any]) -> NDArray[Any]:
    y = np.zeros((len(X), len(coef)))
    return LinearObjective(X, y, loss="squared_error").decision_function(np.concatenate([coef.ravel(), intercept]))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (5, 193), (1030, 33)], ids=str)
def test_bits_are_those_of_the_objective(shape: tuple[int, int], n_outputs: int, dtype: Any) -> None:
    X = some_rows(*shape, dtype)
    coef, intercept = some_model(n_outputs, shape[1])
    scores = raw_scores(X, coef, intercept)
    expected = of_objective(X, coef, intercept).reshape(len(X), n_outputs)
    assert scores.shape == expected.shape
    assert scores.dtype == expected.dtype
    assert scores.tobytes() == expected.tobytes()
    np.testing.assert_allclose(scores, X.astype(float) @ coef.T + intercept, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("view", ["rows", "columns", "backwards", "fortran", "narrow", "list", "read-only"])
def test_any_layout(view: str) -> None:
    X = np.random.default_rng(0).normal(size=(60, 40))
    given: Any = {
        "rows": X[::3],
        "columns": X[:, ::2],
        "backwards": X[::-1],
        "fortran": np.asfortranarray(X),
        "narrow": X[:, 3:20],
        "list": X.tolist(),
        "read-only": X.copy(),
    }[view]
    if view == "read-only":
        given.setflags(write=False)
    copied = np.array(given)
    coef, intercept = some_model(2, copied.shape[1])
    assert raw_scores(given, coef, intercept).tobytes() == raw_scores(copied, coef, intercept).tobytes()


@pytest.mark.parametrize("parameters", [np.float64, np.float32])
@pytest.mark.parametrize("data", [np.float64, np.float32])
def test_parameters_of_either_type(data: Any, parameters: Any) -> None:
    X = some_rows(9, 20, data)
    coef, intercept = some_model(3, 20, parameters)
    scores = raw_scores(X, coef, intercept)
    assert scores.dtype == data
    assert scores.tobytes() == raw_scores(X, coef.astype(data), intercept.astype(data)).tobytes()


def test_parameters_that_are_views_or_of_two_types() -> None:
    X = some_rows(9, 20, np.float64)
    coef, intercept = some_model(3, 40)
    expected = raw_scores(X, np.ascontiguousarray(coef[:, ::2]), intercept)
    assert raw_scores(X, coef[:, ::2], intercept).tobytes() == expected.tobytes()
    half = intercept.astype(np.float32)
    assert raw_scores(X, coef[:, ::2], half).tobytes() == raw_scores(X, coef[:, ::2], half.astype(float)).tobytes()


def test_the_number_of_threads_changes_no_bit() -> None:
    X = np.random.default_rng(0).normal(size=(5000, 70))
    coef, intercept = some_model(2, 70)
    alone = raw_scores(X, coef, intercept, n_threads=1)
    assert raw_scores(X, coef, intercept, n_threads=7).tobytes() == alone.tobytes()
    with threads(3):
        assert raw_scores(X, coef, intercept).tobytes() == alone.tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16], ids=lambda dtype: np.dtype(dtype).name)
def test_the_first_entry_that_is_not_finite_is_named(dtype: Any, bad: float) -> None:
    X = some_rows(2050, 30, dtype)
    coef, intercept = some_model(2, 30)
    X[2049, 0] = X[1027, 29] = bad
    with pytest.raises(ValueError, match=f"^X must be finite, got {bad} in row 1027, column 29;"):
        raw_scores(X, coef, intercept)
    with pytest.raises(ValueError, match=f"^X must be finite, got {bad} in row 1027, column 29;"):
        of_objective(X, coef, intercept)


def test_parameters_that_give_no_finite_scores_are_named() -> None:
    X = some_rows(4, 3, np.float32) + np.float32(1)
    coef, intercept = some_model(2, 3)
    with pytest.raises(ValueError, match=r"^intercept must be finite, got nan at intercept\[1\]$"):
        raw_scores(X, coef, np.array([0.0, np.nan]))
    spoilt = coef.copy()
    spoilt[1, 2] = np.inf
    with pytest.raises(ValueError, match=r"^coef must be finite, got inf at coef\[1, 2\]$"):
        raw_scores(X, spoilt, intercept)
    with pytest.raises(ValueError, match=r"^coef and intercept must be .* float32's range, .* up to 1e\+39$"):
        raw_scores(X, np.full((2, 3), 1e39), intercept)


def test_the_columns_have_to_be_those_of_the_model() -> None:
    with pytest.raises(ValueError, match=r"^X must have 3 columns, as coef has, got shape \(5, 4\)$"):
        raw_scores(some_rows(5, 4, np.float64), *some_model(2, 3))
    with pytest.raises(ValueError, match=r"^X must have shape"):
        raw_scores(np.zeros(3), *some_model(2, 3))
    with pytest.raises(ValueError, match=r"^X must have at least one row"):
        raw_scores(np.zeros((0, 3)), *some_model(2, 3))
    with pytest.raises(TypeError, match=r"^X must have dtype"):
        raw_scores(np.zeros((1, 3), complex), *some_model(2, 3))
