"""One run of the suite: the rows as they are measured, and what is kept of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

import limits
import machine
import peers
import picture
import problems
import report
from agreement import DisagreementError
from results import Results
from setting import Setting

OK = 0
DISAGREED = 1
INTERRUPTED = 130


class Stopped(BaseException):
    """Ctrl-C; not KeyboardInterrupt, which a descent takes for itself to return what it has."""


def run(names: Iterable[str], setting: Setting, folder: Path, prog: str) -> int:
    """Measure, print each row, and write into `folder`, also what there is before an error or Ctrl-C."""
    results = Results(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        about=machine.describe(),
        absent=peers.absent() + ([] if setting.limits else [f"limits of the machine (no {limits.DEFAULT})"]),
        rounds=setting.rounds,
        small=setting.small,
    )
    print(*results.preamble(), report.HEADER, sep="\n", flush=True)
    before = signal.signal(signal.SIGINT, _stop)
    try:
        status = OK
        for name in names:
            status = max(status, _problem(name, setting, results, prog))
        if not setting.small:
            print(f"\n{results.summary()}")
    except Stopped:
        print(f"{prog}: note: interrupted; {folder} holds what was measured up to then", file=sys.stderr)
        status = INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
        results.write(folder / "results.json")
        for name, rows in results.rows.items():
            picture.draw(folder / f"{name}.svg", name, rows)
    return status


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise Stopped


def _problem(name: str, setting: Setting, results: Results, prog: str) -> int:
    rows = results.rows[name] = []
    status = OK
    try:
        for row in problems.rows(name, setting):
            rows.append(row)
            print(results.line(row), flush=True)
    except DisagreementError as error:
        # The other problems do not depend on it.
        rows.append(report.unmeasured(name, None, str(error)))
        print(results.line(rows[-1]), flush=True)
        print(f"{prog}: error: {name}: {error}", file=sys.stderr, flush=True)
        status = DISAGREED
    return status
