"""Optimisers and schedules as objects, the configuration, and the package as a whole."""

from __future__ import annotations

import copy
import doctest
import importlib
import inspect
import pickle
import re
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Constant, InverseScaling

PARAMETRISED = [
    SGD(),
    SGD(lr=0.1, momentum=0.9, nesterov=True),
    SGD(lr=InverseScaling(0.1, power_t=0.75), momentum=0.5, dampening=0.25),
    Constant(0.3),
    InverseScaling(0.3),
]


@pytest.mark.parametrize("one", PARAMETRISED, ids=repr)
def test_optimizers_and_schedules_are_their_parameters(one: Any) -> None:
    scope = {"SGD": SGD, "Constant": Constant, "InverseScaling": InverseScaling}
    again = [type(one)(**one.get_params(deep=False)), pickle.loads(pickle.dumps(one)), copy.deepcopy(one), clone(one)]
    for other in (*again, eval(repr(one), scope)):
        assert other == one
        assert other is not one
    assert sum(other == one for other in PARAMETRISED) == 1
    assert one != "SGD"


def test_nested_parameters() -> None:
    schedule = InverseScaling(0.1)
    optimizer = SGD(lr=schedule, momentum=0.9)
    assert optimizer.get_params()["lr__power_t"] == 0.5
    assert set(optimizer.get_params(deep=False)) == {"lr", "momentum", "dampening", "nesterov"}
    assert optimizer.set_params(lr__power_t=1.0, nesterov=True) is optimizer
    assert optimizer == SGD(lr=InverseScaling(0.1, power_t=1.0), momentum=0.9, nesterov=True)
    assert schedule == InverseScaling(0.1)
    optimizer.set_params(lr=InverseScaling(0.5), lr__power_t=0.25)
    assert optimizer.lr == InverseScaling(0.5, power_t=0.25)


def test_set_params_sets_all_or_none() -> None:
    optimizer = SGD(lr=InverseScaling(0.1))
    for wrong in ({"momentum": 0.5, "lr": -1.0}, {"momentum": 0.5, "lr__power_t": -1.0}, {"momentum": 0.5, "x__y": 1}):
        with pytest.raises(ValueError, match=r"must be|SGD takes"):
            optimizer.set_params(**wrong)
        assert optimizer == SGD(lr=InverseScaling(0.1))


def test_threads() -> None:
    default = fastgd.get_num_threads()
    assert default >= 1
    try:
        fastgd.set_num_threads(3)
        assert fastgd.get_num_threads() == 3
        outer = fastgd.threads(2)
        with outer:
            assert fastgd.get_num_threads() == 2
            with fastgd.threads(1), outer:
                assert fastgd.get_num_threads() == 2
            assert fastgd.get_num_threads() == 2
        assert fastgd.get_num_threads() == 3
        with pytest.raises(KeyError), fastgd.threads(1):
            raise KeyError
        assert fastgd.get_num_threads() == 3
    finally:
        fastgd.set_num_threads(None)
    assert fastgd.get_num_threads() == default


def test_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert fastgd.simd_level() in fastgd.simd_levels()
    assert fastgd.simd_levels()[-1] == "generic"
    fastgd.show_config()
    printed = capsys.readouterr().out
    for part in (fastgd.__version__, np.__version__, fastgd.simd_level(), "threads", "OpenMP runtime", "compiler"):
        assert part in printed


def test_public_names() -> None:
    assert set(fastgd.__all__) <= set(dir(fastgd))
    for name in fastgd.__all__:
        assert getattr(fastgd, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'minimise'"):
        _ = fastgd.minimise


def test_losses_have_twins() -> None:
    assert set(fastgd.losses()) == set(fastgd.reference.LOSSES)


@pytest.mark.parametrize("module", ["_functional", "_minimize", "config", "objectives.linear", "optimizers"])
def test_examples_of_docstrings(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"fastgd.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("function", [fastgd.minimize, fastgd.LinearObjective, fastgd.loss_and_grad, SGD])
def test_docstrings_name_every_parameter(function: Any) -> None:
    text = inspect.getdoc(function)
    assert text is not None
    section = re.split(r"\n\n\w+\n---", text.split("Parameters\n----------")[1])[0]
    for name in inspect.signature(function).parameters:
        assert f"{name} :" in section or f"{name}," in section or f", {name}" in section, name
