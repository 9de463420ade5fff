"""A process in which PyTorch's threads have worked fits, and so do its children, with the same bits."""

from __future__ import annotations

import os

import pytest
from _peers import load
from _thread_runs import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

PROGRAMS = [
    *(f"pool_by_{method}" for method in ("fork", "spawn", "forkserver")),
    *(f"joblib_{backend}" for backend in ("loky", "threading", "multiprocessing")),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_pools_after_torch(program: str) -> None:
    load("torch")
    assert len(run("torch_products", program)["all"]) == 6


def test_children_after_torch() -> None:
    load("torch")
    assert len(run("torch_products", "fork")["all"]) == 1 + 3 * 3 + 2 + 1


def test_hundreds_of_children_after_torch() -> None:
    load("torch")
    found = run("torch_products", "many_children_in_turn")
    assert found["n_rounds"] >= 200
    assert found["n_results"] == 1
