"""The whole of the library again in plain NumPy: float64, one formula a function, no speed.

It is made to be read, and to test against: every function's docstring states its equation.

====================  =========================================================================
`losses`              losses by name, each ``(y, raw) -> (loss, dloss/draw)``
`second_derivatives`  second derivatives of the losses, and products with Hessians
`metrics`             losses without a useful derivative
`penalties`           value, gradient and proximal step of l2, l1 and the elastic net
`risk`                weighted empirical risk with a penalty, of any model
`linear`              linear models: raw scores, gradient, products with the Hessian
`activations`         activations of hidden units by name, each ``z -> (a, da/dz)``
`mlp`                 multi-layer perceptrons: first weights, dropout, raw scores, gradient
`duality`             bounds on how far a linear objective is above its minimum
`optimizers`          one step with explicit state, a module a method
`clipping`            bounds on a step's gradient
`schedules`           learning rate as a function of the step
`sampling`            random numbers from a counter, permutations, batches
`descent`             batch, stochastic and mini-batch gradient descent in one loop
`functions`           the same steps on any function
`lbfgs`               L-BFGS, `wolfe_search` its line search, and `preconditioner` where it starts from
`owlqn`               the same with an l1 norm, orthant by orthant
`random_search`       probes of random directions
====================  =========================================================================
"""

from __future__ import annotations

from . import (
    activations,
    clipping,
    descent,
    duality,
    functions,
    lbfgs,
    linear,
    losses,
    metrics,
    mlp,
    optimizers,
    owlqn,
    penalties,
    preconditioner,
    random_search,
    risk,
    sampling,
    schedules,
    second_derivatives,
    wolfe_search,
)
from .activations import ACTIVATIONS
from .descent import History, Result, has_converged, minimize
from .functions import Path, minimize_function
from .linear import LinearObjective
from .losses import KINDS, LOSSES, one_vs_rest
from .metrics import METRICS, zero_one
from .mlp import MLPObjective
from .optimizers import OPTIMIZERS
from .risk import EmpiricalRisk
from .sampling import permutation, philox
from .schedules import LOSS_SCHEDULES, SCHEDULES

__all__ = [
    "ACTIVATIONS",
    "KINDS",
    "LOSSES",
    "LOSS_SCHEDULES",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "EmpiricalRisk",
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
    "has_converged",
    "lbfgs",
    "linear",
    "losses",
    "metrics",
    "minimize",
    "minimize_function",
    "mlp",
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
    "wolfe_search",
    "zero_one",
]
