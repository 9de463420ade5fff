"""The classes of `fastgd.optimizers` by the names and parameters of their twins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastgd import reference
from fastgd.optimizers import Optimizer, get_optimizer


def parameters_of(method: reference.optimizers.Optimizer) -> dict[str, Any]:
    """The names and defaults of a twin's parameters, which are the same wherever it takes them."""
    found: dict[str, Any] = {}
    # For finite sums the step is that of plain descent, whose own parameters stay at their defaults.
    takes = (method.init, method.update) if method.estimator is None else (method.estimator.begin_epoch,)
    for function in takes:
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                assert found.setdefault(name, parameter.default) == parameter.default, (function, name)
    return found


def as_class(name: str, params: Mapping[str, Any], lr: float | Callable[[int], float]) -> Optimizer:
    """The optimiser that a twin with these parameters, the others at their defaults, is the formula of."""
    default = get_optimizer(name)
    given = dict(params)
    if hasattr(default, "betas"):
        given["betas"] = tuple(given.pop(f"beta{i}", beta) for i, beta in enumerate(default.betas, start=1))
    return type(default)(lr=lr, **given)
