"""Losses that are counted but not descended: they have a value and no useful derivative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, as_float64


def zero_one(y: ArrayLike, raw: ArrayLike) -> FloatArray:
    """Return 1 for a wrong decision, 0 for a right one.

    With one score a row: ``[y raw <= 0]``, so that the undecided score 0 counts as wrong.
    With one score a class: ``[argmax_j s_j != y]``, the first of equal scores deciding.

    Parameters
    ----------
    y : array of shape (n,)
        Labels -1 or +1, or class indices 0 to K - 1.
    raw : array of shape (n,) or (n, K)
        Raw scores: one a row for labels, one a class for indices.

    Returns
    -------
    array of shape (n,)
        Losses.
    """
    y, raw = as_float64(y, raw)
    wrong = y * raw <= 0.0 if raw.ndim == y.ndim else np.argmax(raw, axis=-1) != y
    return np.where(wrong, 1.0, 0.0)


METRICS: dict[str, Callable[[ArrayLike, ArrayLike], FloatArray]] = {"zero_one": zero_one}
"""Metrics by name."""
