"""Tables on which the search for neighbours is held to its twin, and the program that does it at one SIMD level.

``FASTGD_SIMD=avx2 python _neighbors_parity.py`` tries every case and prints what came of it as JSON.

All numbers are such that squared distances are exact in float64, in any order of summing: neighbours and distances have
to be those of the twin to the bit, ties included, though products in float32 tell many of them not from others.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import _csr
import _design
import numpy as np
from _parity import DTYPES, LAYOUTS, SPARSE_LAYOUTS, THREADS

import fastgd
from fastgd import _core
from fastgd._matrix import as_matrix
from fastgd.reference import neighbors as twin

# The widest integer range, and the largest offset to which integers up to 7 can be added.
WIDE = {"uint8": 256, "int8": 100, "float16": 1024, "bfloat16": 128}
OFFSET = {"uint8": 200, "int8": 100, "float16": 1024, "bfloat16": 128, "float64": 2**40, "csr_float64_int32": 2**40}
CROSSED: dict[str, list[Any]] = {
    "storage": [*DTYPES],
    "of_queries": [*DTYPES],
    "without_self": [False, True],
}
DEALT: dict[str, list[Any]] = {
    "kind": ["few", "wide", "offset", "clusters", "sphere", "huge", "tiny"],
    "columns": ["1", "N-1", "N", "N+1", "4N+1", "B+1", "2B+3"],
    # Rows come in blocks of 64, queries in vectors of 8 or 16 and groups of 256.
    "n_rows": [3, 63, 64, 65, 200, 1025],
    "n_queries": [1, 2, 15, 17, 33, 257],
    "k": [1, 2, 5, "all"],
    "layout": [*LAYOUTS],
}


@functools.cache
def cases() -> list[_design.Case]:
    return _design.cover(CROSSED, DEALT)


def draw(
    rng: np.random.Generator, kind: str, storage: str, other: str, shape: tuple[int, int], is_query: bool = False
) -> np.ndarray:
    """Whole numbers, or those times one power of two, that both storages hold."""
    wide = min(WIDE.get(name, 2**20) for name in (storage, other))
    X = rng.integers(0, wide if kind == "wide" else 4 if kind == "few" else 8, shape).astype(np.float64)
    if storage in _csr.DTYPES and kind != "offset":
        X[rng.random(shape) < 0.6] = 0.0
    if kind in ("offset", "clusters"):
        # Of clusters each row has its own level, from which distances within one are tiny.
        offset = min(OFFSET.get(name, 2**20) for name in (storage, other))
        X += offset * (1.0 if kind == "offset" else rng.integers(0, 2, (shape[0], 1)))
    if kind == "sphere":
        # Queries near the centre, from which all rows are about as far: products tell less than their rounding.
        center, radius = np.random.default_rng(0).integers(wide // 3, 2 * wide // 3, (2, shape[1]))
        X = center + (0 if is_query else radius // 2 * rng.choice([-1, 1], shape)) + rng.integers(0, 2, shape)
    narrow = {storage, other} & {*WIDE}
    if kind in ("huge", "tiny") and not narrow:
        double = DTYPES[storage] is DTYPES[other] is np.float64
        # The tiny ones' squares are the smallest numbers that there are, and few of their digits.
        X *= 2.0 ** ((300 if double else 100) if kind == "huge" else (-537 if double else -74))
    return X


def stored(X: np.ndarray, storage: str, layout: str, folder: Path) -> Any:
    if storage in _csr.DTYPES:
        return _csr.as_csr(X, storage, SPARSE_LAYOUTS[layout], folder)
    return LAYOUTS[layout](X.astype(DTYPES[storage]), folder)


def compare(case: _design.Case, folder: Path) -> tuple[str | None, bytes]:
    """What is wrong, and the bits of the result."""
    rng = np.random.default_rng(list(repr(sorted(case.items(), key=lambda item: item[0])).encode()))
    lanes = 8 if DTYPES[case["storage"]] is np.float64 else 16
    columns = {"1": 1, "N-1": lanes - 1, "N": lanes, "N+1": lanes + 1, "4N+1": 4 * lanes + 1, "B+1": 257, "2B+3": 515}
    n, d = case["n_rows"], columns[case["columns"]]
    X = draw(rng, case["kind"], case["storage"], case["of_queries"], (n, d))
    if case["without_self"]:
        Z, queries = X, case["storage"]
    else:
        Z, queries = draw(rng, case["kind"], case["of_queries"], case["storage"], (case["n_queries"], d), True), None
    squares = twin.squared_distances(X, Z)
    rows = as_matrix("X", stored(X, case["storage"], case["layout"], folder))
    others = as_matrix("Z", stored(Z, queries or case["of_queries"], case["layout"], folder))
    k = n - case["without_self"] if case["k"] == "all" else min(case["k"], n - case["without_self"])
    expected = twin.nearest(squares, k, case["without_self"])
    distances = np.take_along_axis(np.sqrt(squares), expected, axis=1)
    bits = expected.tobytes() + distances.tobytes()
    for n_threads in THREADS:
        index = _core.NearestRows(rows.view, rows.storage, n_threads)
        found = index.query(others.view, others.storage, k, case["without_self"], n_threads)
        if found[1].tobytes() + found[0].tobytes() != bits:
            wrong = int((found[1] != expected).any(axis=1).sum())
            return f"{wrong} of {len(expected)} queries have other neighbours on {n_threads} threads: {case}", bits
    return None, bits


def main() -> None:
    digest = hashlib.sha256()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            wrong, bits = compare(case, Path(folder))
            digest.update(bits)
            if wrong is not None:
                failures.append(wrong)
    found = {"level": fastgd.simd_level(), "n_cases": len(cases()), "digest": digest.hexdigest()}
    json.dump({**found, "failures": failures[:20], "n_failures": len(failures)}, sys.stdout)


if __name__ == "__main__":
    main()
