"""The classes of `fastgd.optimizers` by the names and parameters of their twins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastgd.optimizers import Optimizer, get_optimizer


def as_class(name: str, params: Mapping[str, Any], lr: float | Callable[[int], float]) -> Optimizer:
    """The optimiser that a twin with these parameters, the others at their defaults, is the formula of."""
    default = get_optimizer(name)
    given = dict(params)
    if hasattr(default, "betas"):
        given["betas"] = tuple(given.pop(f"beta{i}", beta) for i, beta in enumerate(default.betas, start=1))
    return type(default)(lr=lr, **given)
