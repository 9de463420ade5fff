"""How much anonymous memory a fit on a source takes, measured in a process of its own (Linux).

    python tests/_source_memory.py FILE     prints the peaks by max_memory, as JSON

FILE holds float32 rows, as `.npy`, or as `.parquet` with a target `y`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from _memory import Peak

from fastgd.data import ChunkSource, NpySource, ParquetSource, Source, convert
from fastgd.linear_model import SGDRegressor

BUDGETS = {"4MB": 4_000_000, "16MB": 16_000_000}
N_CHUNKS = 50
Make = Callable[[str, np.ndarray, Any], Source]


def mapped(path: str, y: np.ndarray, budget: Any) -> Source:
    return NpySource(path, y, max_memory=budget)


def chunked(path: str, y: np.ndarray, budget: Any) -> Source:
    """Each chunk a copy, which is there beside the windows."""
    X = np.load(path, mmap_mode="r")
    size = len(X) // N_CHUNKS

    def chunks() -> Any:
        for begin in range(0, len(X), size):
            yield np.array(X[begin : begin + size]), y[begin : begin + size]

    return ChunkSource(chunks, max_memory=budget)


MAKE: dict[str, Make] = {"mapped": mapped, "chunked": chunked}


def peak(make: Make, path: str, y: np.ndarray, budget: Any) -> dict[str, int]:
    with Peak() as found:
        model = SGDRegressor(random_state=0, max_iter=3, tol=None, batch_size=32)
        model.fit(make(path, y, budget))
    if not model.coef_.any():
        raise RuntimeError("this was no fit")
    return {"peak": found.bytes, "looks": found.looks}


def peak_of_conversion(path: str, y: np.ndarray, budget: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder, Peak() as found:
        convert(NpySource(path, y, max_memory=budget), os.path.join(folder, "rows"))
    return {"peak": found.bytes, "looks": found.looks}


def tabled(path: str, y: np.ndarray, budget: Any) -> Source:
    return ParquetSource(path, "y", max_memory=budget)


def main() -> None:
    path = sys.argv[1]
    if path.endswith(".parquet"):
        # The packages, and the first fit, but not what pyarrow keeps of the files that it has read.
        SGDRegressor(max_iter=1, tol=None).fit(ChunkSource([(np.eye(9), np.ones(9))]))
        ParquetSource(path, "y")
        of_table = {budget: peak(tabled, path, np.empty(0), budget) for budget in ("4MB", "1GB")}
        json.dump({"parquet": of_table}, sys.stdout)
        return
    y = np.arange(len(np.load(path, mmap_mode="r"))) % 7.0
    report: dict[str, Any] = {}
    for name, make in MAKE.items():
        # What a process takes once, for its first fit.
        peak(make, path, y, "4MB")
        report[name] = {budget: peak(make, path, y, budget) for budget in BUDGETS}
    report["converted"] = {budget: peak_of_conversion(path, y, budget) for budget in BUDGETS}
    report["one_window"] = peak(chunked, path, y, "1GB")
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
