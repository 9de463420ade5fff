"""Parameters that belong to another way to say the same, and are refused beside it."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import signature
from typing import Any

from .. import _validation as check


def refuse_beside(estimator: Any, what: object, why: str, names: Iterable[str]) -> None:
    """Raise where one of the parameters is not at its default."""
    for name in names:
        if not is_default(estimator, name):
            raise ValueError(
                f"{name} must be left at its default with {what!r}, {why}, got {check.shown(getattr(estimator, name))}"
            )


def is_default(estimator: Any, name: str) -> bool:
    """Whether a parameter, if there is one of that name, has the value that it has where it is not given."""
    parameter = signature(type(estimator).__init__).parameters.get(name)
    return parameter is None or bool(getattr(estimator, name) == parameter.default)
