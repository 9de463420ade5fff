"""Python programs in processes of their own: what is read once a process, or may hang or die, is tried there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def run(script: str, *arguments: str, timeout: float = 120.0, **environment: str) -> Any:
    """Runs a script of this folder with the variables beside the present ones; returns the JSON that it prints.

    A program that fails, hangs or prints anything else fails the test that asked for it.
    """
    called = f"{script} {' '.join(arguments)} with {environment}"
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, errors = process.communicate(timeout=timeout)
    except BaseException as error:
        # With the children that it forked, which hold the pipes too.
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        _, errors = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            pytest.fail(f"{called} did not end within {timeout} s:\n{errors}")
        raise
    if process.returncode != 0:
        pytest.fail(f"{called} ended with {process.returncode}:\n{errors}")
    return json.loads(printed)
