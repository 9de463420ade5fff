"""Fails for a run of `fastgd bench` that a peer took no part in: check_peers.py RESULTS.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def missing(results: str) -> list[str]:
    run = json.loads(Path(results).read_text(encoding="utf-8"))
    rows = [row for rows in run["rows"].values() for row in rows]
    absent = [name for name in run["absent"] if not name.startswith("limits of the machine")]
    return absent + [f"{row['problem']}: {row['rival']}" for row in rows if "installed" in row["rival"]]


if __name__ == "__main__":
    if without := missing(sys.argv[1]):
        raise SystemExit("not compared:\n" + "\n".join(without))
