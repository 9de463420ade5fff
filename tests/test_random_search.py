"""Random search: what it probes, that it ends below where it began, and how much descent saves."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, rosenbrock
from conftest import Data

import fastgd
from fastgd import random_search, reference


@pytest.mark.parametrize("adapt", [True, False])
@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_it_is_its_twin(seed: int, adapt: bool) -> None:
    def fun(w: Any) -> float:
        return rosenbrock(w)[0]

    found = random_search(fun, [-1.2, 1.0, 0.5], max_evals=300, scale=0.5, adapt=adapt, random_state=seed)
    twin = reference.random_search.random_search(
        fun, [-1.2, 1.0, 0.5], max_evals=300, scale=0.5, adapt=adapt, random_state=seed
    )
    np.testing.assert_array_equal(found.x, twin.x)
    np.testing.assert_array_equal(found.history.loss, twin.values)
    np.testing.assert_array_equal(found.history.lr, twin.scales)


def test_data_and_twin(data: Data) -> None:
    """By two arithmetics, which differ in the last digits, no probe of these falls on the other side."""
    objective = data.objective("log_loss", alpha=0.1, sample_weight=data.weight)
    twin = reference.LinearObjective(data.X, data.signs, loss="log_loss", alpha=0.1, sample_weight=data.weight)
    found = random_search(objective, max_evals=200)
    searched = reference.random_search.random_search(twin.value, np.zeros(5), max_evals=200)
    np.testing.assert_array_equal(found.x, searched.x)
    np.testing.assert_allclose(found.history.loss, searched.values, rtol=1e-13)


def test_what_the_result_tells(data: Data) -> None:
    objective = data.objective("log_loss", alpha=0.1)
    found = random_search(objective, max_evals=150)
    assert isinstance(found, fastgd.Result)
    assert (found.n_epochs, found.nit, found.nfev, found.njev) == (150, 150, 150, 0)
    assert found.n_steps == np.count_nonzero(np.diff(found.history.loss)) == found.history.step[-1]
    assert (np.diff(found.history.loss) <= 0.0).all()
    assert found.history.loss[0] == objective.value(np.zeros(5))
    assert found.fun == found.history.loss[-1] == objective.value(found.x)
    assert (found.status, found.success) == ("max_epochs", True)
    assert found.message == f"random search made all its evaluations (150 evaluations, {found.n_steps} of them better)"
    assert np.isnan(found.grad_norm)
    np.testing.assert_array_equal(found.jac, objective.grad(found.x))
    assert (np.diff(found.history.seconds) >= 0.0).all()
    copied = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(copied.x, found.x)
    assert copied.nfev == 150


def test_the_start_alone_is_one_evaluation(data: Data) -> None:
    found = random_search(data.objective("log_loss"), max_evals=1)
    assert (found.nfev, found.n_steps) == (1, 0)
    np.testing.assert_array_equal(found.x, 0.0)
    assert "(1 evaluation, 0 of them better)" in found.message


@pytest.mark.parametrize("n", [1, 2, 50])
def test_directions(n: int) -> None:
    """Mean 0, variance 1 / n, no angle preferred; of 4,000 numbers or more the means err by 1 / sqrt(4000)."""
    calls: list[Any] = []
    random_search(lambda w: calls.append(w) or float(len(calls)), np.zeros(n), max_evals=4001, adapt=False)
    probes = np.array(calls[1:])
    assert np.abs(probes.mean(axis=0)).max() < 5.0 / np.sqrt(4000 * n)
    np.testing.assert_allclose((probes**2).sum(axis=1).mean(), 1.0, atol=5.0 / np.sqrt(4000))
    if n == 2:
        angles = np.arctan2(probes[:, 1], probes[:, 0])
        counts = np.histogram(angles, bins=8, range=(-np.pi, np.pi))[0]
        # Of 500 expected; along diagonals sums of four uniform numbers fall a little short of normal ones.
        np.testing.assert_allclose(counts, 500, atol=5.0 * np.sqrt(500))
    assert len(np.unique(probes[:, 0])) == 4000


def test_the_length_is_scale_and_adapts() -> None:
    fixed = random_search(lambda w: (w**2).sum(), [3.0, 4.0], scale=0.25, max_evals=500, adapt=False)
    assert (fixed.history.lr == 0.25).all()
    adapted = random_search(lambda w: (w**2).sum(), [3.0, 4.0], scale=1e-6, max_evals=500)
    assert adapted.fun < 1e-6 < fixed.fun
    # One in five once the length is right.
    rng_free = random_search(lambda w: (w**2).sum(), np.ones(20), max_evals=4000)
    assert 0.15 < rng_free.n_steps / rng_free.nfev < 0.25


@pytest.mark.parametrize("name", KNOWN_MINIMA)
def test_known_minima_come_nearer(name: str) -> None:
    known = KNOWN_MINIMA[name]
    objective = fastgd.FunctionObjective(known.fun_and_grad, jac=True)
    before = objective.value(known.start)
    found = random_search(objective, known.start, max_evals=2000)
    # Bohachevsky's is a local one.
    assert -1e-12 <= found.fun - known.minimum < 0.5 * (before - known.minimum)


def test_mistakes_have_no_gradient_but_can_be_searched(data: Data) -> None:
    objective = fastgd.LinearObjective(data.X, data.signs, loss="zero_one")
    found = random_search(objective, np.full(5, 0.1), max_evals=500)
    assert found.fun < 0.5 * objective.value(np.full(5, 0.1))
    assert np.isnan(found.jac).all()


def test_descent_takes_far_fewer_evaluations_the_more_so_the_more_parameters() -> None:
    ratios = []
    for n in (2, 30, 200):
        rng = np.random.default_rng(n)
        X = rng.normal(size=(2 * n + 20, n))
        y = X @ rng.normal(size=n) + rng.normal(size=len(X))
        objective = fastgd.LinearObjective(X, y, loss="squared_error", alpha=0.1, fit_intercept=False)
        least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=200, tol=None).fun
        goal = least + 0.01 * (objective.value(np.zeros(n)) - least)
        descent = fastgd.minimize(objective, max_epochs=100, tol=None).history.loss
        search = random_search(objective, max_evals=60 * n + 100).history.loss
        ratios.append(float((search <= goal).argmax() / (descent <= goal).argmax()))
        assert (search <= goal).any()
        assert (descent <= goal).any()
    assert 5.0 < ratios[0] < ratios[1] < ratios[2]
    assert ratios[2] > 200.0


def test_what_is_no_better_is_no_step() -> None:
    found = random_search(lambda w: 1.0, [1.0, 2.0], max_evals=50)
    assert found.n_steps == 0
    np.testing.assert_array_equal(found.x, [1.0, 2.0])


def test_functions_may_write_to_what_they_get() -> None:
    def careless(w: Any) -> float:
        value = float((w**2).sum())
        w[:] = 99.0
        return value

    w0 = np.array([1.0, 2.0])
    found = random_search(careless, w0, max_evals=200)
    assert found.fun == (found.x**2).sum() < 1e-3
    np.testing.assert_array_equal(w0, [1.0, 2.0])


def test_a_value_that_is_not_finite_is_worse() -> None:
    found = random_search(lambda w: np.nan if w[0] < 1.0 else w[0], [2.0], max_evals=200)
    assert 1.0 <= found.fun < 1.001
    assert found.x[0] == found.fun


def test_minus_infinity_is_not_the_best() -> None:
    def fun(w: Any) -> float:
        with np.errstate(divide="ignore"):
            return float(np.log(np.maximum(w[0], 0.0)))

    found = random_search(fun, [1.0], max_evals=100)
    assert np.isfinite(found.history.loss).all()
    assert found.fun == fun(found.x) < 0.0
    np.testing.assert_array_equal(found.x, reference.random_search.random_search(fun, [1.0], max_evals=100).x)


@pytest.mark.parametrize("name", ["gaussian", "squared_error", "zero_one"])
def test_objectives_beyond_their_range_are_worse(data: Data, name: str) -> None:
    """Of probes that long some overflow, where `value` raises."""
    if name == "gaussian":
        objective: Any = fastgd.GaussianObjective(data.X)
        start, scale = objective.initial(), 3e3
    else:
        y = data.signs if name == "zero_one" else data.numbers
        objective = fastgd.LinearObjective(1e300 * data.X, y, loss=name)
        start, scale = np.zeros(5), 1e10
    refused = []

    class Counted:
        n_params, values = objective.n_params, staticmethod(objective.values)

        def value(self, w: Any) -> Any:
            try:
                return objective.value(w)
            except ValueError:
                refused.append(w)
                raise

    found = random_search(Counted(), start, scale=scale, max_evals=300)
    assert refused
    assert found.nfev == 300
    assert found.fun == objective.value(found.x) <= objective.value(start)
    np.testing.assert_array_equal(found.x, random_search(objective, start, scale=scale, max_evals=300).x)


def test_what_functions_raise_is_passed_on() -> None:
    def fun(w: Any) -> float:
        if w[0] < 0.0:
            raise ValueError("below 0")
        return float(w[0])

    for objective in (fun, fastgd.FunctionObjective(fun, grad=lambda w: np.ones(1))):
        with pytest.raises(ValueError, match="below 0"):
            random_search(objective, [1.0], max_evals=300)


def test_ctrl_c_leaves_the_best(data: Data) -> None:
    calls = 0

    def fun(w: Any) -> float:
        nonlocal calls
        calls += 1
        if calls > 50:
            raise KeyboardInterrupt
        return float((w**2).sum())

    found = random_search(fun, [1.0, 2.0], max_evals=1000)
    assert (found.status, found.success, found.nfev) == ("interrupted", False, 50)
    assert found.fun == (found.x**2).sum() < 5.0
    assert "was interrupted" in found.message


def test_threads_do_not_matter_and_come_back(data: Data) -> None:
    objective = data.objective("multinomial")
    before = fastgd.get_num_threads()
    alone, team = (random_search(objective, max_evals=50, n_threads=n) for n in (1, 2))
    np.testing.assert_array_equal(alone.x, team.x)
    assert fastgd.get_num_threads() == before


@pytest.mark.parametrize(
    "arguments, options, error, message",
    [
        ((np.sum,), {}, ValueError, "w0 must be given for a function"),
        ((3, [1.0]), {}, TypeError, "objective must be a function w -> float, or an objective, got 3"),
        ((np.sum, [np.nan]), {}, ValueError, r"w0 must be finite, got nan at w0\[0\]"),
        ((np.sum, [[1.0]]), {}, ValueError, r"w0 must have shape \(n_params,\), got shape \(1, 1\)"),
        ((lambda w: np.nan, [1.0]), {}, ValueError, "objective must be finite at w0, got nan"),
        ((lambda w: -np.inf, [1.0]), {}, ValueError, "objective must be finite at w0, got -inf"),
        ((np.sum, [1.0]), {"max_evals": 0}, ValueError, "max_evals must be an integer >= 1|from 1"),
        ((np.sum, [1.0]), {"scale": 0.0}, ValueError, "scale must be a finite number > 0, got 0.0"),
        ((np.sum, [1.0]), {"adapt": 1}, TypeError, "adapt must be True or False"),
        ((np.sum, [1.0]), {"random_state": None}, TypeError, "random_state must be an integer"),
        ((np.sum, [1.0]), {"n_threads": 0}, ValueError, "n_threads must be an integer from 1"),
    ],
)
def test_bad_input(arguments: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        random_search(*arguments, **options)


def test_objectives_refuse_what_they_do_elsewhere(data: Data) -> None:
    with pytest.raises(ValueError, match=r"w0 must have shape \(5,\), got shape \(4,\)"):
        random_search(data.objective(), np.zeros(4))
    X = data.X.copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="got nan in row 3, column 1"):
        random_search(fastgd.LinearObjective(X, data.signs))
