"""Optimisers as objects: what they are made of, where that is written down, and what they refuse."""

from __future__ import annotations

import copy
import doctest
import importlib
import inspect
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from _optimizers import CLASSES, INFO
from _twins import parameters_of
from sklearn.base import clone

import fastgd
from fastgd import optimizers, reference
from fastgd.optimizers import (
    ASGD,
    FTRL,
    LBFGS,
    SAGA,
    SGD,
    SVRG,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    BarzilaiBorwein,
    DoG,
    Lion,
    NAdam,
    Optimizer,
    PolyakSGD,
    Prodigy,
    RMSprop,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from fastgd.schedules import Cosine, Exponential, InverseScaling

NAN, INF = float("nan"), float("inf")

# Registries ----------------------------------------------------------------------------------------------------------


def test_every_registered_name_has_its_class_and_its_twin() -> None:
    names = {found._core_name for found in CLASSES.values()}
    assert names == set(INFO)
    # The search of L-BFGS is told and asked, and so is its twin: reference/lbfgs.py.
    assert names - {"lbfgs"} == set(reference.OPTIMIZERS)


def test_public_names() -> None:
    assert set(optimizers.__all__) <= set(dir(optimizers))
    assert set(optimizers.__all__) == {*optimizers._MODULES, "Optimizer"}
    with pytest.raises(AttributeError, match=r"module 'fastgd\.optimizers' has no attribute 'Adem'"):
        _ = optimizers.Adem


def test_an_optimizer_is_loaded_when_asked_for() -> None:
    program = (
        "import sys, fastgd\n"
        "assert 'fastgd.optimizers.prodigy' not in sys.modules\n"
        "from fastgd.optimizers import Prodigy\n"
        "assert 'fastgd.optimizers.prodigy' in sys.modules and 'fastgd.optimizers.dog' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_names_of_minimize_are_those_of_the_core() -> None:
    for name, found in CLASSES.items():
        assert optimizers._MODULES[name] == found._core_name
        assert optimizers.get_optimizer(found._core_name) == found()


@pytest.mark.parametrize("name", CLASSES)
def test_class_twin_and_core_have_the_same_parameters(name: str) -> None:
    found = CLASSES[name]
    given = inspect.signature(found).parameters
    assert tuple(given) == found._names
    assert "lr" in given or found is LBFGS
    core = INFO[found._core_name]["params"]
    assert found()._core_params() == core
    if found is not LBFGS:
        twin = parameters_of(reference.OPTIMIZERS[found._core_name])
        # None is a number below 0 in the core.
        assert core == {key: -1.0 if default is None else default for key, default in twin.items()}


def described(found: type[Optimizer]) -> dict[str, str]:
    """The parameters of a docstring, each with its line."""
    text = inspect.getdoc(found)
    assert text is not None
    section = re.split(r"\n\n\w+\n---", text.split("Parameters\n----------")[1])[0]
    return dict(re.findall(r"^(\w+) : (.+)$", section, flags=re.MULTILINE))


@pytest.mark.parametrize("name", CLASSES)
def test_docstrings(name: str) -> None:
    text = inspect.getdoc(CLASSES[name])
    assert text is not None
    for section in ("Parameters", "Raises", "References", "Examples"):
        assert f"\n\n{section}\n{'-' * len(section)}\n" in text
    assert "::\n\n    " in text.split("Parameters")[0], "the equation is missing"
    assert "l1_ratio" in text
    parameters = inspect.signature(CLASSES[name]).parameters
    lines = described(CLASSES[name])
    assert list(lines) == list(parameters)
    for parameter, line in lines.items():
        default = parameters[parameter].default
        written = line.partition("default=")[2]
        assert ("optional" in line) if default is None else eval(written) == default, line
    found = doctest.testmod(importlib.import_module(CLASSES[name].__module__))
    assert found.attempted > 0
    assert found.failed == 0


def test_the_table_of_the_package_has_every_optimizer_and_what_the_l1_norm_does() -> None:
    rows = re.findall(r"^`(\w+)` .* (takes|refuses)$", optimizers.__doc__ or "", flags=re.MULTILINE)
    assert dict(rows) == {
        name: "takes" if INFO[found._core_name]["l1"] else "refuses" for name, found in CLASSES.items()
    }
    assert doctest.testmod(optimizers).failed == 0


# Parameters ----------------------------------------------------------------------------------------------------------

# Away from every default.
CHANGED: list[Optimizer] = [
    SGD(lr=InverseScaling(0.1, power_t=0.75), momentum=0.5, dampening=0.25),
    SGD(lr=0.1, momentum=0.9, nesterov=True),
    ASGD(lr=0.1, average_from=5),
    ScheduleFreeSGD(lr=0.1, beta=0.5, weight_lr_power=1.0),
    Adagrad(lr=0.1, lr_decay=0.5, initial_accumulator_value=0.25, eps=1e-3),
    Adadelta(lr=0.5, rho=0.5, eps=1e-3),
    RMSprop(lr=0.1, rho=0.5, eps=1e-3, momentum=0.5, centered=True),
    Adam(lr=Exponential(0.1, gamma=0.9), betas=(0.5, 0.75), eps=1e-3, amsgrad=True),
    AdamW(lr=0.1, betas=(0.5, 0.75), eps=1e-3, weight_decay=0.5, amsgrad=True),
    NAdam(lr=0.1, betas=(0.5, 0.75), eps=1e-3, momentum_decay=0.5),
    ScheduleFreeAdamW(lr=0.1, betas=(0.5, 0.75), eps=1e-3, weight_decay=0.5, weight_lr_power=1.0),
    Lion(lr=0.1, betas=(0.5, 0.75), weight_decay=0.5),
    FTRL(lr=0.1, beta=0.5),
    Prodigy(0.5, (0.5, 0.75), 0.25, 1e-3, weight_decay=0.5, d0=1e-3, d_coef=0.5, safeguard_warmup=True),
    DoG(lr=0.5, reps_rel=1e-3, eps=1e-3),
    BarzilaiBorwein(lr=0.1),
    PolyakSGD(lr=0.5, f_min=-1.0, eps=1e-3),
    SAGA(lr=0.1),
    SVRG(lr=0.1, update_every=2),
    LBFGS(memory=3, precondition=False),
]
EACH = [*(found() for found in CLASSES.values()), *CHANGED]


def test_each_parameter_is_away_from_its_default_once() -> None:
    for found in CLASSES.values():
        default = found().get_params(deep=False)
        others = [one.get_params(deep=False) for one in CHANGED if type(one) is found]
        assert all(any(one[name] != default[name] for one in others) for name in default), found


@pytest.mark.parametrize("one", EACH, ids=repr)
def test_optimizers_are_their_parameters(one: Optimizer) -> None:
    scope = {**CLASSES, "InverseScaling": InverseScaling, "Exponential": Exponential}
    again = [type(one)(**one.get_params(deep=False)), pickle.loads(pickle.dumps(one)), copy.deepcopy(one), clone(one)]
    for other in (*again, eval(repr(one), scope)):
        assert other == one
        assert other is not one
        assert other._core_params() == one._core_params()
    assert sum(other == one for other in EACH) == 1
    assert one != one._core_name


@pytest.mark.parametrize("one", CHANGED, ids=repr)
def test_set_params_gets_there_from_the_defaults(one: Optimizer) -> None:
    other = type(one)()
    assert other.set_params(**one.get_params(deep=False)) is other
    assert other == one
    assert list(other.get_params(deep=False)) == list(one._names)


def test_every_parameter_reaches_the_core() -> None:
    for one in CHANGED:
        core, default = one._core_params(), type(one)()._core_params()
        # SGD does not take all of its parameters at a time.
        assert isinstance(one, SGD) or all(core[name] != default[name] for name in default)
    assert Prodigy(beta3=0.0)._core_params()["beta3"] == 0.0
    assert Adam(betas=[0.5, 0.25])._core_params()["beta2"] == 0.25  # type: ignore[arg-type]


def test_nested_parameters() -> None:
    schedule = Exponential(0.1, gamma=0.9)
    optimizer = AdamW(lr=schedule, weight_decay=0.1)
    assert optimizer.get_params()["lr__gamma"] == 0.9
    assert set(optimizer.get_params(deep=False)) == {"lr", "betas", "eps", "weight_decay", "amsgrad"}
    assert optimizer.set_params(lr__gamma=0.5, amsgrad=True) is optimizer
    assert optimizer == AdamW(lr=Exponential(0.1, gamma=0.5), weight_decay=0.1, amsgrad=True)
    assert schedule == Exponential(0.1, gamma=0.9)
    optimizer.set_params(lr=Cosine(0.5, t_max=10), lr__eta_min=0.25)
    assert optimizer.lr == Cosine(0.5, t_max=10, eta_min=0.25)


def test_set_params_sets_all_or_none() -> None:
    optimizer = SGD(lr=InverseScaling(0.1))
    for wrong in ({"momentum": 0.5, "lr": -1.0}, {"momentum": 0.5, "lr__power_t": -1.0}, {"momentum": 0.5, "x__y": 1}):
        with pytest.raises(ValueError, match=r"must be|SGD takes"):
            optimizer.set_params(**wrong)
        assert optimizer == SGD(lr=InverseScaling(0.1))


# Bad input -----------------------------------------------------------------------------------------------------------

SHARE = "a number >= 0 and < 1"
NOT_NEGATIVE = "a finite number >= 0"
POSITIVE = "a finite number > 0"
EPS = "a finite number >= 1e-20"
PART = "a number from 0 to 1"
# What parameters of a name must be, where not said otherwise, and what each kind refuses and takes.
ALLOWED = {
    "momentum": SHARE,
    "rho": SHARE,
    "dampening": PART,
    "beta": PART,
    "eps": EPS,
    "lr_decay": NOT_NEGATIVE,
    "initial_accumulator_value": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "weight_lr_power": NOT_NEGATIVE,
    "momentum_decay": NOT_NEGATIVE,
    "d_coef": POSITIVE,
    "reps_rel": POSITIVE,
    "beta3": f"{SHARE} or None",
    "d0": "a finite number >= 1e-15",
    "f_min": "a finite number",
    "average_from": "an integer from 1 to 9007199254740992",
    "update_every": "an integer from 1 to 9007199254740992",
    "memory": "an integer from 1 to 1000",
    "amsgrad": "True or False",
    "centered": "True or False",
    "nesterov": "True or False",
    "safeguard_warmup": "True or False",
    "precondition": "True or False",
}
ALLOWED_OF = {("FTRL", "beta"): EPS, ("PolyakSGD", "eps"): NOT_NEGATIVE}
REFUSED: dict[str, tuple[list[Any], list[Any]]] = {
    # Values and types that are wrong.
    SHARE: ([-0.1, 1.0, NAN, INF], ["0.5", None, True]),
    f"{SHARE} or None": ([-0.1, 1.0, NAN, INF], ["0.5", True]),
    PART: ([-0.1, 1.1, NAN], ["0.5", None, False]),
    NOT_NEGATIVE: ([-1e-9, NAN, INF], ["1", None, True]),
    POSITIVE: ([0.0, -1.0, NAN, INF], ["1", None, True]),
    EPS: ([0.0, 1e-21, -1e-8, NAN, INF, 10**400], ["1e-8", None, True]),
    "a finite number >= 1e-15": ([0.0, 1e-16, NAN, INF], ["1e-6", None]),
    "a finite number": ([NAN, INF, -INF], ["0", None]),
    "an integer from 1 to 9007199254740992": ([0, -1, 2**53 + 1], [1.0, "1", None, True]),
    "an integer from 1 to 1000": ([0, 1001], [1.0, None]),
    "True or False": ([], [1, 0.0, "yes", None]),
}
BAD = [
    (name, parameter, value, error)
    for name, found in CLASSES.items()
    for parameter in found._names
    if parameter not in ("lr", "betas")
    for error, values in zip(
        (ValueError, TypeError), REFUSED[ALLOWED_OF.get((name, parameter), ALLOWED[parameter])], strict=True
    )
    for value in values
]


@pytest.mark.parametrize("name, parameter, value, error", BAD)
def test_what_a_parameter_must_not_be(name: str, parameter: str, value: Any, error: type[Exception]) -> None:
    allowed = ALLOWED_OF.get((name, parameter), ALLOWED[parameter])
    with pytest.raises(error, match=rf"^{parameter} must be {re.escape(allowed)}, got "):
        CLASSES[name](**{parameter: value})
    optimizer = CLASSES[name]()
    with pytest.raises(error, match=rf"^{parameter} must be"):
        optimizer.set_params(**{parameter: value})
    assert optimizer == CLASSES[name]()


@pytest.mark.parametrize("name", [name for name, found in CLASSES.items() if "lr" in found._names])
def test_what_a_learning_rate_must_not_be(name: str) -> None:
    for value in (0.0, -0.1, NAN, INF):
        with pytest.raises(ValueError, match=f"lr must be a finite number > 0.* or 'auto', got {value}"):
            CLASSES[name](lr=value)
    for value in ("fast", None, True):
        with pytest.raises(TypeError, match=f"lr must be a finite number > 0.* or 'auto', got {value!r}"):
            CLASSES[name](lr=value)


@pytest.mark.parametrize("name", [name for name, found in CLASSES.items() if "betas" in found._names])
@pytest.mark.parametrize(
    "betas, error, message",
    [
        ((1.0, 0.999), ValueError, r"betas\[0\] must be a number >= 0 and < 1, got 1.0"),
        ((0.9, -0.1), ValueError, r"betas\[1\] must be a number >= 0 and < 1, got -0.1"),
        ((0.9, NAN), ValueError, r"betas\[1\] must be a number >= 0 and < 1, got nan"),
        ((0.9, "0.99"), TypeError, r"betas\[1\] must be a number >= 0 and < 1, got '0.99'"),
        ((0.9,), ValueError, r"betas must be a pair of numbers >= 0 and < 1, got \(0.9,\)"),
        ((0.9, 0.99, 0.999), ValueError, "betas must be a pair of numbers"),
        (0.9, TypeError, "betas must be a pair of numbers >= 0 and < 1, got 0.9 of type float"),
        (np.array([0.9, 0.99]), TypeError, "betas must be a pair of numbers"),
    ],
)
def test_what_betas_must_not_be(name: str, betas: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        CLASSES[name](betas=betas)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum=0.0, dampening=0.0),
        lambda: SGD(momentum=0.5, dampening=1.0),
        lambda: ScheduleFreeSGD(beta=0.0, weight_lr_power=0.0),
        lambda: ScheduleFreeSGD(beta=1),
        lambda: Adam(betas=(0, 0.0), eps=1e-20),
        lambda: AdamW(weight_decay=0, eps=np.float32(1e-8)),
        lambda: FTRL(beta=1e-20),
        lambda: PolyakSGD(f_min=-1e300, eps=0),
        lambda: Prodigy(beta3=0.0, d0=1e-15),
        lambda: ASGD(average_from=np.int64(2**53)),
        lambda: Adagrad(lr=1e-300),
        lambda: RMSprop(centered=np.bool_(True)),
    ],
)
def test_the_edges_are_allowed(make: Any) -> None:
    make()


def test_what_sgd_must_not_have_together() -> None:
    for wrong in ({"nesterov": True}, {"nesterov": True, "momentum": 0.5, "dampening": 0.5}):
        with pytest.raises(ValueError, match="nesterov=True needs momentum > 0 and dampening = 0"):
            SGD(**wrong)
    with pytest.raises(ValueError, match="dampening must be 0 without momentum"):
        SGD(dampening=0.5)


def test_what_went_wrong_after_construction_is_found_before_use() -> None:
    optimizer = Adam()
    optimizer.eps = 0.0
    objective = fastgd.FunctionObjective(lambda w: pytest.fail("the function was called"), jac=True)
    with pytest.raises(ValueError, match=r"eps must be a finite number >= 1e-20, got 0\.0"):
        fastgd.minimize(objective, [0.0], optimizer=optimizer)


def test_other_optimizers_are_refused() -> None:
    objective = fastgd.FunctionObjective(lambda w: pytest.fail("the function was called"), jac=True)
    for wrong, error in [("Adam", ValueError), ("adem", ValueError), (None, TypeError), (Adam, TypeError)]:
        with pytest.raises(error, match=r"optimizer must be one of 'sgd', .* or an instance from fastgd\.optimizers"):
            fastgd.minimize(objective, [0.0], optimizer=wrong)
