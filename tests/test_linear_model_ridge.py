"""Ridge and LinearRegression: scikit-learn's coefficients, where columns depend on each other too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model as peer
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

from fastgd.linear_model import LinearRegression, Ridge

Array = NDArray[Any]


def table(n: int = 300, d: int = 8, seed: int = 0, mean: float = 3.0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + mean


def targets(X: Array, n_outputs: int = 0) -> Array:
    rng = np.random.default_rng(1)
    shape = (X.shape[1], n_outputs) if n_outputs else X.shape[1]
    raw = X.astype(np.float64) @ rng.normal(size=shape)
    return raw + rng.normal(size=raw.shape) + 2.0


def weights(n: int = 300) -> Array:
    return np.arange(n) % 4 / 2.0


def assert_same(ours: Any, theirs: Any, rtol: float = 1e-9) -> None:
    """Up to a share of the largest coefficient; an intercept has that of the means in it, which are up to 50."""
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0.0, atol=rtol * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0.0, atol=rtol * 100.0 * scale)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)


@pytest.mark.parametrize("estimator", [Ridge(), LinearRegression()], ids=repr)
def test_scikit_learns_checks(estimator: Any) -> None:
    failed = [
        (one["check_name"], one["exception"])
        for one in check_estimator(estimator, on_fail=None, on_skip=None)
        if one["status"] not in ("passed", "skipped")
    ]
    assert failed == []


@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("n_outputs", [0, 1, 3])
def test_ridge(n_outputs: int, fit_intercept: bool, weighted: bool, solver: str) -> None:
    X = table()
    y, weight = targets(X, n_outputs), weights() if weighted else None
    theirs = peer.Ridge(0.7, fit_intercept=fit_intercept, solver="svd").fit(X, y, weight)
    ours = Ridge(0.7, fit_intercept=fit_intercept, solver=solver, tol=1e-13).fit(X, y, weight)
    assert_same(ours, theirs, 1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-7)
    assert ours.solver_ == {"auto": "cholesky"}.get(solver, solver)
    assert ours.n_iter_.shape == (max(n_outputs, 1),)


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lbfgs"])
def test_a_penalty_for_each_target(solver: str) -> None:
    X = table()
    y, alpha = targets(X, 3), [0.1, 10.0, 0.0]
    theirs = peer.Ridge(np.array(alpha), solver="svd").fit(X, y)
    assert_same(Ridge(alpha, solver=solver, tol=1e-13).fit(X, y), theirs, 1e-8)


@pytest.mark.parametrize("solver", ["auto", "svd", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("n_outputs", [0, 2])
def test_linear_regression(n_outputs: int, fit_intercept: bool, weighted: bool, solver: str) -> None:
    X = table()
    y, weight = targets(X, n_outputs), weights() if weighted else None
    theirs = peer.LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    ours = LinearRegression(fit_intercept=fit_intercept, solver=solver, tol=1e-6 if solver != "lbfgs" else 1e-13)
    assert_same(ours.fit(X, y, weight), theirs, 1e-8)
    if solver != "lbfgs":
        assert ours.rank_ == theirs.rank_
        np.testing.assert_allclose(ours.singular_, theirs.singular_, rtol=1e-9)


@pytest.mark.parametrize("shape", [(200, 12), (10, 12), (12, 12)])
def test_columns_that_depend_on_each_other(shape: tuple[int, int]) -> None:
    """The shortest of the minima, as from a singular value decomposition."""
    X = table(*shape)
    X[:, 5] = X[:, 2] - 2.0 * X[:, 3]
    y = targets(X)
    theirs = peer.LinearRegression().fit(X, y)
    ours = LinearRegression().fit(X, y)
    assert ours.rank_ == theirs.rank_ < 12
    assert_same(ours, theirs)
    with_penalty = peer.Ridge(1e-3, solver="svd").fit(X, y)
    assert_same(Ridge(1e-3).fit(X, y), with_penalty, 1e-7)


def dependent(kind: str, seed: int) -> tuple[Array, int]:
    """A table, and the rank of it once its means are taken away."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)) + rng.normal(size=5)
    if kind == "few rows":
        return X[:4], 3
    if kind == "one row":
        return X[:1], 0
    others = {
        "equal": X[:, [1]],
        "combined": X @ rng.normal(size=(5, 3)),
        "constant": np.full((60, 1), 1e6 + 0.1),
        "zeros": np.zeros((60, 2)),
    }
    return np.column_stack([X, others[kind]]), 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["equal", "combined", "constant", "zeros", "few rows", "one row"])
def test_singular_data_have_the_shortest_answer_and_a_rank(kind: str, seed: int) -> None:
    X, rank = dependent(kind, seed)
    y = targets(X)
    centred = X - X.mean(axis=0)
    if kind == "constant":
        centred[:, -1] = 0.0
    shortest = np.linalg.pinv(centred, rcond=1e-9) @ (y - y.mean())
    # Rounding, times the condition of what is left.
    condition = np.linalg.cond(centred[:, :5]) if len(X) > 5 else 10.0
    atol = 1e-14 * condition**2 * (1e-6 + np.abs(shortest).max())
    for estimator in (
        LinearRegression(solver="closed_form"),
        LinearRegression(),
        Ridge(0.0, solver="closed_form"),
        Ridge(0.0, solver="svd"),
        Ridge(0.0, solver="cholesky"),
    ):
        estimator.fit(X, y)
        assert estimator.rank_ == rank
        np.testing.assert_allclose(estimator.coef_, shortest, rtol=0.0, atol=atol)
        np.testing.assert_allclose(estimator.intercept_, y.mean() - X.mean(axis=0) @ estimator.coef_, rtol=1e-9)
    # Descent comes to another minimum, of the same predictions.
    by_descent = LinearRegression(solver="lbfgs", tol=1e-13).fit(centred, y)
    assert not hasattr(by_descent, "rank_")
    scale = np.abs(y).max()
    np.testing.assert_allclose(by_descent.predict(centred), estimator.predict(X), rtol=0.0, atol=1e-6 * scale)
    # With a penalty there is one answer, the same by all ways.
    by_descent = Ridge(0.1, solver="lbfgs", tol=1e-12).fit(centred, y)
    for solver in ("closed_form", "svd", "cholesky"):
        ridge = Ridge(0.1, solver=solver).fit(X, y)
        assert ridge.rank_ == rank
        np.testing.assert_allclose(ridge.coef_, by_descent.coef_, rtol=0.0, atol=1e-6 * (1e-3 + np.abs(shortest).max()))


def test_closed_form_is_never_descent() -> None:
    X = table(40, 60)
    y = targets(X)
    for estimator in (LinearRegression(solver="closed_form"), Ridge(solver="closed_form")):
        estimator.fit(X, y)
        assert estimator.rank_ == 39
    assert not hasattr(estimator.set_params(solver="lbfgs", tol=1e-3).fit(X, y), "rank_")


def test_ill_conditioned_columns_are_not_squared() -> None:
    X = table(500, 6) * np.logspace(0.0, 5.0, 6)
    y = targets(X / np.logspace(0.0, 5.0, 6))
    ours = Ridge(1e-8).fit(X, y)
    assert ours.solver_ == "svd"
    # Least squares on columns of one scale, where nothing is lost.
    exact = np.linalg.lstsq(np.column_stack([X / np.logspace(0.0, 5.0, 6), np.ones(500)]), y)[0]
    np.testing.assert_allclose(ours.coef_ * np.logspace(0.0, 5.0, 6), exact[:6], rtol=1e-8)
    assert LinearRegression(tol=1e-12).fit(X, y).rank_ == 6


@pytest.mark.parametrize("estimator", [Ridge(0.5), Ridge(0.5, solver="lbfgs"), LinearRegression()], ids=repr)
@pytest.mark.parametrize("n_outputs", [0, 2])
def test_positive(estimator: Any, n_outputs: int) -> None:
    X = table()
    y = targets(X, n_outputs)
    kind = peer.Ridge(0.5, positive=True, tol=1e-12) if isinstance(estimator, Ridge) else None
    theirs = (kind or peer.LinearRegression(positive=True)).fit(X, y)
    ours = estimator.set_params(positive=True).fit(X, y)
    assert (ours.coef_ >= 0.0).all()
    assert 0 < (ours.coef_ == 0.0).sum() < ours.coef_.size
    assert_same(ours, theirs, 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int8, bool, np.int64])
@pytest.mark.parametrize("solver", ["auto", "svd", "lbfgs"])
def test_storages(solver: str, dtype: Any) -> None:
    X = np.random.default_rng(2).integers(0, 2 if dtype is bool else 100, (400, 5)).astype(dtype)
    y = targets(X)
    ours = Ridge(2.0, solver=solver, tol=1e-7).fit(X, y)
    assert ours.coef_.dtype == (np.float64 if dtype is np.int64 else np.float32)
    assert_same(ours, peer.Ridge(2.0, solver="svd").fit(X.astype(np.float64), y), 1e-4 if solver == "lbfgs" else 1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_rows(kind: Any, weighted: bool) -> None:
    X = table(mean=0.0) * (np.random.default_rng(4).random((300, 8)) < 0.3)
    y, weight = targets(X), weights() if weighted else None
    assert_same(Ridge(0.3).fit(kind(X), y, weight), Ridge(0.3, solver="svd").fit(X, y, weight))
    assert_same(LinearRegression().fit(kind(X), y, weight), peer.LinearRegression().fit(X, y, weight))


def test_rows_of_weight_zero_may_hold_anything() -> None:
    X = table()
    y, weight = targets(X), np.where(np.arange(300) % 5 == 0, 0.0, 1.5)
    dirty = X.copy()
    dirty[::5] = np.nan
    for estimator in (Ridge(), Ridge(solver="svd"), Ridge(solver="lbfgs"), LinearRegression()):
        coef = estimator.fit(X[weight > 0], y[weight > 0], weight[weight > 0]).coef_
        np.testing.assert_allclose(estimator.fit(dirty, y, weight).coef_, coef, rtol=1e-4)


@pytest.mark.parametrize("solver", ["auto", "svd", "lbfgs"])
def test_the_place_that_is_not_finite_is_named(solver: str) -> None:
    X = table()
    X[17, 3] = np.inf
    with pytest.raises(ValueError, match="X must be finite, got inf in row 17, column 3"):
        Ridge(solver=solver).fit(X, np.zeros(300))


def test_descent_that_is_cut_short_says_so() -> None:
    with pytest.warns(ConvergenceWarning, match=r"after 2 evaluations .* max_iter=2"):
        Ridge(solver="lbfgs", max_iter=2, tol=1e-15).fit(table(), targets(table()))


@pytest.mark.parametrize(
    "estimator, fit, message",
    [
        (Ridge(solver="magic"), {}, "solver"),
        (Ridge(-1.0), {}, "alpha"),
        (Ridge([1.0, 2.0]), {}, "Number of targets and number of penalties do not correspond"),
        (Ridge([-1.0]), {}, "alpha must be a finite number >= 0"),
        (Ridge(positive=True, solver="svd"), {}, "does not support positive"),
        (LinearRegression(n_jobs=2, n_threads=3), {}, "n_jobs must be None or the same as n_threads"),
        (LinearRegression(), {"sample_weight": np.zeros(300)}, "all zero"),
        (LinearRegression(), {"sample_weight": np.full(300, -1.0)}, "sample_weight must be >= 0, got -1.0"),
    ],
)
def test_refusals(estimator: Any, fit: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimator.fit(table(), targets(table()), **fit)
