"""How much memory fits take at most beside their data: of `minimize` beside what is promised, of estimators beside
scikit-learn's.

Each is measured in a process of its own, after a first fit of a few rows, which brings in what a process takes once:
code, threads, the allocator's arenas. So all that is new afterwards is anonymous, and Linux knows its peak. The ratio
is the share of the promise, or how many times as much the other takes.
"""

from __future__ import annotations

import ctypes
import gc
import math
import multiprocessing
import re
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import estimators
import numpy as np
import peers
import report
import scipy.sparse
from setting import SEED, Setting

import fastgd

_ROWS, _SMALL_ROWS = 20_000, 2_000
_FIRST_ROWS = 200
_COLUMNS, _CLASSES = 784, 10
_BATCH = 128
_STORAGES, _SMALL_STORAGES = ("uint8", "float16", "float32", "float64", "CSR"), ("uint8", "CSR")
# What estimators are fitted to: scikit-learn's have to copy the first, not the others.
_FITTED_STORAGES = ("uint8", "float32", "CSR")
# Bytes of a parameter in each thread and once more, for one model: itself, its gradient, the optimiser's state, the
# first, the last and the best ones in float64.
_A_PARAMETER = 8 * 8
_HIDDEN = (500, 500)
# By optimiser of a network, the arrays of its state.
_SLOTS = {"sgd": 0, "adam": 2}
_ESTIMATORS: dict[str, dict[str, Any]] = {
    "SGDClassifier": {"loss": "log_loss", "max_iter": 2, "tol": None},
    "LogisticRegression": {"max_iter": 5},
    "MLPClassifier": {"hidden_layer_sizes": _HIDDEN, "max_iter": 1, "batch_size": _BATCH},
}

# A process's own account of its memory, and where it is asked to count the peak anew.
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_COUNT_ANEW = "5"


def rows(setting: Setting) -> Iterator[report.Row]:
    if not _CLEAR.exists():
        yield report.unmeasured("memory", None, "only Linux tells a process's peak")
        return
    n_rows = _SMALL_ROWS if setting.small else _ROWS
    n_threads = max(setting.threads)
    for storage in _SMALL_STORAGES if setting.small else _STORAGES:
        allowed = _promised(table(storage, n_rows), _COLUMNS * _CLASSES + _CLASSES, n_threads)
        title = f"memory of minimize, {n_rows} x {_COLUMNS} {storage}"
        yield _beside_goal(title, n_threads, _peak_of(_linear, (), storage, n_rows, n_threads), "promised", allowed)
    sizes = (_COLUMNS, *_HIDDEN, _CLASSES)
    n_params = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    for optimizer, slots in _SLOTS.items():
        title = f"memory of minimize, {'-'.join(map(str, sizes))}, {optimizer}"
        own = _peak_of(_network, (optimizer,), "float32", n_rows, n_threads)
        yield _beside_goal(title, n_threads, own, f"{2 + slots} arrays of parameters", 4 * n_params * (2 + slots))
    yield from _beside_peers(_SMALL_STORAGES if setting.small else _FITTED_STORAGES, n_rows, n_threads)


def _beside_goal(title: str, n_threads: int, own: int, goal: str, allowed: int) -> report.Row:
    ratio = own / allowed
    return report.Row(
        title,
        n_threads,
        own=report.megabytes(own),
        rival=f"{goal} {report.megabytes(allowed)}",
        ratio=ratio,
        target="<= 1",
        reached=ratio <= 1.0,
        bytes={"fastgd": own, goal: allowed},
    )


def _beside_peers(storages: tuple[str, ...], n_rows: int, n_threads: int) -> Iterator[report.Row]:
    for name in _ESTIMATORS:
        # A network of scikit-learn's takes minutes for as many rows, and no more memory than for these.
        some = _SMALL_ROWS if name == "MLPClassifier" else n_rows
        for storage in storages:
            own, other = (
                _peak_of(_estimator, (who, name), storage, some, n_threads) for who in ("fastgd", "scikit-learn")
            )
            yield report.Row(
                f"memory of {name}.fit, {some} x {_COLUMNS} {storage}",
                n_threads,
                own=report.megabytes(own),
                rival=f"scikit-learn {report.megabytes(other)}",
                ratio=other / own,
                bytes={"fastgd": own, "scikit-learn": other},
            )


def _rivals() -> list[peers.Peer]:
    return [peer for peer in peers.offering("estimators") if peer.name == "scikit-learn"]


def _promised(X: Any, n_params: int, n_threads: int) -> int:
    """A hundredth of the data, 16 bytes a row, the parameters, and two batches in the type that is computed in."""
    size = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    a_number = 8 if X.dtype == np.float64 else 4
    parameters = _A_PARAMETER * n_params * (n_threads + 1)
    return math.ceil(0.01 * size) + 16 * X.shape[0] + parameters + 2 * _BATCH * _COLUMNS * a_number


def table(storage: str, n_rows: int) -> Any:
    """Pixels, of which sparse rows keep a fifth."""
    pixels = np.random.default_rng(SEED).integers(0, 256, (n_rows, _COLUMNS), np.uint8)
    if storage != "CSR":
        return pixels.astype(storage)
    pixels[pixels < 205] = 0
    return scipy.sparse.csr_matrix(pixels).astype(np.float32)


# What follows runs in a process of its own.

Fit = Callable[[Any, Any], object]


def _peak_of(make: Callable[..., Fit], how: tuple[str, ...], storage: str, n_rows: int, n_threads: int) -> int:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak, make, how, storage, n_rows, n_threads).result()


def _peak(make: Callable[..., Fit], how: tuple[str, ...], storage: str, n_rows: int, n_threads: int) -> int:
    """The most bytes that a fit takes beyond what there is before it."""
    fit, X, y = make(*how), table(storage, n_rows), np.arange(n_rows) % _CLASSES
    with fastgd.threads(n_threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs are enough here
        fit(X[:_FIRST_ROWS], y[:_FIRST_ROWS])
        gc.collect()
        # Free memory that the allocator still holds would be taken again without being seen.
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text(_COUNT_ANEW)
        before = _status("VmRSS")
        fit(X, y)
    return max(_status("VmHWM") - before, 1)


def _status(entry: str) -> int:
    found = re.search(rf"^{entry}:\s*(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def _linear() -> Fit:
    return lambda X, y: _minimize(fastgd.LinearObjective(X, y, loss="multinomial"), "sgd")


def _network(optimizer: str) -> Fit:
    return lambda X, y: _minimize(fastgd.MLPObjective(X, y, hidden_layer_sizes=_HIDDEN), optimizer)


def _minimize(objective: Any, optimizer: str) -> fastgd.Result:
    kind = fastgd.optimizers.SGD if optimizer == "sgd" else fastgd.optimizers.Adam
    return fastgd.minimize(objective, optimizer=kind(lr=1e-6), batch_size=_BATCH, max_epochs=2, tol=None)


def _estimator(who: str, name: str) -> Fit:
    kind = estimators.kinds(name, _rivals())[who]
    return lambda X, y: kind(**_ESTIMATORS[name]).fit(X, y)
