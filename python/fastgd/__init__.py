"""Fast gradient descent: empirical risk of linear models and networks, minimised at the speed of memory.

==========================  =====================================================================================
`LinearObjective`           loss and gradient of a linear model on data, in one pass
`MLPObjective`              the same of a multi-layer perceptron
`GaussianObjective`         the likelihood of a Gaussian; `GaussianMixtureObjective` that of a mixture of them
`loss_and_grad`             that of a linear model for one evaluation
`FunctionObjective`         a function of your own, to be minimised by the same descent
`ChunkedObjective`          that of rows in chunks, from the objectives of the chunks
`minimize`                  batch, stochastic and mini-batch gradient descent; returns a `Result`
`sweep`                     many configurations in one pass over the data; returns a `SweepResult`
`trace`                     the steps of `minimize`, one at a time; yields `TraceStep`
`Checkpoint`                where a run keeps what it needs to go on, should it be ended from outside
`find_lr`                   a range test of learning rates
`optimizers`, `schedules`   how a gradient becomes a step, and how long the step is
`random_search`             what following the slope is better than
`risk`                      the expected loss of a model, estimated from rows; returns a `Risk` with an interval
`losses`                    names of the losses that can be minimised
`numerical_grad`            gradients by differences; `check_grad`, `taylor_test` and `steepest` test analytic ones
`neighbors`                 the nearest rows of a table; needs scikit-learn
`online`                    learning from a stream, a row at a time: `online.Learner`
`data`                      sources of rows that are more than memory holds, for the estimators
`mixture`, `covariance`     densities with scikit-learn's interface: `mixture.GaussianMixture`, `covariance.Gaussian`
`reference`                 all of it again in plain NumPy, to read and to test against
`show_config`               versions, SIMD level, threads and build; also `simd_level`, `simd_levels`,
                            `get_num_threads`, `set_num_threads`, `threads`
==========================  =====================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import optimizers, schedules
from .config import get_num_threads, set_num_threads, show_config, simd_level, simd_levels, threads

if TYPE_CHECKING:
    from . import covariance as covariance
    from . import data, online, plot, reference
    from . import mixture as mixture
    from . import neighbors as neighbors
    from . import objectives as objectives
    from ._checkpoint import Checkpoint
    from ._find_lr import RateCurve, find_lr
    from ._functional import LossAndGrad, loss_and_grad
    from ._losses import losses
    from ._minimize import EpochInfo, minimize
    from ._random_search import random_search
    from ._risk import Risk, risk
    from ._sweep import sweep
    from ._sweep_result import SweepResult
    from ._trace import TraceStep, trace
    from .gradients import GradCheck, SteepestTest, TaylorTest, check_grad, numerical_grad, steepest, taylor_test
    from .objectives import (
        ChunkedObjective,
        DensityParameters,
        FunctionObjective,
        GaussianMixtureObjective,
        GaussianObjective,
        GaussianParameters,
        LinearObjective,
        MLPObjective,
    )
    from .result import History, Result

    __version__: str

__all__ = [
    "Checkpoint",
    "ChunkedObjective",
    "DensityParameters",
    "EpochInfo",
    "FunctionObjective",
    "GaussianMixtureObjective",
    "GaussianObjective",
    "GaussianParameters",
    "GradCheck",
    "History",
    "LinearObjective",
    "LossAndGrad",
    "MLPObjective",
    "RateCurve",
    "Result",
    "Risk",
    "SteepestTest",
    "SweepResult",
    "TaylorTest",
    "TraceStep",
    "__version__",
    "check_grad",
    "data",
    "find_lr",
    "get_num_threads",
    "loss_and_grad",
    "losses",
    "minimize",
    "numerical_grad",
    "online",
    "optimizers",
    "plot",
    "random_search",
    "reference",
    "risk",
    "schedules",
    "set_num_threads",
    "show_config",
    "simd_level",
    "simd_levels",
    "steepest",
    "sweep",
    "taylor_test",
    "threads",
    "trace",
]

# What is imported when it is first asked for: a program that uses a part of the package waits for no more.
_MODULES = frozenset(
    {"covariance", "data", "mixture", "neighbors", "objectives", "online", "plot", "reference", "result"}
)
_FROM = {
    "_checkpoint": ("Checkpoint",),
    "_find_lr": ("RateCurve", "find_lr"),
    "_functional": ("LossAndGrad", "loss_and_grad"),
    "_losses": ("losses",),
    "_minimize": ("EpochInfo", "minimize"),
    "_random_search": ("random_search",),
    "_risk": ("Risk", "risk"),
    "_sweep": ("sweep",),
    "_sweep_result": ("SweepResult",),
    "_trace": ("TraceStep", "trace"),
    "gradients": ("GradCheck", "SteepestTest", "TaylorTest", "check_grad", "numerical_grad", "steepest", "taylor_test"),
    "objectives": (
        "ChunkedObjective",
        "DensityParameters",
        "FunctionObjective",
        "GaussianMixtureObjective",
        "GaussianObjective",
        "GaussianParameters",
        "LinearObjective",
        "MLPObjective",
    ),
    "result": ("History", "Result"),
}
_MODULE_OF = {name: module for module, names in _FROM.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("fastgd")
    elif name in _MODULES or name in _MODULE_OF:
        from importlib import import_module

        module = import_module(f"fastgd.{_MODULE_OF.get(name, name)}")
        value = module if name in _MODULES else getattr(module, name)
    else:
        raise AttributeError(f"module 'fastgd' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
