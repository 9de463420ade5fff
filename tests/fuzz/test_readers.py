"""The readers of files keep their promises on every input that a fuzzer found interesting; see `_readers`."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import _readers
import pytest

CORPUS = Path(__file__).resolve().parent / "corpus"
# Of inputs of a few kilobytes: more is what a header claimed.
MEMORY = 1 << 24


@pytest.mark.parametrize("reader", _readers.READERS)
def test_the_corpus_is_read_or_refused(reader: str, tmp_path: Path) -> None:
    _readers.prepare(tmp_path)
    calls = _readers.READERS[reader]
    outcomes = set()
    # What is imported or compiled once is no input's.
    _readers.accepts(calls, b"", tmp_path)
    tracemalloc.start()
    try:
        for path in sorted((CORPUS / reader).iterdir()):
            data = path.read_bytes()
            tracemalloc.reset_peak()
            try:
                outcomes.add((data[0] % len(calls), _readers.accepts(calls, data, tmp_path)))
            except BaseException as error:
                error.add_note(f"input: {path}")
                raise
            assert tracemalloc.get_traced_memory()[1] < MEMORY, f"input: {path}"
    finally:
        tracemalloc.stop()
    assert outcomes == {(call, taken) for call in range(len(calls)) for taken in (True, False)}
