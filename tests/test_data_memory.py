"""A fit on a source holds no more of it than `max_memory` says."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import _program
import _source_memory
import numpy as np
import pytest

from fastgd.data._budget import as_bytes

pytestmark = [
    pytest.mark.allocator,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells RssAnon"),
]
ROWS, COLUMNS = 60_000, 200
# The model, the engine's batches and Python's own objects.
BESIDE = 1_000_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("source") / "X.npy"
    np.save(path, np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).astype(np.float32))
    return path


@functools.cache
def report(path: str) -> Any:
    return _program.run("_source_memory.py", path, OPENBLAS_NUM_THREADS="1")


@pytest.mark.parametrize("budget", _source_memory.BUDGETS)
@pytest.mark.parametrize("make", _source_memory.MAKE)
def test_a_fit_holds_what_it_may(path: Path, make: str, budget: str) -> None:
    found = report(str(path))[make][budget]
    # The chunk that is put into a window, the next one, and the one that a program makes it of.
    chunks = 3 * ROWS // _source_memory.N_CHUNKS * COLUMNS * 4 if make == "chunked" else 0
    assert found["looks"] >= 5, "a fit too short to be watched"
    assert found["peak"] <= _source_memory.BUDGETS[budget] + BESIDE + chunks
    # That this could have failed: with more to hold it is seen to hold more.
    assert found["peak"] >= _source_memory.BUDGETS[budget] // 2
    assert report(str(path))["one_window"]["peak"] > 0.9 * ROWS * COLUMNS * 4


@pytest.mark.parametrize("budget", _source_memory.BUDGETS)
def test_a_conversion_holds_what_it_may(path: Path, budget: str) -> None:
    found = report(str(path))["converted"][budget]
    assert found["looks"] >= 5, "a conversion too short to be watched"
    assert found["peak"] <= _source_memory.BUDGETS[budget] + BESIDE


@pytest.mark.parametrize(
    "value, size",
    [("1GB", 10**9), ("1.5 mb", 1_500_000), ("2GiB", 2**31), ("300", 300), (5, 5), (np.int64(7), 7), ("10kB", 10_000)],
)
def test_sizes_are_read(value: Any, size: int) -> None:
    assert as_bytes("max_memory", value) == size
