"""Cases that nobody chose: the same on every SIMD level, and the program that tries them on one.

``FASTGD_SIMD=avx2 python _differential.py SEED N_CASES`` prints what came of each case, as JSON. A case is a function
of the seed and its number: ``python _differential.py SEED N_CASES FIRST`` begins at another.

Of ordinary numbers the shapes, layouts, storages, losses and the rest are drawn freely, and the core is held to its
twin as in the parity suites. Of special ones, from denormals to the largest, no bound says anything: there the levels
are held to each other, and no loss may be NaN.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import _csr
import _mlp_parity
import _optimizers
import _parity
import numpy as np
from _parity import DTYPES, OUTPUTS, PENALTIES, Outcome

import fastgd
from fastgd.reference import ACTIVATIONS, KINDS, LOSSES

# Of powers of two: of float32's denormals, its smallest and its largest, and of float64's.
BANDS = {
    "ordinary": (-4, 4),
    "denormal": (-149, -127),
    "small": (-126, -60),
    "large": (40, 127),
    "any": (-149, 127),
    "denormal64": (-1074, -1023),
    "any64": (-1074, 1023),
}


def anywhere(X: np.ndarray, folder: Path) -> np.ndarray:
    """At any address, rows any number of bytes apart, forwards or backwards."""
    rng = np.random.default_rng(zlib.crc32(X.tobytes()))
    size = X.dtype.itemsize
    offset, row = int(rng.integers(0, 65)), X.shape[1] * size + int(rng.integers(0, 131))
    memory = np.full(offset + len(X) * row, 0xFF, np.uint8)
    view = np.ndarray(X.shape, X.dtype, memory.data, offset, (row, size))
    view = view[::-1] if rng.random() < 0.25 else view
    view[...] = X
    return view


_parity.LAYOUTS["anywhere"] = anywhere


def pick(rng: np.random.Generator, options: Any) -> Any:
    options = list(options)
    return options[int(rng.integers(len(options)))]


def length(rng: np.random.Generator) -> int:
    """Of a row: mostly about a few vectors, now and then about a few panels."""
    if rng.random() < 0.8:
        return int(rng.integers(1, 80))
    return max(1, int(rng.integers(1, 4)) * _parity.PANEL + int(rng.integers(-20, 21)))


def layout(rng: np.random.Generator, storage: str) -> str:
    if storage in _csr.DTYPES:
        return str(pick(rng, _parity.SPARSE_LAYOUTS))
    return "anywhere" if rng.random() < 0.7 else str(pick(rng, _parity.LAYOUTS))


# ---- ordinary numbers


def linear(rng: np.random.Generator, folder: Path) -> Outcome:
    storage = pick(rng, DTYPES)
    case = {
        "loss": pick(rng, _parity.LOSSES),
        "storage": storage,
        "weight": pick(rng, ("none", "positive", "zeros")),
        "outputs": pick(rng, ("one", "few", "many")),
        "columns": length(rng),
        "n_rows": int(rng.integers(1, 60)),
        "layout": layout(rng, storage),
        "fit_intercept": bool(rng.integers(2)),
        "offset": bool(rng.integers(2)),
        "penalty": pick(rng, PENALTIES),
        "rows": pick(rng, ("all", "some")),
        "drawn": int(rng.integers(2**62)),
    }
    return _parity.compare(_parity.make_problem(case, folder))


def network(rng: np.random.Generator, folder: Path) -> Outcome:
    storage = pick(rng, DTYPES)
    case = {
        "activation": pick(rng, ACTIVATIONS),
        "loss": pick(rng, LOSSES),
        "storage": storage,
        "hidden": tuple(int(n) for n in rng.integers(1, 40, int(rng.integers(0, 4)))),
        "weight": pick(rng, ("none", "positive", "zeros")),
        "outputs": pick(rng, ("one", "few", "many")),
        "columns": length(rng),
        "n_rows": int(rng.integers(1, 60)),
        "layout": layout(rng, storage),
        "alpha": pick(rng, (0.0, 0.125)),
        "dropout": pick(rng, (0.0, 0.25, 0.5)),
        "rows": pick(rng, ("all", "some")),
        "labels": pick(rng, ("indices", "columns")),
        "drawn": int(rng.integers(2**62)),
    }
    return _mlp_parity.compared(case, folder)


# ---- special numbers


def special(rng: np.random.Generator, shape: tuple[int, ...], band: tuple[int, int]) -> np.ndarray:
    """Numbers of both signs with exponents in the band, and some zeros of both signs."""
    values = np.ldexp(rng.uniform(1.0, 2.0, shape) * rng.choice([-1.0, 1.0], shape), rng.integers(*band, shape))
    zeros = rng.random(shape) < 0.1
    values[zeros] = np.copysign(0.0, values[zeros])
    return values


def as_dtype(values: np.ndarray, dtype: Any) -> np.ndarray:
    """Rounded, those beyond the type's largest to that."""
    if np.dtype(dtype).kind in "ui":
        return values.view(np.uint8)[..., : values.shape[-1]].view(dtype)
    with np.errstate(over="ignore", under="ignore"):
        found = values.astype(dtype)
    largest = np.nextafter(dtype(np.inf), dtype(0.0))
    return np.where(np.isinf(found.astype(np.float64)), np.copysign(largest, found), found).astype(dtype)


def targets(rng: np.random.Generator, loss: str, n: int, n_outputs: int, computed: Any) -> np.ndarray:
    if KINDS[loss] != "regression":
        return rng.integers(0, 2, n) if n_outputs == 1 else rng.integers(0, n_outputs, n)
    y = np.abs(special(rng, (n, n_outputs), BANDS[pick(rng, BANDS)])) + (loss in ("gamma", "tweedie"))
    if loss not in ("poisson", "gamma", "tweedie"):
        y *= rng.choice([-1.0, 1.0], y.shape)
    y = as_dtype(y, computed).astype(np.float64)
    return y[:, 0] if n_outputs == 1 else y


class Tried(NamedTuple):
    """The bits of what a call gives, all NaN alike, or what it raises; and whether the first of it, losses, is NaN."""

    bits: bytes
    is_nan: bool


def tried(call: Callable[[], Any]) -> Tried:
    try:
        found = call()
    except ValueError as error:
        return Tried(str(error).encode(), False)
    parts = [np.atleast_1d(np.asarray(part)) for part in found]
    bits = b"".join(np.where(np.isnan(part), np.nan, part).tobytes() for part in parts)
    return Tried(bits, bool(np.isnan(parts[0]).any()))


def extreme(rng: np.random.Generator, folder: Path) -> Outcome:
    storage, loss = pick(rng, DTYPES), pick(rng, LOSSES)
    n, d, n_outputs = int(rng.integers(1, 40)), length(rng), OUTPUTS[KINDS[loss]][pick(rng, ("one", "few"))]
    X = as_dtype(special(rng, (n, d), BANDS[pick(rng, BANDS)]), DTYPES[storage])
    computed = np.float64 if DTYPES[storage] is np.float64 else np.float32
    y = targets(rng, loss, n, n_outputs, computed)
    alpha, l1_ratio = PENALTIES[pick(rng, PENALTIES)]
    where = layout(rng, storage)
    options: dict[str, Any] = {
        "loss": loss,
        "alpha": alpha,
        "sample_weight": np.abs(special(rng, (n,), (-60, 60))) + 2.0**-60 if rng.random() < 0.5 else None,
        "n_classes": None if KINDS[loss] == "regression" else max(2, n_outputs),
    }
    if storage in _csr.DTYPES:
        data = _csr.as_csr(X, storage, _parity.SPARSE_LAYOUTS[where], folder)
    else:
        data = _parity.LAYOUTS[where](X, folder)
    objective: Any
    if rng.random() < 0.3:
        hidden = tuple(int(m) for m in rng.integers(1, 20, int(rng.integers(0, 3))))
        activation = pick(rng, ACTIVATIONS)
        objective = fastgd.MLPObjective(data, y, hidden_layer_sizes=hidden, activation=activation, **options)
    else:
        objective = fastgd.LinearObjective(data, y, l1_ratio=l1_ratio, fit_intercept=bool(rng.integers(2)), **options)
    w, v = (
        as_dtype(special(rng, (objective.n_params,), BANDS[pick(rng, BANDS)]), computed).astype(np.float64)
        for _ in range(2)
    )
    rows = rng.integers(0, n, n) if rng.random() < 0.5 else None
    calls = [
        lambda: objective.value_and_grad(w, rows),
        lambda: [objective.values([w, v])],
        lambda: [0.0, objective.decision_function(w)],
    ]
    if isinstance(objective, fastgd.LinearObjective):
        # A product of numbers that are finite may be beyond their range.
        calls.append(lambda: [0.0, objective.hvp(w, v, rows)])
    optimizer = _optimizers.TUNED[pick(rng, _optimizers.STEPS)]
    batch_size = "full" if optimizer._core_name in _optimizers.FULL_BATCH else pick(rng, ("full", 1, 7, 32))
    start = w if rng.random() < 0.5 else None

    def descent() -> Any:
        found = fastgd.minimize(objective, start, optimizer=optimizer, batch_size=batch_size, max_epochs=2, tol=None)
        return found.fun, found.x, found.history.loss

    calls.append(descent)
    results = []
    for n_threads in (1, int(rng.integers(2, 8))):
        with fastgd.threads(n_threads):
            results.append([tried(call) for call in calls])
    bits = b"".join(one.bits for one in results[0])
    return Outcome(np.inf if any(one.is_nan for one in results[0]) else 0.0, bits, results[0] == results[1])


KINDS_OF_CASES = {linear: 0.45, network: 0.2, extreme: 0.35}


def outcome_of(seed: int, number: int, folder: Path) -> tuple[str, Outcome]:
    rng = np.random.default_rng([seed, number])
    kind = rng.choice(np.array([*KINDS_OF_CASES], object), p=[*KINDS_OF_CASES.values()])
    return kind.__name__, kind(rng, folder)


def main() -> None:
    seed, n_cases, first = (int(text) for text in (*sys.argv[1:], "0")[:3])
    bits, failures, worst = [], [], 0.0
    warnings.simplefilter("ignore")
    for number in range(first, first + n_cases):
        with tempfile.TemporaryDirectory() as folder:
            kind, outcome = outcome_of(seed, number, Path(folder))
        bits.append(hashlib.sha256(outcome.bits).hexdigest()[:16])
        worst = max(worst, outcome.excess)
        if outcome.excess > 1.0:
            failures.append(f"case {number} of seed {seed}, {kind}: error {outcome.excess:.3g} x its bound")
        if not outcome.threads_agree:
            failures.append(f"case {number} of seed {seed}, {kind}: the bits depend on the number of threads")
    found = {"level": fastgd.simd_level(), "worst": worst, "bits": bits, "failures": failures}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
