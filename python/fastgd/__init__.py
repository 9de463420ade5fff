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
from ._checkpoint import Checkpoint
from ._find_lr import RateCurve, find_lr
from ._functional import LossAndGrad, loss_and_grad
from ._losses import losses
from ._minimize import EpochInfo, minimize
from ._sweep import sweep
from ._sweep_result import SweepResult
from ._trace import TraceStep, trace
from .config import get_num_threads, set_num_threads, show_config, simd_level, simd_levels, threads
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

if TYPE_CHECKING:
    from . import covariance as covariance
    from . import data, online, plot, reference
    from . import mixture as mixture
    from . import neighbors as neighbors
    from ._random_search import random_search
    from ._risk import Risk, risk
    from .gradients import GradCheck, SteepestTest, TaylorTest, check_grad, numerical_grad, steepest, taylor_test

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

# Names that are imported when they are first asked for, and where from.
_LATER = {
    "GradCheck": "gradients",
    "SteepestTest": "gradients",
    "Risk": "_risk",
    "TaylorTest": "gradients",
    "check_grad": "gradients",
    "numerical_grad": "gradients",
    "random_search": "_random_search",
    "risk": "_risk",
    "steepest": "gradients",
    "taylor_test": "gradients",
}


def __getattr__(name: str) -> Any:
    # They cost more to import than the rest of the package, or are not what most programs want.
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("fastgd")
    elif name in ("covariance", "data", "mixture", "neighbors", "online", "plot", "reference"):
        from importlib import import_module

        value = import_module(f"fastgd.{name}")
    elif name in _LATER:
        from importlib import import_module

        value = getattr(import_module(f"fastgd.{_LATER[name]}"), name)
    else:
        raise AttributeError(f"module 'fastgd' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
