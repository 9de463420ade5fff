"""Where a mixture's descent begins: rows in groups, and a Gaussian for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _validation as check
from .._estimators.gaussians import Rows, gaussians, some_rows
from .._estimators.precisions import factors_of_precisions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INIT_PARAMS = ("kmeans", "k-means++", "random", "random_from_data")
# Lloyd's steps; few problems take as many.
_MAX_STEPS = 300


class Given(NamedTuple):
    """What the caller says of the start; None where he leaves it to us."""

    weights: Floats | None
    means: Floats | None
    factors: Floats | None


def make_starts(estimator: Any, objective: Any, X: Any, seed: int, is_piece: bool) -> list[Floats]:
    """Flat parameters of up to `n_init` starts; those that are the same are one."""
    is_full, reg_covar = objective.covariance_type == "full", float(estimator.reg_covar)
    given = _check_given(estimator, objective.n_components, X.shape[1], is_full)
    rows = some_rows(X)
    starts: dict[bytes, Floats] = {}
    for shares in _all_shares(objective, rows, estimator.init_params, int(estimator.n_init), seed):
        found = gaussians(shares, rows, reg_covar, is_full, is_piece)
        # The order of components says nothing, and starts that differ in it alone are one.
        order = np.lexsort(found.means.T[::-1])
        start = objective.pack(
            found.weights[order] if given.weights is None else given.weights,
            found.means[order] if given.means is None else given.means,
            found.factors[order] if given.factors is None else given.factors,
        )
        starts.setdefault(start.tobytes(), start)
    return list(starts.values())


def _all_shares(objective: Any, given: Rows, how: str, n_init: int, seed: int) -> Iterator[Floats]:
    """How much of each row belongs to each component: arrays of shape (n_rows, n_components)."""
    rows, center, scale = given
    n_components = objective.n_components
    for i in range(1 if n_components == 1 else n_init):
        of_start = (seed + i) % 2**64
        random = np.random.RandomState(np.array([of_start & 0xFFFFFFFF, of_start >> 32]))
        if how == "random":
            shares = random.uniform(size=(len(rows), n_components))
            yield shares / shares.sum(axis=1, keepdims=True)
            continue
        if how == "random_from_data":
            means = rows[random.choice(len(rows), n_components, replace=False)]
        else:
            means = (objective.unpack(objective.initial(of_start)).means - center) / scale
        labels = _nearest(rows, means)
        if how == "kmeans":
            labels = _lloyd(rows, means, labels)
        yield np.equal(labels[:, None], np.arange(n_components)).astype(np.float64)


def _nearest(rows: Floats, means: Floats) -> NDArray[np.intp]:
    # Without the rows' own squares, which are the same for all means.
    away = 0.5 * np.einsum("kj,kj->k", means, means) - np.einsum("ij,kj->ik", rows, means)
    nearest: NDArray[np.intp] = away.argmin(axis=1)
    return nearest


def _lloyd(rows: Floats, means: Floats, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Groups whose rows are nearest to their own mean, by Lloyd's algorithm."""
    means = means.copy()
    for _ in range(_MAX_STEPS):
        counts = np.bincount(labels, minlength=len(means))
        for j, column in enumerate(rows.T):
            sums = np.bincount(labels, weights=column, minlength=len(means))
            np.divide(sums, counts, out=means[:, j], where=counts > 0)
        before, labels = labels, _nearest(rows, means)
        if np.array_equal(before, labels):
            break
    return labels


def _check_given(estimator: Any, n_components: int, n_features: int, is_full: bool) -> Given:
    """The caller's part of a start, checked."""
    weights, means, precisions = estimator.weights_init, estimator.means_init, estimator.precisions_init
    return Given(
        None if weights is None else _check_weights(weights, n_components),
        None if means is None else _shaped("means_init", means, (n_components, n_features)),
        None if precisions is None else _check_precisions(precisions, n_components, n_features, is_full),
    )


def _check_weights(weights: Any, n_components: int) -> Floats:
    array = _shaped("weights_init", weights, (n_components,))
    if not (array > 0.0).all():
        raise check.refuse("weights_init", "> 0, as descent does not leave 0", weights)
    # To float32's rounding, as they may come from there.
    if abs(array.sum() - 1.0) > 1e-6:
        raise ValueError(f"weights_init must sum to 1, got {check.shown(weights)}, which sum to {array.sum():.6g}")
    return array


def _check_precisions(precisions: Any, n_components: int, n_features: int, is_full: bool) -> Floats:
    shape = (n_components, n_features, n_features) if is_full else (n_components, n_features)
    array = _shaped("precisions_init", precisions, shape)
    try:
        if is_full and not np.allclose(array, np.swapaxes(array, 1, 2)):
            raise np.linalg.LinAlgError
        if not is_full and not (array > 0.0).all():
            raise np.linalg.LinAlgError
        return factors_of_precisions(array, is_full)
    except np.linalg.LinAlgError:
        allowed = "symmetric positive-definite matrices" if is_full else "> 0"
        raise check.refuse("precisions_init", allowed, precisions) from None


def _shaped(name: str, values: Any, shape: tuple[int, ...]) -> Floats:
    array = check.finite(name, check.real_array(name, values), np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}")
    return array
