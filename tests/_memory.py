"""How much anonymous memory a fit takes beside its data, measured in a process of its own (Linux).

    python tests/_memory.py STORAGE [FILE]     prints the peaks and what is promised, as JSON

With FILE the data are mapped from there: bytes, 784 a row. Otherwise they are made, in STORAGE.
"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import scipy.sparse

import fastgd
from fastgd.optimizers import SGD

COLUMNS = 784
CLASSES = 10
ROWS = 20_000
THREADS = 2
BATCH_SIZES: tuple[int | str, ...] = ("full", 128, 1)
STATUS = Path("/proc/self/status")
DTYPES: dict[str, Any] = {
    "uint8": np.uint8,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    # Sparse rows: a fifth of the pixels, with their columns.
    "csr": np.float32,
}
# Numbers of 8 bytes that a parameter may take in each thread and once more: itself, its gradient, the optimiser's
# state, the first, the last and the best ones as float64. Standardising takes one more, for two of float32: the
# parameters that fit the data as they are, and the gradient by them.
NUMBERS = 8
# Of mini-batches, and of full batches, which are too fast to be watched otherwise.
EPOCHS = {False: 2, True: 8}

Fit = Callable[["Data", "int | str"], fastgd.Result]


class Data(NamedTuple):
    """What a caller has: labels and weights in other types than those of the arithmetic."""

    X: Any
    y: np.ndarray
    weight: np.ndarray

    def first(self, rows: int) -> Data:
        return Data(self.X[:rows], self.y[:rows], self.weight[:rows])


def rss_anon() -> int:
    """Bytes of this process's anonymous memory that are in RAM: mapped files are not among them."""
    found = re.search(r"^RssAnon:\s*(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{STATUS} tells no RssAnon")
    return int(found[1]) * 1024


def give_back_what_is_free() -> None:
    """Free memory that the allocator still holds would be taken again without being seen."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Peak:
    """Looks every half millisecond what a block takes beyond what there was before; `bytes` is the most."""

    def __init__(self) -> None:
        self.bytes = 0
        self.looks = 0
        give_back_what_is_free()
        self._before = rss_anon()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _look(self) -> None:
        self.bytes = max(self.bytes, rss_anon() - self._before)
        self.looks += 1

    def _watch(self) -> None:
        while not self._ended.wait(0.0005):
            self._look()


def size_of(X: Any) -> int:
    """Bytes of a table."""
    return X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes


def promised(X: Any, n_params: int, batch_size: int | str, n_threads: int, standardized: bool = False) -> int:
    """The promise of DESIGN section 2 for one model, in bytes. A full batch is read in blocks: it has no share."""
    rows, columns = X.shape
    batch = 0 if batch_size == "full" else min(int(batch_size), rows) * columns * 4
    numbers = NUMBERS + standardized
    return size_of(X) // 100 + 16 * rows + numbers * 8 * n_params * (n_threads + 1) + 2 * batch


def fit(data: Data, batch_size: int | str, standardize: bool = False) -> fastgd.Result:
    """Softmax from the data as they are."""
    objective = fastgd.LinearObjective(
        data.X,
        data.y,
        loss="multinomial",
        n_classes=CLASSES,
        sample_weight=data.weight,
        standardize=standardize,
    )
    return fastgd.minimize(
        objective,
        optimizer=SGD(momentum=0.5),
        batch_size=batch_size,
        max_epochs=EPOCHS[batch_size == "full"],
        tol=None,
        n_threads=THREADS,
    )


def fit_standardized(data: Data, batch_size: int | str) -> fastgd.Result:
    """As on standardised pixels, which would need a copy in floats."""
    return fit(data, batch_size, standardize=True)


def fit_on_copy(data: Data, batch_size: int | str) -> fastgd.Result:
    """What must not happen."""
    X = data.X.astype(np.float32) if isinstance(data.X, np.ndarray) else data.X.toarray()
    return fit(data._replace(X=X), batch_size)


def measure(how: Fit, data: Data, batch_size: int | str) -> dict[str, int]:
    """Peak and promise of one fit, and how often it was looked."""
    with Peak() as peak:
        result = how(data, batch_size)
    if not np.any(result.x):
        raise RuntimeError("this was no fit")
    return {
        "peak": peak.bytes,
        "promised": promised(data.X, len(result.x), batch_size, THREADS, how is fit_standardized),
        "looks": peak.looks,
    }


def make_data(storage: str) -> Any:
    # As many bytes of sparse rows as of others: what a slice of steps takes is the same for all.
    rows = 2 * ROWS if storage == "csr" else ROWS
    pixels = np.random.default_rng(0).integers(0, 256, (rows, COLUMNS), np.uint8)
    if storage == "csr":
        pixels[pixels < 205] = 0
        return scipy.sparse.csr_array(pixels).astype(np.float32)
    X = np.empty(pixels.shape, DTYPES[storage])
    for begin in range(0, ROWS, 1024):
        X[begin : begin + 1024] = pixels[begin : begin + 1024]
    return X


def main() -> None:
    storage = sys.argv[1]
    X: Any
    if len(sys.argv) > 2:
        X = np.memmap(sys.argv[2], DTYPES[storage], "r").reshape(-1, COLUMNS)
    else:
        X = make_data(storage)
    rows = X.shape[0]
    data = Data(X, np.arange(rows) % CLASSES, np.resize([0.5, 1.0, 0.0, 2.0], rows))
    report: dict[str, Any] = {"data": size_of(X), "rows": rows, "fits": {}, "standardized": {}, "copies": {}}
    for batch_size in BATCH_SIZES:
        # What a process takes once, for its first fit: threads and their stacks, modules, the allocator's arenas.
        fit(data.first(2000), batch_size)
        report["fits"][str(batch_size)] = measure(fit, data, batch_size)
        report["standardized"][str(batch_size)] = measure(fit_standardized, data, batch_size)
        report["copies"][str(batch_size)] = measure(fit_on_copy, data, batch_size)
    by_columns = data._replace(X=np.asfortranarray(X) if isinstance(X, np.ndarray) else X.tocsc())
    report["columns"] = measure(fit, by_columns, 128)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
