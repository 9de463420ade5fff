"""What fitted densities tell, against scikit-learn's mixture with the same parameters and against SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.mixture
from scipy.stats import multivariate_normal
from sklearn.covariance import EmpiricalCovariance
from sklearn.datasets import load_iris

from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture

X = load_iris(return_X_y=True)[0]


def twin(model: GaussianMixture) -> Any:
    """scikit-learn's mixture with the fitted parameters of ours."""
    other = sklearn.mixture.GaussianMixture(
        model.n_components, covariance_type=model.covariance_type, random_state=model.random_state
    )
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        setattr(other, name, getattr(model, name))
    return other


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("n_components", [1, 3])
def test_all_that_is_told_is_what_scikit_learn_tells(n_components: int, covariance_type: str) -> None:
    model = GaussianMixture(n_components, covariance_type=covariance_type, random_state=0).fit(X)
    other = twin(model)
    for name in ("score_samples", "predict_proba", "score", "bic", "aic"):
        np.testing.assert_allclose(getattr(model, name)(X), getattr(other, name)(X), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    for mine, expected in zip(model.sample(50), other.sample(50), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_covariances_precisions_and_their_factors_belong_together(covariance_type: str) -> None:
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    if covariance_type == "diag":
        np.testing.assert_allclose(model.covariances_ * model.precisions_, 1.0)
        np.testing.assert_allclose(model.precisions_cholesky_**2, model.precisions_)
        return
    for covariance, precision, factor in zip(
        model.covariances_, model.precisions_, model.precisions_cholesky_, strict=True
    ):
        np.testing.assert_allclose(covariance @ precision, np.eye(4), atol=1e-10)
        np.testing.assert_allclose(factor @ factor.T, precision)
        np.testing.assert_array_equal(np.tril(factor, -1), 0.0)


def test_a_row_scores_alone_as_among_others() -> None:
    model = GaussianMixture(3, random_state=0).fit(X)
    alone = np.concatenate([model.score_samples(row[None]) for row in X[:20]])
    np.testing.assert_allclose(alone, model.score_samples(X)[:20], rtol=1e-13)


def test_samples_have_the_moments_of_the_density() -> None:
    model = GaussianMixture(2, random_state=0).fit(X)
    rows, labels = model.sample(40_000)
    for k in range(2):
        mine = rows[labels == k]
        # Five standard errors of a mean.
        error = 5.0 * np.sqrt(np.diag(model.covariances_[k]) / len(mine))
        assert (np.abs(mine.mean(axis=0) - model.means_[k]) < error).all()
        np.testing.assert_allclose(np.cov(mine.T), model.covariances_[k], atol=5.0 * np.sqrt(2.0 / len(mine)))


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_a_gaussian_tells_what_scipy_and_scikit_learn_tell(covariance_type: str) -> None:
    model = Gaussian(covariance_type=covariance_type, random_state=0).fit(X)
    expected = multivariate_normal(model.location_, model.covariance_).logpdf(X)
    np.testing.assert_allclose(model.score_samples(X), expected, rtol=1e-10, atol=1e-10)
    other = EmpiricalCovariance().fit(X)
    other.location_, other.covariance_, other.precision_ = model.location_, model.covariance_, model.precision_
    np.testing.assert_allclose(model.score(X), other.score(X), rtol=1e-10)
    np.testing.assert_allclose(model.mahalanobis(X), other.mahalanobis(X), rtol=1e-8)
    rows = model.sample(40_000)
    error = 5.0 * np.sqrt(np.diag(model.covariance_) / len(rows))
    assert (np.abs(rows.mean(axis=0) - model.location_) < error).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_rows_of_narrow_types_are_read_as_they_are(dtype: type) -> None:
    rows = (10.0 * X).astype(dtype)
    model = GaussianMixture(2, random_state=0).fit(rows)
    assert model.means_.dtype == np.float64
    # The arithmetic is that of float32.
    np.testing.assert_allclose(model.score_samples(rows), model.score_samples(rows.astype(np.float64)), atol=1e-3)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 1e25), (np.float64, 1e160), (np.float64, 1e308)])
def test_rows_whose_squares_overflow_are_infinitely_unlikely(dtype: type, far: float, covariance_type: str) -> None:
    rng = np.random.default_rng(0)
    # One is wide along the first axis, the other along the second.
    rows = np.concatenate([rng.normal(size=(100, 2)) * [5.0, 1.0] - 4.0, rng.normal(size=(100, 2)) * [1.0, 5.0] + 4.0])
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(rows)
    order = model.means_[:, 0].argsort()
    queries = np.array([[1.0, 1.0], [far, 0.0], [0.0, -far], [2.0, 1.0]], dtype)
    scores = model.score_samples(queries)
    np.testing.assert_array_equal(scores[1:3], -np.inf)
    np.testing.assert_array_equal(scores[[0, 3]], model.score_samples(queries[[0, 3]]))
    shares = model.predict_proba(queries)[:, order]
    np.testing.assert_array_equal(shares[1:3], np.eye(2))
    np.testing.assert_array_equal(shares[[0, 3]], model.predict_proba(queries[[0, 3]])[:, order])
    np.testing.assert_array_equal(model.predict(queries[1:3]), order)
    assert model.score(queries) == -np.inf
    assert model.bic(queries) == np.inf
    one = Gaussian(covariance_type=covariance_type).fit(rows)
    np.testing.assert_array_equal(np.isinf(one.score_samples(queries)), [False, True, True, False])


def test_scores_heed_the_number_of_threads() -> None:
    """Nobody sees how many threads there are, but what is no number of them is refused, as by linear models."""
    model = GaussianMixture(2, random_state=0).fit(X).set_params(n_threads=0)
    for method in (model.predict, model.predict_proba, model.score_samples, model.bic):
        with pytest.raises(ValueError, match="n_threads must be"):
            method(X)
