"""Gaussian densities and mixtures as objectives: what they tell, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.stats import multivariate_normal

import fastgd
from fastgd import GaussianMixtureObjective, GaussianObjective, optimizers

EPS = np.finfo(np.float64).eps
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 3)) + [1.0, -5.0, 20.0]
GROUPS = np.concatenate([RNG.normal(size=(100, 2)), RNG.normal(size=(60, 2)) * 0.5 + [4.0, 3.0]])


def triangles(n_components: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    factors = np.triu(rng.normal(size=(n_components, d, d)))
    factors[:, np.arange(d), np.arange(d)] = rng.uniform(0.5, 2.0, size=(n_components, d))
    return factors


# -------------------------------------------------------------------------------------------------------- what it tells


@pytest.mark.parametrize("standardize", [False, True])
def test_scores_are_scipys_log_densities(standardize: bool) -> None:
    weights, means, factors = np.array([0.2, 0.5, 0.3]), Z[:3], triangles(3, 3)
    mixture = GaussianMixtureObjective(Z, 3, reg_covar=0.5, standardize=standardize)
    w = mixture.pack(weights, means, factors)
    densities = [multivariate_normal(m, np.linalg.inv(U @ U.T)).pdf(Z) for m, U in zip(means, factors, strict=True)]
    terms = weights * np.stack(densities, axis=1)
    shown = terms.sum(axis=1) > 1e-290
    np.testing.assert_allclose(mixture.score_samples(w)[shown], np.log(terms.sum(axis=1))[shown], rtol=1e4 * EPS)
    shares = mixture.predict_proba(w)
    np.testing.assert_allclose(shares[shown], (terms / terms.sum(axis=1, keepdims=True))[shown], rtol=1e5 * EPS, atol=0)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=8 * EPS)
    np.testing.assert_array_equal(mixture.score_samples(w, [7, 7, 0]), mixture.score_samples(w)[[7, 7, 0]])
    # The objective has the term of reg_covar beside the densities.
    sizes = 0.25 * (factors**2).sum(axis=(1, 2))
    penalised = np.log((terms * np.exp(-sizes)).sum(axis=1)[shown])
    np.testing.assert_allclose(mixture.value(w, np.flatnonzero(shown)), -penalised.mean(), rtol=1e4 * EPS)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_what_is_packed_is_unpacked(covariance_type: str, standardize: bool) -> None:
    options: dict[str, Any] = {"covariance_type": covariance_type, "standardize": standardize}
    mixture = GaussianMixtureObjective(Z, 2, **options)
    factors = triangles(2, 3)
    if covariance_type == "diag":
        factors = np.diagonal(factors, axis1=1, axis2=2)
    w = mixture.pack([3.0, 1.0], Z[:2], factors)
    assert w.shape == (mixture.n_params,)
    weights, means, unpacked = mixture.unpack(w)
    np.testing.assert_allclose(weights, [0.75, 0.25], rtol=8 * EPS)
    np.testing.assert_allclose(means, Z[:2], rtol=64 * EPS)
    np.testing.assert_allclose(unpacked, factors, rtol=64 * EPS)
    one = GaussianObjective(Z, **options)
    mean, factor = one.unpack(one.pack(Z[0], factors[0]))
    np.testing.assert_allclose(mean, Z[0], rtol=64 * EPS)
    np.testing.assert_allclose(factor, factors[0], rtol=64 * EPS)


def test_a_mixture_of_one_is_a_gaussian() -> None:
    one, gaussian = GaussianMixtureObjective(Z, 1), GaussianObjective(Z)
    w = gaussian.initial()
    assert one.n_params == gaussian.n_params == 3 + 6
    np.testing.assert_array_equal(one.initial(5), w)
    assert one.value(w) == gaussian.value(w)
    np.testing.assert_array_equal(one.predict_proba(w), 1.0)


def test_gradients_go_where_they_are_wanted() -> None:
    mixture = GaussianMixtureObjective(GROUPS, 2)
    w = mixture.initial(1)
    value, gradient = mixture.value_and_grad(w)
    out = np.empty_like(w)
    assert mixture.value_and_grad(w, out=out)[0] == value
    np.testing.assert_array_equal(out, gradient)
    assert mixture.grad(w.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(mixture.grad(w, np.arange(len(GROUPS))), gradient)


def test_many_points_at_once_have_the_values_that_they_have_alone() -> None:
    mixture = GaussianMixtureObjective(GROUPS.astype(np.float32), 3)
    points = np.stack([mixture.initial(seed) for seed in range(5)])
    np.testing.assert_array_equal(mixture.values(points), [mixture.value(point) for point in points])
    np.testing.assert_array_equal(mixture.values(points, [4, 2]), [mixture.value(point, [4, 2]) for point in points])


def test_a_component_that_no_row_is_near_to_has_no_part() -> None:
    """Its y and their squares overflow float32: 0 shares of what is beyond all numbers are 0."""
    for covariance_type in ("full", "diag"):
        near, with_far = (
            GaussianMixtureObjective(GROUPS.astype(np.float32), k, covariance_type=covariance_type, reg_covar=0.0)
            for k in (1, 2)
        )
        mean, factor = np.zeros(2), np.eye(2)
        far = 1e30 * np.eye(2)
        means, factors = np.stack([mean, mean + 1e9]), np.stack([factor, far])
        if covariance_type == "diag":
            factor, factors = np.diagonal(factor), np.diagonal(factors, axis1=1, axis2=2)
        alone = near.pack([1.0], mean[None], factor[None])
        w = with_far.pack([0.5, 0.5], means, factors)
        value, gradient = with_far.value_and_grad(w)
        # Half of the weight is lost.
        np.testing.assert_allclose(value, near.value(alone) + np.log(2.0), rtol=1e-6)
        logits, of_means, of_factors = gradient[:2], gradient[2:6].reshape(2, 2), gradient[6:].reshape(2, -1)
        np.testing.assert_allclose(logits, [-0.5, 0.5], rtol=1e-6)
        np.testing.assert_array_equal(of_means[1], 0.0)
        np.testing.assert_array_equal(of_factors[1], 0.0)
        np.testing.assert_allclose(np.concatenate([of_means[0], of_factors[0]]), near.grad(alone), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(with_far.predict_proba(w)[:, 1], 0.0)


def test_columns_of_large_means_keep_their_precision_where_they_are_standardised() -> None:
    """In float32 a mean 20,000 deviations away leaves 9 bits of them, unless rows are shifted before means are."""
    z = (np.random.default_rng(0).integers(-8, 9, size=(500, 2)) / 8.0 + 2.0**14).astype(np.float32)
    exact = GaussianObjective(z.astype(np.float64), standardize=True)
    single = GaussianObjective(z, standardize=True)
    w = exact.initial() + 0.1
    np.testing.assert_allclose(single.value(w), exact.value(w), rtol=1e-6)
    np.testing.assert_allclose(single.grad(w), exact.grad(w), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "mixture", "standardised"])
def test_objectives_stay_what_they_are(name: str) -> None:
    objective = {
        "gaussian": lambda: GaussianObjective(Z.astype(np.float32), covariance_type="diag"),
        "mixture": lambda: GaussianMixtureObjective(np.repeat(Z, 2, axis=0)[::2], 2, reg_covar=0.5),
        "standardised": lambda: GaussianMixtureObjective(Z, 2, standardize=True),
    }[name]()
    w = objective.initial(1)
    for other in (pickle.loads(pickle.dumps(objective)), copy.copy(objective), copy.deepcopy(objective)):
        assert repr(other) == repr(objective)
        assert other.value(w) == objective.value(w)
        with pytest.raises(AttributeError, match=r"reg_covar of a Gaussian.* is fixed"):
            other.reg_covar = 2.0
        if name == "standardised":
            assert not other.feature_scales.flags.writeable
    assert objective.standardize == (objective.feature_means is not None)


def test_other_rows_are_standardised_as_the_first_were() -> None:
    mixture = GaussianMixtureObjective(Z, 4, standardize=True)
    w = mixture.initial(0)
    for other in (mixture._on(Z[:2]), mixture._without_data()._on(Z[:2])):
        assert other.n_samples == 2
        np.testing.assert_array_equal(other.score_samples(w), mixture.score_samples(w, [0, 1]))
    with pytest.raises(ValueError, match="Z must have 3 columns, got 2"):
        mixture._on(Z[:, :2])


def test_data_are_neither_copied_nor_written(tmp_path: Path) -> None:
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=GROUPS.shape)
    rows[...] = GROUPS
    before = rows.tobytes()
    rows.flags.writeable = False
    mixture = GaussianMixtureObjective(rows, 2)
    assert np.shares_memory(mixture._matrix.view, rows)
    fastgd.minimize(mixture, optimizer="lbfgs", max_epochs=5)
    assert rows.tobytes() == before


# ------------------------------------------------------------------------------------------------------ what it refuses


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (
            GaussianMixtureObjective,
            {"n_components": 0},
            ValueError,
            "n_components must be an integer .*, got 0",
        ),
        (GaussianMixtureObjective, {"n_components": 2.0}, TypeError, "n_components must be an integer .*, got 2.0"),
        (
            GaussianMixtureObjective,
            {"n_components": 201},
            ValueError,
            "n_components must be at most the number of rows of Z, 200, got 201",
        ),
        (
            GaussianObjective,
            {"covariance_type": "tied"},
            ValueError,
            "covariance_type must be 'full' or 'diag', got 'tied'",
        ),
        (GaussianObjective, {"covariance_type": None}, TypeError, "covariance_type must be 'full' or 'diag', got None"),
        (GaussianObjective, {"reg_covar": -1e-9}, ValueError, "reg_covar must be a finite number >= 0, got -1e-09"),
        (GaussianObjective, {"reg_covar": np.inf}, ValueError, "reg_covar must be a finite number >= 0, got inf"),
        (GaussianObjective, {"standardize": 1}, TypeError, "standardize must be True or False, got 1"),
        (GaussianObjective, {"Z": Z[0]}, ValueError, r"Z must have shape \(n_samples, n_features\), got shape \(3,\)"),
        (
            GaussianObjective,
            {"Z": Z[:0]},
            ValueError,
            r"Z must have at least one row and one column, got shape \(0, 3\)",
        ),
        (GaussianObjective, {"Z": [["a", "b"]]}, TypeError, "Z must have dtype"),
        (GaussianObjective, {"Z": scipy.sparse.csr_array(Z)}, TypeError, "Z must be dense, got csr_array; Z.toarray()"),
    ],
)
def test_arguments_are_checked(kind: Any, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    rows = arguments.pop("Z", Z)
    with pytest.raises(error, match=message):
        kind(rows, **arguments)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": [1.0]}, r"weights must have shape \(2,\), got shape \(1,\)"),
        ({"weights": [1.0, 0.0]}, r"weights must be > 0, got 0.0 at weights\[1\]"),
        ({"weights": [1.0, np.nan]}, r"weights must be finite, got nan at weights\[1\]"),
        ({"means": Z[:3]}, r"means must have shape \(2, 3\), got shape \(3, 3\)"),
        (
            {"precisions_cholesky": -triangles(2, 3)},
            "must have a diagonal > 0, got .* in component 0",
        ),
        ({"precisions_cholesky": triangles(2, 3).transpose(0, 2, 1)}, "precisions_cholesky must be upper triangular"),
    ],
)
def test_parameters_are_checked(given: dict[str, Any], message: str) -> None:
    arguments = {"weights": [0.5, 0.5], "means": Z[:2], "precisions_cholesky": triangles(2, 3), **given}
    with pytest.raises(ValueError, match=message):
        GaussianMixtureObjective(Z, 2).pack(**arguments)


def test_flat_parameters_and_rows_are_checked() -> None:
    mixture = GaussianMixtureObjective(Z, 2)
    w = mixture.initial(0)
    parts = r"for logits, means \(2, 3\) and upper triangles of 2 components, got shape \(19,\)"
    with pytest.raises(ValueError, match=rf"w must have shape \(20,\), {parts}"):
        mixture.value(w[:-1])
    with pytest.raises(ValueError, match=r"W must have shape \(n, 20\), n >= 1, .* got shape \(20,\)"):
        mixture.values(w)
    with pytest.raises(ValueError, match="rows must be a non-empty 1-D array of row indices from 0 to 199, got 200"):
        mixture.score_samples(w, [200])
    with pytest.raises(ValueError, match=r"w must be finite, got nan at w\[3\]"):
        mixture.value(np.where(np.arange(20) == 3, np.nan, w))
    with pytest.raises(ValueError, match="w must be small enough for the logarithms of the densities to stay within"):
        mixture.grad(np.where(np.arange(20) >= 8, 400.0, w))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_entries_that_are_not_finite_are_named(covariance_type: str, dtype: Any, bad: float) -> None:
    z = GROUPS.astype(dtype)
    mixture = GaussianMixtureObjective(z.copy(), 2, covariance_type=covariance_type)
    w = mixture.initial(0)
    z[150, 1] = bad
    with_bad = GaussianMixtureObjective(z, 2, covariance_type=covariance_type)
    message = f"Z must be finite, got {bad} in row 150, column 1"
    for call in (
        lambda: with_bad.value(w),
        lambda: with_bad.grad(w),
        lambda: with_bad.values(w[None]),
        lambda: with_bad.score_samples(w),
        lambda: with_bad.initial(0),
        lambda: GaussianObjective(z).initial(),
        lambda: GaussianObjective(z, standardize=True).value(GaussianObjective(GROUPS).initial()),
        lambda: fastgd.minimize(with_bad, w, optimizer=optimizers.SGD(0.01), max_epochs=3),
        lambda: fastgd.minimize(with_bad, w, optimizer=optimizers.Adam(0.01), batch_size=16, max_epochs=3),
        lambda: fastgd.minimize(with_bad, w, optimizer="lbfgs"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert np.isfinite(with_bad.value(w, [0, 149, 151]))


def test_columns_too_large_to_be_measured_are_named() -> None:
    z = np.array([[1.0, 1e200], [2.0, -1e200], [3.0, 0.0]])
    standardized = GaussianObjective(z, standardize=True)
    with pytest.raises(ValueError, match=r"squares are within float64's range with standardize=True, .* in column 1"):
        standardized.value(np.zeros(standardized.n_params))
    with pytest.raises(ValueError, match="Z must have columns whose squares are within float64's range"):
        GaussianObjective(z).initial()


def test_what_densities_cannot_do_is_refused() -> None:
    mixture = GaussianMixtureObjective(GROUPS, 2)
    for optimizer in (optimizers.SAGA(0.1), optimizers.SVRG(0.1)):
        with pytest.raises(ValueError, match="for GaussianMixtureObjective, whose rows have no slope in a score"):
            fastgd.minimize(mixture, optimizer=optimizer, batch_size=8)
    with pytest.raises(ValueError, match="cv must be None for GaussianMixtureObjective, whose rows have no weights"):
        fastgd.sweep(mixture, grid={"lr": [0.1]}, cv=3)
    with pytest.raises(ValueError, match=r"grid's keys must be among .*, got 'alpha'"):
        fastgd.sweep(mixture, grid={"alpha": [0.1]})
    with pytest.raises(ValueError, match="gap_tol must be None but for a LinearObjective"):
        fastgd.minimize(mixture, gap_tol=0.1)
    with pytest.raises(ValueError, match="lazy must be False but for a LinearObjective"):
        fastgd.minimize(mixture, batch_size=8, lazy=True)
    with pytest.raises(ValueError, match="'init_seed', every one of which gives the same start for GaussianObjective"):
        fastgd.sweep(GaussianObjective(GROUPS), grid={"init_seed": [0, 1]})
