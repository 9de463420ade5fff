"""Functions, cases and implementations that the optimisers are held to their peers with, step for step.

The peers get their gradients from the same NumPy functions, so only the optimisers themselves are compared. Rates are
such that no path amplifies rounding: where a rate over the curvature is above 2, as that of RMSprop becomes when its
average of squares vanishes in a valley, two right programs part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from _twins import as_class

import fastgd
from fastgd import reference

N_PARAMS = 10
N_STEPS = 200
AGREEMENT = 1e-10
CHECKED = (1, 2, 10, N_STEPS)


class Problem(NamedTuple):
    """A smooth function with its gradient, and where descent on it starts."""

    name: str
    fun_and_grad: Callable[[np.ndarray], tuple[float, np.ndarray]]
    start: np.ndarray


class Case(NamedTuple):
    """An optimiser with its twin's parameters, and what surrounds it."""

    optimizer: str
    params: dict[str, Any]
    lr: float | Callable[[int], float]
    l2: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None

    def __str__(self) -> str:
        around = {name: getattr(self, name) for name in ("l2", "clip_value", "clip_norm") if getattr(self, name)}
        return "-".join([self.optimizer, *(f"{name}={value}" for name, value in {**self.params, **around}.items())])


def quadratic() -> Problem:
    """Convex, of condition number 1000."""
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.normal(size=(N_PARAMS, N_PARAMS)))[0]
    hessian = basis * np.geomspace(0.01, 10.0, N_PARAMS) @ basis.T
    center = rng.normal(size=N_PARAMS)

    def fun_and_grad(w: np.ndarray) -> tuple[float, np.ndarray]:
        slope = hessian @ (w - center)
        return 0.5 * float((w - center) @ slope) + 0.125, slope

    return Problem("quadratic", fun_and_grad, rng.normal(size=N_PARAMS))


def valley() -> Problem:
    """Rosenbrock's curved valley in ten dimensions, not convex."""

    def fun_and_grad(w: np.ndarray) -> tuple[float, np.ndarray]:
        off, left = w[1:] - w[:-1] ** 2, 1.0 - w[:-1]
        slope = np.zeros_like(w)
        slope[1:] += 6.0 * off
        slope[:-1] -= 12.0 * off * w[:-1] + 2.0 * left
        return float(np.sum(3.0 * off**2 + left**2)) + 0.125, slope

    return Problem("valley", fun_and_grad, np.random.default_rng(3).uniform(-1.5, 1.5, N_PARAMS))


PROBLEMS = {problem.name: problem for problem in (quadratic(), valley())}


def penalised(problem: Problem, l2: float) -> Problem:
    """The function with ``l2 ||w||^2 / 2`` added."""

    def fun_and_grad(w: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = problem.fun_and_grad(w)
        return value + 0.5 * l2 * float(w @ w), slope + l2 * w

    return problem._replace(fun_and_grad=fun_and_grad)


def twin(problem: Problem, case: Case, n_steps: int) -> np.ndarray:
    """The solution of `fastgd.reference` after so many steps."""
    return reference.minimize_function(
        penalised(problem, case.l2).fun_and_grad,
        problem.start,
        optimizer=case.optimizer,
        optimizer_params=case.params,
        lr=case.lr,
        n_steps=n_steps,
        clip_value=case.clip_value,
        clip_norm=case.clip_norm,
    ).x


def core(problem: Problem, case: Case, n_steps: int) -> np.ndarray:
    """The solution of `fastgd.minimize` after so many steps."""
    return fastgd.minimize(
        fastgd.FunctionObjective(penalised(problem, case.l2).fun_and_grad, jac=True),
        problem.start,
        optimizer=as_class(case.optimizer, case.params, case.lr),
        max_epochs=n_steps,
        tol=None,
        clip_value=case.clip_value,
        clip_norm=case.clip_norm,
    ).x


IMPLEMENTATIONS: dict[str, Callable[[Problem, Case, int], np.ndarray]] = {"twin": twin, "core": core}


def assert_agrees(implementation: str, problem: Problem, case: Case, theirs: Iterable[np.ndarray]) -> None:
    """Holds the solutions after the first, some and all steps to the peer's, which come one a step."""
    for n_steps, expected in enumerate(theirs, start=1):
        if n_steps in CHECKED:
            found = IMPLEMENTATIONS[implementation](problem, case, n_steps)
            error = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
            # The agreement that this project states; rounding alone leaves less.
            assert error <= AGREEMENT, f"after {n_steps} steps"
    assert n_steps == N_STEPS
    travelled = float(np.linalg.norm(expected - problem.start))
    assert travelled > 1e-3 * float(np.linalg.norm(problem.start)), "steps this small would prove nothing"
