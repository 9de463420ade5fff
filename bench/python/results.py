"""What a run of the suite has found: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path

import report


class Status(IntEnum):
    """How a run ended: the exit status of the program."""

    OK = 0
    DISAGREED = 1
    FAILED = 3
    INTERRUPTED = 130


@dataclass
class Results:
    """`about` says what they were measured on, `rows` are by the name of the problem."""

    date: str
    about: dict[str, str]
    absent: list[str]
    rounds: int
    small: bool
    # Until the run has come to its end.
    status: Status = Status.INTERRUPTED
    rows: dict[str, list[report.Row]] = field(default_factory=dict)

    def preamble(self) -> Iterator[str]:
        """Lines for above the table."""
        for name, value in {**self.about, "date": self.date}.items():
            yield f"- {name}: {value}"
        for name in self.absent:
            yield f"- not here, so not compared: {name}"
        yield f"- rounds: {self.rounds}; in each, all contestants of a row take turns; times are medians"
        if self.small:
            yield "- small data: these times are no figures, and no goal is judged"
        yield ""

    def line(self, row: report.Row) -> str:
        return report.line(row, judged=not self.small)

    def summary(self) -> str:
        judged = [row for rows in self.rows.values() for row in rows if row.reached is not None]
        return f"{sum(bool(row.reached) for row in judged)} of {len(judged)} goals reached"

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        kept = json.loads(path.read_text(encoding="utf-8"))
        rows = {name: [report.Row(**row) for row in rows] for name, rows in kept.pop("rows").items()}
        return cls(**kept, rows=rows)
