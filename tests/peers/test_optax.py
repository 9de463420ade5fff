"""Optimisers take the steps of optax's, in float64 and with every option away from its default once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _cases import IMPLEMENTATIONS, N_STEPS, PROBLEMS, Case, Problem, assert_agrees
from _peers import load

from fastgd import reference


def trapezoid(lr: float) -> Callable[[int], float]:
    """A rate that begins with 0, rises, stays and falls."""
    return lambda step: lr * min(1.0, step / 40.0, 2.0 - step / 120.0)


CASES = [
    Case("lion", {"weight_decay": 0.0}, 0.003),
    Case("lion", {"beta1": 0.8, "weight_decay": 0.0}, 0.003),
    Case("lion", {"beta2": 0.9, "weight_decay": 0.0}, 0.003),
    Case("lion", {"weight_decay": 0.5}, 0.003),
    Case("prodigy", {}, 0.5),
    Case("prodigy", {"d0": 1e-3}, 0.5),
    Case("prodigy", {"d0": 1e-3, "beta1": 0.95}, 0.5),
    Case("prodigy", {"d0": 1e-3, "beta2": 0.99}, 0.5),
    Case("prodigy", {"d0": 1e-3, "beta3": 0.97}, 0.5),
    Case("prodigy", {"d0": 1e-3, "eps": 0.1}, 0.5),
    Case("prodigy", {"d0": 1e-3, "d_coef": 0.5}, 0.5),
    Case("prodigy", {"d0": 1e-3, "weight_decay": 0.1}, 0.5),
    Case("prodigy", {"d0": 1e-3, "safeguard_warmup": True}, 0.5),
    Case("dog", {}, 1.0),
    Case("dog", {"reps_rel": 1e-3}, 0.5),
    Case("dog", {"eps": 10.0}, 1.0),
    Case("polyak_sgd", {}, 0.03),
    Case("polyak_sgd", {"eps": 100.0}, 1.0),
    Case("polyak_sgd", {"eps": 300.0, "f_min": -3.0}, 1.0),
    Case("schedule_free_sgd", {}, 0.01),
    Case("schedule_free_sgd", {"beta": 0.6}, 0.01),
    Case("schedule_free_sgd", {}, trapezoid(0.01)),
    Case("schedule_free_sgd", {"weight_lr_power": 1.0}, trapezoid(0.01)),
    Case("schedule_free_adamw", {}, 0.02),
    Case("schedule_free_adamw", {"beta1": 0.7}, 0.02),
    Case("schedule_free_adamw", {"beta2": 0.98}, 0.02),
    Case("schedule_free_adamw", {"eps": 0.1}, 0.02),
    Case("schedule_free_adamw", {"weight_decay": 0.2}, 0.02),
    Case("schedule_free_adamw", {"weight_lr_power": 1.0}, trapezoid(0.02)),
]


@pytest.fixture
def optax() -> Iterator[ModuleType]:
    """optax in float64."""
    config = load("jax").config
    before = config.jax_enable_x64
    config.update("jax_enable_x64", True)
    yield load("optax")
    config.update("jax_enable_x64", before)


def schedule_free(optax: ModuleType, case: Case) -> Any:
    """Its wrapper counts steps from 1 and what it wraps from 0, so a schedule has to be shifted for the one."""
    params = {"beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, **case.params}
    inner = [optax.scale_by_learning_rate(case.lr)]
    if case.optimizer == "schedule_free_adamw":
        scale = optax.scale_by_rms(params["beta2"], params["eps"], eps_in_sqrt=False, bias_correction=True)
        inner = [scale, optax.add_decayed_weights(params["weight_decay"]), *inner]
    lr, beta = case.lr, params.get("beta", params.get("beta1", 0.9))
    return optax.contrib.schedule_free(
        optax.chain(*inner),
        (lambda count: lr(count - 1)) if callable(lr) else lr,
        b1=beta,
        weight_lr_power=params.get("weight_lr_power", 2.0),
    )


def make(optax: ModuleType, case: Case) -> Any:
    """The case's optimiser, by optax's names."""
    name, params, lr = case.optimizer, dict(case.params), case.lr
    if name == "lion":
        return optax.lion(lr, params.get("beta1", 0.9), params.get("beta2", 0.99), weight_decay=params["weight_decay"])
    if name == "prodigy":
        renamed = {"d0": "estim_lr0", "d_coef": "estim_lr_coef"}
        betas = (params.pop("beta1", 0.9), params.pop("beta2", 0.999))
        return optax.contrib.prodigy(lr, betas, **{renamed.get(key, key): value for key, value in params.items()})
    if name == "dog":
        return optax.contrib.dog(lr, ("heuristic", params.get("reps_rel", 1e-6)), params.get("eps", 1e-8))
    if name == "polyak_sgd":
        return optax.polyak_sgd(lr, 1.0, params.get("f_min", 0.0), params.get("eps", 0.0))
    if callable(lr):
        return schedule_free(optax, case)
    if "beta" in params:
        params["b1"] = params.pop("beta")
    renamed = {"beta1": "b1", "beta2": "b2"}
    return getattr(optax.contrib, name)(lr, **{renamed.get(key, key): value for key, value in params.items()})


def solutions(optax: ModuleType, problem: Problem, case: Case) -> Iterator[np.ndarray]:
    optimizer, w = make(optax, case), optax.tree.cast(problem.start, np.float64)
    state = optimizer.init(w)
    for _ in range(N_STEPS):
        value, slope = problem.fun_and_grad(np.array(w))
        more = {"value": value} if case.optimizer == "polyak_sgd" else {}
        updates, state = optimizer.update(slope, state, w, **more)
        w = optax.apply_updates(w, updates)
        averages = case.optimizer.startswith("schedule_free")
        yield np.array(optax.contrib.schedule_free_eval_params(state, w) if averages else w)


def distance_to_a_tie(problem: Problem, case: Case) -> float:
    """Least absolute value that Lion takes the sign of, on its way."""
    beta1, beta2, mean, least = case.params.get("beta1", 0.9), case.params.get("beta2", 0.99), 0.0, np.inf
    path = reference.minimize_function(
        problem.fun_and_grad,
        problem.start,
        optimizer="lion",
        optimizer_params=case.params,
        lr=case.lr,
        n_steps=N_STEPS,
    )
    for w in path.parameters[:-1]:
        slope = problem.fun_and_grad(w)[1]
        least = min(least, float(np.min(np.abs(beta1 * mean + (1.0 - beta1) * slope))))
        mean = beta2 * mean + (1.0 - beta2) * slope
    return least


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_steps_are_those_of_optax(optax: ModuleType, case: Case, problem: Problem, implementation: str) -> None:
    assert_agrees(implementation, problem, case, solutions(optax, problem, case))
    if case.optimizer == "lion":
        assert distance_to_a_tie(problem, case) >= 1e-6, "rounding must not choose a sign"


def test_every_method_of_optax_is_compared() -> None:
    names = {"lion", "prodigy", "dog", "polyak_sgd", "schedule_free_sgd", "schedule_free_adamw"}
    assert {case.optimizer for case in CASES} == names
