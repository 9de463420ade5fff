"""A function of one's own as an objective: gradients, finite sums, many models, and what it may return or raise."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from conftest import Data
from test_reproducibility import plan_of

import fastgd
from fastgd import FunctionObjective
from fastgd._run import Model, run
from fastgd.optimizers import SGD, Adam

NAN, INF = float("nan"), float("inf")
HESSIAN = np.array([[3.0, 1.0], [1.0, 2.0]])
CENTER = np.array([1.0, -2.0])


def bowl(w: np.ndarray) -> tuple[float, np.ndarray]:
    """A quadratic function with its minimum, 0.5, at CENTER."""
    slope = HESSIAN @ (w - CENTER)
    return 0.5 + 0.5 * (w - CENTER) @ slope, slope


def value_of_bowl(w: np.ndarray) -> float:
    return bowl(w)[0]


def slope_of_bowl(w: np.ndarray) -> np.ndarray:
    return bowl(w)[1]


# What 60 steps at a rate of 0.2 leave of the way from 0 to CENTER, by the least curvature.
LEFT = (1.0 - 0.2 * np.linalg.eigvalsh(HESSIAN)[0]) ** 60 * np.linalg.norm(CENTER)


def descend(objective: FunctionObjective, **options: Any) -> fastgd.Result:
    chosen: dict[str, Any] = {"w0": [0.0, 0.0], "optimizer": SGD(0.2), "max_epochs": 60, "tol": None, **options}
    return fastgd.minimize(objective, **chosen)


# ----------------------------------------------------------------------------------------------------- gradients


def test_value_and_gradient_come_together_or_apart() -> None:
    together = descend(FunctionObjective(bowl, jac=True))
    apart = descend(FunctionObjective(value_of_bowl, slope_of_bowl))
    np.testing.assert_allclose(together.x, CENTER, rtol=0.0, atol=LEFT)
    assert together.fun == pytest.approx(0.5, rel=2.0**-52)
    np.testing.assert_array_equal(apart.x, together.x)
    np.testing.assert_array_equal(apart.history.loss, together.history.loss)
    np.testing.assert_array_equal(together.jac, slope_of_bowl(together.x))
    assert together.grad_norm == pytest.approx(np.linalg.norm(together.jac), rel=1e-12)


def test_a_step_is_the_one_of_the_formula() -> None:
    result = descend(FunctionObjective(bowl, jac=True), w0=[0.5, 0.25], max_epochs=1)
    np.testing.assert_allclose(result.x, [0.5, 0.25] - 0.2 * slope_of_bowl(np.array([0.5, 0.25])), rtol=1e-15)


def test_without_a_gradient_differences_are_taken_and_a_warning_says_so() -> None:
    calls: list[np.ndarray] = []

    def counted(w: np.ndarray) -> float:
        calls.append(w)
        return value_of_bowl(w)

    with pytest.warns(UserWarning, match=r"2 \* n_params further calls .* about 10 digits") as warned:
        objective = FunctionObjective(counted)
    assert warned[0].filename == __file__
    w = np.array([30.0, -1e-3])
    np.testing.assert_allclose(objective.grad(w), slope_of_bowl(w), rtol=1e-9)
    assert len(calls) == 4
    exact = descend(FunctionObjective(bowl, jac=True))
    np.testing.assert_allclose(descend(objective).x, exact.x, rtol=1e-9)


def test_evaluation() -> None:
    for objective in (FunctionObjective(bowl, jac=True), FunctionObjective(value_of_bowl, slope_of_bowl)):
        w = [2.0, 1.0]
        value, gradient = objective.value_and_grad(w)
        assert (type(value), gradient.dtype, gradient.shape) == (float, np.float64, (2,))
        assert value == objective.value(w) == value_of_bowl(np.array(w))
        np.testing.assert_array_equal(gradient, slope_of_bowl(np.array(w)))
        np.testing.assert_array_equal(objective.grad(w), gradient)
        out = np.empty(2)
        assert objective.value_and_grad(w, out=out)[1] is out
        np.testing.assert_array_equal(out, gradient)
        tight = {"ftol": 0.0, "gtol": 1e-12}
        found = scipy.optimize.minimize(objective.value_and_grad, w, jac=True, method="L-BFGS-B", options=tight)
        # The largest entry of the gradient is below gtol, and the least curvature above 1.
        np.testing.assert_allclose(found.x, CENTER, rtol=0.0, atol=np.sqrt(2.0) * 1e-12)


def test_numbers_of_any_real_kind_are_taken() -> None:
    reference = descend(FunctionObjective(bowl, jac=True)).x
    for value in (np.float64, np.array, lambda v: np.array([v]), lambda v: np.array([[v]])):
        np.testing.assert_array_equal(
            descend(FunctionObjective(lambda w, value=value: (value(bowl(w)[0]), bowl(w)[1]), jac=True)).x, reference
        )
    as_list = descend(FunctionObjective(lambda w: [bowl(w)[0], bowl(w)[1].tolist()], jac=True))
    np.testing.assert_array_equal(as_list.x, reference)
    np.testing.assert_array_equal(FunctionObjective(lambda w: (True, np.array([1, 2])), jac=True).grad([0, 0]), [1, 2])


# ---------------------------------------------------------------------------------------------------- finite sums


def squares(data: Data) -> Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]:
    """The mean of half the squares over the rows asked for, an intercept last."""
    design = np.column_stack([data.X, np.ones(len(data.X))])

    def mean(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        assert rows.dtype == np.int64
        residuals = design[rows] @ w - data.numbers[rows]
        return 0.5 * float(np.mean(residuals**2)), residuals @ design[rows] / len(rows)

    return mean


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.5), Adam(0.02)], ids=["sgd", "adam"])
@pytest.mark.parametrize("batch_size", ["full", 7, 1])
def test_a_finite_sum_is_the_linear_objective_of_the_same_sum(data: Data, batch_size: Any, optimizer: Any) -> None:
    options: dict[str, Any] = {"batch_size": batch_size, "optimizer": optimizer, "max_epochs": 5, "tol": None}
    own = FunctionObjective(squares(data), jac=True, n_params=5, n_samples=60)
    found, expected = (fastgd.minimize(objective, **options) for objective in (own, data.objective()))
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.history.loss, expected.history.loss, rtol=1e-12)
    assert found.fun == pytest.approx(expected.fun, rel=1e-12)
    assert found.n_steps == expected.n_steps


def test_rows_are_those_of_the_batch(data: Data) -> None:
    asked: list[np.ndarray] = []

    def mean(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        asked.append(rows)
        return squares(data)(w, rows)

    objective = FunctionObjective(mean, jac=True, n_params=5, n_samples=60)
    fastgd.minimize(objective, optimizer=SGD(0.01), batch_size=25, max_epochs=2, tol=None, random_state=3)
    batches, result = asked[:6], asked[6:]
    assert [len(rows) for rows in batches] == [25, 25, 10] * 2
    for epoch in range(2):
        expected = fastgd.reference.permutation(60, 3, epoch)
        np.testing.assert_array_equal(np.concatenate(batches[3 * epoch : 3 * epoch + 3]), expected)
    for rows in result:
        np.testing.assert_array_equal(rows, np.arange(60))
    assert objective.value(np.zeros(5), rows=[3, 4]) == squares(data)(np.zeros(5), np.array([3, 4]))[0]
    assert objective.value(np.zeros(5)) == squares(data)(np.zeros(5), np.arange(60))[0]


# ---------------------------------------------------------------------------------------------------- many models


def test_a_batched_function_is_called_once_for_all_models() -> None:
    shapes: list[tuple[int, ...]] = []

    def bowls(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shapes.append(w.shape)
        both = [bowl(one) for one in w]
        return np.array([value for value, _ in both]), np.array([slope for _, slope in both])

    starts = np.array([[0.0, 0.0], [5.0, 1.0], [-3.0, 2.0]])
    plan = plan_of(batch_size=0, n_threads=1, max_epochs=8)
    models = [Model(start, SGD(0.1 * (m + 1), momentum=0.25), 0.0, 0.0) for m, start in enumerate(starts)]
    batched = run(FunctionObjective(bowls, jac=True, batched=True), models, plan, None)
    assert set(shapes) == {(3, 2)}
    assert len(shapes) == 9
    one_by_one = run(FunctionObjective(bowl, jac=True), models, plan, None)
    np.testing.assert_array_equal(batched["x"], one_by_one["x"])
    for m, model in enumerate(models):
        alone = descend(FunctionObjective(bowl, jac=True), w0=model.w0, optimizer=model.optimizer, max_epochs=8)
        np.testing.assert_array_equal(batched["x"][m], alone.x)
        assert batched["fun"][m] == alone.fun
    alone = descend(FunctionObjective(bowls, jac=True, batched=True))
    np.testing.assert_array_equal(alone.x, descend(FunctionObjective(bowl, jac=True)).x)


# --------------------------------------------------------------------------------------------- what functions do


@pytest.mark.parametrize("jac", [True, False])
def test_parameters_are_the_functions_to_keep_and_to_change(jac: bool) -> None:
    kept: list[np.ndarray] = []
    as_given: list[np.ndarray] = []

    def careless(function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], Any]:
        def scribble(w: np.ndarray) -> Any:
            result = function(w)
            as_given.append(w.copy())
            kept.append(w)
            w[:] = NAN
            return result

        return scribble

    start = np.array([0.25, 0.5])
    functions = (careless(bowl),) if jac else (careless(value_of_bowl), careless(slope_of_bowl))
    result = descend(FunctionObjective(*functions, jac=jac), w0=start, max_epochs=4)
    np.testing.assert_array_equal(start, [0.25, 0.5])
    np.testing.assert_array_equal(result.x, descend(FunctionObjective(bowl, jac=True), w0=start, max_epochs=4).x)
    assert all(np.isnan(w).all() for w in kept)
    assert len({w.tobytes() for w in as_given}) == 5


RETURNED: list[tuple[Any, type[Exception], str]] = [
    (lambda w: None, ValueError, r"fun must return \(value, gradient\) with jac=True, got None"),
    (lambda w: 1.0, ValueError, r"fun must return \(value, gradient\) with jac=True, got 1.0"),
    (lambda w: (None, w), TypeError, "the value of fun must be real numbers, got None"),
    (lambda w: (1j, w), TypeError, "the value of fun must be real numbers, got 1j of type complex"),
    (lambda w: (w, w), ValueError, r"the value of fun must have shape \(\), got shape \(2,\)"),
    (lambda w: (1.0, None), TypeError, "the gradient of fun must be real numbers, got None"),
    (
        lambda w: (1.0, ["a", "b"]),
        TypeError,
        r"the gradient of fun must be real numbers, got \['a', 'b'\] of type list",
    ),
    (lambda w: (1.0, [1.0, [2.0]]), TypeError, r"the gradient of fun must be real numbers of shape \(2,\)"),
    (lambda w: (1.0, w[:1]), ValueError, r"the gradient of fun must have shape \(2,\), got shape \(1,\)"),
    (lambda w: (1.0, w[None]), ValueError, r"the gradient of fun must have shape \(2,\), got shape \(1, 2\)"),
    (lambda w: (1.0, 1.0), ValueError, r"the gradient of fun must have shape \(2,\), got shape \(\)"),
    (lambda w: (NAN, w), ValueError, "the value of fun must be finite where descent begins, got nan"),
    (lambda w: (-INF, w), ValueError, "the value of fun must be finite where descent begins, got -inf"),
    (lambda w: (1.0, w + INF), ValueError, "its gradient must be finite where descent begins, got inf"),
]


@pytest.mark.parametrize("fun, error, message", RETURNED)
def test_what_is_no_value_and_gradient_is_refused(fun: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        descend(FunctionObjective(fun, jac=True))


def test_what_is_no_gradient_is_refused() -> None:
    with pytest.raises(ValueError, match=r"what grad returns must have shape \(2,\), got shape \(3,\)"):
        descend(FunctionObjective(value_of_bowl, lambda w: np.zeros(3)))
    batched = FunctionObjective(lambda w: (np.zeros(len(w)), w[:, :1]), jac=True, batched=True)
    with pytest.raises(ValueError, match=r"the gradient of fun must have shape \(1, 2\), got shape \(1, 1\)"):
        descend(batched)


def test_after_nan_descent_goes_on_from_before_with_a_smaller_rate() -> None:
    """A rate of 3 leaves the ball where the function is defined, a tenth of it does not."""

    def within(w: np.ndarray) -> tuple[float, np.ndarray]:
        return (float(w @ w) if np.linalg.norm(w) < 4.0 else NAN), 2.0 * w

    result = descend(FunctionObjective(within, jac=True), w0=[1.0, 2.0], optimizer=SGD(3.0))
    assert (result.status, result.success) == ("max_epochs", True)
    assert result.lr == pytest.approx(0.3, rel=1e-12)
    assert result.fun < 1e-12
    assert "diverged" in result.message


def test_nan_wherever_descent_goes_is_a_status() -> None:
    calls: list[np.ndarray] = []

    def once(w: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(w)
        return (1.0 if (w == 2.0).all() else NAN), np.ones(2)

    result = descend(FunctionObjective(once, jac=True), w0=[2.0, 2.0])
    assert (result.status, result.success) == ("diverged", False)
    np.testing.assert_array_equal(result.x, [2.0, 2.0])
    assert result.fun == 1.0
    tried = {float(2.0 - w[0]) for w in calls}
    assert sorted(tried) == pytest.approx([0.0, 2e-4, 2e-3, 2e-2, 2e-1], rel=1e-9)


class OwnError(Exception):
    pass


@pytest.mark.parametrize("batch_size", ["full", 7])
def test_what_a_function_raises_is_passed_on(data: Data, batch_size: Any) -> None:
    raised = OwnError("no such parameters")
    calls = 0

    def failing(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise raised
        return squares(data)(w, rows)

    objective = FunctionObjective(failing, jac=True, n_params=5, n_samples=60)
    options: dict[str, Any] = {"optimizer": SGD(0.05), "batch_size": batch_size, "max_epochs": 4, "tol": None}
    with pytest.raises(OwnError) as caught:
        fastgd.minimize(objective, **options)
    assert caught.value is raised
    assert "failing" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    # The engine has been left as it was.
    again = fastgd.minimize(objective, **options)
    expected = fastgd.minimize(FunctionObjective(squares(data), jac=True, n_params=5, n_samples=60), **options)
    np.testing.assert_array_equal(again.x, expected.x)


def interrupted(w: np.ndarray) -> tuple[float, np.ndarray]:
    raise KeyboardInterrupt


def test_an_interruption_keeps_the_result() -> None:
    calls = 0

    def sometimes(w: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal calls
        calls += 1
        return interrupted(w) if calls == 5 else bowl(w)

    try:
        result = descend(FunctionObjective(sometimes, jac=True))
    except KeyboardInterrupt:
        pytest.fail("minimize raised KeyboardInterrupt in place of returning its result")
    assert (result.status, result.success, result.n_epochs) == ("interrupted", False, 4)
    assert result.fun < value_of_bowl(np.zeros(2))


def test_an_interruption_without_a_result_is_passed_on() -> None:
    """The value where the run was interrupted cannot be known when that is interrupted, too."""
    try:
        descend(FunctionObjective(interrupted, jac=True))
    except KeyboardInterrupt:
        return
    pytest.fail("a second interruption was lost")


# ---------------------------------------------------------------------------------------------------- parameters


def test_the_number_of_parameters_is_that_of_the_start_unless_given() -> None:
    free = FunctionObjective(lambda w: (float(w @ w), 2.0 * w), jac=True)
    assert free.n_params is None
    for n in (1, 3):
        assert descend(free, w0=np.ones(n)).x.shape == (n,)
    given = FunctionObjective(bowl, jac=True, n_params=2)
    np.testing.assert_array_equal(given.initial(), np.zeros(2))
    np.testing.assert_array_equal(
        fastgd.minimize(given, optimizer=SGD(0.2), max_epochs=60, tol=None).x, descend(free_of_n(given)).x
    )
    assert repr(given) == "FunctionObjective(bowl, n_params=2, n_samples=None)"


def free_of_n(objective: FunctionObjective) -> FunctionObjective:
    """The same function without its number of parameters."""
    return FunctionObjective(objective._fun, jac=True)


SUM = {"n_params": 2, "n_samples": 8}
REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({"fun": 3.0}, {}, TypeError, "fun must be a callable, got 3.0"),
    ({"grad": 3.0, "jac": False}, {}, TypeError, "grad must be a callable or None, got 3.0"),
    ({"grad": slope_of_bowl}, {}, ValueError, "grad must be None with jac=True"),
    ({"jac": 1}, {}, TypeError, "jac must be True or False, got 1"),
    ({"batched": None}, {}, TypeError, "batched must be True or False, got None"),
    ({"n_params": 0}, {}, ValueError, "n_params must be an integer from 1 to 2147483647, got 0"),
    ({"n_params": 2.0}, {}, TypeError, "n_params must be an integer from 1 to 2147483647, got 2.0"),
    ({"n_samples": 0}, {}, ValueError, "n_samples must be an integer from 1 to 2147483647, got 0"),
    ({}, {"w0": None}, ValueError, "w0 must be given for a FunctionObjective without n_params"),
    ({"n_params": 3}, {}, ValueError, r"w0 must have shape \(3,\), got shape \(2,\)"),
    ({}, {"w0": []}, ValueError, r"w0 must have shape \(n_params,\), got shape \(0,\)"),
    ({}, {"w0": [[0.0, 0.0]]}, ValueError, r"w0 must have shape \(n_params,\), got shape \(1, 2\)"),
    ({}, {"w0": [0.0, NAN]}, ValueError, r"w0 must be finite, got nan at w0\[1\]"),
    ({}, {"batch_size": 1}, ValueError, "batch_size must be 'full' for a FunctionObjective without n_samples, got 1"),
    (SUM, {"batch_size": 4, "gtol": 1e-3}, ValueError, "gtol must be None but with batch_size='full'"),
    (SUM, {"batch_size": 4, "order": [8]}, ValueError, r"order must be .* from 0 to 7, got 8 at order\[0\]"),
    ({}, {"clip_value": 0.0}, ValueError, "clip_value must be a finite number > 0 or None, got 0.0"),
    ({}, {"clip_value": -1.0}, ValueError, "clip_value must be a finite number > 0 or None, got -1.0"),
    ({}, {"clip_norm": 0}, ValueError, "clip_norm must be a finite number > 0 or None, got 0"),
    ({}, {"clip_norm": INF}, ValueError, "clip_norm must be a finite number > 0 or None, got inf"),
    ({}, {"clip_norm": "1"}, TypeError, "clip_norm must be a finite number > 0 or None, got '1' of type str"),
]


@pytest.mark.parametrize("arguments, options, error, message", REFUSED)
def test_refusals(arguments: dict[str, Any], options: dict[str, Any], error: type[Exception], message: str) -> None:
    """Before the function is called for the first time."""

    def untouched(w: np.ndarray, rows: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        pytest.fail("the function was called")

    with pytest.raises(error, match=message):
        descend(FunctionObjective(**{"fun": untouched, "jac": True, **arguments}), **options)


@pytest.mark.parametrize(
    "evaluate, message",
    [
        (lambda f: f.value([[0.0, 0.0]]), r"w must have shape \(2,\), got shape \(1, 2\)"),
        (lambda f: f.grad([0.0]), r"w must have shape \(2,\), got shape \(1,\)"),
        (lambda f: f.value([0.0, 0.0], rows=[0]), "rows must be None for a FunctionObjective without n_samples"),
        (lambda f: f.value_and_grad([0.0, 0.0], out=np.zeros(3)), r"out must be a float64 array of shape \(2,\)"),
        (lambda f: f.value_and_grad([0.0, 0.0], out=[0.0, 0.0]), r"out must be a float64 array of shape \(2,\)"),
    ],
)
def test_evaluation_refuses(evaluate: Callable[[FunctionObjective], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(FunctionObjective(bowl, jac=True, n_params=2))
