"""Classic test functions, from their usual starts to their minima, in the steps that one table states."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from _known_minima import KNOWN_MINIMA, Array, styblinski_tang

import fastgd
from fastgd.optimizers import LBFGS, Adam, Optimizer, Prodigy
from fastgd.schedules import Cosine

# From a budget of steps to the optimiser; the same for all functions. Prodigy is told nothing of any of them.
OPTIMIZERS: dict[str, Callable[[int], Optimizer]] = {
    "adam": lambda steps: Adam(Cosine(0.3, t_max=steps)),
    "prodigy": lambda steps: Prodigy(Cosine(1.0, t_max=steps)),
    "lbfgs": lambda steps: LBFGS(),
}
# Steps of each; those of LBFGS are evaluations.
BUDGETS: dict[str, dict[str, int]] = {
    "Rosenbrock": {"adam": 3000, "prodigy": 3000, "lbfgs": 60},
    "Rosenbrock in 10 dimensions": {"adam": 3000, "prodigy": 3000, "lbfgs": 120},
    "Beale": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Himmelblau": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Booth": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Matyas": {"adam": 3000, "prodigy": 1000, "lbfgs": 30},
    "three-hump camel": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Styblinski-Tang": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Bohachevsky": {"adam": 1000, "prodigy": 1000, "lbfgs": 30},
    "Wood": {"adam": 10_000, "prodigy": 3000, "lbfgs": 120},
    "Powell": {"adam": 10_000, "prodigy": 1000, "lbfgs": 60},
}
ACCURACY = 1e-8
# Powell's Hessian is singular at the minimum.
ACCURACIES = {"Powell": 1e-6}


def descend(fun_and_grad: Callable[[Array], tuple[float, Array]], start: list[float], name: str, steps: int) -> float:
    """The value where the optimiser of that name ends."""
    objective = fastgd.FunctionObjective(fun_and_grad, jac=True)
    result = fastgd.minimize(objective, start, optimizer=OPTIMIZERS[name](steps), max_epochs=steps, tol=None)
    assert result.n_steps <= steps
    return result.fun


def test_every_function_has_its_budgets() -> None:
    assert set(BUDGETS) == set(KNOWN_MINIMA)
    assert all(set(row) == set(OPTIMIZERS) for row in BUDGETS.values())


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("function", KNOWN_MINIMA)
def test_minima_are_reached(function: str, name: str) -> None:
    known = KNOWN_MINIMA[function]
    fun = descend(known.fun_and_grad, known.start, name, BUDGETS[function][name])
    # A value below the minimum is no minimum of this function either, beyond rounding.
    assert -1e-12 <= fun - known.minimum <= ACCURACIES.get(function, ACCURACY)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("signs", [*itertools.product([-1.0, 1.0], repeat=2)], ids=str)
def test_a_local_minimum_counts_where_there_are_several(signs: tuple[float, float], name: str) -> None:
    """Styblinski-Tang's coordinates have two minima each, and its own are all pairs of them."""
    roots = np.roots([2.0, 0.0, -16.0, 2.5]).real
    lower, upper = (styblinski_tang(np.array([root]))[0] for root in (roots.min(), roots.max()))
    fun = descend(styblinski_tang, list(signs), name, 1000)
    minima = [2.0 * lower, lower + upper, 2.0 * upper]
    assert min(abs(fun - minimum) for minimum in minima) <= ACCURACY
