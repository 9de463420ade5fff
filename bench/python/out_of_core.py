"""Epochs on data larger than memory, beside what it takes to read the file alone.

    python bench/python/out_of_core.py FOLDER --size 20GB       makes the files in FOLDER, measures, removes them

The rows are float32 noise. Contestants take turns; shown are medians, the ratio to reading alone, and the peak of
anonymous memory of one more fit (Linux). A `.npy` file is read by read(2) into one buffer, Parquet and CSV by pyarrow,
batch after batch. What the page cache does not hold all of them read from the disk: the size decides what is seen.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import machine
import numpy as np
import rounds

from fastgd.data import CsvSource, NpySource, ParquetSource, Source
from fastgd.data._budget import as_bytes
from fastgd.linear_model import SGDRegressor

COLUMNS = 100
ROWS_AT_ONCE = 100_000
EPOCHS = 3
STATUS = Path("/proc/self/status")


def rows(size: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Float32 rows of a size in all, some at a time; the same noise again and again, as making it takes longest."""
    noise = np.random.default_rng(seed).normal(size=(ROWS_AT_ONCE, COLUMNS)).astype(np.float32)
    left = size // (COLUMNS * noise.itemsize)
    while left > 0:
        yield noise[:left]
        left -= len(noise)


def make_npy(path: Path, size: int) -> None:
    n_rows = sum(len(some) for some in rows(size))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (n_rows, COLUMNS)})
        for some in rows(size):
            some.tofile(file)


def tables(size: int) -> Iterator[Any]:
    import pyarrow

    for some in rows(size):
        yield pyarrow.table({f"x{column}": some[:, column] for column in range(COLUMNS)})


def make_parquet(path: Path, size: int) -> None:
    import pyarrow.parquet

    writer = None
    for table in tables(size):
        # What is all different has no use for a dictionary.
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, use_dictionary=False)
        writer.write_table(table)
    writer.close()


def make_csv(path: Path, size: int) -> None:
    import pyarrow.csv

    with path.open("wb") as file:
        for i, table in enumerate(tables(size)):
            pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(include_header=i == 0))


def read_bytes(path: Path) -> None:
    buffer = memoryview(bytearray(1 << 22))
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def read_parquet(path: Path) -> None:
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
        del batch


def read_csv(path: Path) -> None:
    import pyarrow.csv

    for batch in pyarrow.csv.open_csv(path):
        del batch


def open_npy(path: Path, budget: str) -> Source:
    X = np.load(path, mmap_mode="r")
    return NpySource(path, np.broadcast_to(np.float32(1.0), len(X)), max_memory=budget)


def open_parquet(path: Path, budget: str) -> Source:
    return ParquetSource(path, "x0", max_memory=budget)


def open_csv(path: Path, budget: str) -> Source:
    return CsvSource(path, "x0", dtype="float32", max_memory=budget)


Kind = tuple[Callable[[Path, int], None], Callable[[Path], None], Callable[[Path, str], Source]]
KINDS: dict[str, Kind] = {
    "npy": (make_npy, read_bytes, open_npy),
    "parquet": (make_parquet, read_parquet, open_parquet),
    "csv": (make_csv, read_csv, open_csv),
}


def anonymous() -> int:
    found = re.search(r"^RssAnon:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def peak_of(run: Callable[[], object]) -> int:
    """By how much anonymous memory grew at most."""
    before, peak, is_over = anonymous(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(0.01):
            peak = max(peak, anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        is_over.set()
        watcher.join()
    return max(0, peak - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--size", default="1GB", help="of the rows as float32 (default %(default)s)")
    parser.add_argument("--max-memory", default="1GB")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=KINDS, nargs="+", default=list(KINDS))
    args = parser.parse_args()
    for name, value in machine.describe().items():
        print(f"{name}: {value}")
    for name in args.only:
        make, read, opened = KINDS[name]
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            path = Path(folder) / f"rows.{name}"
            make(path, as_bytes("--size", args.size))

            def fit(path: Path = path, opened: Any = opened) -> SGDRegressor:
                options: dict[str, Any] = {"learning_rate": "constant", "eta0": 1e-3, "tol": None, "random_state": 0}
                model = SGDRegressor(**options, batch_size=args.batch_size, max_iter=EPOCHS)
                return model.fit(opened(path, args.max_memory))

            def epoch(fit: Any = fit) -> float:
                # The first one waits for its first window, and takes new memory for it.
                seconds: np.ndarray = fit().history_.seconds
                return float(seconds[-1] - seconds[0]) / (EPOCHS - 1)

            contestants = {"reading alone": rounds.clocked(read, path), "an epoch": epoch}
            seconds = rounds.medians(contestants, args.rounds)
            peak = peak_of(fit)
            load = "/".join(f"{value:.1f}" for value in os.getloadavg())
            ratio = seconds["an epoch"] / seconds["reading alone"]
            print(
                f"{name}: {path.stat().st_size / 1e9:.2f} GB, "
                + ", ".join(f"{what} {taken:.2f} s" for what, taken in seconds.items())
                + f", ratio {ratio:.2f}, peak {peak / 1e6:.0f} MB of {args.max_memory} (load {load})",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
