"""Gaussians of groups of rows, for descents to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._matrix import as_matrix, sample
from .precisions import factors_of_covariances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Rows that are looked at, evenly spaced.
_MAX_ROWS = 1 << 14


class Rows(NamedTuple):
    """Some rows, standardised by their own means and scales."""

    rows: Floats
    center: Floats
    scale: Floats


class Gaussians(NamedTuple):
    """Weights, means and factors of precisions, of features as they are."""

    weights: Floats
    means: Floats
    factors: Floats


def some_rows(X: Any) -> Rows:
    """Standardised rows, as many as suffice for a start."""
    rows = sample(as_matrix("X", X), _MAX_ROWS)
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0.0] = 1.0
    return Rows((rows - center) / scale, center, scale)


def gaussians(shares: Floats, given: Rows, reg_covar: float, is_full: bool, is_piece: bool) -> Gaussians:
    """A Gaussian for each column of `shares`, how much of each row belongs to it, of shape (n_rows, n_components).

    With `is_piece` there are more rows to come, and those at hand may be too few to say how features vary together.
    """
    rows, center, scale = given
    n_components, n_features = shares.shape[1], rows.shape[1]
    counts = shares.sum(axis=0)
    means = np.zeros((n_components, n_features))
    sums = np.einsum("ik,ij->kj", shares, rows)
    np.divide(sums, counts[:, None], out=means, where=counts[:, None] > 0.0)
    scatters = np.stack([_scatter(share, rows - mean, is_full) for share, mean in zip(shares.T, means, strict=True)])
    pooled = scatters.sum(axis=0) / len(rows)
    # Few rows say little of their covariance, and one says nothing: what is missing is taken to be like all groups.
    # Where there are enough nothing is, as a group may be far narrower in some direction than all are.
    enough = 2.0 * (n_features + 1.0)
    if is_piece and is_full:
        pooled = _completed(len(rows) * pooled, float(len(rows)), enough, np.diag(np.diag(pooled)))
    covariances = np.stack(
        [_completed(scatter, count, enough, pooled) for scatter, count in zip(scatters, counts, strict=True)]
    )
    if is_full:
        covariances = covariances * (scale[:, None] * scale) + reg_covar * np.eye(n_features)
    else:
        covariances = covariances * scale**2 + reg_covar
    try:
        factors = factors_of_covariances(covariances, is_full)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"reg_covar must be larger for these rows, among which some columns are linear in others, got {reg_covar}"
        ) from None
    # A component that no row is nearest to begins with the weight of one.
    counts = np.maximum(counts, 1.0)
    return Gaussians(counts / counts.sum(), means * scale + center, factors)


def _completed(scatter: Floats, count: float, enough: float, other: Floats) -> Floats:
    """The covariance of `count` rows, of which as many more as are missing have the other one."""
    missing = max(0.0, enough - count)
    return (scatter + missing * other) / (count + missing)


def _scatter(share: Floats, away: Floats, is_full: bool) -> Floats:
    scatter: Floats = np.einsum("ij,il->jl", share[:, None] * away, away) if is_full else share @ away**2
    return scatter
