"""One run of the suite: the rows as they are measured, and what is kept of them."""

from __future__ import annotations

import signal
import sys
import traceback
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
from results import Results, Status
from setting import Setting


class Stopped(BaseException):
    """Ctrl-C; not KeyboardInterrupt, which a descent takes for itself to return what it has."""


def run(names: Iterable[str], setting: Setting, folder: Path, prog: str) -> int:
    """Measure, print each row, and write into `folder`, also what there is before an error or Ctrl-C."""
    results = Results(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        about=machine.describe(),
        absent=peers.absent()
        + ([] if setting.limits else [f"limits of the machine (no {limits.DEFAULT} that can be used)"]),
        rounds=setting.rounds,
        small=setting.small,
    )
    print(*results.preamble(), report.HEADER, sep="\n", flush=True)
    before = signal.signal(signal.SIGINT, _stop)
    try:
        status = max(_problem(name, setting, results, prog) for name in names)
        if not setting.small:
            print(f"\n{results.summary()}")
        results.status = status
    except Stopped:
        print(f"{prog}: note: interrupted; {folder} holds what was measured up to then", file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, before)
        results.write(folder / "results.json")
        for name, rows in results.rows.items():
            picture.draw(folder / f"{name}.svg", name, rows)
    if results.status is not Status.INTERRUPTED:
        print(f"\nresults.json and pictures are in {folder}")
    return results.status


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise Stopped


def _problem(name: str, setting: Setting, results: Results, prog: str) -> Status:
    """Whatever stops one problem, the others do not depend on it."""
    rows = results.rows[name] = []
    try:
        for row in problems.rows(name, setting):
            rows.append(row)
            print(results.line(row), flush=True)
        return Status.OK
    except DisagreementError as error:
        why, status = str(error), Status.DISAGREED
    except Exception as error:
        traceback.print_exc()
        why, status = f"it failed with {type(error).__name__}", Status.FAILED
    rows.append(report.unmeasured(name, None, why))
    print(results.line(rows[-1]), flush=True)
    print(f"{prog}: error: {name}: {why}", file=sys.stderr, flush=True)
    return status
