"""Optimisers: how a gradient becomes a step."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import _core
from .. import _validation as check
from ._base import Optimizer

if TYPE_CHECKING:
    from .adam import Adam
    from .lbfgs import LBFGS
    from .sgd import SGD

_CORE = {info["name"]: info for info in _core.optimizers()}

# Class: module. A name in minimize(optimizer=...) is the module's.
_MODULES = {
    "SGD": "sgd",
    "LBFGS": "lbfgs",
    "Adam": "adam",
}

__all__ = ["Optimizer", *_MODULES]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return globals()[name]


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
    """Refuse the l1 norm with an optimiser that has no step for it."""
    able = [name for name, info in _CORE.items() if info["l1"]]
    if l1_ratio > 0.0 and optimizer._core_name not in able:
        raise ValueError(
            f"l1_ratio must be 0 with {type(optimizer).__name__}, which has no proximal step for the l1 norm, got "
            f"{l1_ratio}; optimizers that have one: {', '.join(able)}"
        )
