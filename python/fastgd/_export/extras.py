"""Packages of the extras."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(package: str, what: str) -> Any:
    """Import a package that the extra of its name installs, or say so."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ImportError(f"{what} needs {package}: pip install 'fastgd[{package}]'") from error
