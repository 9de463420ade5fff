"""Probabilities from raw scores, for the losses that have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

PROBABILITIES = ("log_loss", "modified_huber", "multinomial")


def probabilities(loss: str, raw: Floats) -> Floats:
    """Probabilities of shape (n_samples, n_classes) from raw scores, which are one column for two classes.

    One-vs-rest scores give a probability a class, made to sum to 1 [1]_.

    .. [1] B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
       Knowledge Discovery and Data Mining, 2002.
    """
    if loss == "multinomial" and raw.shape[1] > 1:
        shares = np.exp(raw - raw.max(axis=1, keepdims=True))
        return _normalized(shares)
    of_score = np.clip((raw + 1) / 2, 0, 1) if loss == "modified_huber" else logistic(raw)
    if raw.shape[1] > 1:
        return _normalized(of_score)
    # The logistic of -raw is more precise than 1 minus that of raw.
    rest = 1 - of_score if loss == "modified_huber" else logistic(-raw)
    return np.concatenate([rest, of_score], axis=1)


def log_probabilities(raw: Floats) -> Floats:
    """Logarithms of the softmax's probabilities, of shape (n_samples, n_classes); one column has the other at 0."""
    if raw.shape[1] == 1:
        return np.concatenate([log_logistic(-raw), log_logistic(raw)], axis=1)
    raw = raw - raw.max(axis=1, keepdims=True)
    logarithms: Floats = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    return logarithms


def logistic(raw: Floats) -> Floats:
    """The logistic of each score by itself."""
    with np.errstate(over="ignore"):
        share: Floats = 1 / (1 + np.exp(-raw))
    return share


def log_logistic(raw: Floats) -> Floats:
    """The logarithm of the logistic of each score by itself, finite also where that is too small for its type."""
    logarithms: Floats = np.minimum(raw, 0) + np.log(logistic(np.abs(raw)))
    return logarithms


def _normalized(shares: Floats) -> Floats:
    """Divided by the sums of their rows; a row of zeros says nothing, and each class is as likely."""
    sums = shares.sum(axis=1, keepdims=True)
    none = sums[:, 0] == 0
    shares[none], sums[none] = 1, shares.shape[1]
    shares /= sums
    return shares
