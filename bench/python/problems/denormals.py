"""Numbers below the least normal one, beside fastgd itself on normal ones: nothing is flushed to zero for speed."""

from __future__ import annotations

from collections.abc import Iterator

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting

import fastgd

# In cache, where arithmetic counts, and in memory.
_SHAPES = ((2_000, 64), (200_000, 512))
_SMALL_ROWS = 300
# Products with a normal number, and their sums, are denormal too.
_EXPONENT = {np.dtype(np.float32): -140, np.dtype(np.float64): -1060}


def rows(setting: Setting) -> Iterator[report.Row]:
    for n_rows, n_features in _SHAPES:
        for dtype, exponent in _EXPONENT.items():
            shape = (_SMALL_ROWS if setting.small else n_rows, n_features)
            rng = np.random.default_rng(SEED)
            X = data.table(shape, dtype)
            X[...] = rng.integers(-64, 65, shape)
            tiny = data.table(shape, dtype)
            np.ldexp(X, exponent, out=tiny)
            y = rng.integers(0, 2, shape[0])
            for n_threads in setting.threads:
                with machine.threads(n_threads, ()):
                    seconds = _measure(setting, tiny, X, y, exponent)
                title = f"denormals {shape[0]} x {shape[1]} {dtype}"
                yield report.compare(title, n_threads, seconds, ["fastgd on normal numbers"], None)


def _measure(setting: Setting, tiny: data.Floats, X: data.Floats, y: data.Ints, exponent: int) -> dict[str, float]:
    objectives = {"fastgd": fastgd.LinearObjective(tiny, y), "fastgd on normal numbers": fastgd.LinearObjective(X, y)}
    # Scores are 0 with either, so the gradients differ by the power of two and by rounding.
    w = np.zeros(X.shape[1] + 1)
    grad, grad_of_normal = (objective.grad(w)[:-1] for objective in objectives.values())
    least = float(np.finfo(X.dtype).smallest_subnormal)
    allowed = agreement.rounding(X.dtype, len(X), 64.0 * 2.0**exponent) + len(X) * least
    agreement.check("normal numbers: gradient", np.abs(grad - np.ldexp(grad_of_normal, exponent)), allowed)
    w[:-1] = data.parameters(np.random.default_rng(SEED), X.shape[1], np.float64)
    return rounds.medians(
        {name: rounds.clocked(objective.value_and_grad, w) for name, objective in objectives.items()},
        setting.rounds,
    )
