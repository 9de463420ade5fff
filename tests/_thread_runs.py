"""Runs programs of `_thread_programs` one after the other in one process, and compares the bits of their fits."""

from __future__ import annotations

from typing import Any

import _fits
import _program
import _thread_programs


def run(*names: str, **environment: str) -> dict[str, Any]:
    """What the last of the programs returns, all of whose fits gave the bits that the repository holds."""
    found: dict[str, Any] = _program.run(
        "_thread_programs.py", *names, timeout=90.0, **{"OPENBLAS_NUM_THREADS": "1", **environment}
    )
    golden = _fits.golden_lines()
    expected = [golden[name] for name in _thread_programs.NAMES]
    for bits in found.get("all", [expected]):
        assert bits == expected
    return found
