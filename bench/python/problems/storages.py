"""Loss and gradient of tables stored in two bytes or one, beside fastgd itself on the same numbers in float32."""

from __future__ import annotations

from collections.abc import Iterator

import agreement
import data
import machine
import ml_dtypes
import numpy as np
import numpy.typing as npt
import report
import rounds
from setting import SEED, Setting

import fastgd
from problems import full_batch

_AT_LEAST = {"float16": 1.9, "bfloat16": 1.9, "uint8": 2.2}
_DTYPES: dict[str, npt.DTypeLike] = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "uint8": np.uint8}
_MIN_FEATURES = 512
# Some rows at a time, so that converting takes no second table's memory.
_BLOCK = 1000


def rows(setting: Setting) -> Iterator[report.Row]:
    for shape in full_batch.shapes(setting):
        if shape[1] < _MIN_FEATURES:
            continue
        rng = np.random.default_rng(SEED)
        X = data.table(shape, np.float32)
        for begin in range(0, shape[0], _BLOCK):
            # Integers up to 255 are the same numbers in every storage.
            X[begin : begin + _BLOCK] = rng.integers(0, 256, X[begin : begin + _BLOCK].shape, np.uint8)
        y = rng.integers(0, 2, shape[0])
        for name, at_least in _AT_LEAST.items():
            title = f"storages {shape[0]} x {shape[1]} {name}"
            dtype = _DTYPES[name]
            narrow = data.table(shape, dtype)
            for begin in range(0, shape[0], _BLOCK):
                narrow[begin : begin + _BLOCK] = X[begin : begin + _BLOCK].astype(dtype)
            for n_threads in setting.threads:
                with machine.threads(n_threads, ()):
                    seconds = _measure(setting, narrow, X, y)
                yield report.compare(title, n_threads, seconds, ["fastgd float32"], at_least, everywhere=True)


def _measure(setting: Setting, narrow: data.Array, X: data.Floats, y: data.Ints) -> dict[str, float]:
    objectives = {"fastgd": fastgd.LinearObjective(narrow, y), "fastgd float32": fastgd.LinearObjective(X, y)}
    w = data.parameters(np.random.default_rng(SEED), X.shape[1] + 1, np.float64) / 255.0
    (value, grad), (value_32, grad_32) = (objective.value_and_grad(w) for objective in objectives.values())
    n_terms = sum(X.shape)
    agreement.check("float32: loss", abs(value_32 - value), agreement.rounding(np.float32, n_terms, 2.0))
    agreement.check("float32: gradient", np.abs(grad_32 - grad), agreement.rounding(np.float32, n_terms, 255.0))
    return rounds.medians(
        {name: rounds.clocked(objective.value_and_grad, w) for name, objective in objectives.items()},
        setting.rounds,
    )
