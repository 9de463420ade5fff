"""What the estimators of densities refuse, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture

X = np.random.default_rng(0).normal(size=(60, 3))
KINDS = [lambda **options: GaussianMixture(2, **options), Gaussian]


def test_fewer_rows_than_components() -> None:
    with pytest.raises(ValueError, match="X must have at least 5 rows, as many as n_components, got 4 samples"):
        GaussianMixture(5).fit(X[:4])
    assert np.isfinite(GaussianMixture(4, random_state=0).fit(X[:4]).score(X[:4]))


@pytest.mark.parametrize("kind", KINDS)
def test_one_row(kind: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="X must have at least 2 rows, got 1 sample"):
        kind().fit(X[:1])


@pytest.mark.parametrize("kind", KINDS)
def test_one_dimension(kind: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        kind().fit(X[:, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(kind: Callable[..., Any], value: float) -> None:
    bad = X.copy()
    bad[11, 2] = value
    model = kind(random_state=0).fit(X)
    for call in (kind().fit, kind().partial_fit, model.score_samples):
        with pytest.raises(ValueError, match=r"11.*2"):
            call(bad)


@pytest.mark.parametrize("kind", KINDS)
def test_sparse_rows(kind: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"X must be dense, got sparse .*toarray"):
        kind().fit(csr_array(X))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_constant_columns_have_the_added_variance_and_are_named(kind: Callable[..., Any], covariance_type: str) -> None:
    rows = X.copy()
    rows[:, 1] = 7.0
    model = kind(covariance_type=covariance_type, reg_covar=1e-4, random_state=0)
    with pytest.warns(UserWarning, match=r"columns \[1\] of X do not vary: their variance is reg_covar=0.0001 alone"):
        model.fit(rows)
    covariance = model.covariance_ if isinstance(model, Gaussian) else model.covariances_[0]
    variance = np.diag(covariance)[1] if covariance.ndim == 2 else covariance[1]
    assert variance == pytest.approx(1e-4, rel=0.05)
    assert np.isfinite(model.score(rows))
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    with pytest.warns(UserWarning, match=r"columns \['b'\]"):
        model.partial_fit(frame) if not hasattr(model, "n_iter_") else model.fit(frame)
    with pytest.raises(ValueError, match=r"reg_covar must be > 0 .* got 0 and columns \[1\]"):
        kind(reg_covar=0.0).fit(rows)


def test_rows_that_are_all_the_same() -> None:
    with pytest.warns(UserWarning, match=r"columns \[0, 1\]"):
        model = GaussianMixture(2, random_state=0).fit(np.ones((20, 2)))
    assert np.isfinite(model.score(np.ones((3, 2))))
    assert np.isfinite(model.means_).all()


def test_columns_that_are_linear_in_others() -> None:
    rows = np.column_stack([X, X[:, 0] + X[:, 1]])
    with pytest.raises(ValueError, match="reg_covar must be larger"):
        GaussianMixture(2, reg_covar=0.0).fit(np.column_stack([rows, rows]))
    assert np.isfinite(GaussianMixture(2, reg_covar=1e-3, random_state=0).fit(rows).score(rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", ["duplicated", "sum", "few rows"])
def test_a_singular_covariance_is_no_density(how: str, dtype: type) -> None:
    # Of small integers float32 has every sum.
    rows = np.round(64.0 * X).astype(dtype)
    if how == "few rows":
        rows = rows[:3]
    else:
        rows = np.column_stack([rows, rows[:, 0] if how == "duplicated" else rows.sum(axis=1)])
    with pytest.raises(ValueError, match=r"reg_covar must be larger for these rows, .* linear in others, got 0\.0"):
        Gaussian(reg_covar=0.0).fit(rows)


@pytest.mark.parametrize("standardize", [True, False])
def test_numbers_whose_squares_overflow(standardize: bool) -> None:
    with pytest.raises(ValueError, match="must have columns whose squares are within float64's range"):
        Gaussian(standardize=standardize).fit(1e200 * X)


BAD = [
    ({"n_components": 0}, "n_components"),
    ({"covariance_type": "tied"}, "'covariance_type' parameter.*among {'(diag|full)', '(diag|full)'}"),
    ({"covariance_type": "spherical"}, "'covariance_type' parameter.*among {'(diag|full)', '(diag|full)'}"),
    ({"tol": -1.0}, "tol"),
    ({"reg_covar": -1e-3}, "reg_covar"),
    ({"max_iter": 0}, "max_iter"),
    ({"n_init": 0}, "n_init"),
    ({"init_params": "best"}, "init_params"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": "auto"}, "batch_size"),
    ({"optimizer": "em"}, "optimizer must be one of"),
    ({"optimizer": "lbfgs", "batch_size": 10}, "batch_size must be 'full' with LBFGS"),
    ({"optimizer": "saga", "batch_size": 10}, "optimizer must be another than SAGA"),
    ({"n_threads": 0}, "n_threads"),
    ({"weights_init": [0.5, 0.6]}, "weights_init must sum to 1"),
    ({"weights_init": [1.0, 0.0]}, "weights_init must be > 0"),
    ({"weights_init": [1.0]}, r"weights_init must have shape \(2,\), got shape \(1,\)"),
    ({"means_init": np.zeros((2, 2))}, r"means_init must have shape \(2, 3\)"),
    ({"means_init": np.full((2, 3), np.nan)}, "means_init must be finite"),
    ({"precisions_init": np.zeros((2, 3))}, r"precisions_init must have shape \(2, 3, 3\)"),
    ({"precisions_init": -np.ones((2, 3, 3))}, "precisions_init must be symmetric positive-definite"),
    ({"precisions_init": np.zeros((2, 3)), "covariance_type": "diag"}, "precisions_init must be > 0"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_parameters(options: dict[str, Any], message: str) -> None:
    model = GaussianMixture(**{"n_components": 2, "random_state": 0, **options})
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X)
    assert not hasattr(model, "means_")


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_counted(kind: Callable[..., Any]) -> None:
    model = kind(random_state=0).fit(X)
    with pytest.raises(ValueError, match="n_samples must be an integer >= 1, got 0"):
        model.sample(0)
    with pytest.raises(NotFittedError):
        kind().sample(3)


def test_a_fit_that_is_refused_leaves_the_fitted_density() -> None:
    model = GaussianMixture(2, random_state=0).fit(X)
    before = model.score_samples(X)
    with pytest.raises(ValueError, match="at least 2 rows"):
        model.fit(X[:1])
    np.testing.assert_array_equal(model.score_samples(X), before)


def test_there_is_nothing_to_export() -> None:
    assert not hasattr(GaussianMixture(2), "to_onnx")
    assert not hasattr(Gaussian(), "to_torch")
