"""Threads never hurt: forks, pools, other threads, limits and failures change neither a bit nor the caller's day.

Each circumstance is a program of `_thread_programs`, in a process of its own with a time limit. That a process has one
team at most, and that failed creation is survived in every order, is tested below Python in ``runtime_threads_test``.
"""

from __future__ import annotations

import os
import sys

import _fits
import _program
import _thread_programs
import pytest
from _thread_runs import run

import fastgd

HAS_OPENMP = fastgd._core.openmp_runtime() != "none"
HAS_TASKS = _fits.n_tasks() > 0
# scikit-learn, where it is imported, switches off what LLVM's OpenMP does for forked children: they are serial then.
OF_CHILDREN = 1 if "libomp" in fastgd._core.openmp_runtime() else 4
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and sets affinity as Linux does")


@posix
def test_children_fit_after_their_parent_had_a_team() -> None:
    found = run("fork")
    assert len(found["all"]) == 1 + 3 * 3 + 2 + 1
    if HAS_OPENMP and HAS_TASKS:
        # There was a team, the child came without it, and got one of its own.
        assert found["n_tasks"] >= 4
        assert found["child_tasks"][0] == 1
        assert found["child_tasks"][1] >= OF_CHILDREN


@posix
def test_children_fit_that_are_forked_during_a_fit() -> None:
    found = run("fork_during_a_fit")
    assert len(found["all"]) == 4
    assert found["status"] == ["callback"]
    if HAS_OPENMP and HAS_TASKS:
        assert min(found["child_tasks"]) >= OF_CHILDREN


@posix
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes(method: str) -> None:
    assert len(run(f"pool_by_{method}")["all"]) == 6


@posix
def test_hundreds_of_children() -> None:
    n_rounds = int(os.environ.get("FASTGD_ROUNDS", "200"))
    found = _program.run("_thread_programs.py", "many_children_in_turn", timeout=60.0 + n_rounds)
    assert (found["n_rounds"], found["n_results"]) == (n_rounds, 1)
    if HAS_OPENMP and HAS_TASKS:
        assert found["least_tasks"] >= OF_CHILDREN


@posix
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_pools_of_joblib(backend: str) -> None:
    assert len(run(f"joblib_{backend}")["all"]) == 6


@pytest.mark.parametrize("kind", ["estimators", "objectives"])
def test_threads_share(kind: str) -> None:
    assert _program.run("_thread_programs.py", f"shared_{kind}") == {"same": [True, True, True]}


def test_fits_in_several_threads_at_once() -> None:
    assert len(run("python_threads")["all"]) == 2 + 3 * 4


def test_a_fit_in_a_callback_of_a_fit() -> None:
    assert len(run("fit_in_a_callback")["all"]) == 1 + 3 * len(_thread_programs.NAMES)


@posix
@pytest.mark.parametrize("n_blas", ["1", "4"])
def test_after_the_threads_of_numpy(n_blas: str) -> None:
    assert len(run("blas", OPENBLAS_NUM_THREADS=n_blas)["all"]) == 1 + 2 * 2 + 1


@linux
def test_threads_that_cannot_be_had() -> None:
    assert run("no_more_threads")["n_tasks"] == 1


@linux
@pytest.mark.parametrize("size", ["4G", " 4096 M", "4194304k", "4194304", "4294967296B"])
def test_stacks_that_cannot_be_had(size: str) -> None:
    """Without having looked first, the OpenMP runtime would end the process."""
    assert run("stacks", OMP_STACKSIZE=size)["n_tasks"] == 1


@linux
@pytest.mark.parametrize("size", ["1M", "512", "a lot", "", "-1"])
def test_stacks_that_can_be_had(size: str) -> None:
    assert run("stacks", OMP_STACKSIZE=size)["n_tasks"] == (3 if HAS_OPENMP else 1)


@linux
def test_many_threads_are_used_when_asked_for() -> None:
    """The reason to believe the tests that find fewer."""
    assert run("many_asked_for")["n_tasks"] == (7 if HAS_OPENMP else 1)


@linux
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_omp_num_threads(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Dask leaves it behind.
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    by_default = _program.run("_thread_programs.py", "limits", OPENBLAS_NUM_THREADS="1")["n_threads"]
    found = run("limits", OMP_NUM_THREADS=str(limit))
    assert found["n_threads"] == min(limit, by_default)
    assert found["n_tasks"] == (found["n_threads"] if HAS_OPENMP else 1)


@linux
def test_omp_thread_limit() -> None:
    found = run("many_asked_for", OMP_THREAD_LIMIT="2")
    assert found["n_threads"] <= 2
    assert found["n_tasks"] <= 2


@linux
def test_threadpoolctl() -> None:
    found = run("pool_limit")
    before, within, after = found["n_threads"]
    assert (within, after) == (1, before)
    assert found["n_tasks"] == 1


@linux
def test_affinity_from_the_start() -> None:
    found = run("affinity_from_the_start")
    assert (found["n_threads"], found["n_tasks"]) == (1, 1)


@linux
def test_affinity_that_changes() -> None:
    found = run("affinity")
    before, within, after = found["n_threads"]
    assert 1 <= before <= len(os.sched_getaffinity(0))
    assert (within, after) == (1, before)
    assert found["n_tasks"] == 1


@linux
def test_small_problems_start_no_threads() -> None:
    assert run("small_problems")["n_tasks"] == 1
