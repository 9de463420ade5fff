"""Signals end what takes long, with the best parameters where there are some; each call in a process of its own."""

from __future__ import annotations

import sys
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


def interrupted(call: str, *signals: str) -> dict[str, Any]:
    found: dict[str, Any] = _program.run("_interrupt_programs.py", call, *signals, timeout=50.0)
    return found


@pytest.mark.parametrize("call", KEEP_A_RESULT)
def test_ctrl_c_keeps_the_best(call: str) -> None:
    found = interrupted(call)
    assert (found["outcome"], found["finite"]) == ("interrupted", True)


@pytest.mark.parametrize(
    "call", [call for call in _interrupt_programs.CALLS if call not in (*KEEP_A_RESULT, "mixture")]
)
def test_ctrl_c_is_raised_where_there_is_nothing_to_keep(call: str) -> None:
    assert interrupted(call)["outcome"] == "KeyboardInterrupt"


@pytest.mark.parametrize("call", ["mini-batch", "end of a run", "values"])
def test_a_handler_of_sigterm_may_raise(call: str) -> None:
    assert interrupted(call, "SIGTERM")["outcome"] == "Stopped"


@pytest.mark.parametrize("kind", ["daemon", "waited_for"])
def test_the_interpreter_ends_during_a_fit_in_a_thread(kind: str) -> None:
    """A daemon is left where it is; another thread is waited for, which its time limit ends."""
    assert _program.run("_thread_programs.py", f"exit_beside_a_{kind}", timeout=30.0) == {"running": True}
