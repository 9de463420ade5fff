"""Predictions of a k-nearest-neighbours classifier by brute force, beside scikit-learn's, for bytes and both floats.

fastgd reads each as it is; scikit-learn's fastest, whatever it is given, is what each is compared with. The rows are
those of fashion_mnist, or drawn where that is not at hand.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting

_SHAPE, _SMALL_SHAPE = (60_000, 784), (600, 784)
_QUERIES, _SMALL_QUERIES = 2_000, 50
_DTYPES = ("uint8", "float32", "float64")
_AT_LEAST = 1.0


def images(folder: Path) -> tuple[str, data.Array, data.Ints, data.Array]:
    if not (folder / "load.py").is_file() or not (folder / "fashion_mnist").is_dir():
        rng = np.random.default_rng(SEED)
        X = rng.integers(0, 256, _SHAPE, np.uint8)
        return "drawn bytes", X, rng.integers(0, 10, len(X)), rng.integers(0, 256, (_QUERIES, _SHAPE[1]), np.uint8)
    spec = importlib.util.spec_from_file_location("load", folder / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    loaded = module.load("fashion_mnist")
    return "fashion_mnist", loaded["X_train"], loaded["y_train"].astype(np.int64), loaded["X_test"][:_QUERIES]


def rows(setting: Setting) -> Iterator[report.Row]:
    try:
        from sklearn.neighbors import KNeighborsClassifier as Peer

        from fastgd.neighbors import KNeighborsClassifier
    except ImportError:
        yield report.unmeasured("KNeighborsClassifier", None, "no scikit-learn")
        return
    name, X, y, Z = images(setting.data)
    if setting.small:
        X, y, Z = X[: _SMALL_SHAPE[0]], y[: _SMALL_SHAPE[0]], Z[:_SMALL_QUERIES]
    tables = {dtype: (data.table(X.shape, dtype), Z.astype(dtype)) for dtype in _DTYPES}
    for table, _ in tables.values():
        table[...] = X
    ours = {dtype: KNeighborsClassifier().fit(tables[dtype][0], y) for dtype in _DTYPES}
    theirs = {dtype: Peer(algorithm="brute").fit(tables[dtype][0], y) for dtype in _DTYPES}
    expected = theirs["float64"].predict(tables["float64"][1])
    for dtype in _DTYPES:
        # Rows exactly as near may vote in either's order.
        differing = float((ours[dtype].predict(tables[dtype][1]) != expected).mean())
        agreement.check(f"KNeighborsClassifier: share of other predictions on {dtype}", differing, 1e-3)
    for threads in setting.threads:
        with machine.threads(threads, ()):
            contestants = {f"ours {d}": rounds.clocked(ours[d].predict, tables[d][1]) for d in _DTYPES}
            contestants |= {f"scikit-learn, {d}": rounds.clocked(theirs[d].predict, tables[d][1]) for d in _DTYPES}
            seconds = rounds.medians(contestants, setting.rounds)
        rivals = [f"scikit-learn, {d}" for d in _DTYPES]
        for dtype in _DTYPES:
            title = f"k-NN, {len(Z)} in {len(X)} of {name}, {dtype}"
            times = {"fastgd": seconds[f"ours {dtype}"], **{rival: seconds[rival] for rival in rivals}}
            yield report.compare(title, threads, times, rivals, _AT_LEAST)
