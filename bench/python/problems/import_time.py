"""A Python that imports fastgd beside one that imports NumPy: whole processes, from start to end.

An editable install hooks into the start of every Python, so it slows both.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import report
import rounds
from setting import Setting

_AT_MOST = 1.15
# Starting a process takes times that vary more than arithmetic does.
_TIMES_ROUNDS = 3


def rows(setting: Setting) -> Iterator[report.Row]:
    def start(module: str) -> None:
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True, stdin=subprocess.DEVNULL)

    modules = ("fastgd", "numpy")
    for module in modules:
        start(module)
    contestants = {module: rounds.clocked(start, module) for module in modules}
    seconds = rounds.medians(contestants, setting.rounds * (1 if setting.small else _TIMES_ROUNDS))
    ratio = seconds["fastgd"] / seconds["numpy"]
    yield report.Row(
        "import_time of a process",
        threads=None,
        own=report.duration(seconds["fastgd"]),
        rival=f"import numpy {report.duration(seconds['numpy'])}",
        ratio=ratio,
        target=f"<= {_AT_MOST}",
        reached=ratio <= _AT_MOST,
        seconds=seconds,
    )
