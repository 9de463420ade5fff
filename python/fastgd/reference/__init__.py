"""The whole of the library again in plain NumPy: float64, one formula a function, no speed.

It is made to be read, and to test against: every function's docstring states its equation.

====================  =========================================================================
`losses`              losses by name, each ``(y, raw) -> (loss, dloss/draw)``
`second_derivatives`  second derivatives of the losses, and products with Hessians
`metrics`             losses without a useful derivative
`penalties`           value, gradient and proximal step of l2, l1 and the elastic net
`objective`           what descent asks of an objective
`risk`                weighted empirical risk with a penalty, of any model
`linear`              linear models: raw scores, gradient, products with the Hessian
`activations`         activations of hidden units by name, each ``z -> (a, da/dz)``
`mlp`                 multi-layer perceptrons: first weights, dropout, raw scores, gradient
`gaussian_mixture`    densities: log densities, shares of the components, first parameters, gradient
`duality`             bounds on how far a linear objective is above its minimum
`optimizers`          one step with explicit state, a module a method
`clipping`            bounds on a step's gradient
`schedules`           learning rate as a function of the step
`sampling`            random numbers from a counter, permutations, batches
`steps`               batch, stochastic and mini-batch gradient descent in one loop, step by step
`descent`             where they lead to
`functions`           the same steps on any function
`lbfgs`               L-BFGS, `wolfe_search` its line search, and `preconditioner` where it starts from
`owlqn`               the same with an l1 norm, orthant by orthant
`random_search`       probes of random directions
`neighbors`           distances, the nearest rows, and their votes
====================  =========================================================================
"""

from __future__ import annotations

from . import (
    activations,
    clipping,
    descent,
    duality,
    functions,
    gaussian_mixture,
    lbfgs,
    linear,
    losses,
    metrics,
    mlp,
    neighbors,
    objective,
    optimizers,
    owlqn,
    penalties,
    preconditioner,
    random_search,
    risk,
    sampling,
    schedules,
    second_derivatives,
    steps,
    wolfe_search,
)
from .activations import ACTIVATIONS
from .descent import History, Result, minimize
from .functions import Path, minimize_function
from .gaussian_mixture import GaussianMixtureObjective
from .linear import LinearObjective
from .losses import KINDS, LOSSES, one_vs_rest
from .metrics import METRICS, zero_one
from .mlp import MLPObjective
from .optimizers import OPTIMIZERS
from .risk import EmpiricalRisk
from .sampling import permutation, philox
from .schedules import LOSS_SCHEDULES, SCHEDULES
from .steps import has_converged

__all__ = [
    "ACTIVATIONS",
    "KINDS",
    "LOSSES",
    "LOSS_SCHEDULES",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "EmpiricalRisk",
    "GaussianMixtureObjective",
    "History",
    "LinearObjective",
    "MLPObjective",
    "Path",
    "Result",
    "activations",
    "clipping",
    "descent",
    "duality",
    "functions",
    "gaussian_mixture",
    "has_converged",
    "lbfgs",
    "linear",
    "losses",
    "metrics",
    "minimize",
    "minimize_function",
    "mlp",
    "neighbors",
    "objective",
    "one_vs_rest",
    "optimizers",
    "owlqn",
    "penalties",
    "permutation",
    "philox",
    "preconditioner",
    "random_search",
    "risk",
    "sampling",
    "schedules",
    "second_derivatives",
    "steps",
    "wolfe_search",
    "zero_one",
]
