"""Heavy packages, which are no part of the other tests' environment: ``pip install ".[peers]"``.

The fixtures that import them are not in a conftest.py, which would be a second module of that name beside tests/.
"""

from __future__ import annotations

import importlib
import os
import warnings
from types import ModuleType

import pytest


def load(name: str) -> ModuleType:
    """The peer of that name. Where it is missing the test fails in CI, and is skipped elsewhere."""
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
