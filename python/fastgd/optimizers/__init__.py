"""Optimisers: how a gradient becomes a step.

=====================  =================================================================  =======
`SGD`                  gradient descent, with momentum                                    takes
`BarzilaiBorwein`      a rate from the curvature along the last step, on full batches     takes
`ASGD`                 the mean of its iterates                                           takes
`ScheduleFreeSGD`      gradients between the iterate and the mean                         refuses
`Adagrad`              a rate a parameter, from the sum of squared gradients              takes
`Adadelta`             the same from running means, without a learning rate               refuses
`RMSprop`              a rate a parameter, from the running mean of squared gradients     takes
`Adam`                 the same, with a running mean of gradients                         refuses
`AdamW`                the same, with decoupled weight decay                              refuses
`NAdam`                Adam with Nesterov's momentum                                      refuses
`ScheduleFreeAdamW`    Adam's rates, gradients between the iterate and the mean           refuses
`Lion`                 the sign of a running mean of gradients                            refuses
`FTRL`                 Adagrad's rates, an l1 norm that all steps share in                takes
`Prodigy`              Adam that finds its learning rate                                  refuses
`DoG`                  gradient descent that finds its learning rate                      takes
`PolyakSGD`            gradient descent with a rate from the known least value            takes
`SAGA`                 a table of the rows' gradients takes the noise away                takes
`SVRG`                 the full gradient at a snapshot takes the noise away               takes
`LBFGS`                steps by a model of the curvature, as far as a line search finds   takes
=====================  =================================================================  =======

The last column is what each does with an l1 norm (``l1_ratio > 0``), RMSprop only without momentum. Where PyTorch has
the method, names, formulas and defaults are PyTorch's, but for `ASGD`; ``weight_decay`` is always the decoupled one,
and the objective's ``alpha`` the other. In `fastgd.minimize` a name in snake case, such as ``"schedule_free_sgd"``,
means the optimiser with its defaults.

Examples
--------
>>> import fastgd
>>> fastgd.optimizers.Adam(lr=1e-3) == fastgd.optimizers.Adam().set_params(lr=1e-3)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import _validation as check
from ._base import Optimizer, registry

if TYPE_CHECKING:
    from .adadelta import Adadelta
    from .adagrad import Adagrad
    from .adam import Adam
    from .adamw import AdamW
    from .asgd import ASGD
    from .barzilai_borwein import BarzilaiBorwein
    from .dog import DoG
    from .ftrl import FTRL
    from .lbfgs import LBFGS
    from .lion import Lion
    from .nadam import NAdam
    from .polyak_sgd import PolyakSGD
    from .prodigy import Prodigy
    from .rmsprop import RMSprop
    from .saga import SAGA
    from .schedule_free_adamw import ScheduleFreeAdamW
    from .schedule_free_sgd import ScheduleFreeSGD
    from .sgd import SGD
    from .svrg import SVRG

__all__ = [
    "ASGD",
    "FTRL",
    "LBFGS",
    "SAGA",
    "SGD",
    "SVRG",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "BarzilaiBorwein",
    "DoG",
    "Lion",
    "NAdam",
    "Optimizer",
    "PolyakSGD",
    "Prodigy",
    "RMSprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
]

# Class: module, imported when first asked for. A name in minimize(optimizer=...) is the module's.
_MODULES = {
    "SGD": "sgd",
    "BarzilaiBorwein": "barzilai_borwein",
    "ASGD": "asgd",
    "ScheduleFreeSGD": "schedule_free_sgd",
    "Adagrad": "adagrad",
    "Adadelta": "adadelta",
    "RMSprop": "rmsprop",
    "Adam": "adam",
    "AdamW": "adamw",
    "NAdam": "nadam",
    "ScheduleFreeAdamW": "schedule_free_adamw",
    "Lion": "lion",
    "FTRL": "ftrl",
    "Prodigy": "prodigy",
    "DoG": "dog",
    "PolyakSGD": "polyak_sgd",
    "SAGA": "saga",
    "SVRG": "svrg",
    "LBFGS": "lbfgs",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def get_optimizer(optimizer: object) -> Optimizer:
    """The optimiser meant by a name or an instance."""
    by_name = {module: name for name, module in _MODULES.items()}
    allowed = f"one of {', '.join(map(repr, by_name))} or an instance from fastgd.optimizers"
    if isinstance(optimizer, Optimizer):
        optimizer._check()
        return optimizer
    if not isinstance(optimizer, str):
        raise check.refuse("optimizer", allowed, optimizer, TypeError)
    if optimizer not in by_name:
        raise check.refuse("optimizer", allowed, optimizer)
    made: Optimizer = __getattr__(by_name[optimizer])()
    return made


def check_l1(optimizer: Optimizer, l1_ratio: float) -> None:
    """Refuse the l1 norm with an optimiser whose steps would not end at the minimum."""
    why = optimizer._why_no_l1()
    if l1_ratio > 0.0 and why:
        able = ", ".join(name for name, info in registry().items() if info["l1"])
        raise ValueError(
            f"l1_ratio must be 0 with {type(optimizer).__name__}, got {l1_ratio}: {why}, so that a proximal step would "
            f"not end at the minimum; optimizers that take it: {able}"
        )
