"""Perceptrons on which the core is held to its twin, and the program that does it at one SIMD level, as `_parity` does.

Every activation meets every loss on every storage; how many layers of how many units, rows, weights, layouts, dropout
and the rest are dealt to them so that all pairs meet, and each case runs on all numbers of threads.
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import _csr
import _design
import _mlp_rounding
import _parity
import numpy as np
from _mlp_rounding import ProvesNothing
from _parity import DTYPES, LAYOUTS, OUTPUTS, SPARSE_LAYOUTS, THREADS, Outcome, draw_data, draw_targets
from _rounding import excess

import fastgd
from fastgd import reference
from fastgd.reference import ACTIVATIONS, KINDS, LOSSES

CROSSED: dict[str, list[Any]] = {"activation": [*ACTIVATIONS], "loss": [*LOSSES], "storage": [*DTYPES]}
DEALT: dict[str, list[Any]] = {
    # Units about a vector's lanes and a panel's, in one to three layers, and none.
    "hidden": [(), (1,), (15,), (65,), (16, 17), (31, 2), (33, 32), (2, 65, 16), (17, 1, 31), (32, 15, 33)],
    "weight": ["none", "positive", "zeros"],
    "outputs": ["one", "few", "many"],
    "columns": ["1", "N-1", "N", "N+1", "4N+1", "P+1"],
    "n_rows": [1, 7, 8, 9, 129],
    "layout": [*LAYOUTS],
    "alpha": [0.0, 0.125],
    "dropout": [0.0, 0.25, 0.5],
    "rows": ["all", "some"],
    # Of binary losses with several outputs: class indices, or a column of labels for each.
    "labels": ["indices", "columns"],
}
SEED, STEP = 12, 5


class Problem(NamedTuple):
    """The same objective twice, and where to evaluate it."""

    objective: fastgd.MLPObjective
    twin: reference.MLPObjective
    w: np.ndarray
    rows: np.ndarray | None
    eps: float


@functools.cache
def cases() -> list[_design.Case]:
    return _design.cover(CROSSED, DEALT)


def n_columns(columns: Any, is_double: bool) -> int:
    lanes = 8 if is_double else 16
    named = {"1": 1, "N-1": lanes - 1, "N": lanes, "N+1": lanes + 1, "4N+1": 4 * lanes + 1, "P+1": _parity.PANEL + 1}
    return int(named.get(columns, columns))


def draw_weight(rng: np.random.Generator, kind: str, n: int) -> np.ndarray | None:
    if kind == "none":
        return None
    weight = rng.integers(1, 65, n) / 16.0
    weight[(rng.random(n) < 0.3) & (np.arange(n) != n // 2) & (kind == "zeros")] = 0.0
    return weight


def draw_parameters(rng: np.random.Generator, sizes: tuple[int, ...], size: float) -> np.ndarray:
    """That take arguments of about 1 to such ones, some of them 0, and all of them exact in float32."""
    parts = []
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        scale = 1.0 / (np.sqrt(n_in) * (size if layer == 0 else 0.75))
        parts += [
            scale * rng.normal(size=n_in * n_out) * (rng.random(n_in * n_out) > 0.1),
            rng.normal(size=n_out) / 2.0,
        ]
    return np.concatenate(parts).astype(np.float32).astype(np.float64)


def make_problem(case: _design.Case, folder: Path) -> Problem:
    rng = np.random.default_rng(list(repr(sorted(case.items(), key=lambda item: item[0])).encode()))
    loss, storage, n = case["loss"], case["storage"], case["n_rows"]
    is_double = DTYPES[storage] is np.float64
    n_outputs = OUTPUTS[KINDS[loss]][case["outputs"]]
    X = draw_data(rng, storage, (n, n_columns(case["columns"], is_double)))
    size = max(1.0, float(np.sqrt(np.mean(X.astype(np.float64) ** 2))))
    w = draw_parameters(rng, (X.shape[1], *case["hidden"], n_outputs), size)
    options: dict[str, Any] = {
        "hidden_layer_sizes": case["hidden"],
        "activation": case["activation"],
        "loss": loss,
        "alpha": case["alpha"],
        "dropout": case["dropout"],
        "sample_weight": draw_weight(rng, case["weight"], n),
        "n_classes": None if KINDS[loss] == "regression" else max(2, n_outputs),
    }
    # Targets lie about the scores, which are those of any targets of this shape.
    shapeless = {**options, "loss": "squared_error", "n_classes": None, "sample_weight": None}
    raw = reference.MLPObjective(X, np.zeros((n, n_outputs)), **shapeless).raw(w)
    y = draw_targets(rng, loss, {}, raw)
    if case["labels"] == "columns" and KINDS[loss] == "binary" and n_outputs > 1:
        y, options["n_classes"] = rng.integers(0, 2, raw.shape), None
    if (weight := options["sample_weight"]) is not None and X.dtype.kind not in "ui":
        # Absent is more than multiplied by 0.
        X[weight == 0.0, 0] = np.resize([np.nan, np.inf, -np.inf], int(np.sum(weight == 0.0)))
    rows = np.append(rng.integers(0, n, n // 2 + 1), n // 2) if case["rows"] == "some" else None
    if storage in _csr.DTYPES:
        data = _csr.as_csr(X, storage, SPARSE_LAYOUTS[case["layout"]], folder)
    else:
        data = LAYOUTS[case["layout"]](X, folder)
    objective = fastgd.MLPObjective(data, y, **options)
    twin = reference.MLPObjective(X.astype(np.float64), y, **options)
    return Problem(objective, twin, w, rows, 2.0**-52 if is_double else 2.0**-23)


def compare(problem: Problem) -> Outcome:
    objective, twin, w, rows, eps = problem
    batch = np.arange(twin.n_samples) if rows is None else rows
    present = twin.present(rows)
    masks = objective.dropout_masks(STEP, len(batch), SEED)
    for mask, expected in zip(masks, twin.dropout_masks(STEP, len(batch), SEED), strict=True):
        np.testing.assert_array_equal(mask, expected)
    results = []
    for n_threads in THREADS:
        with fastgd.threads(n_threads):
            value, gradient = objective.value_and_grad(w, rows)
            scores = objective.decision_function(w, present).astype(np.float64).reshape(len(present), -1)
            alone = objective.value(w, rows)
            dropped, dropped_gradient = objective.value_and_grad(w, rows, dropout_step=STEP, init_seed=SEED)
            parts = [value, alone, dropped], gradient, dropped_gradient, scores.ravel(), objective.values([w, w / 2.0])
            results.append(np.concatenate(parts).tobytes())
    seen = twin.in_training(batch, STEP, SEED)
    value_bound, gradient_bound = _mlp_rounding.bound(twin, w, rows, eps)
    dropped_bound, dropped_gradient_bound = _mlp_rounding.bound(seen, w, rows, eps)
    score_bound = _mlp_rounding.forward(twin, w, present, eps).score_error
    expected_value, expected_gradient = twin.value_and_grad(w, rows)
    seen_value, seen_gradient = seen.value_and_grad(w, rows)
    worst = max(
        # The same arithmetic.
        excess(objective.values([w, w / 2.0]) - [objective.value(w), objective.value(w / 2.0)], 0.0),
        excess(value - expected_value, value_bound),
        excess(alone - expected_value, value_bound),
        excess(gradient - expected_gradient, gradient_bound),
        excess(scores - twin.raw(w, present), score_bound),
        excess(dropped - seen_value, dropped_bound),
        excess(dropped_gradient - seen_gradient, dropped_gradient_bound),
    )
    return Outcome(worst, results[0], len(set(results)) == 1)


def compared(case: _design.Case, folder: Path) -> Outcome:
    """On other data where the first come too near a kink of their loss."""
    for attempt in range(20):
        try:
            return compare(make_problem({**case, "attempt": attempt}, folder))
        except ProvesNothing:
            continue
    raise AssertionError(f"no data on which this case would prove anything: {case}")


if __name__ == "__main__":
    json.dump(_parity.report(cases(), compared), sys.stdout)
