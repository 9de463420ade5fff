"""How far the core's densities may be from the twin's: errors of every step, carried on by the chain rule.

* Sums are wrong by ``walk`` of their terms a lane; parameters, which are float64, are rounded once to the precision of
  the rows, and so is what `standardize` subtracts from them.
* The means and deviations of `standardize` are sums in float64, of all rows, in another order than the twin's: relative
  errors of `walk` of their number.
* ``log sum_k exp(t_k)`` changes by at most ``log sum_k r_k exp(d_k)`` where the terms do by d_k and r are their shares,
  and a share by a factor of at most ``exp`` of that and its own term's change.
* Everything is taken with absolute values, so nothing is assumed about cancellation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from _rounding import EPS64, EVALUATION, walk

from fastgd import reference
from fastgd.reference import gaussian_mixture as formulas

Twin = reference.GaussianMixtureObjective
Array = np.ndarray


class Component(NamedTuple):
    """z - mu and y of a component, and in what they are wrong: (n_rows, n_features)."""

    c: Array
    c_error: Array
    y: Array
    y_error: Array
    # Of log p + log N: (n_rows,)
    term_error: Array


class Bound(NamedTuple):
    """Largest errors of value, gradient (n_params,), log densities (n_rows,) and shares (n_rows, n_components)."""

    value: float
    gradient: Array
    scores: Array
    shares: Array


def measured_error(twin: Twin) -> float:
    """The relative error of what is measured to standardise columns; 0 where nothing is."""
    standardized = twin.center.any() or (twin.scale != 1.0).any()
    return EPS64 * walk(twin.n_samples) if standardized else 0.0


def component(
    twin: Twin, z: Array, mixture: formulas.Mixture, log_weight: float, k: int, reg_covar: float, eps: float
) -> Component:
    """Errors of what rows are to a component."""
    mean, factor = mixture.means[k], mixture.factors[k]
    c = z - mean
    shift, measured = twin.center, measured_error(twin)
    c_error = eps * (np.abs(mean - shift) + np.abs(c) + (np.abs(z - shift) if measured > 0.0 else 0.0))
    c_error = c_error + measured * (np.abs(twin.Z - twin.Z[0]).mean(axis=0) + np.abs(mean))
    # Entries of the factor are exponentials and quotients in float64, then rounded.
    size = np.abs(c) @ np.abs(factor)
    n_terms = np.arange(1, len(mean) + 1)
    y_error = c_error @ np.abs(factor) + ((EVALUATION + np.sqrt(n_terms)) * eps + measured) * size
    y = c @ factor
    squares = np.sum(y**2, axis=1)
    square_error = np.sum(2.0 * np.abs(y) * y_error + y_error**2, axis=1) + walk(len(mean)) * eps * squares
    logs = abs(log_weight) + len(mean) + np.sum(np.abs(np.log(np.diagonal(factor))) + np.abs(np.log(twin.scale)))
    constant = logs + 0.5 * reg_covar * np.sum(factor**2)
    term_error = 0.5 * square_error + eps * (constant + 0.5 * squares) + (EPS64 + measured) * constant
    return Component(c, c_error, y, y_error, term_error)


def mixed(terms: Array, errors: Array, eps: float) -> tuple[Array, Array, Array]:
    """Shares of terms, and errors of their log-sum-exp and of the shares."""
    shares = formulas.shares(terms)
    total = formulas.log_sum_exp(terms)
    total_error = np.log(np.sum(shares * np.exp(errors), axis=1)) + EVALUATION * eps * (1.0 + np.abs(total))
    share_error = shares * (np.expm1(errors + total_error[:, None]) + EVALUATION * eps * (1.0 + np.abs(terms)))
    # Exponentials below the smallest number are 0.
    return shares, total_error, share_error + (1e-37 if eps > EPS64 else 1e-300)


def bound(twin: Twin, w: Array, rows: Array | None, eps: float) -> Bound:
    """Largest errors of all that the core tells about the rows at the parameters, in arithmetic of precision eps."""
    z = twin.Z if rows is None else twin.Z[rows]
    mixture = twin.unpack(w)
    log_weights = formulas.log_weights(mixture.logits)
    n = len(z)
    along_rows, last = walk(n) * eps, EVALUATION * EPS64 + measured_error(twin)
    results = []
    for reg_covar in (twin.reg_covar, 0.0):
        parts = [component(twin, z, mixture, p, k, reg_covar, eps) for k, p in enumerate(log_weights)]
        terms = formulas.log_terms(z, mixture, reg_covar)
        results.append((parts, *mixed(terms, np.stack([part.term_error for part in parts], axis=1), eps)))
    parts, shares, total_error, share_error = results[0]
    losses = np.abs(twin.row_losses(w, rows))
    value = float(np.mean(total_error) + EPS64 * walk(n) * np.mean(losses))

    by_logits = np.exp(log_weights) * EVALUATION * EPS64 + np.mean(share_error + along_rows * shares, axis=0)
    by_means, by_factors = np.empty_like(mixture.means), np.empty_like(mixture.factors)
    for k, part in enumerate(parts):
        r, r_error, factor = shares[:, k, None], share_error[:, k, None], np.abs(mixture.factors[k])
        y, c = np.abs(part.y), np.abs(part.c)
        weighed = r_error * (y + part.y_error) + r * part.y_error + along_rows * r * y
        by_means[k] = factor @ (np.mean(weighed, axis=0) + (walk(len(factor)) * EPS64 + last) * np.mean(r * y, axis=0))
        moments = (c + part.c_error).T @ weighed / n + part.c_error.T @ (r * y) / n
        penalty = np.mean(r_error + along_rows * r) * twin.reg_covar * factor
        by_factors[k] = moments + penalty + last * (c.T @ (r * y) / n + twin.reg_covar * factor)
    diagonal = np.arange(twin.n_features)
    share_part = np.mean(share_error + along_rows * shares, axis=0)[:, None]
    own = np.diagonal(mixture.factors, axis1=1, axis2=2)
    entries = by_factors / twin.scale[:, None]
    entries[:, diagonal, diagonal] = own * by_factors[:, diagonal, diagonal] + share_part
    flat = entries[:, twin.factor_rows, twin.factor_columns].ravel()
    gradient = np.concatenate([by_logits[: twin.n_logits], (twin.scale * by_means).ravel(), flat])
    return Bound(value, gradient, results[1][2], results[1][3])
