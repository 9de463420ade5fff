"""Taylor's theorem, and the steepest descent, as tests of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA
from conftest import Data

import fastgd
from fastgd import steepest, taylor_test
from fastgd.reference import LOSSES


@pytest.mark.parametrize("name", KNOWN_MINIMA)
def test_orders_of_smooth_functions(name: str) -> None:
    known = KNOWN_MINIMA[name]
    objective = fastgd.FunctionObjective(known.fun_and_grad, jac=True)
    w = np.array(known.start) + 0.1
    test = taylor_test(objective, w)
    assert test.ok
    np.testing.assert_allclose([test.order0, test.order1], [1.0, 2.0], atol=0.05)
    wrong = taylor_test(objective, w, grad=lambda w: 1.001 * objective.grad(w))
    assert not wrong.ok
    # Fitted to six remainders down to 20 deviations of the rounding: three deviations of one that is estimated three
    # times too small move the slope by 9 (.206 / 20 + .124 / 40), that is .12. How powers round depends on
    # the processor.
    np.testing.assert_allclose([wrong.order0, wrong.order1], [1.0, 1.0], atol=0.125)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(data: Data, loss: str) -> None:
    objective = data.objective(loss, alpha=0.1, sample_weight=data.weight)
    assert taylor_test(objective)
    assert not taylor_test(objective, grad=lambda w: objective.grad(w) + 1e-4)
    assert steepest(objective, n_directions=20)


def test_remainders_are_what_they_are_called() -> None:
    h = 2.0 ** -np.array([10.0, 11.0])
    test = taylor_test(lambda w: (w**2).sum(), [1.0, 2.0], [1.0, -1.0], grad=lambda w: 2.0 * w, h=h)
    assert test.slope == -2.0
    np.testing.assert_array_equal(test.h, h)
    np.testing.assert_allclose(test.remainder0, np.abs(-2.0 * h + 2.0 * h**2), atol=1e-15)
    np.testing.assert_allclose(test.remainder1, 2.0 * h**2, atol=1e-15)
    np.testing.assert_allclose(test.order1, 2.0, atol=1e-12)
    assert "2.000 with it, as it should be" in repr(test)


def test_a_linear_function_has_no_second_remainder() -> None:
    test = taylor_test(lambda w: w.sum(), [1.0, 2.0], grad=np.ones_like)
    assert test.ok
    assert np.isnan(test.order1)
    assert not taylor_test(lambda w: w.sum(), [1.0, 2.0], grad=lambda w: np.array([1.0, 1.0 + 1e-6])).ok


def test_a_stationary_point_has_a_first_remainder_of_order_two() -> None:
    test = taylor_test(lambda w: (w**2).sum(), [0.0, 0.0], grad=lambda w: 2.0 * w)
    assert test.ok
    np.testing.assert_allclose([test.order0, test.order1], 2.0, atol=1e-6)


def test_a_kink_has_no_gradient() -> None:
    for slope in (-1.0, 0.0, 1.0):
        test = taylor_test(lambda w: abs(w[0] - w[1]), [1.0, 1.0], grad=lambda w, s=slope: np.array([s, -s]))
        assert test.ok == (slope == np.sign(test.direction[0] - test.direction[1]))


def test_float32(data: Data) -> None:
    objective = data.objective("log_loss", X=data.X.astype(np.float32), alpha=0.1)
    test = taylor_test(objective)
    assert test.ok
    np.testing.assert_allclose(test.order1, 2.0, atol=0.15)
    assert not taylor_test(objective, grad=lambda w: 1.1 * objective.grad(w)).ok


def test_steps_out_of_the_domain_do_not_count() -> None:
    with np.errstate(invalid="ignore"):
        test = taylor_test(lambda w: np.sqrt(w).sum(), [0.1, 0.1], [-1.0, -1.0], grad=lambda w: 0.5 / np.sqrt(w))
    assert np.isnan(test.remainder0[0])
    assert test.ok


def test_a_constant_has_no_slope_at_steps_of_any_size() -> None:
    assert taylor_test(lambda w: 3.0, [1.0, 2.0], grad=np.zeros_like, h=[1.0, 0.5]).ok


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"direction": [1.0]}, ValueError, r"direction must have shape \(2,\), as w has, got shape \(1,\)"),
        ({"direction": [0.0, 0.0]}, ValueError, "direction must not be 0"),
        ({"direction": [np.nan, 0.0]}, ValueError, "direction must be finite"),
        ({"h": [1.0]}, ValueError, "h must be a 1-D array of at least two numbers > 0"),
        ({"h": [1.0, 0.0]}, ValueError, "h must be a 1-D array"),
        ({"h": [1e-20, 1e-21]}, ValueError, "h must have two steps or more .* got 0 among 2 from 1e-20 to 1e-21"),
        ({"h": [1e-3, 1e-20], "grad": lambda w: 2.0 * np.ones_like(w)}, ValueError, "h must have .* got 1 among 2"),
        ({"h": [1e-20, 1e-21], "grad": np.zeros_like}, ValueError, "h must have two steps"),
        ({"h": "small"}, TypeError, "h must hold real numbers"),
        ({"w": [np.inf, 0.0]}, ValueError, "w must be finite"),
        ({"w": None}, ValueError, "w must be given"),
        ({"grad": None}, ValueError, "grad must be given"),
    ],
)
def test_bad_input(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        taylor_test(np.sum, **{"w": [1.0, 2.0], "grad": np.ones_like, **options})


@pytest.mark.parametrize("name", KNOWN_MINIMA)
def test_no_direction_is_steeper_than_against_the_gradient(name: str) -> None:
    known = KNOWN_MINIMA[name]
    objective = fastgd.FunctionObjective(known.fun_and_grad, jac=True)
    w = np.array(known.start) + 0.1
    test = steepest(objective, w)
    assert test.ok
    assert (test.decreases <= test.decrease + test.errors).all()
    np.testing.assert_allclose(test.decrease, test.grad_norm, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(test.directions, axis=1), 1.0, rtol=1e-12)
    # The first order says more: decreases are the norm times the cosine of the angle.
    np.testing.assert_allclose(test.decreases, test.grad_norm * test.cosines, atol=1e-6 * test.grad_norm)
    assert test.cosines.min() < 0.0
    assert test.cosines.max() > 0.999


def test_a_wrong_gradient_is_beaten() -> None:
    def turned(w: Any) -> Any:
        return 2.0 * w + [0.02, -0.01, 0.0]

    test = steepest(lambda w: (w**2).sum(), [1.0, 2.0, 3.0], grad=turned)
    assert not test.ok
    assert "the gradient is wrong" in repr(test)
    assert "none is steeper" in repr(steepest(lambda w: (w**2).sum(), [1.0, 2.0], grad=lambda w: 2.0 * w))


def test_one_parameter_has_two_directions() -> None:
    test = steepest(lambda w: w[0] ** 2, [1.0], grad=lambda w: 2.0 * w, n_directions=6)
    assert test.ok
    assert set(np.sign(test.directions[:, 0])) <= {-1.0, 1.0}


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"grad": np.zeros_like}, ValueError, "the gradient at w must not be 0, and be finite"),
        ({"grad": lambda w: w + np.nan}, ValueError, "the gradient at w must not be 0, and be finite"),
        ({"n_directions": 0}, ValueError, "n_directions must be an integer >= 1, got 0"),
    ],
)
def test_what_steepest_refuses(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        steepest(np.sum, [1.0, 2.0], **{"grad": np.ones_like, **options})
