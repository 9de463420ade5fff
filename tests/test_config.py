"""The configuration, and the package as a whole."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import fastgd


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


@pytest.mark.parametrize(
    "function",
    [
        fastgd.minimize,
        fastgd.sweep,
        fastgd.find_lr,
        fastgd.LinearObjective,
        fastgd.FunctionObjective,
        fastgd.loss_and_grad,
    ],
)
def test_docstrings_name_every_parameter(function: Any) -> None:
    text = inspect.getdoc(function)
    assert text is not None
    section = re.split(r"\n\n\w+\n---", text.split("Parameters\n----------")[1])[0]
    for name in inspect.signature(function).parameters:
        assert f"{name} :" in section or f"{name}," in section or f", {name}" in section, name


@pytest.mark.parametrize("one", [fastgd.Result, fastgd.History, fastgd.SweepResult, fastgd.RateCurve, fastgd.EpochInfo])
def test_docstrings_name_every_attribute(one: Any) -> None:
    text = inspect.getdoc(one)
    assert text is not None
    section = re.split(r"\n\n\w+\n---", text.split("Attributes\n----------")[1])[0]
    named = {name for line in section.splitlines() if " : " in line for name in line.split(" : ")[0].split(", ")}
    found = {*getattr(one, "__annotations__", {}), *(name for name in vars(one)), *getattr(one, "__slots__", ())}
    assert {name for name in found if not name.startswith("_")} <= named
