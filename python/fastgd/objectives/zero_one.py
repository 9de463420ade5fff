"""The share of mistakes, as a value of raw scores; it has no gradient, so the core does not know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .. import _core

_BLOCK = 1 << 16


def share_of_mistakes(
    core: _core.LinearObjective | _core.MLPObjective,
    w: NDArray[np.float64],
    y: NDArray[Any],
    weight: NDArray[Any] | None,
    rows: NDArray[np.int64] | None,
) -> float:
    """Weighted mean of the zero-one loss, ``sum_B s_i [row i is decided wrongly] / (mean(s) |B|)``.

    A row with one score is wrong where ``y * raw <= 0``, one with a score a class where the first greatest score is
    not that of its class.
    """
    mistakes, present = 0.0, 0
    n_rows = core.n_samples if rows is None else len(rows)
    for begin in range(0, n_rows, _BLOCK):
        end = min(begin + _BLOCK, n_rows)
        block = np.arange(begin, end) if rows is None else rows[begin:end]
        if weight is not None:
            block = block[weight[block] > 0]
            if len(block) == 0:
                continue
        raw = core.decision_function(w, block, 0)
        if not np.isfinite(raw).all():
            raise FloatingPointError
        wrong = y[block] * raw[:, 0] <= 0 if core.n_outputs == 1 else raw.argmax(axis=1) != y[block]
        mistakes += float(wrong.sum() if weight is None else weight[block[wrong]].sum(dtype=np.float64))
        present += len(block)
    if present == 0:
        raise ValueError("rows must name at least one row of positive weight")
    mean_weight = 1.0 if weight is None else float(weight[weight > 0].mean(dtype=np.float64))
    return mistakes / (mean_weight * present)
