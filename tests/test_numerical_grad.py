"""Numerical gradients: their errors are those of the formulas, and what they cannot do they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, rosenbrock
from conftest import Data

import fastgd
from fastgd import numerical_grad

EPS = np.finfo(np.float64).eps


def counted(fun: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[Any]]:
    calls: list[Any] = []

    def wrapped(w: Any) -> Any:
        calls.append(w)
        return fun(w)

    return wrapped, calls


def test_each_formula_is_what_it_says() -> None:
    """On a cubic the truncation is exactly that of the formulas; powers of 2 leave no rounding."""

    def cube(w: Any) -> Any:
        return (w**3).sum()

    w, h = np.array([2.0, -1.0]), 2.0**-10
    np.testing.assert_array_equal(numerical_grad(cube, w, "forward", h=h), 3.0 * w**2 + 3.0 * w * h + h**2)
    np.testing.assert_array_equal(numerical_grad(cube, w, "central", h=h), 3.0 * w**2 + h**2)
    np.testing.assert_array_equal(numerical_grad(cube, w, "complex", h=h), 3.0 * w**2 - h**2)


@pytest.mark.parametrize("method, n_more, each", [("forward", 1, 1), ("central", 1, 2)])
def test_evaluations(method: str, n_more: int, each: int) -> None:
    fun, calls = counted(lambda w: (w**2).sum())
    numerical_grad(fun, np.arange(7.0), method)
    assert len(calls) == n_more + 7 * each


def test_complex_steps_take_one_evaluation_a_coordinate() -> None:
    fun, calls = counted(lambda w: (w**2).sum())
    numerical_grad(fun, np.arange(7.0), "complex")
    # Two more compare the values, and the slope along a direction, with those for real numbers.
    assert sum(np.iscomplexobj(w) for w in calls) == 7 + 2


@pytest.mark.parametrize("name", KNOWN_MINIMA)
def test_errors_of_the_default_steps(name: str) -> None:
    """Within the bounds of the docstring, with derivatives taken for at most 1e4 times the function's scale."""
    known = KNOWN_MINIMA[name]
    w = np.array(known.start)
    exact = known.fun_and_grad(w)[1]
    scale = 1e4 * (1.0 + abs(known.fun_and_grad(w)[0]) + np.abs(exact).max())
    for method, size in (("forward", EPS ** (1 / 2)), ("central", EPS ** (2 / 3))):
        error = np.abs(numerical_grad(lambda w: known.fun_and_grad(w)[0], w, method) - exact).max()
        assert error <= scale * size
    assert error < 1e-7 * np.abs(exact).max()


def test_complex_steps_keep_all_digits() -> None:
    def fun(w: Any) -> Any:
        return np.exp(w[0]) * np.sin(w[1]) / (1.0 + w[2] ** 2) + np.log(w[0]) * np.sqrt(w[1])

    w = np.array([0.7, 1.9, -3.0])
    exact = [
        np.exp(0.7) * np.sin(1.9) / 10.0 + np.sqrt(1.9) / 0.7,
        np.exp(0.7) * np.cos(1.9) / 10.0 + np.log(0.7) / (2.0 * np.sqrt(1.9)),
        6.0 * np.exp(0.7) * np.sin(1.9) / 100.0,
    ]
    # A few roundings of the terms, none of which is above 2.
    np.testing.assert_allclose(numerical_grad(fun, w, "complex"), exact, rtol=0.0, atol=16.0 * EPS)
    assert np.abs(numerical_grad(fun, w, "central") - exact).max() > 1e-13


def test_steps_are_those_that_were_made() -> None:
    """Of 1/3 + 1e-5 other digits are kept than of 1e-5; a linear function would show a wrong divisor."""
    w = np.array([1.0 / 3.0, 1e4 / 7.0])
    for method in ("forward", "central"):
        slope = numerical_grad(lambda w: 3.0 * w[0] + w[1], w, method, h=1e-9)
        # Rounding of the value over the step; the divisor h itself would be wrong by 1e-13 / 1e-9.
        np.testing.assert_allclose(slope[1], 1.0, rtol=0.0, atol=2.0 * EPS * 1500.0 / 1e-9)
    exact = numerical_grad(lambda w: w[0], w, "forward", h=1e-9)
    assert exact[0] == 1.0


def test_objectives_are_functions(data: Data) -> None:
    objective = data.objective("log_loss", alpha=0.1)
    w = np.linspace(-1.0, 1.0, objective.n_params)
    by_objective = numerical_grad(objective, w)
    np.testing.assert_array_equal(by_objective, numerical_grad(objective.value, w))
    np.testing.assert_allclose(by_objective, objective.grad(w), rtol=0.0, atol=1e-9)
    function = fastgd.FunctionObjective(rosenbrock, jac=True)
    np.testing.assert_allclose(numerical_grad(function, [0.5, 2.0]), rosenbrock(np.array([0.5, 2.0]))[1], rtol=1e-8)


def test_float32_has_longer_steps(data: Data) -> None:
    """Values of 7 digits leave 4 to 5; with the steps of float64 there would be hardly one."""
    objective = data.objective("log_loss", X=data.X.astype(np.float32), alpha=0.1)
    w = np.linspace(-1.0, 1.0, objective.n_params)
    error = np.abs(numerical_grad(objective, w) - objective.grad(w)).max()
    eps = float(np.finfo(np.float32).eps)
    assert error < 8.0 * eps ** (2 / 3)
    steps = EPS ** (1 / 3) * np.maximum(np.abs(w), 1.0)
    assert np.abs(numerical_grad(objective, w, h=steps) - objective.grad(w)).max() > 10.0 * error


def test_a_step_that_float32_does_not_see_is_refused(data: Data) -> None:
    objective = data.objective("log_loss", X=data.X.astype(np.float32))
    w = np.full(5, 1.0 / 3.0)
    with pytest.raises(ValueError, match=r"at least 2.98e-08 for w\[0\] = 0.33333334\d+, got 1e-09: .* in float32"):
        numerical_grad(objective, w, h=1e-9)
    # A few roundings of a value near 0.7 over the step.
    error = np.abs(numerical_grad(objective, w, h=1e-3) - objective.grad(w)).max()
    assert error < 8.0 * float(np.finfo(np.float32).eps) / 1e-3


def test_parameters_are_not_written_to() -> None:
    w = np.array([1.0, 2.0])
    w.setflags(write=False)

    def careless(w: Any) -> float:
        w *= 2.0
        return float(w.sum())

    np.testing.assert_allclose(numerical_grad(careless, w), 2.0, rtol=1e-9)


def log_sum(w: Any) -> Any:
    return np.log(w).sum()


@pytest.mark.parametrize(
    "fun, w, options, error, message",
    [
        (lambda w: np.nan, [1.0], {}, ValueError, "fun must be finite at w, got nan"),
        (lambda w: -np.inf, [1.0], {}, ValueError, "fun must be finite at w, got -inf"),
        (np.sum, [1.0, np.inf], {}, ValueError, r"w must be finite, got inf at w\[1\]"),
        (np.sum, [[1.0]], {}, ValueError, r"w must have shape \(n_params,\), got shape \(1, 1\)"),
        (np.sum, [], {}, ValueError, "w must have shape"),
        (np.sum, [1.0, 1e20], {"h": 1.0}, ValueError, r"at least 1.64e\+04 for w\[1\] = 1e\+20, got 1"),
        (np.sum, [1.0], {"h": 1e-20, "method": "forward"}, ValueError, r"at least 2.22e-16 for w\[0\] = 1"),
        # Below a power of 2 numbers lie closer than above it.
        (np.sum, [-1.0], {"h": 8e-17}, ValueError, r"at least 2.22e-16 for w\[0\] = -1, got 8e-17"),
        (
            lambda w: 0.3 * w.sum(),
            [1.0],
            {"h": 5e-324, "method": "complex"},
            ValueError,
            "h must be >= 1e-292 .*got 5e-",
        ),
        (np.sum, [1.0], {"h": 0.0}, ValueError, "h must be > 0, got 0.0"),
        (np.sum, [1.0], {"h": -1.0}, ValueError, "h must be > 0, got -1.0"),
        (np.sum, [1.0], {"h": [1.0, 2.0]}, ValueError, r"h must be a number, or have shape \(1,\)"),
        (np.sum, [1.0], {"h": np.nan}, ValueError, "h must be finite"),
        (np.sum, [1.0], {"method": "backward"}, ValueError, "method must be one of 'forward', 'central', 'complex'"),
        (lambda w: w, [1.0, 2.0], {}, ValueError, r"what fun returns must be a number, got shape \(2,\)"),
        (lambda w: "1", [1.0], {}, TypeError, "what fun returns must be a real number, got '1' of type str"),
        (lambda w: 1j, [1.0], {}, TypeError, "what fun returns must be a real number"),
        ("sum", [1.0], {}, TypeError, "fun must be a function w -> float, or an objective, got 'sum'"),
        (np.sum, ["a"], {}, TypeError, "w must hold real numbers"),
    ],
)
def test_bad_input(fun: Any, w: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        numerical_grad(fun, w, **options)


def test_where_a_step_leads_out_of_the_domain_is_named() -> None:
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"got nan for w\[1\] = -6.05545e-06"):
        numerical_grad(lambda w: np.sqrt(w).sum(), [1.0, 1e-12])
    # Where it does not, there is an answer.
    np.testing.assert_allclose(numerical_grad(log_sum, [1.0, 1e-3], h=[1e-5, 1e-8]), [1.0, 1e3], rtol=1e-8)


def test_the_least_step_is_enough() -> None:
    w = np.array([1e20])
    with pytest.raises(ValueError, match="at least"):
        numerical_grad(np.sum, w, h=1e3)
    assert numerical_grad(np.sum, w, h=float(np.spacing(1e20))) == 1.0


@pytest.mark.parametrize(
    "fun, message",
    [
        (lambda w: np.abs(w).sum(), "must return a complex number .* got one of dtype float64: abs, .real"),
        (lambda w: np.linalg.norm(w), "must return a complex number"),
        (lambda w: float(w[0]), "must admit complex parameters"),
        (lambda w: np.array(w, dtype=np.float64).sum(), "must admit complex parameters"),
        (lambda w: (np.abs(w) * w).sum(), "must be analytic .* got a slope of"),
        (lambda w: (w * np.conj(w)).sum(), "must be analytic"),
        (lambda w: w.real.sum() + 0.0 * w.sum(), "must be analytic"),
        (lambda w: w.prod() + 0.1 * np.abs(w[2]) * w[0], "must be analytic"),
        (lambda w: w.sum() if np.isrealobj(w) else 2.0 * w.sum(), "must have the same value for complex parameters"),
        (lambda w: np.nan if np.isrealobj(w) else w.sum(), "fun must be finite at w"),
    ],
)
def test_what_is_no_function_of_complex_numbers_is_refused(fun: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        numerical_grad(fun, [0.3, -1.5, 2.0], "complex")


def test_objectives_take_no_complex_steps(data: Data) -> None:
    with pytest.raises(ValueError, match="method must be 'forward' or 'central' for an objective"):
        numerical_grad(data.objective(), np.zeros(5), "complex")
