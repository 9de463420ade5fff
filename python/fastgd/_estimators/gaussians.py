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
# Numbers of a block of rows.
_BLOCK = 1 << 20
# The share of its variance, times the number of features, below which what a column has of its own is rounding.
_OWN = 10.0 * float(np.finfo(np.float64).eps)


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


def moments(X: Any, is_full: bool) -> tuple[Floats, Floats]:
    """The mean of all rows, and their covariance matrix or variances, in blocks of rows."""
    source = as_matrix("X", X).source
    n_samples, n_features = source.shape
    step = max(1, _BLOCK // n_features)
    begins = range(0, n_samples, step)
    total = np.zeros(n_features)
    for begin in begins:
        total += source[begin : begin + step].astype(np.float64).sum(axis=0)
    mean = total / n_samples
    rest = np.zeros(n_features)
    scatter = np.zeros((n_features, n_features) if is_full else n_features)
    with np.errstate(over="ignore", invalid="ignore"):
        for begin in begins:
            away = source[begin : begin + step].astype(np.float64) - mean
            rest += away.sum(axis=0)
            scatter += away.T @ away if is_full else np.einsum("ij,ij->j", away, away)
        # What the rounding of the mean has left.
        rest /= n_samples
        covariance = scatter / n_samples - (np.outer(rest, rest) if is_full else rest**2)
    if not np.isfinite(covariance).all():
        raise ValueError("X must have columns whose squares are within float64's range, got larger numbers")
    return mean + rest, covariance


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
    covariances = covariances * (scale[:, None] * scale if is_full else scale**2)
    factors = regular_factors(covariances, reg_covar, is_full)
    # A component that no row is nearest to begins with the weight of one.
    counts = np.maximum(counts, 1.0)
    return Gaussians(counts / counts.sum(), means * scale + center, factors)


def regular_factors(covariances: Floats, reg_covar: float, is_full: bool) -> Floats:
    """The factors of the precisions with `reg_covar` on the diagonals of the covariances.

    Raises
    ------
    ValueError
        A column is linear in those before it, to rounding: the factor would be made of rounding errors.
    """
    n_features = covariances.shape[-1]
    added = covariances + (reg_covar * np.eye(n_features) if is_full else reg_covar)
    variances = np.diagonal(added, axis1=-2, axis2=-1) if is_full else added
    try:
        factors = factors_of_covariances(added, is_full) if (variances > 0.0).all() else None
    except np.linalg.LinAlgError:
        factors = None
    if factors is not None and is_full:
        # What of its variance a column does not share with those before it.
        own = 1.0 / (variances * np.diagonal(factors, axis1=-2, axis2=-1) ** 2)
        factors = factors if (own > _OWN * n_features).all() else None
    if factors is None:
        raise ValueError(
            f"reg_covar must be larger for these rows, among which some columns are linear in others, got {reg_covar}"
        )
    return factors


def _completed(scatter: Floats, count: float, enough: float, other: Floats) -> Floats:
    """The covariance of `count` rows, of which as many more as are missing have the other one."""
    missing = max(0.0, enough - count)
    return (scatter + missing * other) / (count + missing)


def _scatter(share: Floats, away: Floats, is_full: bool) -> Floats:
    scatter: Floats = np.einsum("ij,il->jl", share[:, None] * away, away) if is_full else share @ away**2
    return scatter
