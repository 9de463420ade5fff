"""How much sums over many rows lose: ``python _sums.py 100000000`` prints it, and fails where it is too much.

Integers, whose exact sums int64 holds, so large that float32 has to round them in every block of rows.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

import fastgd

# Of block_pass.hpp: rows that are summed in the compute type, before the sums of blocks are added up in float64.
BLOCK = 1024
LANES = 16
COEF = np.array([517, 213])
SHARE = 1_000_000


class Loss(NamedTuple):
    """Errors of the value, the coefficients' gradient and the intercept's, each by the sum of its terms' sizes."""

    value: float
    coef: float
    intercept: float


def bounds(n_rows: int) -> Loss:
    """What `Loss` may be at most for float32 arithmetic, where each row's derivative is exact."""
    unit, merging = 2.0**-24, n_rows / BLOCK * 2.0**-53
    # Two roundings a row's value; lanes of a block, and the tree that adds them up.
    lanes = BLOCK / LANES + np.log2(LANES)
    return Loss(2.0 * unit + lanes * 2.0**-53 + merging, BLOCK * unit + merging, lanes * unit + merging)


def measure(n_rows: int) -> Loss:
    """The squared error of bytes, every term of whose sums is positive: the worst for a running sum."""
    rng = np.random.default_rng(5)
    X = rng.integers(0, 256, (n_rows, 2), np.uint8)
    y = np.empty(n_rows, np.float32)
    value, coef, intercept = 0, np.zeros(2, np.int64), 0
    for begin in range(0, n_rows, SHARE):
        rows = X[begin : begin + SHARE].astype(np.int64)
        raw = rows @ COEF
        r = rng.integers(0, 1 << 17, len(rows))
        y[begin : begin + SHARE] = raw - r
        value += int(np.sum(r * r))
        coef += r @ rows
        intercept += int(r.sum())
    objective = fastgd.LinearObjective(X, y, loss="squared_error")
    got, grad = objective.value_and_grad([*COEF, 0])
    mean = np.array([*coef, intercept]) / n_rows
    errors = np.abs(grad - mean) / mean
    return Loss(abs(got - value / 2 / n_rows) / (value / 2 / n_rows), float(errors[:2].max()), float(errors[2]))


if __name__ == "__main__":
    lost, allowed = measure(int(sys.argv[1])), bounds(int(sys.argv[1]))
    for name, size, most in zip(Loss._fields, lost, allowed, strict=True):
        print(f"{name}: {size:.2g} of the sum of its terms, at most {most:.2g}")
    sys.exit(any(size > most for size, most in zip(lost, allowed, strict=True)))
