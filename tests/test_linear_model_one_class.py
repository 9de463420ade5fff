"""The one-class machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.svm import OneClassSVM

import fastgd
from fastgd.linear_model import SGDOneClassSVM


def data(n: int = 400) -> np.ndarray:
    return np.random.default_rng(0).normal(loc=[2.0, 1.0, 0.5], size=(n, 3))


def objective(params: np.ndarray, X: np.ndarray, nu: float) -> float:
    coef, offset = params[:-1], params[-1]
    return float(np.mean(np.maximum(0.0, offset - X @ coef)) + nu / 2 * coef @ coef - nu * offset)


@pytest.mark.parametrize("options", [{"average": True}, {"batch_size": 32}], ids=str)
@pytest.mark.parametrize("nu", [0.2, 0.7])
def test_the_minimum_is_that_of_its_objective(options: dict[str, Any], nu: float) -> None:
    X = data()
    model = SGDOneClassSVM(nu, max_iter=3000, tol=None, learning_rate="invscaling", eta0=0.1, random_state=0, **options)
    model.fit(X)
    least = minimize(objective, np.zeros(4), args=(X, nu), method="Nelder-Mead", options={"maxiter": 9999}).fun
    # Rates that fall as a root of the steps leave this much after so many.
    assert objective(np.append(model.coef_, model.offset_), X, nu) < least + 5e-3
    np.testing.assert_allclose(np.mean(model.predict(X) == -1), nu, atol=0.02)


def test_it_agrees_with_the_exact_machine() -> None:
    X = data()
    exact = OneClassSVM(kernel="linear", nu=0.3).fit(X)
    model = SGDOneClassSVM(0.3, average=True, max_iter=1000, tol=None, random_state=0).fit(X)
    assert np.corrcoef(exact.decision_function(X), model.decision_function(X))[0, 1] > 0.999
    assert np.mean(exact.predict(X) == model.predict(X)) > 0.97


def test_scores() -> None:
    X = data()
    model = SGDOneClassSVM(random_state=0).fit(X)
    np.testing.assert_allclose(model.score_samples(X), X @ model.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.decision_function(X), model.score_samples(X) - model.offset_, rtol=1e-12)
    assert np.array_equal(model.predict(X), np.where(model.decision_function(X) >= 0, 1, -1))
    assert np.array_equal(model.fit_predict(X), model.predict(X))


def test_without_an_intercept_the_offset_stays() -> None:
    X = data() - [2.0, 1.0, 0.5]
    model = SGDOneClassSVM(fit_intercept=False, random_state=0, average=True)
    assert model.fit(X).offset_.tolist() == [0.0]
    np.testing.assert_allclose(model.coef_, 0.0, atol=0.1)
    assert model.fit(X + 2.0, offset_init=[0.5]).offset_.tolist() == [0.5]
    assert np.mean(model.predict(X + 2.0) == 1) > 0.7
    whole = SGDOneClassSVM(fit_intercept=False, shuffle=False, max_iter=1, tol=None).fit(X)
    pieces = SGDOneClassSVM(fit_intercept=False, shuffle=False).partial_fit(X[:100]).partial_fit(X[100:])
    np.testing.assert_array_equal(whole.coef_, pieces.coef_)


def test_warm_start_goes_on() -> None:
    X = data()
    options: dict[str, Any] = {"learning_rate": "constant", "shuffle": False, "tol": None}
    warm = SGDOneClassSVM(max_iter=2, warm_start=True, **options).fit(X).fit(X)
    whole = SGDOneClassSVM(max_iter=4, **options).fit(X)
    np.testing.assert_allclose(warm.coef_, whole.coef_, rtol=1e-12)
    np.testing.assert_allclose(warm.offset_, whole.offset_, rtol=1e-12)


def test_the_linear_term_is_in_value_and_gradient() -> None:
    X, w = data(), np.array([0.3, -0.2, 0.5, 0.7])
    plain = fastgd.LinearObjective(X, np.ones(len(X)), loss="hinge", n_classes=2, alpha=0.1)
    value, gradient = plain.value_and_grad(w)
    with_term, its_gradient = plain._with(_intercept_slope=0.25).value_and_grad(w)
    np.testing.assert_allclose(with_term - value, 0.25 * w[-1], rtol=1e-12)
    np.testing.assert_allclose(its_gradient - gradient, [0.0, 0.0, 0.0, 0.25], atol=1e-15)
