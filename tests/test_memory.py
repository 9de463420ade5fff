"""Data are fitted as they are: a fit takes little anonymous memory beside them, and none for a float copy.

Linux tells a process what of its memory is anonymous; `_memory` measures it in a process of its own.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import _memory
import _network_memory
import _program
import numpy as np
import pytest

pytestmark = [
    pytest.mark.allocator,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells RssAnon"),
]
BATCH_SIZES = [str(size) for size in _memory.BATCH_SIZES]
MAPPED_ROWS = 60_000


@pytest.fixture(scope="module")
def mapped_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("mapped") / "pixels"
    np.random.default_rng(1).integers(0, 256, (MAPPED_ROWS, _memory.COLUMNS), np.uint8).tofile(path)
    return path


@functools.cache
def report(storage: str, *file: str) -> dict[str, Any]:
    found: dict[str, Any] = _program.run("_memory.py", storage, *file, OPENBLAS_NUM_THREADS="1")
    return found


def check(found: dict[str, Any], batch_size: str) -> None:
    copy = found["copies"][batch_size]
    for fit in (found["fits"][batch_size], found["standardized"][batch_size]):
        assert fit["looks"] >= 5, "a fit too short to be watched"
        assert fit["peak"] <= fit["promised"]
    # That this could have failed: the same fit after a copy in float32 is seen to take it.
    assert copy["peak"] > 0.9 * found["rows"] * _memory.COLUMNS * 4 > copy["promised"]


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("storage", _memory.DTYPES)
def test_a_fit_on_an_array_takes_what_is_promised(storage: str, batch_size: str) -> None:
    check(report(storage), batch_size)


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_a_fit_on_a_mapped_file_takes_what_is_promised(mapped_file: Path, batch_size: str) -> None:
    found = report("uint8", str(mapped_file))
    assert found["rows"] == MAPPED_ROWS
    check(found, batch_size)


@pytest.mark.parametrize("storage", _memory.DTYPES)
def test_data_by_columns_are_copied_once_in_their_own_type(storage: str) -> None:
    found = report(storage)
    assert 0.9 * found["data"] < found["columns"]["peak"] <= found["data"] + found["columns"]["promised"]


@functools.cache
def network_report() -> dict[str, Any]:
    found: dict[str, Any] = _program.run("_network_memory.py", OPENBLAS_NUM_THREADS="1")
    return found


@pytest.mark.parametrize("optimizer", _network_memory.OPTIMIZERS)
def test_a_network_takes_its_parameters_and_a_few_batches(optimizer: str) -> None:
    fit, copy = network_report()["fits"][optimizer], network_report()["copies"][optimizer]
    assert fit["looks"] >= 5, "a fit too short to be watched"
    assert fit["peak"] <= fit["promised"]
    # That this could have failed: the same fit after a copy in float32 is seen to take it.
    assert copy["peak"] > 0.9 * network_report()["copy"] > copy["promised"]


def test_the_watch_sees_what_is_taken() -> None:
    with _memory.Peak() as peak:
        taken = np.ones(4_000_000, np.uint8)
        del taken
        kept = np.ones(2_000_000, np.uint8)
    assert 2_000_000 <= peak.bytes <= 8_000_000
    assert kept.all()
