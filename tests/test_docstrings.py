"""The examples of docstrings run, without a warning, and give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import fastgd

PACKAGE = Path(fastgd.__file__).parent
MODULES = [
    ".".join(["fastgd", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
