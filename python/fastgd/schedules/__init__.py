"""Learning-rate schedules: pure functions of the number of steps, or epochs, already made, which counts from 0.

======================  =============================================================
`Constant`              the same rate always
`InverseScaling`        falls as a power of the steps
`Optimal`               falls as one over the steps, scikit-learn's ``"optimal"``
`Step`                  falls by a factor every so many steps
`Exponential`           falls by a factor every step
`Polynomial`            falls to 0 as a power of the steps that are left
`Cosine`                falls along half a period of a cosine
`CosineWarmRestarts`    the same, again and again
`OneCycle`              rises, then falls far below where it began
`Warmup`                rises to where another schedule begins
`ReduceOnPlateau`       falls by a factor when the loss no longer does
======================  =============================================================

Where an optimiser takes a schedule, a Python function ``step -> lr`` will do too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._base import Schedule

if TYPE_CHECKING:
    from .constant import Constant
    from .cosine import Cosine
    from .cosine_warm_restarts import CosineWarmRestarts
    from .exponential import Exponential
    from .inverse_scaling import InverseScaling
    from .one_cycle import OneCycle
    from .optimal import Optimal
    from .polynomial import Polynomial
    from .reduce_on_plateau import ReduceOnPlateau
    from .step import Step
    from .warmup import Warmup

__all__ = [
    "Constant",
    "Cosine",
    "CosineWarmRestarts",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Optimal",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]

# Imported when first asked for.
_MODULES = {
    "Constant": "constant",
    "Cosine": "cosine",
    "CosineWarmRestarts": "cosine_warm_restarts",
    "Exponential": "exponential",
    "InverseScaling": "inverse_scaling",
    "OneCycle": "one_cycle",
    "Optimal": "optimal",
    "Polynomial": "polynomial",
    "ReduceOnPlateau": "reduce_on_plateau",
    "Step": "step",
    "Warmup": "warmup",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'fastgd.schedules' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
