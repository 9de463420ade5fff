"""Sparse rows: the same model as of dense ones, however SciPy holds them, and clear words for what is wrong.

The parity of values and gradients is in test_parity.py, bits on every SIMD level in test_reproducibility.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _csr
import numpy as np
import pytest
import scipy.sparse

import fastgd


@pytest.fixture
def dense() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.where(rng.random((300, 40)) < 0.1, rng.normal(size=(300, 40)), 0.0)


@pytest.fixture
def y(dense: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(4)
    return (dense @ rng.normal(size=40) + 0.3 * rng.normal(size=300) > 0.0).astype(int)


def agree(sparse: fastgd.LinearObjective, dense: fastgd.LinearObjective, tol: float = 1e-12) -> None:
    w = np.random.default_rng(0).normal(size=dense.n_params)
    value, gradient = dense.value_and_grad(w)
    assert sparse.value(w) == pytest.approx(value, rel=tol)
    np.testing.assert_allclose(sparse.grad(w), gradient, rtol=0.0, atol=tol * np.abs(gradient).max())


@pytest.mark.parametrize("storage", _csr.DTYPES)
@pytest.mark.parametrize("layout", _csr.LAYOUTS)
def test_every_index_type_and_order_of_entries(
    storage: str, layout: str, dense: np.ndarray, y: np.ndarray, tmp_path: Path
) -> None:
    X = _csr.as_csr(dense, storage, layout, tmp_path)
    narrow = X.dtype == np.float32
    expected = fastgd.LinearObjective(dense.astype(X.dtype), y, alpha=0.1)
    agree(fastgd.LinearObjective(X, y, alpha=0.1), expected, 1e-5 if narrow else 1e-12)


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_matrices_and_arrays(make: Any, dense: np.ndarray, y: np.ndarray) -> None:
    agree(fastgd.LinearObjective(make(dense), y), fastgd.LinearObjective(dense, y))


@pytest.mark.parametrize("other", ["csc", "coo", "lil", "dok", "bsr"])
def test_other_formats_are_converted(other: str, dense: np.ndarray, y: np.ndarray) -> None:
    X = scipy.sparse.csr_array(dense).asformat(other)
    agree(fastgd.LinearObjective(X, y), fastgd.LinearObjective(dense, y))


@pytest.mark.parametrize("dtype, computed", [(bool, np.float32), (np.uint8, np.float32), (np.int64, np.float64)])
def test_other_values_are_converted(dtype: Any, computed: Any, dense: np.ndarray, y: np.ndarray) -> None:
    values = (np.abs(dense) > 0.2).astype(dtype)
    objective = fastgd.LinearObjective(scipy.sparse.csr_array(values), y)
    assert objective.dtype == computed
    agree(objective, fastgd.LinearObjective(values.astype(computed), y), 1e-5)


def test_nothing_of_csr_is_copied(dense: np.ndarray, y: np.ndarray) -> None:
    X = scipy.sparse.csr_array(dense)
    matrix = fastgd.LinearObjective(X, y)._matrix
    assert matrix.source is X
    before = X.data.copy()
    w = np.ones(41)
    first = fastgd.LinearObjective(X, y)
    value = first.value(w)
    X.data *= 2.0
    assert first.value(w) != value, "the core reads a copy"
    np.testing.assert_array_equal(X.data, before * 2.0)


def test_rows_and_columns_without_entries(y: np.ndarray) -> None:
    X = np.zeros((300, 40))
    X[7, 3] = 2.0
    agree(fastgd.LinearObjective(scipy.sparse.csr_array(X), y), fastgd.LinearObjective(X, y))
    result = fastgd.minimize(fastgd.LinearObjective(scipy.sparse.csr_array(X), y), batch_size=4, max_epochs=2)
    assert np.flatnonzero(result.x[:-1]).tolist() == [3]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layout", ["canonical", "halved", "with_zeros"])
def test_standardising_from_entries_alone(weighted: bool, layout: str, dense: np.ndarray, y: np.ndarray) -> None:
    dense[:, 5] = 3.0
    weight = np.resize([0.5, 0.0, 2.0], 300) if weighted else None
    options: dict[str, Any] = {"alpha": 0.1, "standardize": True, "sample_weight": weight}
    expected = fastgd.LinearObjective(dense, y, **options)
    objective = fastgd.LinearObjective(_csr.as_csr(dense, "csr_float64_int32", layout), y, **options)
    assert expected.feature_means is not None
    assert objective.feature_means is not None
    np.testing.assert_allclose(objective.feature_means, expected.feature_means, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(objective.feature_scales, expected.feature_scales, rtol=1e-12)
    agree(objective, expected)
    runs = [fastgd.sweep(one, grid={"alpha": [0.1, 1.0]}, cv=3, max_epochs=5) for one in (objective, expected)]
    np.testing.assert_allclose(runs[0].x, runs[1].x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("layout", ["canonical", "halved"])
def test_automatic_rates_are_those_of_dense_rows(
    standardize: bool, layout: str, dense: np.ndarray, y: np.ndarray
) -> None:
    rates = [
        fastgd.minimize(fastgd.LinearObjective(X, y, standardize=standardize), batch_size=8, max_epochs=1).lr
        for X in (dense, _csr.as_csr(dense, "csr_float64_int32", layout))
    ]
    assert rates[1] == pytest.approx(rates[0], rel=1e-9)


@pytest.mark.parametrize("method", ["duality_gap", "hvp", "decision_function"])
def test_what_else_an_objective_tells(method: str, dense: np.ndarray, y: np.ndarray) -> None:
    w = np.random.default_rng(1).normal(size=41)
    both = [fastgd.LinearObjective(X, y, alpha=0.1) for X in (scipy.sparse.csr_array(dense), dense)]
    arguments = (w, w[::-1].copy()) if method == "hvp" else (w,)
    ours, expected = (getattr(one, method)(*arguments) for one in both)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_entry_that_is_not_finite_is_named(bad: float, dense: np.ndarray, y: np.ndarray) -> None:
    X = scipy.sparse.csr_array(dense)
    row = 11
    X.data[X.indptr[row]] = bad
    column = X.indices[X.indptr[row]]
    with pytest.raises(ValueError, match=rf"X must be finite, got {bad} in row {row}, column {column}"):
        fastgd.LinearObjective(X, y).value(np.ones(41))


# ---- malformed arrays: no kernel sees them


def spoiled(dense: np.ndarray, part: str, at: int, value: int) -> Any:
    X = scipy.sparse.csr_array(dense)
    getattr(X, part)[at] = value
    return X


@pytest.mark.parametrize(
    "part, at, value, message",
    [
        ("indices", 5, 40, r"X\.indices must be in 0\.\.39, got 40 in row"),
        ("indices", 5, -1, r"X\.indices must be in 0\.\.39, got -1 in row"),
        ("indptr", 0, 1, r"X\.indptr must begin with 0, got 1"),
        ("indptr", 4, 10_000, r"X\.indptr must not decrease, got \d+ after 10000 at row 4"),
        ("indptr", -1, 1 << 20, r"X\.indptr must end with at most the number of stored values, \d+, got 1048576"),
    ],
)
def test_malformed_rows_are_refused(
    part: str, at: int, value: int, message: str, dense: np.ndarray, y: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=message):
        fastgd.LinearObjective(spoiled(dense, part, at, value), y)


def test_lengths_that_do_not_fit_are_refused(dense: np.ndarray, y: np.ndarray) -> None:
    X = scipy.sparse.csr_array(dense)
    X.indices = X.indices[:-3]
    with pytest.raises(ValueError, match="as many indices as values, got"):
        fastgd.LinearObjective(X, y)
    X = scipy.sparse.csr_array(dense)
    X.indptr = X.indptr[:-1]
    with pytest.raises(ValueError, match=r"X\.indptr must have 301 elements, one more than rows, got 300"):
        fastgd.LinearObjective(X, y)


@pytest.mark.parametrize("dtype", [complex, object])
def test_values_that_are_no_numbers_are_refused(dtype: Any, y: np.ndarray) -> None:
    X = scipy.sparse.csr_array(np.eye(300, 40))
    X.data = X.data.astype(dtype)
    with pytest.raises(TypeError, match="X must have dtype"):
        fastgd.LinearObjective(X, y)


def test_a_sparse_vector_is_no_matrix(y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="X must have shape"):
        fastgd.LinearObjective(scipy.sparse.coo_array(np.ones(300)), y)
    with pytest.raises(ValueError, match="at least one row and one column"):
        fastgd.LinearObjective(scipy.sparse.csr_array((0, 4)), y)
