"""Agreement with heavy packages, which are no part of the other tests' environment: ``pip install ".[peers]"``."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable
from types import ModuleType

import pytest


def _load(name: str) -> ModuleType:
    try:
        # What a peer warns of while it is imported is not ours to judge.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        reason = f"{name} is not installed, so agreement with it is not tested: pip install '.[peers]'"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def peer() -> Callable[[str], ModuleType]:
    """A function that imports a peer by name. Where it is missing the test fails in CI, and is skipped elsewhere."""
    return _load


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch."""
    return _load("torch")
