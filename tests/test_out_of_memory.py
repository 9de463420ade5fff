"""A fit for which there is no memory raises MemoryError, and everything goes on.

`tests/cpp/out_of_memory_test.cpp` lets each allocation of the core fail; here the system refuses, in `_out_of_memory`.
"""

from __future__ import annotations

import sys

import _out_of_memory
import _program
import pytest


@pytest.mark.allocator
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_AS")
def test_where_memory_is_refused_a_fit_raises_and_leaves_all_else_as_it_was() -> None:
    outcomes = _program.run("_out_of_memory.py", OPENBLAS_NUM_THREADS="1")
    n = len(_out_of_memory.ROOMS)
    assert outcomes["large"] == ["MemoryError"] * n
    assert outcomes["afterwards"] == ["same bits"] * n
    assert set(outcomes["small"]) == {"same bits", "MemoryError"}
    assert outcomes["small"][-1] == "same bits"
