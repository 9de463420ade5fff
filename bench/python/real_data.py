"""Real tables, from a folder with a load.py that loads them by name."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

MISSING = "not in the folder --data"


def at_hand(folder: Path | None, name: str) -> bool:
    return folder is not None and (folder / name).is_dir()


def load(folder: Path | None, name: str) -> dict[str, Any] | None:
    """A table's parts by their names; None where it is not at hand."""
    if folder is None or not at_hand(folder, name):
        return None
    parts: dict[str, Any] = runpy.run_path(str(folder / "load.py"))["load"](name)
    return parts
