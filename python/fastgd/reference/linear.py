"""Linear models: their scores, and the gradient of their risk.

The objective is that of `risk`, with ``raw = X coef^T + intercept + offset`` and ``coef`` of shape
(n_outputs, n_features).  Flat parameters are ``concatenate([coef.ravel(), intercept])``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, IntArray, as_float64
from .duality import duality_gap
from .risk import EmpiricalRisk
from .second_derivatives import hessian_product


def raw_scores(X: ArrayLike, coef: ArrayLike, intercept: ArrayLike, offset: ArrayLike = 0.0) -> FloatArray:
    """Raw scores of a linear model, ``X coef^T + intercept + offset``.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Data.
    coef : array of shape (n_outputs, n_features)
        Coefficients.
    intercept : array of shape (n_outputs,)
        Intercepts.
    offset : array of shape (n, n_outputs)
        Known part of the scores.

    Returns
    -------
    array of shape (n, n_outputs)
        Raw scores.
    """
    X, coef, intercept, offset = as_float64(X, coef, intercept, offset)
    raw: FloatArray = X @ coef.T + intercept + offset
    return raw


def standardized(X: FloatArray, weight: FloatArray) -> FloatArray:
    """Features of weighted mean 0 and standard deviation 1, ``(x - mean) / sqrt(mean((x - mean)^2))``.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Features.
    weight : array of shape (n_samples,)
        Weights of the rows that the means are taken over.

    Returns
    -------
    array of shape (n_samples, n_features)
        Standardised features; zeros for one that does not vary.
    """
    present = weight > 0.0
    mean = np.average(X[present], axis=0, weights=weight[present])
    deviation = np.sqrt(np.average((X[present] - mean) ** 2, axis=0, weights=weight[present]))
    varies = deviation > 1e-10 * np.abs(mean)
    return np.asarray((X - mean) * np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0))


class LinearObjective(EmpiricalRisk):
    """The objective ``F`` of a linear model, as a function of flat parameters.

    Parameters
    ----------
    X, y, loss, alpha, l1_ratio, sample_weight, n_classes, loss_params
        As of `EmpiricalRisk`.
    fit_intercept : bool
        Whether the parameters end with one intercept an output.
    offset : array of shape (n_samples,) or (n_samples, n_outputs), optional
        Known part of the raw scores.
    standardize : bool
        Whether the parameters are those of features ``(x - mean) / deviation``, by `standardized`.
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str = "log_loss",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        sample_weight: ArrayLike | None = None,
        n_classes: int | None = None,
        loss_params: Mapping[str, float] | None = None,
        offset: ArrayLike | None = None,
        standardize: bool = False,
    ) -> None:
        super().__init__(
            X,
            y,
            loss=loss,
            alpha=alpha,
            l1_ratio=l1_ratio,
            sample_weight=sample_weight,
            n_classes=n_classes,
            loss_params=loss_params,
        )
        self.fit_intercept = fit_intercept
        self.n_params = self.n_outputs * (self.n_features + int(fit_intercept))
        if standardize:
            self.X = standardized(self.X, self.weight)
        known = np.zeros((self.n_samples, 1)) if offset is None else as_float64(offset)[0].reshape(self.n_samples, -1)
        self.offset = np.broadcast_to(known, (self.n_samples, self.n_outputs))

    def pack(self, coef: ArrayLike, intercept: ArrayLike = ()) -> FloatArray:
        """Return the flat parameters, shape (n_params,), of coefficients and of intercepts where they are fitted."""
        coef, intercept = as_float64(coef, intercept)
        return np.concatenate([coef.ravel(), intercept.ravel()]) if self.fit_intercept else coef.ravel()

    def unpack(self, w: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return coefficients (n_outputs, n_features) and intercepts (n_outputs,), zeros where none are fitted."""
        (w,) = as_float64(w)
        coef, intercept = np.split(w, [self.n_outputs * self.n_features])
        coef = coef.reshape(self.n_outputs, self.n_features)
        return coef, intercept if self.fit_intercept else np.zeros(self.n_outputs)

    def initial(self, seed: int = 0) -> FloatArray:
        """Return the parameters that descent starts from, zeros of shape (n_params,) whatever the seed."""
        return np.zeros(self.n_params)

    def raw(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the raw scores, shape (n_rows, n_outputs), of the given rows (all by default)."""
        taken = slice(None) if rows is None else np.asarray(rows, dtype=np.int64)
        return raw_scores(self.X[taken], *self.unpack(w), self.offset[taken])

    def combine(self, slopes: FloatArray, rows: IntArray, count: int) -> FloatArray:
        """Return the gradient, shape (n_params,), that slopes add up to: ``sum_i slopes_i x_i / (mean(s) count)``.

        That by an intercept is the one by a feature constant at 1.
        """
        scaled = slopes / (self.mean_weight * count)
        return self.pack(scaled.T @ self.X[rows], scaled.sum(axis=0))

    def risk_gradient(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the gradient, shape (n_params,), of the empirical risk over rows of positive weight.

        ``sum_B s_i dloss_i x_i / (mean(s) |B|)``, by the chain rule.
        """
        return self.combine(self.slopes(w, rows), rows, len(rows))

    def hvp(self, w: ArrayLike, v: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the Hessian of `value` at `w` times `v`, to which the l1 norm adds nothing.

        ``sum_B s_i (H_i u_i) x_i / (mean(s) |B|) + alpha (1 - l1_ratio) v_coef``, with ``H_i`` the Hessian of a row's
        loss in its raw scores and ``u_i = v_coef x_i + v_intercept``.

        Parameters
        ----------
        w, v : array of shape (n_params,)
            Parameters and a direction.
        rows : array of int, optional
            Row indices, repeats allowed; all by default.

        Returns
        -------
        array of shape (n_params,)
            The product.
        """
        rows = self._present_or_raise(rows)
        u = raw_scores(self.X[rows], *self.unpack(v))
        product = hessian_product(self.loss, self.y[rows], self.raw(w, rows), u, **self.loss_params)
        curved = self.combine(self.weight[rows][:, None] * product, rows, len(rows))
        # The gradient of the penalty's smooth part is linear.
        return curved + self.smooth_penalty_gradient(v)

    def plane(self, w: ArrayLike, directions: ArrayLike, coordinates: ArrayLike) -> FloatArray:
        """Return ``F(w + sum_j c_j d_j)`` for each row c of the coordinates, by scores that add up likewise.

        ``raw(w + sum_j c_j d_j) = raw(w) + sum_j c_j (raw(d_j) - offset)``, with ``raw(d_j) - offset`` the scores that
        a direction alone gives.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters at the origin.
        directions : array of shape (n_directions, n_params)
            Directions.
        coordinates : array of shape (n_points, n_directions)
            Points.

        Returns
        -------
        array of shape (n_points,)
            Values.
        """
        w, directions, coordinates = as_float64(w, directions, coordinates)
        rows = self._present_or_raise(None)
        origin = self.raw(w, rows)
        along = np.stack([raw_scores(self.X[rows], *self.unpack(d)) for d in directions])
        values = np.empty(len(coordinates))
        for p, c in enumerate(coordinates):
            raw = origin + np.tensordot(c, along, 1)
            total = float(self.weight[rows] @ self.score_losses(raw, rows))
            values[p] = self.mean_loss(total, len(rows)) + self.penalty(w + c @ directions)[0]
        return values

    def duality_gap(self, w: ArrayLike) -> float:
        """Return a bound on ``F(w) - min F``: `fastgd.reference.duality.duality_gap`."""
        return duality_gap(self, *as_float64(w))

    def is_weight(self) -> NDArray[np.bool_]:
        """Return which parameters are coefficients, shape (n_params,): the penalised ones, and those that decay."""
        return self.pack(np.ones(self.n_outputs * self.n_features), np.zeros(self.n_outputs)) > 0.0
