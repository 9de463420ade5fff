"""Nothing that a file holds is executed: the package has no call that could."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for folder in ("python/fastgd", "bench/python") for path in (ROOT / folder).rglob("*.py"))
CALLS = {"eval", "exec", "compile", "__import__"}
# Whose loading executes, or calls what it is told to.
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}


def faults(tree: ast.AST) -> Iterator[str]:
    """What in a module could execute data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield node.func.id
        elif isinstance(node, ast.Import):
            yield from MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from MODULES & {str(node.module).partition(".")[0]}
        elif isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "shell"):
            written = f"{node.arg}={ast.unparse(node.value)}"
            yield from {written} - {f"{node.arg}=False"}


def test_no_data_is_executed() -> None:
    assert len(SOURCES) > 100
    found = {str(path): list(faults(ast.parse(path.read_text(encoding="utf-8")))) for path in SOURCES}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "import pickle",
        "from joblib import load",
        "import os, marshal",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_what_is_looked_for_is_found(line: str) -> None:
    assert len(list(faults(ast.parse(line)))) == 1
    assert list(faults(ast.parse("model.eval(); np.load(path, allow_pickle=False); import json"))) == []
