"""Bad input: every error names the argument, the value and what is allowed, and leaves every input as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Constant, InverseScaling

NAN, INF = float("nan"), float("inf")
N_ROWS, N_COLUMNS = 6, 3


def table() -> np.ndarray:
    return np.arange(N_ROWS * N_COLUMNS, dtype=float).reshape(N_ROWS, N_COLUMNS)


def with_entry(array: np.ndarray, index: Any, value: Any) -> np.ndarray:
    changed = np.array(array)
    changed[index] = value
    return changed


ONES = np.ones(N_ROWS)
SIGNS = np.array([-1, 1, 1, -1, 1, -1])
CLASSES = np.array([0, 1, 2, 0, 1, 2])
NUMBERS = np.linspace(-1.0, 1.0, N_ROWS)


def raises_untouched(
    call: Callable[..., object], error: type[Exception], fragments: tuple[str, ...], **args: Any
) -> None:
    """`call` raises `error` with every fragment in its message, and no array among its arguments has changed."""
    arrays = {name: value for name, value in args.items() if isinstance(value, np.ndarray)}
    before = {name: value.tobytes() for name, value in arrays.items() if value.dtype != object}
    with pytest.raises(error) as raised:
        call(**args)
    missing = [fragment for fragment in fragments if fragment not in str(raised.value)]
    assert not missing, str(raised.value)
    assert {name: arrays[name].tobytes() for name in before} == before


# What is wrong, and in which argument; then the error and parts of its message. Everything else is right.
OBJECTIVE: list[tuple[dict[str, Any], type[Exception], tuple[str, ...]]] = [
    # X: shapes and dtypes
    ({"X": np.zeros(6)}, ValueError, ("X must have shape (n_samples, n_features)", "(6,)", "reshape(-1, 1)")),
    ({"X": np.zeros((6, 3, 1))}, ValueError, ("X must have shape (n_samples, n_features)", "(6, 3, 1)")),
    ({"X": np.zeros((0, 3))}, ValueError, ("X must have at least one row and one column", "(0, 3)")),
    ({"X": np.zeros((6, 0))}, ValueError, ("X must have at least one row and one column", "(6, 0)")),
    ({"X": table().astype(complex)}, TypeError, ("X must have dtype float64, float32", "complex128")),
    ({"X": table().astype(object)}, TypeError, ("X must have dtype float64, float32", "object")),
    ({"X": table().astype(str)}, TypeError, ("X must have dtype float64, float32", "<U")),
    ({"X": table().astype("datetime64[s]")}, TypeError, ("X must have dtype", "datetime64")),
    ({"X": np.zeros((6, 3), ml_dtypes.float8_e4m3fn)}, TypeError, ("X must have dtype", "float8_e4m3fn")),
    ({"X": [[1.0, 2.0], [3.0]]}, TypeError, ("X must be an array of numbers", "list")),
    ({"X": None}, TypeError, ("X must have dtype", "object")),
    ({"X": np.ma.masked_less(table(), 3.0)}, TypeError, ("X must not be masked", "MaskedArray")),
    # y: shapes, dtypes, NaN
    ({"y": SIGNS[:5]}, ValueError, ("y must have as many rows as X, 6", "(5,)")),
    ({"y": SIGNS.reshape(6, 1)}, ValueError, ("y must have shape (n_samples,) for loss 'log_loss'", "(6, 1)")),
    ({"y": np.float64(1.0)}, ValueError, ("y must have shape", "()")),
    ({"y": np.array(list("abcabc"))}, TypeError, ("y must hold real numbers", "<U1", "np.unique")),
    ({"y": np.array(list("abcabc"), object)}, TypeError, ("y must hold real numbers", "object")),
    ({"y": SIGNS * 1j}, TypeError, ("y must hold real numbers", "complex128")),
    ({"y": with_entry(SIGNS.astype(float), 2, NAN)}, ValueError, ("y must be finite, got nan at y[2]",)),
    ({"y": with_entry(NUMBERS, 4, NAN), "loss": "squared_error"}, ValueError, ("y must be finite, got nan at y[4]",)),
    ({"y": with_entry(NUMBERS, 0, -INF), "loss": "huber"}, ValueError, ("y must be finite, got -inf at y[0]",)),
    (
        {"y": with_entry(np.zeros((6, 2)), (3, 1), INF), "loss": "squared_error"},
        ValueError,
        ("y must be finite, got inf at y[3, 1]",),
    ),
    (
        {"y": with_entry(NUMBERS, 1, 1e300), "loss": "squared_error", "X": table().astype(np.float32)},
        ValueError,
        ("y must be finite, got 1e+300 at y[1], beyond the range of float32",),
    ),
    ({"y": np.zeros((6, 0)), "loss": "squared_error"}, ValueError, ("y must have at least one column", "(6, 0)")),
    ({"y": np.zeros((6, 1, 1)), "loss": "squared_error"}, ValueError, ("(n_samples, n_outputs)", "(6, 1, 1)")),
    # y: the losses' domains
    (
        {"y": with_entry(ONES, 3, -2.0), "loss": "poisson"},
        ValueError,
        ("y must be >= 0 for loss 'poisson'", "-2.0 at y[3]"),
    ),
    ({"y": with_entry(ONES, 5, 0.0), "loss": "gamma"}, ValueError, ("y must be > 0 for loss 'gamma'", "0.0 at y[5]")),
    (
        {"y": with_entry(ONES, 2, -1.0), "loss": "tweedie"},
        ValueError,
        ("y must be >= 0 for loss 'tweedie' with power=1.5", "-1.0 at y[2]"),
    ),
    (
        {"y": with_entry(ONES, 2, 0.0), "loss": "tweedie", "loss_params": {"power": 3}},
        ValueError,
        ("y must be > 0 for loss 'tweedie' with power=3", "0.0 at y[2]"),
    ),
    # y: labels
    ({"y": with_entry(SIGNS, 1, 0)}, ValueError, ("y must hold -1 or +1 where others are -1", "got 0 at y[1]")),
    ({"y": with_entry(SIGNS, 1, -2)}, ValueError, ("{0, 1}, {-1, +1} or class indices", "got -1 at y[0]")),
    ({"y": SIGNS + 0.5}, ValueError, ("y must hold labels", "got -0.5 at y[0]")),
    ({"y": SIGNS, "loss": "multinomial"}, ValueError, ("class indices from 0 to n_classes - 1", "got -1 at y[0]")),
    ({"y": CLASSES + 1}, ValueError, ("class indices that begin with 0", "1 to 3", "subtract 1", "n_classes=4")),
    ({"y": CLASSES * 100}, ValueError, ("class indices that begin with 0", "200 at y[2]", "6 rows", "n_classes=201")),
    (
        {"y": with_entry(CLASSES, 4, 3), "loss": "multinomial", "n_classes": 3},
        ValueError,
        ("class indices from 0 to 2 for loss 'multinomial'", "got 3 at y[4]"),
    ),
    ({"y": CLASSES, "n_classes": 2}, ValueError, ("class indices from 0 to 1", "got 2 at y[2]")),
    ({"y": CLASSES, "loss": "zero_one", "n_classes": 2}, ValueError, ("class indices from 0 to 1", "got 2 at y[2]")),
    ({"y": ONES}, ValueError, ("y must hold at least two classes, got 1 in every row", "n_classes")),
    ({"y": np.zeros(6, bool)}, ValueError, ("y must hold at least two classes, got 0 in every row",)),
    ({"y": ONES, "loss": "multinomial"}, ValueError, ("y must hold at least two classes",)),
    ({"n_classes": 1}, ValueError, ("n_classes must be an integer from 2", "got 1")),
    ({"n_classes": 2.0}, TypeError, ("n_classes must be an integer", "2.0 of type float")),
    ({"y": NUMBERS, "loss": "squared_error", "n_classes": 2}, ValueError, ("n_classes must be None", "got 2")),
    # weights and offsets
    ({"sample_weight": ONES[:4]}, ValueError, ("sample_weight must have shape (6,)", "(4,)")),
    ({"sample_weight": np.ones((6, 1))}, ValueError, ("sample_weight must have shape (6,)", "(6, 1)")),
    (
        {"sample_weight": with_entry(ONES, 3, NAN)},
        ValueError,
        ("sample_weight must be finite, got nan at sample_weight[3]",),
    ),
    ({"sample_weight": with_entry(ONES, 5, INF)}, ValueError, ("got inf at sample_weight[5]",)),
    (
        {"sample_weight": with_entry(ONES, 2, -0.5)},
        ValueError,
        ("sample_weight must be >= 0, got -0.5 at sample_weight[2]",),
    ),
    ({"sample_weight": 0 * ONES}, ValueError, ("sample_weight must be > 0 for at least one row",)),
    ({"sample_weight": ONES.astype(str)}, TypeError, ("sample_weight must hold real numbers", "<U")),
    ({"offset": ONES[:2]}, ValueError, ("offset must have shape (6, 1) or (6,)", "(2,)")),
    (
        {"offset": ONES, "y": CLASSES, "loss": "multinomial"},
        ValueError,
        ("offset must have shape (6, 3), got shape (6,)",),
    ),
    ({"offset": with_entry(ONES, 1, NAN)}, ValueError, ("offset must be finite, got nan at offset[1, 0]",)),
    ({"offset": ONES.astype(object)}, TypeError, ("offset must hold real numbers", "object")),
    # the rest
    ({"loss": "logloss"}, ValueError, ("loss must be one of", "log_loss", "zero_one", "got 'logloss'")),
    ({"loss": 3}, TypeError, ("loss must be one of", "a function (y, raw)", "got 3 of type int")),
    ({"loss_params": {"epsilon": 1.0}}, ValueError, ("loss_params", "'log_loss' (it takes none)", "'epsilon'")),
    ({"y": NUMBERS, "loss": "huber", "loss_params": {"delta": 1.0}}, ValueError, ("it takes epsilon", "'delta'")),
    (
        {"y": NUMBERS, "loss": "huber", "loss_params": {"epsilon": 0}},
        ValueError,
        ("loss_params['epsilon'] must be", "> 0, got 0"),
    ),
    (
        {"y": NUMBERS, "loss": "epsilon_insensitive", "loss_params": {"epsilon": -1.0}},
        ValueError,
        ("loss_params['epsilon'] must be a finite number >= 0, got -1.0",),
    ),
    (
        {"y": NUMBERS, "loss": "squared_epsilon_insensitive", "loss_params": {"epsilon": NAN}},
        ValueError,
        ("loss_params['epsilon'] must be a finite number >= 0, got nan",),
    ),
    (
        {"y": NUMBERS, "loss": "quantile", "loss_params": {"quantile": 1.0}},
        ValueError,
        ("loss_params['quantile'] must be a number between 0 and 1", "got 1.0"),
    ),
    (
        {"y": ONES, "loss": "tweedie", "loss_params": {"power": 0.5}},
        ValueError,
        ("loss_params['power'] must be a finite number <= 0 or >= 1", "got 0.5"),
    ),
    (
        {"y": ONES, "loss": "tweedie", "loss_params": {"power": "1"}},
        TypeError,
        ("loss_params['power']", "'1' of type str"),
    ),
    ({"loss_params": [1.0]}, TypeError, ("loss_params must be a dict", "list")),
    ({"alpha": -1e-9}, ValueError, ("alpha must be a finite number >= 0, got -1e-09",)),
    ({"alpha": NAN}, ValueError, ("alpha must be a finite number >= 0, got nan",)),
    ({"alpha": INF}, ValueError, ("alpha must be a finite number >= 0, got inf",)),
    ({"alpha": "1"}, TypeError, ("alpha must be a finite number >= 0", "'1' of type str")),
    ({"alpha": True}, TypeError, ("alpha must be a finite number >= 0", "True of type bool")),
    ({"l1_ratio": 1.5}, ValueError, ("l1_ratio must be a number from 0 to 1, got 1.5",)),
    ({"l1_ratio": -0.1}, ValueError, ("l1_ratio must be a number from 0 to 1, got -0.1",)),
    ({"fit_intercept": 1}, TypeError, ("fit_intercept must be True or False", "1 of type int")),
]


@pytest.mark.parametrize("wrong, error, fragments", OBJECTIVE)
def test_objective(wrong: dict[str, Any], error: type[Exception], fragments: tuple[str, ...]) -> None:
    raises_untouched(fastgd.LinearObjective, error, fragments, **{"X": table(), "y": SIGNS, **wrong})


MINIMIZE: list[tuple[dict[str, Any], type[Exception], tuple[str, ...]]] = [
    ({"w0": np.zeros(3)}, ValueError, ("w0 must have shape (4,), got shape (3,)",)),
    ({"w0": np.zeros((1, 4))}, ValueError, ("w0 must have shape (4,), got shape (1, 4)",)),
    ({"w0": np.array([0.0, 1.0, NAN, 0.0])}, ValueError, ("w0 must be finite, got nan at w0[2]",)),
    ({"w0": np.zeros(4, complex)}, TypeError, ("w0 must hold real numbers", "complex128")),
    ({"batch_size": 0}, ValueError, ("batch_size must be an integer >= 1 or 'full', got 0",)),
    ({"batch_size": -3}, ValueError, ("batch_size must be an integer >= 1 or 'full', got -3",)),
    ({"batch_size": "half"}, ValueError, ("batch_size must be an integer >= 1 or 'full', got 'half'",)),
    ({"batch_size": 2.0}, TypeError, ("batch_size must be an integer >= 1 or 'full'", "2.0 of type float")),
    ({"batch_size": True}, TypeError, ("batch_size must be an integer >= 1 or 'full'", "True of type bool")),
    ({"batch_size": None}, TypeError, ("batch_size must be an integer >= 1 or 'full', got None",)),
    ({"max_epochs": 0}, ValueError, ("max_epochs must be an integer from 1", "got 0")),
    ({"max_epochs": 1.5}, TypeError, ("max_epochs must be an integer", "1.5 of type float")),
    ({"tol": -1e-3}, ValueError, ("tol must be a finite number >= 0 or None, got -0.001",)),
    ({"tol": NAN}, ValueError, ("tol must be a finite number >= 0 or None, got nan",)),
    ({"tol": "none"}, TypeError, ("tol must be a finite number >= 0 or None", "'none' of type str")),
    ({"n_iter_no_change": 0}, ValueError, ("n_iter_no_change must be an integer", "got 0")),
    ({"shuffle": "yes"}, TypeError, ("shuffle must be True or False", "'yes' of type str")),
    ({"order": [0, 1, 6], "batch_size": 1}, ValueError, ("order must be", "from 0 to 5, got 6 at order[2]")),
    ({"order": [0, -1], "batch_size": 1}, ValueError, ("order must be", "from 0 to 5, got -1 at order[1]")),
    ({"order": [], "batch_size": 1}, ValueError, ("order must be a non-empty 1-D array", "(0,)")),
    ({"order": [[0, 1]], "batch_size": 1}, ValueError, ("order must be a non-empty 1-D array", "(1, 2)")),
    ({"order": [0.0, 1.0], "batch_size": 1}, TypeError, ("order must be", "float64")),
    ({"order": [True, False], "batch_size": 1}, TypeError, ("order must be", "bool", "np.flatnonzero")),
    ({"order": lambda epoch: [epoch, 9], "batch_size": 1}, ValueError, ("order(0) must be", "got 9 at order(0)[1]")),
    ({"order": lambda epoch: None, "batch_size": 1}, ValueError, ("order(0) must be a non-empty 1-D array",)),
    ({"order": [0, 1]}, ValueError, ("order must be None with batch_size='full'",)),
    ({"random_state": None}, TypeError, ("random_state must be an integer from 0 to 18446744073709551615, got None",)),
    ({"random_state": -1}, ValueError, ("random_state must be an integer from 0 to 18446744073709551615, got -1",)),
    ({"random_state": 2**64}, ValueError, ("random_state must be an integer from 0 to 18446744073709551615",)),
    ({"random_state": np.random.default_rng(0)}, TypeError, ("random_state must be an integer", "Generator")),
    ({"time_limit": 0.0}, ValueError, ("time_limit must be a number of seconds > 0 or None, got 0.0",)),
    ({"time_limit": NAN}, ValueError, ("time_limit must be a number of seconds > 0 or None, got nan",)),
    ({"time_limit": "1h"}, TypeError, ("time_limit must be a number of seconds", "'1h' of type str")),
    ({"callbacks": 3}, TypeError, ("callbacks must be a callable or an iterable of callables", "3 of type int")),
    ({"callbacks": [print, None]}, TypeError, ("callbacks must be a callable or an iterable of callables, got None",)),
    ({"progress": 1}, TypeError, ("progress must be True or False", "1 of type int")),
    ({"n_threads": 0}, ValueError, ("n_threads must be an integer from 1", "got 0")),
    ({"n_threads": 1.0}, TypeError, ("n_threads must be an integer", "1.0 of type float")),
    ({"optimizer": "adma"}, ValueError, ("optimizer must be one of 'sgd', ", "or an instance", "got 'adma'")),
    ({"optimizer": SGD}, TypeError, ("optimizer must be one of 'sgd', ", "or an instance", "SGD")),
    (
        {"objective": abs},
        TypeError,
        ("objective must be a LinearObjective, an MLPObjective, a GaussianObjective", "builtin_function"),
    ),
]


@pytest.mark.parametrize("wrong, error, fragments", MINIMIZE)
def test_minimize(wrong: dict[str, Any], error: type[Exception], fragments: tuple[str, ...]) -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error")
    raises_untouched(fastgd.minimize, error, fragments, **{"objective": objective, **wrong})


@pytest.mark.parametrize(
    "make, error, fragments",
    [
        (
            lambda: SGD(lr=0.0),
            ValueError,
            ("lr must be a finite number > 0, a schedule, a function step -> float or 'auto', got 0.0",),
        ),
        (lambda: SGD(lr=-1), ValueError, ("lr must be a finite number > 0", "got -1")),
        (lambda: SGD(lr=NAN), ValueError, ("lr must be a finite number > 0", "got nan")),
        (lambda: SGD(lr=INF), ValueError, ("lr must be a finite number > 0", "got inf")),
        (
            lambda: SGD(lr="fast"),
            TypeError,
            ("lr must be a finite number > 0, a schedule, a function step -> float or 'auto', got 'fast'",),
        ),
        (
            lambda: SGD(lr=None),
            TypeError,
            ("lr must be a finite number > 0, a schedule, a function step -> float or 'auto', got None",),
        ),
        (lambda: SGD(momentum=1.0), ValueError, ("momentum must be a number >= 0 and < 1, got 1.0",)),
        (lambda: SGD(momentum=-0.1), ValueError, ("momentum must be a number >= 0 and < 1, got -0.1",)),
        (lambda: SGD(momentum="x"), TypeError, ("momentum must be a number", "'x' of type str")),
        (lambda: SGD(momentum=0.9, dampening=1.1), ValueError, ("dampening must be a number from 0 to 1, got 1.1",)),
        (lambda: SGD(dampening=0.5), ValueError, ("dampening must be 0 without momentum", "got 0.5")),
        (
            lambda: SGD(nesterov=True),
            ValueError,
            ("nesterov=True needs momentum > 0 and dampening = 0", "momentum=0.0"),
        ),
        (
            lambda: SGD(momentum=0.9, dampening=0.1, nesterov=True),
            ValueError,
            ("nesterov=True needs momentum > 0 and dampening = 0", "dampening=0.1"),
        ),
        (lambda: SGD(momentum=0.9, nesterov=1), TypeError, ("nesterov must be True or False", "1 of type int")),
        (lambda: SGD().set_params(rho=0.9), ValueError, ("SGD takes lr, momentum, dampening, nesterov, got 'rho'",)),
        (lambda: SGD().set_params(lr__power_t=1.0), ValueError, ("lr of SGD(lr='auto'", "got power_t")),
        (lambda: Constant(0), ValueError, ("lr must be a finite number > 0, got 0",)),
        (lambda: Constant("auto"), TypeError, ("lr must be a finite number > 0", "'auto' of type str")),
        (lambda: InverseScaling(-1.0), ValueError, ("lr must be a finite number > 0, got -1.0",)),
        (lambda: InverseScaling(1.0, power_t=-0.5), ValueError, ("power_t must be a finite number >= 0, got -0.5",)),
        (lambda: Constant(1.0)(-1), ValueError, ("step must be an integer from 0", "got -1")),
        (lambda: fastgd.set_num_threads(0), ValueError, ("n must be an integer from 1", "got 0")),
        (lambda: fastgd.set_num_threads("2"), TypeError, ("n must be an integer", "'2' of type str")),
        (lambda: fastgd.threads(-1), ValueError, ("n must be an integer from 1", "got -1")),
    ],
)
def test_optimizers_schedules_and_threads(
    make: Callable[[], object], error: type[Exception], fragments: tuple[str, ...]
) -> None:
    before = fastgd.get_num_threads()
    raises_untouched(make, error, fragments)
    assert fastgd.get_num_threads() == before


def test_parameters_that_went_wrong_after_construction_are_found_before_the_run() -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error")
    optimizer = SGD(lr=Constant(0.1))
    optimizer.lr.lr = -1.0
    raises_untouched(fastgd.minimize, ValueError, ("lr must be", "got -1.0"), objective=objective, optimizer=optimizer)


@pytest.mark.parametrize(
    "wrong, error, fragments",
    [
        ({"w": np.zeros(3)}, ValueError, ("w must have shape (4,), for coef (1, 3) and (1,), got shape (3,)",)),
        ({"w": np.zeros((4, 1))}, ValueError, ("w must have shape (4,)", "(4, 1)")),
        ({"w": np.zeros(4, complex)}, TypeError, ("w must hold real numbers", "complex128")),
        ({"w": ["a", "b", "c", "d"]}, TypeError, ("w must hold real numbers", "<U1")),
        ({"w": np.array([0.0, NAN, 0.0, 0.0])}, ValueError, ("w must be finite, got nan at w[1]",)),
        ({"w": np.full(4, 1e308)}, ValueError, ("w must be small enough", "float64's range", "1e+308")),
        ({"rows": [0, 6]}, ValueError, ("rows must be", "from 0 to 5, got 6 at rows[1]")),
        ({"rows": [-1]}, ValueError, ("rows must be", "from 0 to 5, got -1 at rows[0]")),
        ({"rows": []}, ValueError, ("rows must be a non-empty 1-D array", "(0,)")),
        ({"rows": np.ones(6, bool)}, TypeError, ("rows must be", "bool", "np.flatnonzero")),
        ({"rows": [0.5]}, TypeError, ("rows must be", "float64")),
        ({"rows": [1]}, ValueError, ("rows must name at least one row of positive weight",)),
    ],
)
@pytest.mark.parametrize("method", ["value", "grad", "value_and_grad"])
def test_evaluation(method: str, wrong: dict[str, Any], error: type[Exception], fragments: tuple[str, ...]) -> None:
    weight = with_entry(ONES, 1, 0.0)
    for loss, y in (("squared_error", NUMBERS), ("zero_one", SIGNS)):
        objective = fastgd.LinearObjective(table(), y, loss=loss, sample_weight=weight)
        if loss == "squared_error" or method == "value":
            raises_untouched(getattr(objective, method), error, fragments, **{"w": np.zeros(4), **wrong})


@pytest.mark.parametrize(
    "out, error, fragments",
    [
        (np.ones(3), ValueError, ("out must be a writeable array of shape (4,) and dtype float64", "(3,)")),
        (np.ones(4, np.float32), ValueError, ("out must be", "dtype float64", "float32")),
        ([0.0] * 4, TypeError, ("out must be a writeable array", "list")),
        (np.broadcast_to(1.0, (4,)), ValueError, ("out must be a writeable array", "read-only")),
    ],
)
def test_out(out: Any, error: type[Exception], fragments: tuple[str, ...]) -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error")
    raises_untouched(objective.value_and_grad, error, fragments, w=np.zeros(4), out=out)


@pytest.mark.parametrize(
    "options, wrong, fragments",
    [
        ({}, {"coef": np.zeros(4), "intercept": 0.0}, ("coef must have shape (1, 3) or (3,), got shape (4,)",)),
        ({}, {"coef": np.zeros(3)}, ("intercept must have shape (1,) with fit_intercept=True, got None",)),
        ({}, {"coef": np.zeros(3), "intercept": np.zeros(2)}, ("intercept must have shape (1,), got shape (2,)",)),
        (
            {"fit_intercept": False},
            {"coef": np.zeros(3), "intercept": 0.0},
            ("intercept must be None with fit_intercept=False",),
        ),
    ],
)
def test_pack(options: dict[str, Any], wrong: dict[str, Any], fragments: tuple[str, ...]) -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error", **options)
    raises_untouched(objective.pack, ValueError, fragments, **wrong)


def test_unpack_and_initial() -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error")
    raises_untouched(objective.unpack, ValueError, ("w must have shape (4,)", "(5,)"), w=np.zeros(5))
    raises_untouched(objective.initial, TypeError, ("seed must be an integer from 0", "None"), seed=None)


def test_an_objective_does_not_change() -> None:
    objective = fastgd.LinearObjective(table(), NUMBERS, loss="squared_error")
    with pytest.raises(AttributeError, match="alpha of a LinearObjective is fixed"):
        objective.alpha = 1.0
    with pytest.raises(TypeError):
        objective.loss_params["epsilon"] = 1.0


@pytest.mark.parametrize(
    "wrong, error, fragments",
    [
        ({"coef": np.zeros(2)}, ValueError, ("coef must have shape", "(3,), got shape (2,)")),
        ({"coef": np.zeros((1, 1, 3))}, ValueError, ("coef must have shape (n_features,) or", "(1, 1, 3)")),
        ({"coef": np.zeros((3, 3)), "y": CLASSES, "intercept": 0.0}, ValueError, ("intercept must have shape (3,)",)),
        ({"y": CLASSES, "loss": "multinomial"}, ValueError, ("coef must have one row a class", "(3,)")),
        ({"y": CLASSES, "loss": "multinomial", "coef": np.zeros((2, 3))}, ValueError, ("class indices from 0 to 1",)),
        ({"loss": "zero_one"}, ValueError, ("'zero_one'", "Minimise a surrogate (log_loss, hinge")),
        ({"y": ONES.astype(str)}, TypeError, ("y must hold real numbers",)),
        ({"sample_weight": -ONES}, ValueError, ("sample_weight must be >= 0",)),
    ],
)
def test_loss_and_grad(wrong: dict[str, Any], error: type[Exception], fragments: tuple[str, ...]) -> None:
    raises_untouched(fastgd.loss_and_grad, error, fragments, **{"X": table(), "y": SIGNS, "coef": np.zeros(3), **wrong})


def test_one_class_is_enough_where_the_others_are_declared() -> None:
    objective = fastgd.LinearObjective(table(), ONES, n_classes=2)
    assert objective.value(np.zeros(4)) == pytest.approx(np.log(2.0), rel=1e-15)
    assert fastgd.LinearObjective(table(), ONES, loss="multinomial", n_classes=3).n_outputs == 3


@pytest.mark.parametrize("request_", ["avx1024", "AVX2", "sse2"])
def test_a_simd_level_that_the_machine_lacks(request_: str) -> None:
    program = (
        "import fastgd, numpy as np\n"
        "for call in (fastgd.simd_level, lambda: fastgd.LinearObjective(np.ones((2, 1)), [0, 1])):\n"
        "    try:\n        call()\n"
        "    except ValueError as error:\n        print(error)\n"
    )
    environment = {**os.environ, "FASTGD_SIMD": request_}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    messages = run.stdout.splitlines()
    assert len(messages) == 2
    for message in messages:
        assert "FASTGD_SIMD" in message
        assert request_ in message
        assert all(level in message for level in fastgd.simd_levels())
