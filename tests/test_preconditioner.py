"""L-BFGS that starts from the rows' second moments: what they are, and what they save."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from _rounding import EPS64
from _sweeps import assert_same_bits
from test_reference_lbfgs import Recorded, linear_model

import fastgd
from fastgd import reference
from fastgd._losses import registry
from fastgd.optimizers import LBFGS
from fastgd.reference.lbfgs import lbfgs
from fastgd.reference.preconditioner import chosen_rows, inverse_second_moments

PLAIN = LBFGS(precondition=False)


def rows(n: int = 500, d: int = 6, seed: int = 0) -> np.ndarray:
    """Columns that depend on each other, of sizes from 1 to 1000."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * np.logspace(0.0, 3.0, d) + 1.0


def labels(X: np.ndarray, n_classes: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    scores = (X / X.std(axis=0)) @ rng.normal(size=(X.shape[1], n_classes)) + 2.0 * rng.normal(size=(len(X), n_classes))
    return scores.argmax(axis=1)


def points(objective: fastgd.LinearObjective, n: int, **options: Any) -> list[np.ndarray]:
    """The best parameters after each evaluation."""
    found: list[np.ndarray] = []
    fastgd.minimize(
        objective, optimizer=LBFGS(), max_epochs=n, tol=None, callbacks=lambda info: found.append(info.x), **options
    )
    return found


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("loss, curvature, n_classes", [("log_loss", 0.25, 2), ("multinomial", 0.5, 3)])
def test_the_evaluations_are_the_twins(
    loss: str, curvature: float, n_classes: int, weighted: bool, fit_intercept: bool
) -> None:
    X = rows()
    weight = np.arange(500) % 4 / 2.0 if weighted else None
    about: dict[str, Any] = {"alpha": 0.1, "sample_weight": weight, "fit_intercept": fit_intercept}
    y = labels(X, n_classes)
    objective = fastgd.LinearObjective(X, y, loss=loss, **about)
    twin = reference.LinearObjective(X, y, loss=loss, **about)
    values: list[float] = []

    def recorded(w: np.ndarray) -> tuple[float, np.ndarray]:
        value, grad = twin.value_and_grad(w)
        values.append(min([value, *values]))
        return value, grad

    lbfgs(recorded, twin.initial(), gtol=0.0, max_evals=8, precondition=inverse_second_moments(twin, curvature))
    found = [objective.value(w) for w in points(objective, 8)]
    # A solution has the rounding of the matrix times its condition, here up to 1e9.
    np.testing.assert_allclose(found, values, rtol=1e9 * EPS64)
    assert values[7] < values[3] < values[1] < values[0]


@pytest.mark.parametrize("weights", ["all", "most", "few"])
def test_of_many_rows_some_are_chosen_as_by_the_twin(weights: str) -> None:
    n = 5000
    X = np.random.default_rng(8).normal(size=(n, 4)) * [1.0, 30.0, 1.0, 0.5]
    # A column that is 0 in the chosen rows, and not in all.
    X[:, 3] = 0.0
    X[3, 3] = 1.0
    assert 3 not in chosen_rows(n, 2048)
    weight = {"all": np.ones(n), "most": np.arange(n) % 10 / 3.0, "few": np.arange(n) % 7 == 0.0}[weights]
    about: dict[str, Any] = {"alpha": 0.0, "sample_weight": weight.astype(np.float64)}
    y = labels(X[:, :3], 2)
    twin = reference.LinearObjective(X, y, **about)
    values: list[float] = []

    def recorded(w: np.ndarray) -> tuple[float, np.ndarray]:
        value, grad = twin.value_and_grad(w)
        values.append(min([value, *values]))
        return value, grad

    lbfgs(recorded, twin.initial(), gtol=0.0, max_evals=6, precondition=inverse_second_moments(twin, 0.25))
    found = [fastgd.LinearObjective(X, y, **about).value(w) for w in points(fastgd.LinearObjective(X, y, **about), 6)]
    np.testing.assert_allclose(found, values, rtol=1e6 * EPS64)


def test_chosen_rows() -> None:
    np.testing.assert_array_equal(chosen_rows(5, 5), range(5))
    for n, count in [(6, 5), (1000, 7), (100_000, 4096)]:
        rows, ends = chosen_rows(n, count), np.arange(count + 1) * n // count
        assert (ends[:-1] <= rows).all()
        assert (rows < ends[1:]).all()


@pytest.mark.parametrize(
    "options", [{}, {"standardize": True}, {"fit_intercept": False}, {"sample_weight": True}], ids=str
)
@pytest.mark.parametrize("storage", [np.float64, np.float32, np.float16, np.uint8])
def test_least_squares_take_a_step(storage: Any, options: dict[str, Any]) -> None:
    """The matrix is the Hessian: the second evaluation is at the minimum, up to rounding."""
    X = np.random.default_rng(0).integers(0, 256, (2000, 7), np.uint8).astype(storage)
    X[:, 3] = X[:, 2] // 2
    weight = np.arange(2000) % 3 / 2.0 if "weighted" in options else None
    Y = np.random.default_rng(1).normal(size=(2000, 2)) + X[:, :2] / 100.0
    about = {**{key: value for key, value in options.items() if key != "weighted"}, "sample_weight": weight}
    objective = fastgd.LinearObjective(X, Y, loss="squared_error", alpha=0.1, **about)
    least = fastgd.minimize(
        fastgd.LinearObjective(X.astype(np.float64), Y, loss="squared_error", alpha=0.1, **about), optimizer=LBFGS()
    ).fun
    start = objective.value(np.zeros(objective.n_params))
    second = objective.value(points(objective, 2)[1])
    assert second - least <= 1e4 * np.finfo(objective.dtype).eps * start


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", [name for name, loss in registry().items() if loss.trainable and loss.curvature > 0.0])
def test_it_saves_evaluations(loss: str, dtype: Any) -> None:
    X = rows(seed=2).astype(dtype)
    kind = registry()[loss].kind
    y = {"regression": np.abs(X[:, 5]) / 500.0 + 0.1, "binary": labels(X, 2), "multiclass": labels(X, 3)}[kind]
    # The penalty is of the size of the smaller columns' curvature; exponentials of large scores are not tried.
    objective = fastgd.LinearObjective(X / 100.0 if loss != "multinomial" else X, y, loss=loss, alpha=1e-3)
    own, plain = (fastgd.minimize(objective, optimizer=one, max_epochs=400) for one in (LBFGS(), PLAIN))
    assert own.fun <= plain.fun + 1e-3 * abs(plain.fun)
    assert own.n_epochs <= plain.n_epochs


@pytest.mark.parametrize("n_threads", [2, 7])
def test_it_does_not_depend_on_threads(n_threads: int) -> None:
    X = np.random.default_rng(0).normal(size=(9000, 40)).astype(np.float32)
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.3 * X[:, 1], alpha=1e-3)
    options: dict[str, Any] = {"optimizer": LBFGS(), "max_epochs": 6, "tol": None}
    one = fastgd.minimize(objective, n_threads=1, **options)
    assert_same_bits(fastgd.minimize(objective, n_threads=n_threads, **options), one)


def test_rows_of_weight_0_are_not_looked_at() -> None:
    X, weight = rows(), np.arange(500) % 4 / 2.0
    y = labels(X, 2)
    bad = X.copy()
    bad[::4] = np.nan
    clean, dirty = (fastgd.LinearObjective(Z, y, alpha=0.1, sample_weight=weight) for Z in (X, bad))
    assert_same_bits(*(fastgd.minimize(one, optimizer=LBFGS(), max_epochs=9) for one in (clean, dirty)))


@pytest.mark.parametrize("X", [np.zeros((50, 3)), np.ones((50, 3)), np.eye(50), np.full((50, 2), 1e200)], ids=str)
def test_matrices_without_an_inverse_do_no_harm(X: np.ndarray) -> None:
    y = np.arange(50) % 2
    found = fastgd.minimize(fastgd.LinearObjective(X, y, alpha=0.0), optimizer=LBFGS(), max_epochs=50)
    assert np.isfinite(found.x).all()
    assert found.fun <= np.log(2.0)


def test_wide_tables_have_none() -> None:
    X = np.random.default_rng(0).normal(size=(100, 513))
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0, alpha=0.1)
    own, plain = (fastgd.minimize(objective, optimizer=one, max_epochs=9, tol=None) for one in (LBFGS(), PLAIN))
    np.testing.assert_array_equal(own.x, plain.x)
    narrow = fastgd.LinearObjective(X[:, :512], X[:, 0] > 0.0, alpha=0.1)
    own, plain = (fastgd.minimize(narrow, optimizer=one, max_epochs=9, tol=None) for one in (LBFGS(), PLAIN))
    assert not np.array_equal(own.x, plain.x)


SCIPYS = [(0, 20, 1e-2, 0.0), (1, 50, 1e-3, 0.0), (2, 30, 1e-6, 1.0), (3, 20, 1e-3, 0.7), (4, 30, 1e-2, 2.0)]


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
@pytest.mark.parametrize("seed, n_features, alpha, decades", SCIPYS)
def test_linear_models_take_no_more_evaluations_than_scipy(
    loss: str, seed: int, n_features: int, alpha: float, decades: float
) -> None:
    """Fewer by far where columns are of sizes from a tenth to ten, or a hundredth to a hundred."""
    objective = linear_model(loss, seed, n_features, alpha, decades)
    scipys = Recorded(objective.value_and_grad)
    exact = {"ftol": 0.0, "gtol": 1e-10, "maxiter": 5000, "maxfun": 5000}
    scipy.optimize.minimize(scipys, np.zeros(objective.n_params), jac=True, method="L-BFGS-B", options=exact)
    near = min(scipys.values) * (1.0 + 1e-8)
    loss_of = fastgd.minimize(objective, optimizer=LBFGS(), max_epochs=500, tol=None).history.loss
    assert loss_of.min() <= near
    assert int(np.argmax(loss_of <= near)) + 1 <= (0.2 if decades > 0.0 else 1.2) * scipys.evals_to(near)
