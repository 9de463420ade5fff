"""Predictions of a k-nearest-neighbours classifier by brute force, beside the peers', for bytes and both floats.

fastgd reads each as it is; the fastest of the peers, on floats of either width, is what each is compared with. The
rows are those of fashion_mnist, or drawn where that is not at hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import agreement
import data
import estimators
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

_SHAPE, _SMALL_SHAPE = (60_000, 784), (600, 784)
_QUERIES, _SMALL_QUERIES = 1_000, 50
_DTYPES = ("uint8", "float32", "float64")
# Bytes are what the peers widen first.
_OF_PEERS = _DTYPES[1:]
_AT_LEAST = 1.0


def images(folder: Path) -> tuple[str, data.Array, data.Ints, data.Array]:
    found = data.real(folder, "fashion_mnist")
    if found is None:
        rng = np.random.default_rng(SEED)
        X = rng.integers(0, 256, _SHAPE, np.uint8)
        return "drawn bytes", X, rng.integers(0, 10, len(X)), rng.integers(0, 256, (_QUERIES, _SHAPE[1]), np.uint8)
    return "fashion_mnist", found["X_train"], found["y_train"].astype(np.int64), found["X_test"][:_QUERIES]


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    name, X, y, Z = images(setting.data)
    if setting.small:
        X, y, Z = X[: _SMALL_SHAPE[0]], y[: _SMALL_SHAPE[0]], Z[:_SMALL_QUERIES]
    tables = {dtype: (data.table(X.shape, dtype), Z.astype(dtype)) for dtype in _DTYPES}
    for table, _ in tables.values():
        table[...] = X
    fitted = {
        (who, dtype): kind(algorithm="brute").fit(tables[dtype][0], y)
        for who, kind in estimators.kinds("KNeighborsClassifier", rivals).items()
        for dtype in (_DTYPES if who == "fastgd" else _OF_PEERS)
    }
    expected = fitted["fastgd", "float64"].predict(tables["float64"][1])
    for (who, dtype), model in fitted.items():
        # Rows exactly as near may vote in either's order.
        differing = float((model.predict(tables[dtype][1]) != expected).mean())
        agreement.check(f"{who}: share of other predictions on {dtype}", differing, 1e-3)
    for peer, dtype in itertools.product(rivals, _OF_PEERS):
        if not peer.does_itself(fitted[peer.name, dtype].predict, tables[dtype][1]):
            del fitted[peer.name, dtype]
            yield report.unmeasured(f"k-NN, {dtype}", None, f"{peer.name} leaves it to scikit-learn")
    for threads in setting.threads:
        with machine.threads(threads, rivals):
            seconds = rounds.medians(
                {
                    f"{who}, {dtype}": rounds.clocked(model.predict, tables[dtype][1])
                    for (who, dtype), model in fitted.items()
                },
                setting.rounds,
            )
        others = [f"{who}, {dtype}" for who, dtype in fitted if who != "fastgd"]
        for dtype in _DTYPES:
            title = f"k-NN, {len(Z)} in {len(X)} of {name}, {dtype}"
            times = {"fastgd": seconds[f"fastgd, {dtype}"], **{other: seconds[other] for other in others}}
            yield report.compare(title, threads, times, others, _AT_LEAST, everywhere=True)
