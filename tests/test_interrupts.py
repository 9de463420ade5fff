"""Signals end what takes long, with the best parameters where there are some."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import _interrupt_programs
import _program
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

KEEP_A_RESULT = (
    "full batch",
    "large batch",
    "mini-batch",
    "per sample",
    "csr",
    "snapshots",
    "mlp",
    "mlp, full batch",
    "mlp, long steps",
    "mixture",
    "function",
    "end of a run",
    "sweep",
    "sweep, long steps",
    "random_search",
)


def interrupted(number: str, calls: Iterable[str]) -> dict[str, Any]:
    """What each call ends with, one after the other: a process goes on after a signal as before it."""
    found: dict[str, Any] = _program.run("_interrupt_programs.py", number, *calls, timeout=300.0)
    return found


def test_ctrl_c_keeps_the_best() -> None:
    found = interrupted("SIGINT", KEEP_A_RESULT)
    ends = {call: (end["outcome"], end["finite"]) for call, end in found.items()}
    assert ends == dict.fromkeys(KEEP_A_RESULT, ("interrupted", True))


def test_ctrl_c_is_raised_where_there_is_nothing_to_keep() -> None:
    calls = [call for call in _interrupt_programs.CALLS if call not in KEEP_A_RESULT]
    found = interrupted("SIGINT", calls)
    assert {call: end["outcome"] for call, end in found.items()} == dict.fromkeys(calls, "KeyboardInterrupt")


def test_a_handler_of_sigterm_may_raise() -> None:
    calls = ("mini-batch", "end of a run", "values")
    found = interrupted("SIGTERM", calls)
    assert {call: end["outcome"] for call, end in found.items()} == dict.fromkeys(calls, "Stopped")


@pytest.mark.parametrize("kind", ["daemon", "waited_for"])
def test_the_interpreter_ends_during_a_fit_in_a_thread(kind: str) -> None:
    """A daemon is left where it is; another thread is waited for, which its time limit ends."""
    assert _program.run("_thread_programs.py", f"exit_beside_a_{kind}", timeout=30.0) == {"running": True}
