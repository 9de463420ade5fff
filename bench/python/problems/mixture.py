"""Value and gradient of a Gaussian mixture on all rows, beside a pass of expectation maximisation by scikit-learn.

Both compute every component's density of every row, its share, and second moments weighted by it. What the gradient
says of the means is checked to be the step that EM takes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting
from sklearn.mixture import GaussianMixture

import fastgd

# Rows, features, components.
_SHAPES = ((1_000_000, 2, 3), (200_000, 16, 5), (50_000, 64, 10))
_SMALL_ROWS = 1500
_REG_COVAR = 1e-3
_AT_LEAST = 2.0


def rows(setting: Setting) -> Iterator[report.Row]:
    for (n, d, k), covariance_type, dtype in itertools.product(_SHAPES, ("full", "diag"), (np.float64, np.float32)):
        Z = table(_SMALL_ROWS if setting.small else n, d, k, dtype)
        own = fastgd.GaussianMixtureObjective(Z, k, covariance_type=covariance_type, reg_covar=_REG_COVAR)
        w = own.initial(SEED)
        peer = GaussianMixture(k, covariance_type=covariance_type, reg_covar=_REG_COVAR)
        peer.weights_, peer.means_, peer.precisions_cholesky_ = (part.astype(dtype) for part in own.unpack(w))
        title = f"mixture {Z.shape[0]} x {d} {Z.dtype}, {k} {covariance_type}"
        _check(own, w, Z, peer)
        for n_threads in setting.threads:
            with machine.threads(n_threads, []):
                contestants = {
                    "fastgd": rounds.clocked(own.value_and_grad, w),
                    "scikit-learn": rounds.clocked(step, peer, Z),
                }
                seconds = rounds.medians(contestants, setting.rounds)
            yield report.compare(title, n_threads, seconds, ["scikit-learn"], _AT_LEAST)


def table(n: int, d: int, k: int, dtype: Any) -> data.Floats:
    """Groups that overlap, with columns that depend on each other."""
    rng = np.random.default_rng(SEED)
    Z = data.normal(rng, (n, d), dtype) @ (rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d))
    return (Z + 2.0 * rng.normal(size=(k, d))[rng.integers(0, k, n)]).astype(dtype)


def step(peer: Any, Z: data.Floats) -> tuple[float, data.Floats]:
    """The mean log-likelihood at the peer's parameters, and the means that EM goes on to; the parameters stay."""
    before = peer.weights_, peer.means_, peer.precisions_cholesky_
    value, log_shares = peer._e_step(Z)
    peer._m_step(Z, log_shares)
    means: data.Floats = peer.means_
    peer.weights_, peer.means_, peer.precisions_cholesky_ = before
    return float(value), means


def _check(own: fastgd.GaussianMixtureObjective, w: data.Floats, Z: data.Floats, peer: Any) -> None:
    # All components start with the same factor, so that the term of reg_covar leaves their shares as they are.
    gradient = own.grad(w)
    _, means, factors = own.unpack(w)
    k, d = means.shape
    their_value, their_means = step(peer, Z)
    scores = own.score_samples(w).astype(np.float64)
    n_terms = len(Z) + d * d
    size = float(np.abs(scores).mean()) + float((Z.astype(np.float64) ** 2).mean()) * d
    agreement.check(
        "log-likelihood", abs(their_value - float(scores.mean())), agreement.rounding(Z.dtype, n_terms, size)
    )
    # EM's mean is ours, less the covariance times the gradient, divided by the component's share.
    shares = own.predict_proba(w).mean(axis=0, dtype=np.float64)
    slopes = gradient[k : k + k * d].reshape(k, d)
    for component in range(k):
        factor = factors[component] if factors.ndim == 3 else np.diag(factors[component])
        move = np.linalg.inv(factor @ factor.T) @ slopes[component] / shares[component]
        error = np.abs(their_means[component] - (means[component] - move))
        agreement.check("means", error, agreement.rounding(Z.dtype, n_terms, 10.0 * size / shares[component]))
