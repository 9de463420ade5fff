"""The readers of files keep their promises on every input that a fuzzer found interesting; see `_readers`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import _readers
import pytest

CORPUS = Path(__file__).resolve().parent / "corpus"
INPUTS = sorted(path for reader in _readers.READERS for path in (CORPUS / reader).iterdir())
# Of inputs of at most two kilobytes, 1000 times that decompressed: more is what a header claimed.
MEMORY = 1 << 26


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    _readers.prepare(tmp_path)
    with _readers.low_limits():
        yield tmp_path


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_is_read_or_refused_within_its_memory(path: Path, folder: Path) -> None:
    calls, data = _readers.READERS[path.parent.name], path.read_bytes()
    # What is imported or compiled once is no input's.
    _readers.accepts(calls, data, folder)
    tracemalloc.start()
    try:
        _readers.accepts(calls, data, folder)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("reader", _readers.READERS)
def test_inputs_of_each_call_are_read_and_refused(reader: str, folder: Path) -> None:
    calls = _readers.READERS[reader]
    inputs = [path.read_bytes() for path in INPUTS if path.parent.name == reader]
    outcomes = {(data[0] % len(calls), _readers.accepts(calls, data, folder)) for data in inputs}
    assert outcomes == {(call, taken) for call in range(len(calls)) for taken in (True, False)}
