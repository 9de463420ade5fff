"""Fits of densities: against expectation-maximisation on real data, and against closed forms."""

from __future__ import annotations

from typing import Any

import _real_data
import numpy as np
import pytest
import sklearn.mixture
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import fastgd
from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture
from fastgd.optimizers import SGD, Adam

X = load_iris(return_X_y=True)[0]
SETS = ["faithful", "geyser", "galaxies"]


def clusters(centers: list[float], n_rows: int) -> Any:
    """Rows of two features around each center."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(at, 1.0, size=(n_rows, 2)) for at in centers])


def by_em(rows: Any, n_components: int, covariance_type: str, **options: Any) -> Any:
    em = sklearn.mixture.GaussianMixture(
        n_components, covariance_type=covariance_type, n_init=10, random_state=0, **options
    )
    # On so few rows threads only wait for one another.
    with threadpool_limits(1):
        return em.fit(rows)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("name", SETS)
def test_held_out_rows_are_as_likely_as_after_em(name: str, n_components: int, covariance_type: str) -> None:
    data = _real_data.density(name)
    em = by_em(data["X_train"], n_components, covariance_type)
    for seed in range(5):
        model = GaussianMixture(n_components, covariance_type=covariance_type, random_state=seed)
        model.fit(data["X_train"])
        assert model.converged_
        assert abs(model.score(data["X_test"]) - em.score(data["X_test"])) < 0.03


@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("name", SETS)
def test_mini_batches_reach_what_em_does_on_all_rows(name: str, n_components: int) -> None:
    data = _real_data.density(name)
    em = by_em(data["X_train"], n_components, "full")
    for seed in range(5):
        model = GaussianMixture(n_components, batch_size=16, random_state=seed).fit(data["X_train"])
        assert model.score(data["X_train"]) > em.score(data["X_train"]) - 0.03
        # The 16 rows that are held out of galaxies are too few: they differ by more from epoch to epoch.
        if name != "galaxies":
            assert abs(model.score(data["X_test"]) - em.score(data["X_test"])) < 0.03


@pytest.mark.parametrize("name", ["faithful", "geyser"])
def test_a_stream_reaches_what_em_does_on_all_rows(name: str) -> None:
    data = _real_data.density(name)
    em = by_em(data["X_train"], 2, "full")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        model = GaussianMixture(2, random_state=seed)
        for _ in range(60):
            for piece in np.array_split(rng.permutation(data["X_train"]), 4):
                model.partial_fit(piece)
        assert abs(model.score(data["X_test"]) - em.score(data["X_test"])) < 0.03


@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("name", SETS)
def test_other_splits_are_as_likely_as_after_em(name: str, n_components: int) -> None:
    data = _real_data.density(name)
    rows = np.concatenate([data["X_train"], data["X_test"]])
    n_same = 0
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(rows))
        train, test = np.split(rows[order], [len(rows) * 4 // 5])
        em = by_em(train, n_components, "full")
        model = GaussianMixture(n_components, random_state=seed).fit(train)
        # By its default tolerance EM ends early.
        assert model.score(train) > em.score(train) - 1e-3
        assert np.isfinite(model.score(test))
        em = by_em(train, n_components, "full", tol=1e-7, max_iter=3000)
        # There are several maxima, and the one with more likely rows may have less likely others.
        if abs(model.score(train) - em.score(train)) < 1e-3:
            n_same += 1
            assert abs(model.score(test) - em.score(test)) < 0.03
    assert n_same >= 4


def test_narrow_components_are_found_from_any_start_in_few_evaluations() -> None:
    rng = np.random.default_rng(0)
    shapes = np.eye(8) + 0.4 * rng.normal(size=(4, 8, 8))
    centers = 3.0 * rng.normal(size=(4, 8))
    rows = np.concatenate([rng.normal(size=(500, 8)) @ shapes[k] + centers[k] for k in range(4)])
    # Variances of a component are from 1e-4 to 10: descent by the gradient alone takes thousands.
    em = by_em(rows, 4, "full")
    for init_params in ("kmeans", "k-means++"):
        model = GaussianMixture(4, init_params=init_params, random_state=0).fit(rows)
        assert model.n_iter_ < 150
        assert model.score(rows) > em.score(rows) - 1e-3


def test_starts_have_the_bits_of_descents_alone_whatever_becomes_of_others() -> None:
    objective = fastgd.GaussianMixtureObjective(X, 3, standardize=True)
    done = objective.pack(*_parameters(GaussianMixture(3, random_state=0, tol=1e-5).fit(X)))
    starts = [done, objective.initial(1), objective.initial(2)]
    options: dict[str, Any] = {"optimizer": "lbfgs", "tol": None, "gtol": 1e-3, "max_epochs": 200}
    found = fastgd.sweep(objective, grid={"w0": starts}, **options)
    assert found.results[0].n_epochs == 1 < found.results[1].n_epochs
    for start, result in zip(starts, found.results, strict=True):
        alone = fastgd.minimize(objective, start, **options)
        np.testing.assert_array_equal(result.x, alone.x)
        np.testing.assert_array_equal(result.history.loss, alone.history.loss)
        assert result.fun == alone.fun


def _parameters(model: GaussianMixture) -> tuple[Any, Any, Any]:
    return model.weights_, model.means_, model.precisions_cholesky_


def test_components_that_shrink_onto_one_row_are_not_kept_where_there_is_another_fit() -> None:
    data = _real_data.density("galaxies")
    rows = np.concatenate([data["X_train"], data["X_test"]])
    rows = rows[np.random.default_rng(0).permutation(len(rows))][: len(rows) * 4 // 5]
    options: dict[str, Any] = {"init_params": "random_from_data", "random_state": 0}
    one = [GaussianMixture(3, n_init=1, **{**options, "random_state": seed}).fit(rows) for seed in range(20)]
    likeliest = max(one, key=lambda model: model.score(rows))
    assert likeliest.covariances_.min() < 1e-5
    model = GaussianMixture(3, n_init=20, **options).fit(rows)
    assert model.covariances_.min() > 1e-4
    # There is none where columns do not vary.
    with pytest.warns(UserWarning, match="do not vary"):
        model = GaussianMixture(3, random_state=0).fit(np.column_stack([rows, np.ones(len(rows))]))
    assert model.converged_


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("kind", [Gaussian, GaussianMixture])
def test_one_component_is_the_closed_form(kind: Any, standardize: bool) -> None:
    rows = X * [1.0, 10.0, 0.1, 3.0] + [0.0, 100.0, 1.0, -5.0] if standardize else X
    model = kind(reg_covar=1e-3, standardize=standardize, tol=1e-8).fit(rows)
    mean = model.location_ if kind is Gaussian else model.means_[0]
    covariance = model.covariance_ if kind is Gaussian else model.covariances_[0]
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(covariance, np.cov(rows.T, bias=True) + 1e-3 * np.eye(4), rtol=1e-6, atol=1e-6)


def collinear(how: str) -> Any:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    if how == "fewer rows than columns":
        return rng.normal(size=(20, 30))
    noise = {"duplicated": 0.0, "nearly": 1e-5, "far from 0": 0.0}[how]
    return np.column_stack([rows, rows[:, 0] + noise * rng.normal(size=60)]) + 1e3 * (how == "far from 0")


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", ["duplicated", "nearly", "far from 0", "fewer rows than columns"])
def test_collinear_columns_have_the_closed_form(how: str, dtype: type, standardize: bool) -> None:
    rows = collinear(how).astype(dtype)
    model = Gaussian(standardize=standardize).fit(rows)
    assert model.converged_
    wide = rows.astype(np.float64)
    covariance = np.cov(wide.T, bias=True) + 1e-6 * np.eye(wide.shape[1])
    # Of entries around 1 descent leaves what its arithmetic, whose eps is 1e-16 or 1e-7, does not tell apart.
    atol = 1e-12 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(model.location_, wide.mean(axis=0), rtol=1e-12, atol=atol)
    np.testing.assert_allclose(model.covariance_, covariance, rtol=0.0, atol=atol)
    # Without descent's rows in float32 the density is as likely as the closed form, to what they cost it.
    if dtype == np.float64:
        best = multivariate_normal(wide.mean(axis=0), covariance).logpdf(wide).mean()
        assert model.score(wide) == pytest.approx(best, abs=1e-6)


def test_all_rows_count_where_there_are_many() -> None:
    # The last row is none of those that are looked at for starts of mixtures.
    rows = np.random.default_rng(0).normal(size=(40_000, 30)).astype(np.float32)
    rows[-1] = 1e3
    model = Gaussian(tol=1e-3).fit(rows)
    np.testing.assert_allclose(model.covariance_, np.cov(rows.T, bias=True, dtype=np.float64), rtol=1e-4, atol=1e-4)


def test_a_diagonal_gaussian_has_the_variances_of_the_columns() -> None:
    model = Gaussian(covariance_type="diag", reg_covar=0.01).fit(X)
    np.testing.assert_allclose(model.covariance_, np.diag(X.var(axis=0) + 0.01), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_the_added_variance_is_that_of_em(covariance_type: str) -> None:
    options = {"covariance_type": covariance_type, "reg_covar": 0.05, "random_state": 0}
    em = sklearn.mixture.GaussianMixture(2, tol=1e-12, max_iter=1000, **options).fit(X)
    model = GaussianMixture(2, tol=1e-6, **options).fit(X)
    order = np.argsort(em.means_[:, 0])
    np.testing.assert_allclose(model.means_, em.means_[order], atol=1e-4)
    np.testing.assert_allclose(model.covariances_, em.covariances_[order], atol=1e-4)
    np.testing.assert_allclose(model.weights_, em.weights_[order], atol=1e-4)


def test_mini_batches_reach_the_full_fit() -> None:
    full = GaussianMixture(3, random_state=0).fit(X)
    model = GaussianMixture(3, batch_size=16, tol=1e-4, random_state=0).fit(X)
    assert model.converged_
    assert model.score(X) > full.score(X) - 0.02
    assert len(model.loss_curve_) == model.n_iter_
    gaussian = Gaussian(batch_size=16, tol=1e-4, random_state=0).fit(X)
    assert gaussian.score(X) > Gaussian().fit(X).score(X) - 0.02


@pytest.mark.parametrize("optimizer", [Adam(5.0), SGD(5.0)])
def test_mini_batches_that_end_worse_than_they_began_have_not_converged(optimizer: Any) -> None:
    rows = clusters([-3.0, 3.0], 50)
    model = GaussianMixture(2, optimizer=optimizer, batch_size=16, random_state=0)
    with pytest.warns(
        ConvergenceWarning, match=r"steps are too large: after \d+ epochs the loss is .* smaller learning"
    ):
        model.fit(rows)
    assert not model.converged_
    assert np.isfinite(model.score(rows))
    assert GaussianMixture(2, optimizer=Adam(0.1), batch_size=16, random_state=0).fit(rows).converged_


def test_what_is_no_density_is_not_left() -> None:
    rows = clusters([-3.0, 3.0], 50)
    model = GaussianMixture(2, random_state=0).fit(rows)
    before = model.score(rows)
    for lr in (50.0, 100.0, 1e4):
        model.set_params(optimizer=Adam(lr), batch_size=16)
        with pytest.raises(ValueError, match=r"GaussianMixture diverged: .* take a smaller learning rate"):
            model.fit(rows)
        assert model.score(rows) == before
    gaussian = Gaussian(optimizer=Adam(300.0), batch_size=16, random_state=0)
    with pytest.raises(ValueError, match=r"Gaussian diverged: .* take a smaller learning rate"):
        gaussian.fit(rows)
    assert not hasattr(gaussian, "location_")


def test_other_optimisers_reach_the_full_fit() -> None:
    rows = clusters([-2.0, 2.0], 100)
    full = GaussianMixture(2, random_state=0).fit(rows)
    model = GaussianMixture(2, optimizer=SGD(0.1, momentum=0.9), random_state=0).fit(rows)
    assert model.converged_
    assert model.score(rows) > full.score(rows) - 1e-3
    named = GaussianMixture(2, optimizer=Adam(0.01), batch_size=10, tol=1e-4, random_state=0).fit(rows)
    assert named.score(rows) > full.score(rows) - 0.02


def test_what_a_fit_leaves() -> None:
    model = GaussianMixture(2, random_state=0).fit(X)
    assert model.weights_.sum() == pytest.approx(1.0)
    # Without the little that reg_covar takes away.
    assert model.lower_bound_ == pytest.approx(model.score(X), abs=1e-3)
    assert model.lower_bound_ <= model.score(X)
    assert len(model.lower_bounds_) == len(model.history_) == model.n_iter_
    assert model.lower_bounds_ == [-loss for loss in model.loss_curve_]
    np.testing.assert_array_equal(GaussianMixture(2, random_state=0).fit_predict(X), model.predict(X))


def test_the_best_of_many_starts_is_kept() -> None:
    rows = clusters([-9.0, -3.0, 0.0, 3.0, 9.0], 40)
    options: dict[str, Any] = {"init_params": "random_from_data", "reg_covar": 0.01, "max_iter": 2000}
    one = [GaussianMixture(5, n_init=1, random_state=seed, **options).fit(rows).score(rows) for seed in range(8)]
    assert np.ptp(one) > 0.01
    best = GaussianMixture(5, n_init=8, random_state=0, **options).fit(rows)
    assert best.score(rows) == pytest.approx(max(one), abs=1e-3)


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random", "random_from_data"])
def test_every_way_to_start_finds_two_clusters(init_params: str) -> None:
    rows = clusters([-3.0, 3.0, 3.0], 40)
    model = GaussianMixture(2, init_params=init_params, random_state=0).fit(rows)
    order = model.means_[:, 0].argsort()
    np.testing.assert_allclose(model.means_[order], [[-3.0, -3.0], [3.0, 3.0]], atol=0.5)
    np.testing.assert_allclose(model.weights_[order], [1 / 3, 2 / 3], atol=0.02)


def test_a_given_start_is_where_the_fit_begins() -> None:
    done = GaussianMixture(2, random_state=0, tol=1e-5).fit(X)
    again = GaussianMixture(
        2,
        weights_init=done.weights_[::-1],
        means_init=done.means_[::-1],
        precisions_init=done.precisions_[::-1],
        tol=1e-4,
    ).fit(X)
    assert again.n_iter_ == 1
    np.testing.assert_allclose(again.means_, done.means_[::-1], rtol=1e-3)


def test_a_warm_start_goes_on() -> None:
    model = GaussianMixture(3, max_iter=5, warm_start=True, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=5"):
        model.fit(X)
    before = model.score(X)
    first = model.set_params(max_iter=300).fit(X).loss_curve_[0]
    assert first == pytest.approx(-before, abs=1e-3)
    assert model.score(X) > before
    model.set_params(n_components=2)
    with pytest.raises(ValueError, match=r"n_components=3.*warm_start=False"):
        model.fit(X)


def test_the_number_of_threads_changes_nothing() -> None:
    one, two = (GaussianMixture(2, random_state=0, n_threads=n).fit(X) for n in (1, 2))
    np.testing.assert_array_equal(one.means_, two.means_)


def test_lines_are_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    model = GaussianMixture(3, verbose=1, verbose_interval=5, random_state=0).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= model.n_iter_ // 5
    assert lines[0].startswith("GaussianMixture epoch 5: lowest loss of")
