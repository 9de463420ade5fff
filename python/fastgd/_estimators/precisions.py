"""Covariances, precisions and the factors of precisions, in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def covariances_of(factors: Floats, is_full: bool) -> Floats:
    """``inv(U U')`` of upper triangles U, or ``1 / u**2`` of the roots u of a diagonal."""
    if not is_full:
        return 1.0 / factors**2
    inverse = np.linalg.inv(factors)
    covariances: Floats = np.einsum("...ji,...jk->...ik", inverse, inverse)
    return covariances


def both_of(factors: Floats, is_full: bool) -> tuple[Floats, Floats, bool]:
    """The precisions and covariances of factors, and whether all of these are within float64's range."""
    with np.errstate(all="ignore"):
        try:
            precisions, covariances = precisions_of(factors, is_full), covariances_of(factors, is_full)
        except np.linalg.LinAlgError:
            return factors, factors, False
    positive = [np.diagonal(some, axis1=-2, axis2=-1) if is_full else some for some in (precisions, covariances)]
    is_valid = all((some > 0.0).all() for some in positive)
    return precisions, covariances, is_valid and bool(np.isfinite(precisions).all() and np.isfinite(covariances).all())


def precisions_of(factors: Floats, is_full: bool) -> Floats:
    """``U U'`` of upper triangles, or ``u**2``."""
    precisions: Floats = np.einsum("...ij,...kj->...ik", factors, factors) if is_full else factors**2
    return precisions


def factors_of_precisions(precisions: Floats, is_full: bool) -> Floats:
    """The upper triangles U with positive diagonals and ``U U' = P``, or the roots of a diagonal."""
    if not is_full:
        return np.sqrt(precisions)
    # The lower triangle of the matrix turned around, turned back.
    lower = np.linalg.cholesky(precisions[..., ::-1, ::-1])
    return np.ascontiguousarray(lower[..., ::-1, ::-1])


def factors_of_covariances(covariances: Floats, is_full: bool) -> Floats:
    """The same factors of the precisions ``inv(covariance)``."""
    if not is_full:
        return 1.0 / np.sqrt(covariances)
    # inv(L L') = inv(L)' inv(L), whose first factor is an upper triangle.
    inverse = np.linalg.inv(np.linalg.cholesky(covariances))
    return np.ascontiguousarray(np.swapaxes(np.tril(inverse), -1, -2))
