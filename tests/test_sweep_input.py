"""What a sweep refuses: each message names the argument, what is allowed and what was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _sweeps import objective_of

import fastgd
from fastgd.schedules import Exponential

SHARED = [
    *("batch_size", "shuffle", "order", "random_state", "max_epochs", "tol", "gtol", "gap_tol", "n_iter_no_change"),
    *("loss", "loss_params", "fit_intercept", "sample_weight", "standardize", "offset", "n_classes", "optimizer"),
    *("clip_value", "clip_norm", "time_limit", "n_threads", "update_every", "cv", "halving"),
]
LR = {"grid": {"lr": [0.1]}}


@pytest.mark.parametrize(
    "options, error, message",
    [
        *[
            ({"grid": {key: [1, 2]}}, ValueError, f"grid must not vary '{key}': .* sweep once for each")
            for key in SHARED
        ],
        ({"grid": {"alhpa": [1.0]}}, ValueError, "grid's keys must be among lr, momentum, .*alpha.*, got 'alhpa'"),
        ({"grid": {3: [1.0]}}, ValueError, "grid's keys must be among .*, got 3"),
        ({"grid": {"lr__gamma": [0.5]}}, ValueError, "grid's keys must be among .*, got 'lr__gamma'"),
        ({"grid": {}}, ValueError, "grid must have at least one key, got {}"),
        (
            {"grid": [("lr", [1.0])]},
            TypeError,
            "grid must be a mapping of names to lists of values, got .* of type list",
        ),
        ({"grid": {"lr": []}}, ValueError, r"grid\['lr'\] must have at least one value, got none"),
        ({"grid": {"lr": "auto"}}, TypeError, r"grid\['lr'\] must be a list of values, got 'auto' of type str"),
        ({"grid": {"lr": 0.1}}, TypeError, r"grid\['lr'\] must be a list of values, got 0.1 of type float"),
        ({"grid": {"lr": np.array(0.1)}}, TypeError, r"grid\['lr'\] must be a list of values, got array\(0.1\)"),
        ({"grid": {"lr": [0.1, -1.0]}}, ValueError, "lr must be a finite number > 0.*, got -1.0"),
        ({"grid": {"lr": ["fast"]}}, TypeError, "lr must be a finite number > 0.*, got 'fast'"),
        ({"grid": {"momentum": [0.5, 1.5]}}, ValueError, "momentum must be .*, got 1.5"),
        ({"grid": {"alpha": [0.1, -1.0]}}, ValueError, "alpha must be a finite number >= 0, got -1.0"),
        ({"grid": {"alpha": [np.nan]}}, ValueError, "alpha must be a finite number >= 0, got nan"),
        ({"grid": {"alpha": ["1"]}}, TypeError, "alpha must be a finite number >= 0, got '1'"),
        ({"grid": {"l1_ratio": [2.0]}}, ValueError, "l1_ratio must be a number from 0 to 1, got 2.0"),
        (
            {"grid": {"lr": [0.1, Exponential(0.1, 0.9)]}},
            ValueError,
            r"grid\['lr'\] must hold rates of one kind, .*; got constant, exponential; sweep once for each",
        ),
        ({"grid": {"init_seed": [0, 1]}}, ValueError, "every one of which gives the same start for LinearObjective"),
        (
            {"grid": {"init_seed": [-1]}},
            ValueError,
            "init_seed must be an integer from 0 to 18446744073709551615, got -1",
        ),
        ({"grid": {"init_seed": [0], "w0": [np.zeros(22)]}}, ValueError, "'init_seed' where 'w0' gives the start"),
        ({"grid": {"init_seed": [0]}, "w0": np.zeros(22)}, ValueError, "'init_seed' where 'w0' gives the start"),
        ({"grid": {"w0": [[0.0, 1.0]]}}, ValueError, r"w0 must have shape \(22,\), got shape \(2,\)"),
        ({"grid": {"w0": np.zeros(22)}}, ValueError, r"w0 must have shape \(22,\), got shape \(\)"),
        ({"grid": {"w0": [np.full(22, np.inf)]}}, ValueError, r"w0 must be finite, got inf at w0\[0\]"),
        ({**LR, "cv": 1}, ValueError, "cv must be an integer from 2 to 700, got 1"),
        ({**LR, "cv": 701}, ValueError, "cv must be an integer from 2 to 700, got 701"),
        ({**LR, "cv": 3.0}, TypeError, "cv must be an integer from 2 to 700, got 3.0 of type float"),
        ({**LR, "cv": True}, TypeError, "cv must be an integer from 2 to 700, got True"),
        ({**LR, "halving": 1}, TypeError, "halving must be True or False, got 1"),
        ({**LR, "progress": "yes"}, TypeError, "progress must be True or False, got 'yes'"),
        ({**LR, "init_seed": None}, TypeError, "init_seed must be an integer from 0"),
        (
            {**LR, "optimizer": "svrg", "batch_size": 8, "halving": True},
            ValueError,
            "halving must be False with SVRG, whose state is bound to a run",
        ),
        (
            {"grid": {"lr": [0.1], "alpha": [0.0, 0.1], "l1_ratio": [0.0, 0.5]}, "optimizer": "adam"},
            ValueError,
            "l1_ratio must be 0 with Adam, got 0.5",
        ),
        (
            {"grid": {"memory": [5]}, "optimizer": "lbfgs", "batch_size": 8},
            ValueError,
            "batch_size must be 'full' with",
        ),
        (
            {"grid": {"lr": [0.1]}, "optimizer": "lbfgs"},
            ValueError,
            "keys must be among memory, precondition, alpha, .*'lr'",
        ),
    ],
    ids=str,
)
def test_bad_input(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fastgd.sweep(objective_of("log_loss"), **options)


def test_functions_have_neither_rows_nor_penalties() -> None:
    bowl = fastgd.FunctionObjective(lambda w: (float(w @ w), 2.0 * w), jac=True, n_params=2)
    with pytest.raises(ValueError, match="cv must be None for FunctionObjective, which has no rows to hold out, got 3"):
        fastgd.sweep(bowl, grid={"lr": [0.1]}, cv=3)
    with pytest.raises(ValueError, match=r"grid's keys must be among .*, got 'alpha'"):
        fastgd.sweep(bowl, grid={"alpha": [0.1]})
    with pytest.raises(ValueError, match="gives the same start for FunctionObjective"):
        fastgd.sweep(bowl, grid={"init_seed": [1, 2]})


def test_starts_of_a_function_have_one_size() -> None:
    square = fastgd.FunctionObjective(lambda w: (float(w @ w), 2.0 * w), jac=True)
    with pytest.raises(ValueError, match=r"grid\['w0'\] must hold starts of one size, got 3 and 1 parameters"):
        fastgd.sweep(square, grid={"w0": [[1.0, 2.0, 3.0], [5.0]]}, max_epochs=1)


@pytest.mark.parametrize("lr", [0.1, "auto"])
@pytest.mark.parametrize("batch_size", ["full", 8, 1])
@pytest.mark.parametrize("cv", [None, 2, 3])
def test_data_that_is_not_finite_is_named(lr: Any, batch_size: Any, cv: Any) -> None:
    """Also where the folds that hold it out fare well."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[17, 1] = np.nan
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    with pytest.raises(ValueError, match="X must be finite, got nan in row 17, column 1"):
        fastgd.sweep(objective, grid={"lr": [lr]}, cv=cv, batch_size=batch_size)
