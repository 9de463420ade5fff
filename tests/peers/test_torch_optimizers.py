"""Optimisers take the steps of PyTorch's, in float64 and with every option away from its default once."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _cases import IMPLEMENTATIONS, N_STEPS, PROBLEMS, Case, Problem, assert_agrees
from _peers import load

NAMES = {
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
}
CASES = [
    Case("sgd", {}, 0.004),
    Case("sgd", {"momentum": 0.9}, 0.001),
    Case("sgd", {"momentum": 0.8, "dampening": 0.3}, 0.001),
    Case("sgd", {"momentum": 0.9, "nesterov": True}, 0.001),
    Case("sgd", {"momentum": 0.9}, 0.001, l2=0.5),
    Case("sgd", {}, 0.004, clip_value=0.5),
    Case("sgd", {"momentum": 0.5}, 0.004, clip_norm=1.0),
    Case("sgd", {}, 0.004, l2=0.5, clip_value=2.0, clip_norm=3.0),
    Case("adagrad", {}, 0.1),
    Case("adagrad", {"lr_decay": 0.01}, 0.1),
    Case("adagrad", {"initial_accumulator_value": 0.5}, 0.1),
    Case("adagrad", {"eps": 0.1}, 0.1),
    Case("adagrad", {}, 0.1, l2=0.5),
    Case("adadelta", {}, 0.2),
    Case("adadelta", {"rho": 0.97}, 1.0),
    Case("adadelta", {"eps": 1e-4}, 0.1),
    Case("adadelta", {}, 0.2, l2=0.5),
    Case("rmsprop", {}, 0.01),
    Case("rmsprop", {"rho": 0.98}, 0.003),
    Case("rmsprop", {"eps": 0.1}, 0.01),
    Case("rmsprop", {"momentum": 0.5}, 0.002),
    Case("rmsprop", {"centered": True}, 0.01),
    Case("rmsprop", {"centered": True, "momentum": 0.5}, 0.002),
    Case("rmsprop", {}, 0.005, l2=0.5),
    Case("adam", {}, 0.02),
    Case("adam", {"beta1": 0.7}, 0.02),
    Case("adam", {"beta2": 0.98}, 0.02),
    Case("adam", {"eps": 0.1}, 0.02),
    Case("adam", {"amsgrad": True}, 0.02),
    Case("adam", {"amsgrad": True, "beta2": 0.98}, 0.02),
    Case("adam", {}, 0.02, l2=0.5),
    Case("adam", {}, 0.02, clip_norm=1.0),
    Case("adamw", {}, 0.02),
    Case("adamw", {"weight_decay": 0.3}, 0.02),
    Case("adamw", {"beta1": 0.7, "beta2": 0.98, "eps": 0.1, "amsgrad": True}, 0.02),
    Case("nadam", {}, 0.02),
    Case("nadam", {"beta1": 0.7}, 0.02),
    Case("nadam", {"beta2": 0.98}, 0.01),
    Case("nadam", {"eps": 0.1}, 0.02),
    Case("nadam", {"momentum_decay": 0.1}, 0.02),
    Case("nadam", {}, 0.02, l2=0.5),
]


@pytest.fixture
def torch() -> Iterator[ModuleType]:
    """PyTorch in float64: NAdam keeps a product of momenta in the default type."""
    module = load("torch")
    before = module.get_default_dtype()
    module.set_default_dtype(module.float64)
    yield module
    module.set_default_dtype(before)


def peer_params(case: Case) -> dict[str, Any]:
    """The case's parameters by PyTorch's names; its coupled weight decay is the l2 penalty."""
    params = dict(case.params)
    if "beta1" in params or "beta2" in params:
        params["betas"] = (params.pop("beta1", 0.9), params.pop("beta2", 0.999))
    if "rho" in params and case.optimizer == "rmsprop":
        params["alpha"] = params.pop("rho")
    return {**params, **({"weight_decay": case.l2} if case.l2 else {})}


def solutions(torch: ModuleType, problem: Problem, case: Case) -> Iterator[np.ndarray]:
    w = torch.nn.Parameter(torch.tensor(problem.start))
    optimizer = getattr(torch.optim, NAMES[case.optimizer])([w], lr=case.lr, **peer_params(case))
    for _ in range(N_STEPS):
        w.grad = torch.tensor(problem.fun_and_grad(w.detach().numpy().copy())[1])
        clips = case.clip_value is not None or case.clip_norm is not None
        if clips and case.l2:  # PyTorch adds its weight decay after clipping, the penalty comes before
            optimizer.param_groups[0]["weight_decay"] = 0.0
            w.grad += case.l2 * w.detach()
        if case.clip_value is not None:
            torch.nn.utils.clip_grad_value_([w], case.clip_value)
        if case.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([w], case.clip_norm)
        optimizer.step()
        yield w.detach().numpy().copy()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_steps_are_those_of_pytorch(torch: ModuleType, case: Case, problem: Problem, implementation: str) -> None:
    assert_agrees(implementation, problem, case, solutions(torch, problem, case))


def test_every_method_of_pytorch_is_compared() -> None:
    assert {case.optimizer for case in CASES} == set(NAMES)
