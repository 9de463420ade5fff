"""Problems on which the core is held to its twin, and the program that does it at one SIMD level.

``FASTGD_SIMD=avx2 python _parity.py`` tries every case and prints what came of it as JSON. The machine's best level is
held to the twin, with several numbers of threads; the others then have to have its bits, with one of those.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import _csr
import _design
import _rounding
import ml_dtypes
import numpy as np
from _rounding import excess

import fastgd
from fastgd import reference
from fastgd.reference import KINDS

DENSE: dict[str, Any] = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "uint8": np.uint8,
    "int8": np.int8,
}
DTYPES = DENSE | {"csr_float64_int32": np.float64, "csr_float32_int64": np.float32}
PARAMETERS: dict[str, list[dict[str, float]]] = {
    "huber": [{}, {"epsilon": 1.5}],
    "epsilon_insensitive": [{}, {"epsilon": 0.75}],
    "quantile": [{}, {"quantile": 0.875}],
    "tweedie": [{}, {"power": 0.0}, {"power": -0.5}, {"power": 1.0}, {"power": 2.0}, {"power": 3.0}],
}
LOSSES = [(loss, tuple(p.items())) for loss in reference.LOSSES for p in PARAMETERS.get(loss, [{}])]
OUTPUTS = {
    "regression": {"one": 1, "few": 3, "many": 6},
    "binary": {"one": 1, "few": 3, "many": 6},
    "multiclass": {"one": 2, "few": 4, "many": 11},
}
PENALTIES = {"none": (0.0, 0.0), "l2": (0.125, 0.0), "l1": (0.0625, 1.0), "both": (0.25, 0.375)}
IS_BEST = fastgd.simd_level() == fastgd.simd_levels()[0]
THREADS = (1, 2, 7) if IS_BEST else (7,)
# Scores are summed in panels of this many columns, whose number is part of the arithmetic.
KERNELS = Path(__file__).resolve().parents[1] / "cpp" / "kernels" / "calls.hpp"
PANEL = int(re.findall(r"kPanel = (\d+);", KERNELS.read_text(encoding="utf-8"))[0])
# Every loss meets every storage, with and without weights.
CROSSED: dict[str, list[Any]] = {"loss": LOSSES, "storage": [*DTYPES], "weight": ["none", "positive", "zeros"]}
KINK = 1e-3
# Of a plane; the first is its origin.
POINTS = np.array([[0.0, 0.0], [0.5, -0.75], [-1.25, 0.25], [0.0, 1.0], [1.0, 1.0]])

Rows = np.ndarray | None


class Problem(NamedTuple):
    """The same objective twice, and where to evaluate it."""

    objective: fastgd.LinearObjective
    twin: reference.LinearObjective
    w: np.ndarray
    rows: Rows
    eps: float


# ---- where and how the data lie in memory


def padded(X: np.ndarray, folder: Path) -> np.ndarray:
    wide = np.full((len(X), X.shape[1] + 5), 7).astype(X.dtype)
    wide[:, 2:-3] = X
    return wide[:, 2:-3]


def backwards(X: np.ndarray, folder: Path) -> np.ndarray:
    return np.ascontiguousarray(X[::-1])[::-1]


def misaligned(X: np.ndarray, folder: Path) -> np.ndarray:
    """Rows at odd addresses, an odd number of bytes apart."""
    n, d = X.shape
    size = X.dtype.itemsize
    row = d * size + 1 + d * size % 2
    view = np.ndarray((n, d), X.dtype, np.zeros(n * row + 1, np.uint8).data, 1, (row, size))
    view[...] = X
    return view


def read_only(X: np.ndarray, folder: Path) -> np.ndarray:
    view = X.copy()
    view.setflags(write=False)
    return view


def mapped(X: np.ndarray, folder: Path) -> np.ndarray:
    """A read-only file whose last byte is the last of a page: a read beyond it may find no memory."""
    path = Path(tempfile.mkstemp(dir=folder)[1])
    front = -X.nbytes % 4096
    path.write_bytes(bytes(front) + X.tobytes())
    return np.memmap(path, X.dtype, "r", front, X.shape)


def column_major(X: np.ndarray, folder: Path) -> np.ndarray:
    return np.asfortranarray(X)


# Of sparse rows, in the place of these.
SPARSE_LAYOUTS = dict(
    zip(
        ("plain", "padded", "backwards", "misaligned", "read_only", "mapped", "column_major"),
        ("canonical", "halved", "shuffled", "with_zeros", "read_only", "mapped", "canonical"),
        strict=True,
    )
)
LAYOUTS: dict[str, Callable[[np.ndarray, Path], np.ndarray]] = {
    "plain": lambda X, folder: X,
    **{f.__name__: f for f in (padded, backwards, misaligned, read_only, mapped, column_major)},
}
DEALT: dict[str, list[Any]] = {
    "outputs": ["one", "few", "many"],
    "columns": ["1", "N-1", "N", "N+1", "4N+1", "P", "P+1", "2P+4N-1"],
    # The last has more than 7 blocks of 1024 rows: one for each of 7 threads.
    "n_rows": [1, 3, 4, 5, 17, 1025, 7169],
    "layout": [*LAYOUTS],
    "fit_intercept": [True, False],
    "offset": [True, False],
    "penalty": [*PENALTIES],
    "rows": ["all", "some"],
}


@functools.cache
def cases() -> list[_design.Case]:
    """A third of them, in which nearly all pairs meet, where instrumented code takes its time."""
    if os.environ.get("FASTGD_PARITY") == "few":
        crossed = {name: CROSSED[name] for name in ("loss", "storage")}
        return _design.cover(crossed, {"weight": CROSSED["weight"], **DEALT})
    return _design.cover(CROSSED, DEALT)


# ---- problems


def draw_data(rng: np.random.Generator, storage: str, shape: tuple[int, int]) -> np.ndarray:
    if storage == "uint8":
        return rng.integers(0, 256, shape, np.uint8)
    if storage == "int8":
        return rng.integers(-128, 128, shape, np.int8)
    X = rng.normal(size=shape)
    # Exact zeros, and numbers that are denormal in float16 and would be lost by a flush to zero.
    X[rng.random(shape) < 0.05] = 0.0
    X[rng.random(shape) < 0.02] *= 1e-6
    if storage in _csr.DTYPES:
        X[rng.random(shape) < 0.6] = 0.0
    return X.astype(DTYPES[storage])


def draw_targets(rng: np.random.Generator, loss: str, params: dict[str, float], raw: np.ndarray) -> np.ndarray:
    """Targets in the loss's domain; those of regressions lie about the scores, at some distance from every kink."""
    n, n_outputs = raw.shape
    if KINDS[loss] != "regression":
        return rng.integers(0, 2, n) * 2 - 1 if n_outputs == 1 else rng.integers(0, n_outputs, n)
    power = _rounding.power_of(loss, params)
    if power is not None and power >= 1.0:
        # Sixteenths: exact in float32. Where a target of 0 is allowed it occurs.
        y = rng.integers(0 if power < 2.0 else 1, 64, raw.shape) / 16.0
    else:
        epsilon = params.get("epsilon", 0.1)
        near, far = rng.uniform(0.1, 0.9, raw.shape) * epsilon, epsilon + rng.uniform(0.02, 1.5, raw.shape)
        sign = rng.integers(0, 2, raw.shape) * 2.0 - 1.0
        y = (raw + sign * np.where(rng.random(raw.shape) < 0.4, near, far)).astype(np.float32).astype(np.float64)
    return y[:, 0] if n_outputs == 1 else y


def distance_to_kinks(loss: str, params: dict[str, float], y: np.ndarray, raw: np.ndarray) -> np.ndarray:
    n, n_outputs = raw.shape
    seen = y.reshape(n, -1)
    if KINDS[loss] == "binary" and n_outputs > 1:
        seen = np.where(seen == np.arange(n_outputs), 1.0, -1.0)
    return _rounding.kink_distance(loss, seen, raw, params.get("epsilon", 0.1))


def make_problem(case: _design.Case, folder: Path) -> Problem:
    rng = np.random.default_rng(list(repr(sorted(case.items(), key=lambda item: item[0])).encode()))
    loss, params = case["loss"][0], dict(case["loss"][1])
    is_double = DTYPES[case["storage"]] is np.float64
    lanes = 8 if is_double else 16
    columns = {"1": 1, "N-1": lanes - 1, "N": lanes, "N+1": lanes + 1, "4N+1": 4 * lanes + 1}
    columns |= {"P": PANEL, "P+1": PANEL + 1, "2P+4N-1": 2 * PANEL + 4 * lanes - 1}
    n, d = case["n_rows"], columns.get(case["columns"], case["columns"])
    n_outputs = OUTPUTS[KINDS[loss]][case["outputs"]]

    X = draw_data(rng, case["storage"], (n, d))
    size = max(1.0, float(np.sqrt(np.mean(X.astype(np.float64) ** 2)))) * np.sqrt(d)
    # Parameters and offsets that float32 holds exactly: converting them is no error of the core.
    coef = rng.normal(size=(n_outputs, d)) / size * (rng.random((n_outputs, d)) > 0.1)
    intercept = rng.normal(size=n_outputs) if case["fit_intercept"] else np.zeros(n_outputs)
    offset = rng.normal(size=(n, n_outputs)) if case["offset"] else np.zeros((n, n_outputs))
    coef, intercept, offset = (a.astype(np.float32).astype(np.float64) for a in (coef, intercept, offset))

    if not coef.any() and not intercept.any():
        # Other rows would not leave a kink that lies there.
        coef[:, 0] = 0.5
    raw = X.astype(np.float64) @ coef.T + intercept + offset
    y = draw_targets(rng, loss, params, raw)
    while (again := np.flatnonzero(distance_to_kinks(loss, params, y, raw) < KINK)).size:
        X[again] = draw_data(rng, case["storage"], (len(again), d))
        raw[again] = X[again].astype(np.float64) @ coef.T + intercept + offset[again]
        y[again] = draw_targets(rng, loss, params, raw[again])

    weight = None
    if case["weight"] != "none":
        weight = rng.integers(1, 65, n) / 16.0
        absent = (rng.random(n) < 0.3) & (np.arange(n) != n // 2) & (case["weight"] == "zeros")
        weight[absent] = 0.0
        if X.dtype.kind != "u" and X.dtype.kind != "i":
            # Absent is more than multiplied by 0.
            X[absent, 0] = np.resize([np.nan, np.inf, -np.inf], int(absent.sum()))
    rows = None
    if case["rows"] == "some":
        rows = np.append(rng.integers(0, n, n // 2 + 1), n // 2)
    alpha, l1_ratio = PENALTIES[case["penalty"]]
    options: dict[str, Any] = {
        "loss": loss,
        "alpha": alpha,
        "l1_ratio": l1_ratio,
        "fit_intercept": case["fit_intercept"],
        "sample_weight": weight,
        "n_classes": None if KINDS[loss] == "regression" else max(2, n_outputs),
        "loss_params": params,
        "offset": offset if case["offset"] else None,
    }
    if case["storage"] in _csr.DTYPES:
        layout = SPARSE_LAYOUTS[case["layout"]]
        data = _csr.as_csr(X, case["storage"], layout, folder)
    else:
        data = LAYOUTS[case["layout"]](X, folder)
    objective = fastgd.LinearObjective(data, y, **options)
    twin = reference.LinearObjective(X.astype(np.float64), y, **options)
    if case["storage"] in _csr.DTYPES:
        twin.lanes = 2 if layout == "halved" else 4
    w = np.concatenate([coef.ravel(), intercept]) if case["fit_intercept"] else coef.ravel()
    return Problem(objective, twin, w, rows, 2.0**-52 if is_double else 2.0**-23)


# ---- the comparison


class Outcome(NamedTuple):
    """The largest error as a share of its bound, the result's bits, and whether all numbers of threads gave them.

    What only has to have the bits of another level has no error of its own.
    """

    excess: float
    bits: bytes
    threads_agree: bool


def compare(problem: Problem) -> Outcome:
    objective, twin, w, rows, eps = problem
    v = np.random.default_rng(0).permutation(w)
    coef, intercept = twin.unpack(w)
    plane = w, np.stack([twin.pack(coef[::-1], -intercept), twin.pack(np.roll(coef, 1, 1), intercept / 2)]), POINTS
    results = []
    for n_threads in THREADS:
        with fastgd.threads(n_threads):
            value, gradient = objective.value_and_grad(w, rows)
            scores = objective.decision_function(w, twin.present(rows)).astype(np.float64)
            product = objective.hvp(w, v, rows)
            values, on_plane = objective.values([w, plane[1][0]]), objective.plane(*plane)
            parts = [value, objective.value(w, rows)], gradient, product, scores.ravel(), values, on_plane
            results.append(np.concatenate(parts).tobytes())
    threads_agree = len(set(results)) == 1
    if not IS_BEST:
        return Outcome(0.0, results[0], threads_agree)
    value_bound, gradient_bound = _rounding.bound(twin, w, rows, eps)
    score_bound = _rounding.score_error(twin, w, twin.present(rows), eps)
    if not score_bound.max() < KINK / 4.0:
        raise AssertionError("the bounds on the scores reach over a kink: they would prove nothing")
    expected, expected_gradient = twin.value_and_grad(w, rows)
    expected_scores = twin.raw(w, twin.present(rows))
    worst = max(
        excess(value - expected, value_bound),
        excess(objective.value(w, rows) - expected, value_bound),
        excess(gradient - expected_gradient, gradient_bound),
        excess(product - twin.hvp(w, v, rows), _rounding.hessian_error(twin, w, v, rows, eps)),
        excess(on_plane - twin.plane(*plane), [_rounding.plane_error(twin, *plane[:2], c, eps) for c in POINTS]),
        # The same arithmetic.
        excess(values - [objective.value(w), objective.value(plane[1][0])], 0.0),
        excess(on_plane[0] - values[0], 0.0),
        excess(scores.reshape(expected_scores.shape) - expected_scores, score_bound),
    )
    return Outcome(worst, results[0], threads_agree)


def report(cases: list[_design.Case], compared: Callable[[_design.Case, Path], Outcome]) -> dict[str, Any]:
    """What came of all cases, and the hash of their bits."""
    digest = hashlib.sha256()
    failures, worst = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            outcome = compared(case, Path(folder))
            digest.update(outcome.bits)
            worst = max(worst, outcome.excess)
            if outcome.excess > 1.0:
                failures.append(f"error {outcome.excess:.3g} x its bound: {case}")
            if not outcome.threads_agree:
                failures.append(f"the bits depend on the number of threads: {case}")
    found = {"level": fastgd.simd_level(), "n_cases": len(cases), "worst": worst}
    return {**found, "digest": digest.hexdigest(), "failures": failures}


def main() -> None:
    json.dump(report(cases(), lambda case, folder: compare(make_problem(case, folder))), sys.stdout)


if __name__ == "__main__":
    main()
