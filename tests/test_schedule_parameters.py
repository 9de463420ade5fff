"""Learning-rate schedules: what they are made of, and what they refuse."""

from __future__ import annotations

import copy
import doctest
import importlib
import inspect
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _schedules import CLASSES, EACH, PLATEAUS, by_epoch
from sklearn.base import clone

from fastgd import _core, reference, schedules
from fastgd.schedules import (
    Constant,
    Cosine,
    CosineWarmRestarts,
    Exponential,
    InverseScaling,
    OneCycle,
    Optimal,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from fastgd.schedules._function import Function

# Registries ----------------------------------------------------------------------------------------------------------


def test_every_registered_name_has_its_twin_and_its_class() -> None:
    names = {row["name"] for row in _core.schedules()}
    assert names == {*reference.SCHEDULES, *reference.LOSS_SCHEDULES}
    assert names == {found._core_name for found in CLASSES.values()}
    assert names == {schedule._core_name for schedule in (*EACH, *PLATEAUS)}


def test_public_names() -> None:
    assert set(schedules.__all__) <= set(dir(schedules))
    assert {*schedules._MODULES, "Schedule"} == set(schedules.__all__)
    with pytest.raises(AttributeError, match=r"module 'fastgd\.schedules' has no attribute 'Cosinus'"):
        _ = schedules.Cosinus


def test_a_schedule_is_loaded_when_asked_for() -> None:
    program = (
        "import sys, fastgd\n"
        "assert 'fastgd.schedules.cosine' not in sys.modules\n"
        "from fastgd.schedules import Cosine\n"
        "assert 'fastgd.schedules.cosine' in sys.modules and 'fastgd.schedules.step' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("row", _core.schedules(), ids=lambda row: row["name"])
def test_class_twin_and_core_have_the_same_parameters(row: dict[str, Any]) -> None:
    found = next(c for c in CLASSES.values() if c._core_name == row["name"])
    given = inspect.signature(found).parameters
    assert tuple(given) == found._names
    own = [name for name in given if name != "unit" and not (found is Warmup and name == "lr")]
    assert own == list(row["params"])
    function = reference.SCHEDULES.get(row["name"]) or reference.LOSS_SCHEDULES[row["name"]][1]
    twins = inspect.signature(function).parameters
    for name in own:
        if name in twins:
            assert twins[name].default == given[name].default
        default = given[name].default
        if isinstance(default, (float, int)) and name != "lr":
            assert row["params"][name] == default


@pytest.mark.parametrize("name", CLASSES)
def test_docstrings(name: str) -> None:
    text = inspect.getdoc(CLASSES[name])
    assert text is not None
    for section in ("Parameters", "Raises", "References", "Examples"):
        assert f"\n\n{section}\n{'-' * len(section)}\n" in text
    described = re.split(r"\n\n\w+\n---", text.split("Parameters\n----------")[1])[0]
    for parameter in inspect.signature(CLASSES[name]).parameters:
        assert f"\n{parameter} : " in described
    found = doctest.testmod(importlib.import_module(CLASSES[name].__module__))
    assert found.attempted > 0
    assert found.failed == 0


# Parameters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [*EACH, *PLATEAUS, *map(by_epoch, EACH)], ids=repr)
def test_schedules_are_their_parameters(schedule: Schedule) -> None:
    params = schedule.get_params(deep=False)
    again = [type(schedule)(**params), pickle.loads(pickle.dumps(schedule)), copy.deepcopy(schedule), clone(schedule)]
    for other in (*again, eval(repr(schedule), dict(CLASSES))):
        assert other == schedule
        assert other is not schedule
    assert sum(other == schedule for other in [*EACH, *PLATEAUS]) <= 1


def test_parameters_of_the_inner_schedule() -> None:
    cosine = Cosine(0.1, 50)
    schedule = Warmup(cosine, 10)
    assert schedule.get_params()["lr__t_max"] == 50
    assert schedule.set_params(lr__t_max=20, steps=5) == Warmup(Cosine(0.1, 20), 5)
    assert cosine == Cosine(0.1, 50)
    for wrong in ({"lr__t_max": 0}, {"lr__unit": "epoch"}):
        with pytest.raises(ValueError, match="must be"):
            Warmup(cosine, 10).set_params(**wrong)._spec()


POSITIVE = "must be a finite number > 0"
COUNT = "must be an integer from 1 to 9007199254740992"


@pytest.mark.parametrize(
    "make, error, message",
    [
        *[
            (lambda c=c, args=args: c(0.0, *args), ValueError, f"lr {POSITIVE}, got 0.0")
            for c, args in (
                (Constant, ()),
                (InverseScaling, ()),
                (Step, (2,)),
                (Exponential, (0.5,)),
                (Polynomial, (2,)),
                (Cosine, (2,)),
                (CosineWarmRestarts, (2,)),
                (OneCycle, (2,)),
                (ReduceOnPlateau, ()),
            )
        ],
        *[
            (
                lambda c=c, args=args: c(0.1, *args, unit="steps"),
                ValueError,
                "unit must be 'step' or 'epoch', got 'steps'",
            )
            for c, args in (
                (InverseScaling, ()),
                (Optimal, ()),
                (Step, (2,)),
                (Exponential, (0.5,)),
                (Polynomial, (2,)),
                (Cosine, (2,)),
                (CosineWarmRestarts, (2,)),
                (OneCycle, (2,)),
                (Warmup, (2,)),
            )
        ],
        (lambda: Cosine(0.1, 2, unit=1), TypeError, "unit must be 'step' or 'epoch', got 1 of type int"),
        (lambda: Constant(math.inf), ValueError, f"lr {POSITIVE}, got inf"),
        (lambda: Cosine(Constant(0.1), 2), TypeError, f"lr {POSITIVE}, got Constant(lr=0.1) of type Constant"),
        (lambda: InverseScaling(0.1, -1), ValueError, "power_t must be a finite number >= 0, got -1"),
        (lambda: Optimal(0.0), ValueError, f"alpha {POSITIVE}, got 0.0"),
        (lambda: Optimal(0.1, t0=0), ValueError, f"t0 {POSITIVE}, got 0"),
        (lambda: Step(0.1, 0), ValueError, f"step_size {COUNT}, got 0"),
        (lambda: Step(0.1, 2.0), TypeError, f"step_size {COUNT}, got 2.0 of type float"),
        (lambda: Step(0.1, 2, 0.0), ValueError, f"gamma {POSITIVE}, got 0.0"),
        (lambda: Exponential(0.1, -0.5), ValueError, f"gamma {POSITIVE}, got -0.5"),
        (lambda: Polynomial(0.1, 0), ValueError, f"total_iters {COUNT}, got 0"),
        (lambda: Polynomial(0.1, 5, math.nan), ValueError, f"power {POSITIVE}, got nan"),
        (lambda: Cosine(0.1, 0), ValueError, f"t_max {COUNT}, got 0"),
        (lambda: Cosine(0.1, 2**60), ValueError, f"t_max {COUNT}, got 1152921504606846976"),
        (lambda: Cosine(0.1, 5, 0.2), ValueError, "eta_min must be a number from 0 to lr, here 0.1, got 0.2"),
        (lambda: CosineWarmRestarts(0.1, 0), ValueError, f"t_0 {COUNT}, got 0"),
        (lambda: CosineWarmRestarts(0.1, 5, 0), ValueError, f"t_mult {COUNT}, got 0"),
        (lambda: CosineWarmRestarts(0.1, 5, 1.5), TypeError, f"t_mult {COUNT}, got 1.5 of type float"),
        (lambda: CosineWarmRestarts(0.1, 5, 1, -0.1), ValueError, "eta_min must be a number from 0 to lr"),
        (lambda: OneCycle(0.1, 0), ValueError, f"total_steps {COUNT}, got 0"),
        (lambda: OneCycle(0.1, 9, 1.1), ValueError, "pct_start must be a number from 0 to 1, got 1.1"),
        (lambda: OneCycle(0.1, 9, 0.3, "sine"), ValueError, "anneal_strategy must be 'cos' or 'linear', got 'sine'"),
        (lambda: OneCycle(0.1, 9, div_factor=0), ValueError, f"div_factor {POSITIVE}, got 0"),
        (lambda: OneCycle(0.1, 9, final_div_factor=-1), ValueError, f"final_div_factor {POSITIVE}, got -1"),
        (lambda: OneCycle(0.1, 9, three_phase=1), TypeError, "three_phase must be True or False, got 1 of type int"),
        (lambda: Warmup(0.1, 0), ValueError, f"steps {COUNT}, got 0"),
        (lambda: Warmup(0.1, 3, 0.0), ValueError, "start_factor must be a number > 0 and <= 1, got 0.0"),
        (lambda: Warmup(-1.0, 3), ValueError, f"lr {POSITIVE}, a schedule or a function step -> float, got -1.0"),
        (
            lambda: Warmup("auto", 3),
            TypeError,
            "lr must be a finite number > 0, a schedule or a function step -> float",
        ),
        (
            lambda: Warmup(Cosine, 3),
            TypeError,
            "lr must be a finite number > 0, a schedule or a function step -> float",
        ),
        (lambda: Warmup(Warmup(0.1, 2), 3), ValueError, "lr must be a schedule without a warm-up of its own, got Warm"),
        (lambda: Warmup(Cosine(0.1, 5, unit="epoch"), 3), ValueError, "unit must be that of lr, 'epoch', got 'step'"),
        (lambda: Warmup(Cosine(0.1, 5), 3, unit="epoch"), ValueError, "unit must be that of lr, 'step', got 'epoch'"),
        (lambda: ReduceOnPlateau(0.1, 1.0), ValueError, "factor must be a number > 0 and < 1, got 1.0"),
        (lambda: ReduceOnPlateau(0.1, patience=-1), ValueError, "patience must be an integer from 0"),
        (lambda: ReduceOnPlateau(0.1, threshold=1.0), ValueError, "threshold must be a number >= 0 and < 1 with"),
        (lambda: ReduceOnPlateau(0.1, threshold=-1.0, threshold_mode="abs"), ValueError, "threshold must be a finite"),
        (
            lambda: ReduceOnPlateau(0.1, threshold_mode="x"),
            ValueError,
            "threshold_mode must be 'rel' or 'abs', got 'x'",
        ),
        (lambda: ReduceOnPlateau(0.1, cooldown=1.5), TypeError, "cooldown must be an integer from 0"),
        (
            lambda: ReduceOnPlateau(0.1, min_lr=0.2),
            ValueError,
            "min_lr must be a number from 0 to lr, here 0.1, got 0.2",
        ),
        (lambda: ReduceOnPlateau(0.1, eps=-1e-9), ValueError, "eps must be a finite number >= 0, got -1e-09"),
        (lambda: Function(3), TypeError, "function must be a function step -> float, got 3 of type int"),
        (lambda: Cosine(0.1, 5)(-1), ValueError, "step must be an integer from 0 to 9223372036854775807, got -1"),
        (lambda: Cosine(0.1, 5)(1.0), TypeError, "step must be an integer from 0"),
        (
            lambda: Exponential(0.1, 10.0)(400),
            ValueError,
            "schedule 'exponential' must give a finite rate >= 0, got inf at step 400",
        ),
        (
            lambda: Exponential(0.1, 10.0, unit="epoch")(400),
            ValueError,
            "schedule 'exponential' must give a finite rate >= 0, got inf at step 400 of epoch 400",
        ),
    ],
)
def test_bad_input(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_what_went_wrong_after_construction_is_found_before_use() -> None:
    for name, value in (("lr", -1.0), ("t_max", 0), ("unit", "day")):
        schedule = Cosine(0.1, 5)
        setattr(schedule, name, value)
        for use in (schedule._spec, lambda s=schedule: s(0), lambda s=schedule: Warmup(s, 2)):
            with pytest.raises(ValueError, match=f"{name} must be"):
                use()


CORE = ("step", {"step_size": np.array([3.0])}, False, None, [])


@pytest.mark.parametrize(
    "spec, message",
    [
        (("stp", *CORE[1:]), "schedule must be one of constant, inverse_scaling"),
        (("step", {}, *CORE[2:]), "schedule 'step' needs step_size"),
        (("step", {"step_size": np.array([0.0])}, *CORE[2:]), "step_size of schedule 'step' must be at least 1, got 0"),
        (
            ("step", {"size": np.array([1.0])}, *CORE[2:]),
            "'step' has no parameter 'size'; it has: lr, step_size, gamma",
        ),
        (
            ("step", {"step_size": np.ones(3)}, *CORE[2:]),
            "step_size of schedule 'step' must have one value, or one for each model",
        ),
        (
            ("constant", {"lr": np.array([-1.0])}, *CORE[2:]),
            "lr of schedule 'constant' must be at least 0, got -1",
        ),
        (("warmup", {"steps": np.array([3.0])}, *CORE[2:]), "'warmup' needs the schedule that it leads to"),
        (("step", CORE[1], False, CORE, []), "schedule 'step' does not lead to another schedule"),
        (("warmup", {"steps": np.array([3.0])}, True, CORE, []), "must both count steps, or both epochs"),
        (
            ("warmup", {"steps": np.ones(1)}, False, ("warmup", {"steps": np.ones(1)}, False, CORE, []), []),
            "'warmup' must lead to a schedule that leads to no other, got schedule 'warmup'",
        ),
        (("f", {}, False, None, [len] * 3), "'f' must have one function, or one a model"),
        (("f", {}, False, None, [lambda t: -2.0]), "schedule 'f' must give a finite rate >= 0, got -2 at step 7"),
    ],
)
def test_the_core_refuses_what_python_would_not_give_it(spec: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        _core.schedule_rates(spec, 2, np.array([7]), np.array([0]), None)
