"""The twin of Gaussian densities agrees with SciPy's, with differences of its values, and with closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from fastgd.reference import GaussianMixtureObjective
from fastgd.reference import gaussian_mixture as formulas

EPS = np.finfo(np.float64).eps


def rows(n: int = 40, d: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def triangles(n_components: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    factors = np.triu(rng.normal(size=(n_components, d, d)))
    factors[:, np.arange(d), np.arange(d)] = rng.uniform(0.5, 2.0, size=(n_components, d))
    return factors


def test_log_densities_are_scipys() -> None:
    z, (factor,) = rows(), triangles(1, 3)
    mean = np.array([0.5, -1.0, 2.0])
    expected = multivariate_normal(mean, np.linalg.inv(factor @ factor.T)).logpdf(z)
    # SciPy inverts the covariance, whose condition multiplies its rounding.
    np.testing.assert_allclose(formulas.log_density(z, mean, factor), expected, rtol=1e3 * EPS)


def test_mixtures_are_weighted_sums_of_densities() -> None:
    z, factors, weights = rows(), triangles(3, 3), np.array([0.2, 0.5, 0.3])
    mixture = formulas.Mixture(np.log(weights) + 4.0, z[:3], factors)
    densities = np.stack(
        [multivariate_normal(z[k], np.linalg.inv(factors[k] @ factors[k].T)).pdf(z) for k in range(3)], axis=1
    )
    total = densities @ weights
    terms = formulas.log_terms(z, mixture, 0.0)
    np.testing.assert_allclose(formulas.log_sum_exp(terms), np.log(total), rtol=1e3 * EPS, atol=1e3 * EPS)
    np.testing.assert_allclose(formulas.shares(terms), densities * weights / total[:, None], rtol=1e3 * EPS)


def test_far_terms_neither_overflow_nor_vanish() -> None:
    terms = np.array([[-1e6, -1e6 - 1.0], [1e3, -1e300], [-np.inf, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        total = formulas.log_sum_exp(terms)
    np.testing.assert_allclose(total, [-1e6 + np.log1p(np.exp(-1.0)), 1e3, 0.0], rtol=4 * EPS)
    np.testing.assert_allclose(formulas.shares(terms).sum(axis=1), 1.0, rtol=4e6 * EPS)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("n_components", [1, 2, 4])
def test_gradients_are_differences_of_values(n_components: int, covariance_type: str, standardize: bool) -> None:
    twin = GaussianMixtureObjective(
        rows(), n_components, covariance_type=covariance_type, reg_covar=0.1, standardize=standardize
    )
    w = twin.initial(0) + 0.3 * np.random.default_rng(2).normal(size=twin.n_params)
    for some in (None, [3, 1, 3, 39]):
        value, gradient = twin.value_and_grad(w, some)
        h = EPS ** (1 / 3)
        steps = h * np.eye(len(w))
        differences = np.array([(twin.value(w + s, some) - twin.value(w - s, some)) / (2.0 * h) for s in steps])
        # Truncation and rounding of a central difference are of the size eps^(2/3), times third derivatives and values.
        np.testing.assert_allclose(gradient, differences, rtol=1e3 * h**2, atol=1e3 * h**2 * (1.0 + abs(value)))
        np.testing.assert_allclose(approx_fprime(w, lambda v, s=some: twin.value(v, s)), gradient, rtol=0.01, atol=1e-4)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_of_one_component_the_closed_form_is_the_minimum(covariance_type: str, standardize: bool) -> None:
    z, reg_covar = rows(), 0.25
    twin = GaussianMixtureObjective(z, covariance_type=covariance_type, reg_covar=reg_covar, standardize=standardize)
    covariance = np.cov(z.T, bias=True) + reg_covar * np.eye(3)
    if covariance_type == "diag":
        covariance = np.diag(np.diagonal(covariance))
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T
    w = flat(twin, np.zeros(0), z.mean(axis=0)[None], factor[None])
    np.testing.assert_allclose(twin.grad(w), 0.0, atol=1e3 * EPS)
    if covariance_type == "diag":
        np.testing.assert_allclose(twin.initial(0), w, rtol=1e3 * EPS, atol=1e3 * EPS)


def flat(twin: Any, logits: np.ndarray, means: np.ndarray, factors: np.ndarray) -> np.ndarray:
    entries = (factors * twin.scale[:, None])[:, twin.factor_rows, twin.factor_columns]
    with np.errstate(invalid="ignore", divide="ignore"):
        entries = np.where(twin.factor_rows == twin.factor_columns, np.log(entries), entries)
    return np.concatenate([logits, ((means - twin.center) / twin.scale).ravel(), entries.ravel()])


def test_standardizing_is_another_name_for_the_same_density() -> None:
    z = rows() * [1.0, 100.0, 0.01] + [0.0, 1e3, 0.0]
    plain, standardized = (GaussianMixtureObjective(z, 2, reg_covar=0.1, standardize=s) for s in (False, True))
    logits, means, factors = np.array([0.3, -0.2]), z[:2], triangles(2, 3) / [[1.0], [100.0], [0.01]]
    values = [twin.value(flat(twin, logits, means, factors)) for twin in (plain, standardized)]
    np.testing.assert_allclose(values[0], values[1], rtol=1e4 * EPS)
    np.testing.assert_allclose(standardized.Z, plain.Z, rtol=0.0, atol=0.0)
    np.testing.assert_allclose(((z - standardized.center) / standardized.scale).std(axis=0), 1.0, rtol=100 * EPS)


def test_starts_are_rows_by_their_distances() -> None:
    """Of three groups far from each other, k-means++ nearly always takes a row of each."""
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(size=(50, 2)) + np.array(at) for at in ([0, 0], [0, 1e4], [1e4, 0])])
    for seed in range(20):
        seeds, variances = formulas.draw_seeds(z, 3, seed)
        assert {int(i) // 50 for i in seeds} == {0, 1, 2}
        assert (variances < 20.0).all()
    assert len({tuple(formulas.draw_seeds(z, 3, seed)[0]) for seed in range(20)}) == 20


def test_where_all_rows_are_seeds_any_is_drawn() -> None:
    seeds, variances = formulas.draw_seeds(np.ones((4, 2)), 4, 0)
    assert set(seeds.tolist()) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(variances, 0.0)
