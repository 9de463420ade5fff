"""L-BFGS with an l1 norm: core and twin take the same evaluations, and end where scikit-learn's solvers do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, Array
from _sweeps import assert_same_bits
from sklearn.linear_model import ElasticNet, LogisticRegression

import fastgd
from fastgd import LinearObjective, _core, reference
from fastgd.optimizers import LBFGS
from fastgd.reference.owlqn import owlqn, pseudo_gradient
from fastgd.reference.preconditioner import inverse_on_face, second_moments

Function = Callable[[Array], tuple[float, Array]]


def with_l1(smooth: Function, l1: Array) -> Function:
    """The function plus an l1 norm, whose share of the gradient is 0 at 0."""

    def function(w: Array) -> tuple[float, Array]:
        value, grad = smooth(w)
        return value + float(l1 @ np.abs(w)), grad + l1 * np.sign(w)

    return function


def correlated(n: int = 400, d: int = 20, seed: int = 0, decades: float = 0.0) -> Array:
    """Columns that depend on each other, on scales from 1 to 10^decades."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / math.sqrt(d) * np.logspace(0.0, decades, d) + 0.5


def labels(X: Array, n_classes: int = 2) -> Array:
    rng = np.random.default_rng(1)
    wanted = rng.normal(size=(X.shape[1], n_classes)) * (rng.random((X.shape[1], n_classes)) < 0.4)
    return (X / X.std(axis=0) @ wanted + rng.normal(size=(len(X), n_classes))).argmax(axis=1)


def minimum(objective: LinearObjective, **options: Any) -> fastgd.Result:
    return fastgd.minimize(objective, **{"optimizer": LBFGS(), "max_epochs": 5000, "tol": None, **options})


# ------------------------------------------------------------------------------------------------- core and twin


def barrier(w: Array) -> tuple[float, Array]:
    if w.min() <= 0.0:
        return math.nan, np.full_like(w, math.nan)
    return float(np.sum(w - np.log(w))), 1.0 - 1.0 / w


def logistic(w: Array) -> tuple[float, Array]:
    X = correlated(d=w.size - 1)
    return LinearObjective(X, labels(X)).value_and_grad(w)


CASES: dict[str, tuple[Function, list[float], list[float]]] = {
    **{
        name: (known.fun_and_grad, known.start, [0.1 * (i % 3) for i in range(len(known.start))])
        for name, known in KNOWN_MINIMA.items()
    },
    "logistic": (logistic, [0.0] * 21, [0.01] * 20 + [0.0]),
    "barrier": (barrier, [1e-3, 50.0, 2.0], [0.5, 0.1, 0.0]),
}


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_takes_the_evaluations_of_its_twin(name: str, diagonal: bool) -> None:
    smooth, start, strengths = CASES[name]
    l1 = np.array(strengths)
    function = with_l1(smooth, l1)
    inverse = np.linspace(0.001, 0.002, l1.size) if diagonal else np.empty(0)
    solver = _core.Owlqn(np.array(start), l1, diagonal=inverse)
    points: list[Array] = []
    while len(points) < 300:
        points.append(solver.ask())
        if solver.tell(*function(points[-1])) == "finished":
            break
    twins: list[Array] = []

    def recorded(w: Array) -> tuple[float, Array]:
        twins.append(w)
        return function(w)

    found = owlqn(recorded, start, l1, gtol=0.0, max_evals=300, diagonal=inverse if diagonal else None)
    assert len(points) > 4
    np.testing.assert_array_equal(points, twins)
    np.testing.assert_array_equal(solver.point(), found.x)
    assert solver.grad_norm() == pytest.approx(np.linalg.norm(pseudo_gradient(found.x, found.grad, l1)), rel=1e-14)


@pytest.mark.parametrize("loss, curvature, n_classes", [("log_loss", 0.25, 2), ("multinomial", 0.5, 3)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_preconditioned_evaluations_are_the_twins(
    loss: str, curvature: float, n_classes: int, fit_intercept: bool
) -> None:
    X = correlated(d=6, decades=1.0)
    about: dict[str, Any] = {"loss": loss, "alpha": 0.02, "l1_ratio": 0.8, "fit_intercept": fit_intercept}
    objective = LinearObjective(X, labels(X, n_classes), **about)
    twin = reference.LinearObjective(X, labels(X, n_classes), **about)
    per_output = 1.0 / np.diag(second_moments(twin, curvature))
    of_outputs = np.tile(per_output, (twin.n_outputs, 1))
    values: list[float] = []

    def recorded(w: Array) -> tuple[float, Array]:
        value, grad = twin.value_and_grad(w)
        values.append(min([value, *values]))
        return value, grad

    n = 12
    owlqn(
        recorded,
        twin.initial(),
        twin.l1_strength(),
        gtol=0.0,
        max_evals=n,
        diagonal=twin.pack(of_outputs[:, :6], of_outputs[:, 6:]),
        precondition=inverse_on_face(twin, curvature),
    )
    found = minimum(objective, max_epochs=n).history.loss
    # A product with the inverse has the rounding of the matrix times its condition, here below 1e4.
    np.testing.assert_allclose(found, values, rtol=1e6 * 2.0**-52)
    assert values[n - 1] < values[5] < values[1]


# ---------------------------------------------------------------------------------------------- scikit-learn's minima


@pytest.mark.parametrize("precondition", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_elastic_net(l1_ratio: float, precondition: bool) -> None:
    X = correlated(decades=1.0)
    y = X @ np.random.default_rng(2).normal(size=20) * 0.1 + np.random.default_rng(3).normal(size=400)
    theirs = ElasticNet(alpha=0.05, l1_ratio=l1_ratio, tol=1e-14, max_iter=1_000_000).fit(X, y)
    objective = LinearObjective(X, y, loss="squared_error", alpha=0.05, l1_ratio=l1_ratio)
    found = minimum(objective, optimizer=LBFGS(precondition=precondition))
    coef, intercept = objective.unpack(found.x)
    assert found.success
    assert 0 < (theirs.coef_ == 0.0).sum() < 20
    np.testing.assert_array_equal(coef[0] == 0.0, theirs.coef_ == 0.0)
    # Without a preconditioner the search ends where values differ by their rounding, some 64 units here, and they are
    # as flat as their least curvature.
    least = np.linalg.eigvalsh(np.cov(X.T, bias=True))[0] + 0.05 * (1.0 - l1_ratio)
    flat = math.sqrt(2.0 * 64.0 * 2.0**-52 * found.fun / least)
    atol = 1e-7 if precondition else flat
    np.testing.assert_allclose(coef[0], theirs.coef_, rtol=0.0, atol=atol)
    # Twenty columns with means of a half.
    np.testing.assert_allclose(intercept, theirs.intercept_, rtol=0.0, atol=10.0 * atol)


@pytest.mark.parametrize("precondition", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_liblinear_lasso(fit_intercept: bool, precondition: bool) -> None:
    """Without an intercept liblinear's minimum is ours; with one, which it penalises, the gradient has to say so."""
    X = correlated()
    y = labels(X)
    objective = LinearObjective(X, y, alpha=0.02, l1_ratio=1.0, fit_intercept=fit_intercept)
    found = minimum(objective, optimizer=LBFGS(precondition=precondition))
    assert found.success
    assert found.grad_norm <= 1e-8
    coef = objective.unpack(found.x)[0]
    assert 3 < (coef == 0.0).sum() < 20
    if not fit_intercept:
        theirs = LogisticRegression(
            C=1.0 / (0.02 * 400), l1_ratio=1.0, solver="liblinear", tol=1e-9, max_iter=100_000, fit_intercept=False
        ).fit(X, y)
        np.testing.assert_array_equal(coef == 0.0, theirs.coef_ == 0.0)
        np.testing.assert_allclose(coef, theirs.coef_, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_saga(n_classes: int, l1_ratio: float) -> None:
    X = np.random.default_rng(5).normal(size=(300, 8))
    y = labels(X, n_classes)
    loss = "log_loss" if n_classes == 2 else "multinomial"
    theirs = LogisticRegression(
        C=1.0 / (0.03 * 300), l1_ratio=l1_ratio, solver="saga", tol=1e-12, max_iter=100_000, random_state=0
    ).fit(X, y)
    objective = LinearObjective(X, y, loss=loss, alpha=0.03, l1_ratio=l1_ratio)
    found = minimum(objective, gtol=1e-9)
    coef, intercept = objective.unpack(found.x)
    assert found.status == "converged"
    assert found.grad_norm <= 1e-9
    np.testing.assert_allclose(coef, theirs.coef_, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(
        intercept - intercept.mean() * (n_classes > 2), theirs.intercept_ - theirs.intercept_.mean() * (n_classes > 2),
        rtol=0.0, atol=1e-7,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------- what a user may combine


def test_models_of_a_sweep_have_their_own_norm() -> None:
    X = correlated()
    y = labels(X)
    grid = {"alpha": [0.1, 0.01, 0.001], "l1_ratio": [0.0, 0.5, 1.0]}
    found = fastgd.sweep(LinearObjective(X, y), grid=grid, optimizer=LBFGS(), max_epochs=60, tol=None)
    zeros = set()
    for result, alpha, l1_ratio in zip(found.results, found.table["alpha"], found.table["l1_ratio"], strict=True):
        alone = LinearObjective(X, y, alpha=alpha, l1_ratio=l1_ratio)
        assert_same_bits(result, minimum(alone, max_epochs=60))
        zeros.add(int((result.x == 0.0).sum()))
    assert len(zeros) > 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_standardised_features_and_storages(dtype: Any) -> None:
    X = correlated(decades=1.0).astype(dtype)
    Z = (X.astype(np.float64) - X.astype(np.float64).mean(axis=0)) / X.astype(np.float64).std(axis=0)
    objective = LinearObjective(X, labels(Z), alpha=0.02, l1_ratio=1.0, standardize=True)
    exact = LinearObjective(Z, labels(Z), alpha=0.02, l1_ratio=1.0)
    found, wanted = minimum(objective), minimum(exact)
    assert found.status == "converged"
    assert exact.value(found.x) - wanted.fun <= 1e3 * np.finfo(objective.dtype).eps * wanted.fun
    if dtype is np.float64:
        np.testing.assert_array_equal(found.x == 0.0, wanted.x == 0.0)


def test_a_norm_that_holds_everything_at_zero() -> None:
    X = correlated()
    y = labels(X)
    objective = LinearObjective(X, y, alpha=10.0, l1_ratio=1.0)
    found = minimum(objective, gtol=1e-10)
    np.testing.assert_array_equal(found.x[:-1], 0.0)
    assert found.x[-1] == pytest.approx(math.log(y.mean() / (1.0 - y.mean())), rel=1e-8)


def test_the_norm_of_the_gradient_vanishes_with_other_optimizers_too() -> None:
    X = np.random.default_rng(0).normal(size=(200, 5))
    objective = LinearObjective(X, X @ [1.0, -2.0, 0.0, 0.0, 0.1], loss="squared_error", alpha=0.3, l1_ratio=1.0)
    found = fastgd.minimize(objective, optimizer="sgd", gtol=1e-6, tol=None, max_epochs=1000)
    assert found.status == "converged"
    assert 0 < (found.x == 0.0).sum() < 5
    assert found.grad_norm <= 1e-6 < np.linalg.norm(objective.grad(found.x))


def test_gtol_ends_a_run() -> None:
    objective = LinearObjective(correlated(), labels(correlated()), alpha=0.01, l1_ratio=1.0)
    loose, tight = minimum(objective, gtol=1e-2), minimum(objective, gtol=1e-9)
    assert loose.grad_norm <= 1e-2
    assert tight.grad_norm <= 1e-9
    assert loose.n_epochs < tight.n_epochs


def test_columns_that_depend_on_each_other_take_few_evaluations() -> None:
    X = correlated(1000, 50, seed=2, decades=1.0)
    objective = LinearObjective(X, labels(X), alpha=1e-3, l1_ratio=1.0)
    own, plain = (minimum(objective, gtol=1e-7, optimizer=LBFGS(precondition=one)) for one in (True, False))
    assert own.success
    assert plain.success
    assert 3 * own.n_epochs < plain.n_epochs


def test_refusals() -> None:
    with pytest.raises(ValueError, match="memory must be >= 1"):
        _core.Owlqn(np.zeros(2), np.ones(2), memory=0)
    with pytest.raises(ValueError, match="l1 must have 2 elements, got 3"):
        _core.Owlqn(np.zeros(2), np.ones(3))
    with pytest.raises(ValueError, match="l1 must be >= 0"):
        _core.Owlqn(np.zeros(2), -np.ones(2))
    with pytest.raises(ValueError, match="diagonal must be > 0"):
        _core.Owlqn(np.zeros(2), np.ones(2), diagonal=np.zeros(2))
    with pytest.raises(ValueError, match="grad must have 2 elements, got 3"):
        _core.Owlqn(np.zeros(2), np.ones(2)).tell(1.0, np.zeros(3))
