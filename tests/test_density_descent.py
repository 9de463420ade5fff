"""What descent makes of Gaussian densities and mixtures: closed forms, and what expectation maximisation finds."""

from __future__ import annotations

from typing import Any

import _real_data
import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

import fastgd
from fastgd import GaussianMixtureObjective, GaussianObjective, optimizers, reference

EPS = np.finfo(np.float64).eps
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 3)) + [1.0, -5.0, 20.0]
GROUPS = np.concatenate([RNG.normal(size=(100, 2)), RNG.normal(size=(60, 2)) * 0.5 + [4.0, 3.0]])


def covariance_of(z: np.ndarray, reg_covar: float) -> np.ndarray:
    return np.cov(z.T, bias=True).reshape(z.shape[1], -1) + reg_covar * np.eye(z.shape[1])


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("d", [1, 2, 10])
def test_the_minimum_of_one_gaussian_is_its_closed_form(d: int, covariance_type: str, standardize: bool) -> None:
    rng = np.random.default_rng(d)
    z = rng.normal(size=(400, d)) @ rng.normal(size=(d, d)) + 3.0 * rng.normal(size=d)
    gaussian = GaussianObjective(z, covariance_type=covariance_type, reg_covar=1e-3, standardize=standardize)
    result = fastgd.minimize(gaussian, optimizer="lbfgs", max_epochs=300, tol=None)
    expected = covariance_of(z, 1e-3)
    mean, factor = gaussian.unpack(result.x)
    if covariance_type == "diag":
        factor, expected = np.diag(factor), np.diag(np.diagonal(expected))
    assert np.abs(mean - z.mean(axis=0)).max() < 1e-6
    assert np.abs(np.linalg.inv(factor @ factor.T) - expected).max() < 1e-6


def test_correlated_columns_take_few_evaluations() -> None:
    """The condition number is 7,500 here; L-BFGS starts from second moments, without which it takes thousands."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 6)) @ (rng.normal(size=(6, 6)) * 10.0 ** np.arange(-3, 3))
    gaussian = GaussianObjective(z, reg_covar=1e-9, standardize=True)
    result = fastgd.minimize(gaussian, optimizer="lbfgs", max_epochs=40, tol=None)
    _, log_determinant = np.linalg.slogdet(2.0 * np.pi * covariance_of(z, 1e-9))
    np.testing.assert_allclose(result.fun, 0.5 * (log_determinant + 6), rtol=1e-9)
    plain = fastgd.minimize(gaussian, optimizer=optimizers.LBFGS(precondition=False), max_epochs=40, tol=None)
    assert plain.fun > result.fun + 0.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("standardize", [False, True])
def test_columns_that_nearly_coincide(standardize: bool, dtype: Any) -> None:
    """From a diagonal factor its entries must grow a hundredfold; steps scaled for the end would stop at once."""
    rng = np.random.default_rng(0)
    same, other = rng.normal(size=(2, 300))
    z = np.stack([same, same + 1e-2 * other], axis=1).astype(dtype)
    result = fastgd.minimize(GaussianObjective(z, standardize=standardize), optimizer="lbfgs", max_epochs=150)
    assert result.success
    _, log_determinant = np.linalg.slogdet(2.0 * np.pi * covariance_of(z.astype(np.float64), 1e-6))
    assert abs(result.fun - 0.5 * (log_determinant + 2)) < (1e-6 if dtype is np.float64 else 1e-4)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_near_the_minimum_of_one_gaussian_the_first_step_is_newtons(covariance_type: str, standardize: bool) -> None:
    """Where descent starts from is the inverse Hessian there, so a step leaves the square of the distance."""
    gaussian = GaussianObjective(Z, covariance_type=covariance_type, reg_covar=1e-3, standardize=standardize)
    covariance = covariance_of(Z, 1e-3)
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T
    if covariance_type == "diag":
        factor = 1.0 / np.sqrt(np.diagonal(covariance))
    minimum = gaussian.pack(Z.mean(axis=0), factor)
    off = 1e-4 * np.random.default_rng(0).normal(size=len(minimum))
    result = fastgd.minimize(gaussian, minimum + off, optimizer="lbfgs", max_epochs=2, tol=None)
    assert np.abs(result.x - minimum).max() < 1e-2 * np.abs(off).max()


def test_constant_columns_have_the_variance_that_regularises_them() -> None:
    z = np.column_stack([Z[:, 0], np.full(200, 7.0)])
    for standardize in (False, True):
        gaussian = GaussianObjective(z, reg_covar=0.01, standardize=standardize)
        result = fastgd.minimize(gaussian, optimizer="lbfgs", max_epochs=200, tol=None)
        mean, factor = gaussian.unpack(result.x)
        np.testing.assert_allclose(mean, z.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(np.linalg.inv(factor @ factor.T), covariance_of(z, 0.01), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["faithful", "geyser", "galaxies"])
@pytest.mark.parametrize("standardize", [False, True])
def test_mixtures_reach_what_expectation_maximisation_does(name: str, standardize: bool) -> None:
    rows = _real_data.density(name)["X_train"]
    peer = GaussianMixture(2, tol=1e-10, max_iter=1000, n_init=5, random_state=0).fit(rows)
    mixture = GaussianMixtureObjective(rows, 2, standardize=standardize)
    found = fastgd.sweep(mixture, grid={"init_seed": range(5)}, optimizer="lbfgs", max_epochs=100, tol=1e-10)
    assert mixture.score_samples(found.best.x).mean() > peer.score(rows) - 1e-6
    # At the optimum of scikit-learn's M-step the gradient is 0, and nothing is left to descend.
    w = mixture.pack(peer.weights_, peer.means_, peer.precisions_cholesky_)
    again = fastgd.minimize(mixture, w, optimizer="lbfgs", max_epochs=50)
    assert np.linalg.norm(mixture.grad(w)) < 1e-4
    assert mixture.value(w) - again.fun < 1e-6
    np.testing.assert_allclose(mixture.score_samples(w), peer.score_samples(rows), rtol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 16, 5000])
def test_mini_batches_come_near_the_minimum(batch_size: int) -> None:
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(size=(4000, 2)), rng.normal(size=(2000, 2)) * 0.5 + [4.0, 3.0]])
    mixture = GaussianMixtureObjective(z, 2, standardize=True)
    best = fastgd.minimize(mixture, optimizer="lbfgs", tol=1e-9, init_seed=1)
    rate = fastgd.schedules.InverseScaling(0.05, power_t=0.5) if batch_size < 5000 else 0.05
    result = fastgd.minimize(
        mixture,
        optimizer=optimizers.Adam(rate),
        batch_size=batch_size,
        max_epochs=5 if batch_size < 5000 else 60,
        init_seed=1,
        tol=None,
    )
    assert result.fun < best.fun + 0.02


def test_every_optimiser_descends() -> None:
    mixture = GaussianMixtureObjective(GROUPS, 2, standardize=True)
    start = mixture.value(mixture.initial(0))
    for name in optimizers.__all__:
        kind = getattr(optimizers, name)
        if not isinstance(kind, type) or name in ("Optimizer", "SAGA", "SVRG"):
            continue
        for batch_size in ("full", 16):
            if batch_size == 16 and name in ("LBFGS", "BarzilaiBorwein"):
                continue
            options = {"f_min": 2.0} if name == "PolyakSGD" else {}
            result = fastgd.minimize(mixture, optimizer=kind(**options), batch_size=batch_size, max_epochs=10, tol=None)
            assert result.fun < start, (name, batch_size)


@pytest.mark.parametrize("batch_size", ["full", 32])
def test_models_of_a_sweep_are_those_of_runs_alone(batch_size: Any) -> None:
    """On any number of threads, of which each may have models of its own."""
    mixture = GaussianMixtureObjective(np.repeat(GROUPS, 40, axis=0).astype(np.float32), 3)
    optimizer = optimizers.LBFGS() if batch_size == "full" else optimizers.Adam(0.01)
    options: dict[str, Any] = {"optimizer": optimizer, "batch_size": batch_size, "max_epochs": 3, "tol": None}
    for n_threads in (1, 3):
        swept = fastgd.sweep(mixture, grid={"init_seed": [3, 1, 4, 1, 5]}, n_threads=n_threads, **options)
        for seed, result in zip([3, 1, 4, 1, 5], swept.results, strict=True):
            alone = fastgd.minimize(mixture, init_seed=seed, n_threads=1, **options)
            np.testing.assert_array_equal(result.x, alone.x)
            np.testing.assert_array_equal(result.history.loss, alone.history.loss)


def test_a_step_on_a_batch_is_one_along_its_gradient() -> None:
    mixture = GaussianMixtureObjective(GROUPS, 2)
    w = mixture.initial(0)
    batch = [5, 3, 150, 99]
    result = fastgd.minimize(
        mixture, w, optimizer=optimizers.SGD(0.125), batch_size=4, max_epochs=1, order=batch, tol=None
    )
    np.testing.assert_allclose(result.x, w - 0.125 * mixture.grad(w, batch), rtol=4 * EPS, atol=4 * EPS)
    assert result.history.loss[0] == pytest.approx(mixture.value(w, batch), rel=4 * EPS)


def test_a_run_that_diverges_says_what_to_try() -> None:
    z = Z * [1.0, 1e3, 1.0]
    with np.errstate(all="ignore"):
        result = fastgd.minimize(GaussianObjective(z), optimizer=optimizers.SGD(1e9), max_epochs=20)
    assert result.status == "diverged"
    assert "feature 1 has standard deviation" in result.message
    assert "standardize=True" in result.message


@pytest.mark.parametrize(
    ("optimizer", "name", "params"),
    [
        (optimizers.SGD(0.05, momentum=0.5), "sgd", {"momentum": 0.5}),
        (optimizers.Adam(0.05), "adam", {}),
        # Decay moves every parameter, logits and logarithms too.
        (optimizers.AdamW(0.05, weight_decay=0.5), "adamw", {"weight_decay": 0.5}),
        (optimizers.PolyakSGD(0.05, f_min=2.0), "polyak_sgd", {"f_min": 2.0}),
    ],
)
@pytest.mark.parametrize("batch_size", ["full", 32])
@pytest.mark.parametrize("standardize", [False, True])
def test_steps_are_the_twins(
    optimizer: Any, name: str, params: dict[str, float], batch_size: Any, standardize: bool
) -> None:
    options: dict[str, Any] = {"reg_covar": 0.01, "standardize": standardize}
    ours, twin = (kind(GROUPS, 2, **options) for kind in (GaussianMixtureObjective, reference.GaussianMixtureObjective))
    shared: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None, "random_state": 5}
    w0 = ours.initial(1)
    result = fastgd.minimize(ours, w0, optimizer=optimizer, **shared)
    expected = reference.minimize(twin, w0, optimizer=name, optimizer_params=params, lr=0.05, **shared)
    # Rounding, carried through 15 steps at most; another formula is off by far more.
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(result.history.loss, expected.history.loss, rtol=1e-11)
    assert np.abs(result.x - w0).max() > 1e-3
    *_, last = fastgd.trace(ours, w0, optimizer=optimizer, **shared)
    np.testing.assert_allclose(last.w + last.update, result.x, rtol=1e-10, atol=1e-10)


def test_a_trace_names_an_entry_that_is_not_finite() -> None:
    z = GROUPS.copy()
    z[3, 1] = np.nan
    with pytest.raises(ValueError, match="Z must be finite, got nan in row 3, column 1"):
        list(fastgd.trace(GaussianMixtureObjective(z, 2), GaussianMixtureObjective(GROUPS, 2).initial(0)))
