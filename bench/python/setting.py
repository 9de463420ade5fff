"""What every problem is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from limits import Limits

SEED = 0


@dataclass(frozen=True)
class Setting:
    small: bool
    threads: tuple[int, ...]
    rounds: int
    limits: Limits | None
    wheel: Path | None
    # Where real tables are, with their load.py.
    data: Path
