"""Densities on which the core is held to its twin, and the program that does it at one SIMD level, as `_parity` does.

Every number of components meets every storage, full and diagonal, with columns standardised and not, of all rows
and of some; how many columns and rows, and layouts, are dealt to them so that all pairs meet, and each case runs on all
numbers of threads.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import _density_rounding
import _design
import _parity
import numpy as np
from _parity import DENSE, LAYOUTS, THREADS, Outcome, draw_data
from _rounding import excess

import fastgd
from fastgd import reference

CROSSED: dict[str, list[Any]] = {
    "storage": [*DENSE],
    "n_components": [1, 2, 5],
    "covariance_type": ["full", "diag"],
    "standardize": [False, True],
    "reg_covar": [0.0, 0.01],
    "rows": ["all", "some"],
}
DEALT: dict[str, list[Any]] = {
    # About the tiles of four, the lanes, and more columns than a panel of them.
    "n_features": [1, 2, 3, 4, 5, 7, 9, 16, 33, 70],
    "n_rows": [5, 8, 15, 16, 17, 65, 1025, 2100],
    "layout": [*LAYOUTS],
}


class Problem(NamedTuple):
    """The same objective twice, and where to evaluate it."""

    objective: fastgd.GaussianMixtureObjective
    twin: reference.GaussianMixtureObjective
    w: np.ndarray
    rows: np.ndarray | None
    eps: float


@functools.cache
def cases() -> list[_design.Case]:
    return _design.cover(CROSSED, DEALT)


def draw_parameters(rng: np.random.Generator, twin: reference.GaussianMixtureObjective) -> np.ndarray:
    """Components about rows, as wide as the data, whose shares are of all sizes."""
    k, d = twin.n_components, twin.n_features
    deviation = np.sqrt(np.mean((twin.Z - twin.Z.mean(axis=0)) ** 2, axis=0)) + 0.1
    logits = rng.normal(size=twin.n_logits)
    means = twin.Z[rng.integers(0, twin.n_samples, k)] + 0.5 * deviation * rng.normal(size=(k, d))
    rows, columns = twin.factor_rows, twin.factor_columns
    on_diagonal = rows == columns
    entries = rng.normal(size=(k, len(rows))) / (2.0 * np.sqrt(d) * deviation[rows])
    entries *= rng.random(entries.shape) > 0.1
    logs = 0.3 * rng.normal(size=(k, len(rows))) + np.log(twin.scale[rows] / deviation[rows])
    entries = np.where(on_diagonal, logs, entries * twin.scale[rows])
    return np.concatenate([logits, ((means - twin.center) / twin.scale).ravel(), entries.ravel()])


def make_problem(case: _design.Case, folder: Path) -> Problem:
    rng = np.random.default_rng(list(repr(sorted(case.items(), key=lambda item: item[0])).encode()))
    storage, n = case["storage"], case["n_rows"]
    Z = draw_data(rng, storage, (n, case["n_features"]))
    if Z.dtype.kind not in "ui":
        # Means far from 0 beside their deviations, as they are in tables.
        Z = (Z + rng.integers(-8, 9, case["n_features"])).astype(Z.dtype)
    options = {name: case[name] for name in ("covariance_type", "reg_covar", "standardize")}
    objective = fastgd.GaussianMixtureObjective(LAYOUTS[case["layout"]](Z, folder), case["n_components"], **options)
    twin = reference.GaussianMixtureObjective(Z.astype(np.float64), case["n_components"], **options)
    rows = np.append(rng.integers(0, n, n // 2 + 1), n // 2) if case["rows"] == "some" else None
    w = draw_parameters(rng, twin)
    return Problem(objective, twin, w, rows, 2.0**-52 if DENSE[storage] is np.float64 else 2.0**-23)


def compare(problem: Problem) -> Outcome:
    objective, twin, w, rows, eps = problem
    results = []
    for n_threads in THREADS:
        with fastgd.threads(n_threads):
            value, gradient = objective.value_and_grad(w, rows)
            values = objective.values(np.stack([w, 0.5 * w, w]), rows)
            scores = objective.score_samples(w, rows).astype(np.float64)
            shares = objective.predict_proba(w, rows).astype(np.float64)
            parts = [value, objective.value(w, rows)], values, gradient, scores, shares.ravel()
            results.append(np.concatenate(parts).tobytes())
    if not value == objective.value(w, rows) == values[0] == values[2]:
        raise AssertionError("a model's value depends on what it is computed with")
    bound = _density_rounding.bound(twin, w, rows, eps)
    worst = max(
        excess(value - twin.value(w, rows), bound.value),
        excess(gradient - twin.grad(w, rows), bound.gradient),
        excess(scores - twin.score_samples(w, rows), bound.scores),
        excess(shares - twin.predict_proba(w, rows), bound.shares),
    )
    return Outcome(worst, results[0], len(set(results)) == 1)


def compared(case: _design.Case, folder: Path) -> Outcome:
    return compare(make_problem(case, folder))


if __name__ == "__main__":
    json.dump(_parity.report(cases(), compared), sys.stdout)
