"""Gaussian densities and mixtures of them: log densities, shares of the components, and the gradient of the risk.

With K components of weight ``p = softmax(logits)``, mean ``mu_k`` and upper triangular factor ``U_k`` of the precision
``U_k U_k^T``, and with ``y = U_k^T (z - mu_k)``::

    log N_k(z) = -d/2 log(2 pi) + sum_j log U_k,jj - ||y||^2 / 2
    F = -mean log sum_k exp(log p_k + log N_k(z) - reg_covar/2 ||U_k||^2)

Flat parameters are the logits (absent for K = 1), the means, and of every component ``U_k`` column by column, or its
diagonal, with ``log U_k,jj`` in the place of ``U_k,jj``.

C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, sections 2.3 and 9.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, IntArray, as_float64
from .objective import Objective
from .sampling import philox

STARTS_STREAM = 1
SAMPLE_ROWS, SAMPLE_NUMBERS = 2**15, 2**22


class Mixture(NamedTuple):
    """The parameters of a mixture.

    Parameters
    ----------
    logits : array of shape (n_components,)
        What the weights are the softmax of.
    means : array of shape (n_components, n_features)
        Means.
    factors : array of shape (n_components, n_features, n_features)
        Upper triangles U, with U U^T the precision.
    """

    logits: FloatArray
    means: FloatArray
    factors: FloatArray


def log_sum_exp(x: FloatArray) -> FloatArray:
    """Return ``log sum_k exp(x_k)`` of each row of x."""
    top = x.max(axis=1)
    total: FloatArray = top + np.log(np.sum(np.exp(x - top[:, None]), axis=1))
    return total


def log_weights(logits: FloatArray) -> FloatArray:
    """Return ``log softmax(logits)``."""
    weights: FloatArray = logits - log_sum_exp(logits[None])[0]
    return weights


def whitened(z: FloatArray, mean: FloatArray, factor: FloatArray) -> FloatArray:
    """Return ``y = U^T (z - mu)`` of each row of z."""
    y: FloatArray = (z - mean) @ factor
    return y


def log_density(z: FloatArray, mean: FloatArray, factor: FloatArray) -> FloatArray:
    """Return ``-d/2 log(2 pi) + sum_j log U_jj - ||y||^2 / 2``, the log density of a Gaussian, of each row of z."""
    y = whitened(z, mean, factor)
    log_determinant = np.sum(np.log(np.diagonal(factor)))
    density: FloatArray = -0.5 * len(mean) * np.log(2.0 * np.pi) + log_determinant - 0.5 * np.sum(y**2, axis=1)
    return density


def log_terms(z: FloatArray, mixture: Mixture, reg_covar: float) -> FloatArray:
    """Return ``log p_k + log N_k(z) - reg_covar/2 ||U_k||^2``, shape (n_rows, n_components)."""
    parts = zip(log_weights(mixture.logits), mixture.means, mixture.factors, strict=True)
    return np.stack([p + log_density(z, mu, U) - 0.5 * reg_covar * np.sum(U**2) for p, mu, U in parts], axis=1)


def shares(terms: FloatArray) -> FloatArray:
    """Return ``exp(t_k) / sum_l exp(t_l)`` of each row of terms: the components' responsibilities for it."""
    share: FloatArray = np.exp(terms - log_sum_exp(terms)[:, None])
    return share


def mixture_gradient(z: FloatArray, mixture: Mixture, reg_covar: float) -> Mixture:
    """Return the gradient of F by logits, means and factors, in the places of these.

    With the shares ``r`` of the components in each row, the means over rows of::

        by logits   p_k - r_k
        by mu_k     -r_k U_k y
        by U_k      r_k ((z - mu_k) y^T + reg_covar U_k - diag(1 / U_k,jj)),  on and above the diagonal

    Parameters
    ----------
    z : array of shape (n_rows, n_features)
        Rows.
    mixture : Mixture
        Parameters.
    reg_covar : float
        What the optimum adds to the variances.

    Returns
    -------
    Mixture
        Gradient.
    """
    r = shares(log_terms(z, mixture, reg_covar))
    n = len(z)
    by_mean, by_factor = np.empty_like(mixture.means), np.empty_like(mixture.factors)
    for k, (mu, U) in enumerate(zip(mixture.means, mixture.factors, strict=True)):
        y = whitened(z, mu, U)
        by_mean[k] = -U @ (r[:, k] @ y) / n
        moments = (r[:, k, None] * (z - mu)).T @ y / n
        by_factor[k] = np.triu(moments + r[:, k].mean() * (reg_covar * U - np.diag(1.0 / np.diagonal(U))))
    return Mixture(np.exp(log_weights(mixture.logits)) - r.mean(axis=0), by_mean, by_factor)


def draw_seeds(z: FloatArray, n_seeds: int, seed: int) -> tuple[IntArray, FloatArray]:
    """Return rows that are means to start from, by k-means++, and the variances about the nearest of them.

    Each row is drawn with a probability in proportion to its squared distance from the nearest of those before, columns
    in units of their standard deviations; where all distances are 0, and for the first, all are as probable.

    Parameters
    ----------
    z : array of shape (n_rows, n_features)
        Rows.
    n_seeds : int
        How many are drawn.
    seed : int
        Key of the random numbers.

    Returns
    -------
    seeds : array of shape (n_seeds,), int64
        Their indices.
    variances : array of shape (n_features,)
        Means over all rows of the squared differences from the nearest seed.

    References
    ----------
    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", ACM-SIAM Symposium on Discrete
    Algorithms, 2007.
    """
    n = len(z)
    variance = sequential_mean((z - (sequential_mean(z - z[0]) + z[0])) ** 2)
    words = philox(seed, STARTS_STREAM, 0, 0, n_blocks=-(-n_seeds // 4))[:n_seeds]
    draws = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    distance, nearest = np.full(n, np.inf), np.zeros(n, dtype=np.int64)
    seeds: list[int] = []
    total = 0.0
    for u in draws:
        chosen = int(u * n)
        if total > 0.0:
            until = np.flatnonzero(np.cumsum(distance) > u * total)
            last = until[0] if until.size else n - 1
            chosen = int(np.flatnonzero(distance[: last + 1] > 0.0)[-1])
        seeds.append(chosen)
        square = np.zeros(n)
        for j in np.flatnonzero(variance > 0.0):
            square += (z[:, j] - z[chosen, j]) ** 2 / variance[j]
        nearer = square < distance
        distance[nearer], nearest[nearer] = square[nearer], chosen
        total = float(np.cumsum(distance)[-1])
    return np.array(seeds), sequential_mean((z - z[nearest]) ** 2)


def sequential_mean(values: FloatArray) -> FloatArray:
    """Return the mean of each column, summed row after row, so that its bits do not depend on how NumPy sums."""
    mean: FloatArray = np.cumsum(values, axis=0)[-1] / len(values)
    return mean


class GaussianMixtureObjective(Objective):
    """The objective ``F`` of this module's first lines on rows Z.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
        Rows.
    n_components : int
        Number of Gaussians.
    covariance_type : {"full", "diag"}
        Whether factors are triangles or diagonal.
    reg_covar : float
        What a minimum adds to the variances.
    standardize : bool
        Whether the flat parameters are those of ``(z - m) / s``, by the means and standard deviations of the columns, 1
        for one that does not vary: ``mu = m + s mu'`` and ``U_ij = U'_ij / s_i``.

    Attributes
    ----------
    n_samples, n_features, n_params : int
        Sizes.
    """

    def __init__(
        self,
        Z: ArrayLike,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        reg_covar: float = 1e-6,
        standardize: bool = False,
    ) -> None:
        (self.Z,) = as_float64(Z)
        # All rows weigh 1, and there is no penalty beside reg_covar.
        self.weight, self.mean_weight = np.ones(len(self.Z)), 1.0
        self.alpha = self.l1_ratio = 0.0
        self.n_samples, self.n_features = self.Z.shape
        self.n_components, self.reg_covar = n_components, reg_covar
        self.center, self.scale = np.zeros(self.n_features), np.ones(self.n_features)
        if standardize:
            # The mean as a difference from the first row is exact for what does not vary.
            self.center = (self.Z - self.Z[0]).mean(axis=0) + self.Z[0]
            deviation = np.sqrt(((self.Z - self.center) ** 2).mean(axis=0))
            self.scale = np.where(deviation > 1e-10 * np.abs(self.center), deviation, 1.0)
        columns, rows = np.tril_indices(self.n_features)
        kept = (rows == columns) | (covariance_type == "full")
        self.factor_rows, self.factor_columns = rows[kept], columns[kept]
        self.n_logits = n_components if n_components > 1 else 0
        self.n_params = self.n_logits + n_components * (self.n_features + len(self.factor_rows))
        self.n_outputs = self.n_params

    def unpack(self, w: ArrayLike) -> Mixture:
        """Return the mixture over the features as they are."""
        (w,) = as_float64(w)
        logits, means, entries = self._split(w)
        factors = np.zeros((self.n_components, self.n_features, self.n_features))
        on_diagonal = self.factor_rows == self.factor_columns
        factors[:, self.factor_rows, self.factor_columns] = np.where(on_diagonal, np.exp(entries), entries)
        if not self.n_logits:
            logits = np.zeros(1)
        return Mixture(logits, self.center + self.scale * means, factors / self.scale[:, None])

    def _split(self, w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Logits, means and the factors' entries, as views."""
        end = self.n_logits + self.n_components * self.n_features
        means = w[self.n_logits : end].reshape(self.n_components, self.n_features)
        return w[: self.n_logits], means, w[end:].reshape(self.n_components, -1)

    def _rows(self, rows: ArrayLike | None) -> FloatArray:
        return self.Z if rows is None else self.Z[np.asarray(rows, dtype=np.int64)]

    def score_samples(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return ``log q(z)``, shape (n_rows,), of the given rows (all by default), without the term of reg_covar."""
        return log_sum_exp(log_terms(self._rows(rows), self.unpack(w), 0.0))

    def predict_proba(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the components' `shares` in ``q(z)``, shape (n_rows, n_components), of the given rows."""
        return shares(log_terms(self._rows(rows), self.unpack(w), 0.0))

    def row_losses(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return what F is the mean of, shape (n_rows,), of the given rows (all by default)."""
        return -log_sum_exp(log_terms(self._rows(rows), self.unpack(w), self.reg_covar))

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return ``F`` over the given rows (all by default)."""
        return float(np.mean(self.row_losses(w, rows)))

    def grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the gradient of `value`, shape (n_params,).

        By the chain rule, ``dF/dmu' = s dF/dmu``, ``dF/dU'_ij = dF/dU_ij / s_i``, and by ``log U'_jj`` it is
        ``U_jj dF/dU_jj``.
        """
        mixture = self.unpack(w)
        gradient = mixture_gradient(self._rows(rows), mixture, self.reg_covar)
        by_entry = gradient.factors / self.scale[:, None]
        diagonal = np.arange(self.n_features)
        by_entry[:, diagonal, diagonal] = (mixture.factors * gradient.factors)[:, diagonal, diagonal]
        entries = by_entry[:, self.factor_rows, self.factor_columns]
        return np.concatenate(
            [gradient.logits[: self.n_logits], (self.scale * gradient.means).ravel(), entries.ravel()]
        )

    def value_and_grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> tuple[float, FloatArray]:
        """Return `value` and `grad`."""
        return self.value(w, rows), self.grad(w, rows)

    def loss_sum(self, w: ArrayLike, rows: IntArray) -> float:
        """Return the sum of `row_losses`."""
        return float(np.sum(self.row_losses(w, rows)))

    def risk_gradient(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return `grad` over the rows."""
        return self.grad(w, rows)

    def is_finite(self, w: ArrayLike, rows: IntArray) -> bool:
        """Whether all log densities of the given rows are finite."""
        return bool(np.all(np.isfinite(self.row_losses(w, rows))))

    def is_weight(self) -> NDArray[np.bool_]:
        """Return which parameters decay, shape (n_params,): all of them."""
        return np.ones(self.n_params, dtype=bool)

    def slopes(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the gradient of each row's loss, which `combine` does not add up but for linear models."""
        return np.stack([self.grad(w, [row]) for row in rows])

    def initial(self, seed: int = 0) -> FloatArray:
        """Return the parameters that descent starts from, shape (n_params,).

        One component has the mean and the variances of the columns, and `reg_covar`.  More are of equal weight, with
        means by `draw_seeds` from evenly spaced rows, and its variances, and `reg_covar`.
        """
        if self.n_components == 1:
            means = (self.Z - self.Z[0]).mean(axis=0)[None] + self.Z[0]
            variance = ((self.Z - means) ** 2).mean(axis=0)
        else:
            most = max(self.n_components, min(SAMPLE_ROWS, SAMPLE_NUMBERS // self.n_features), 1)
            n = min(self.n_samples, most)
            sample = self.Z[np.arange(n) * self.n_samples // n]
            seeds, variance = draw_seeds(sample, self.n_components, seed)
            means = sample[seeds]
        regularized = variance + self.reg_covar
        log_root = np.where(regularized > 0.0, -0.5 * np.log(np.where(regularized > 0.0, regularized, 1.0)), 0.0)
        log_root = log_root + np.log(self.scale)
        on_diagonal = self.factor_rows == self.factor_columns
        entries = np.where(on_diagonal, log_root[self.factor_columns], 0.0)
        start = [np.zeros(self.n_logits), ((means - self.center) / self.scale).ravel()]
        return np.concatenate([*start, np.tile(entries, self.n_components)])
