"""Empirical risk of a linear model, and its gradient.

The objective, with raw scores ``raw = X coef^T + intercept + offset``, sample weights ``s`` and
``coef`` of shape (n_outputs, n_features), is::

    F = sum_i s_i loss(y_i, raw_i) / sum_i s_i  +  alpha ((1 - l1_ratio)/2 ||coef||^2 + l1_ratio ||coef||_1)

The intercept is not penalised.  A row of weight 0 is absent: it is never read.  Flat parameters are
``concatenate([coef.ravel(), intercept])``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, IntArray, Loss, as_float64
from .duality import duality_gap
from .losses import KINDS, LOSSES, one_vs_rest
from .metrics import METRICS
from .penalties import elastic_net
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


def empirical_risk(loss: FloatArray, weight: FloatArray, mean_weight: float) -> float:
    """Weighted mean of a batch's losses, ``sum_B s_i loss_i / (mean(s) |B|)``.

    Over all rows, ``mean(s) |B|`` is ``sum s_i``.  Over a batch the divisor does not depend on which rows it
    holds, which makes the mean over random batches unbiased, and lets weights count at batch size 1.

    Parameters
    ----------
    loss, weight : array of shape (n_batch,)
        Losses and positive weights of the batch's rows.
    mean_weight : float
        Mean of all positive weights of the fit.

    Returns
    -------
    float
        Risk.
    """
    return float(np.sum(weight * loss) / (mean_weight * len(loss)))


def output_loss(name: str, n_outputs: int) -> Loss:
    """Return the loss ``(y, raw (n, n_outputs)) -> (loss (n,), dloss (n, n_outputs))`` of that name.

    An elementwise loss is summed over the outputs; a binary one with several outputs is `one_vs_rest`.

    Parameters
    ----------
    name : str
        Name of a loss that has a derivative.
    n_outputs : int
        Number of scores a row.

    Returns
    -------
    function (y, raw, **loss_params) -> (loss, dloss)
        The loss of whole rows.
    """
    if name in METRICS:
        raise ValueError(f"loss {name!r} has no gradient to descend: it is a metric")
    loss = LOSSES[name]
    if KINDS[name] == "multiclass":
        return loss
    if KINDS[name] == "binary" and n_outputs > 1:
        return one_vs_rest(loss)

    def summed(y: ArrayLike, raw: ArrayLike, **loss_params: float) -> tuple[FloatArray, FloatArray]:
        losses, dloss = loss(np.asarray(y).reshape(-1, n_outputs), raw, **loss_params)
        return losses.sum(axis=1), dloss

    return summed


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


class LinearObjective:
    """The objective ``F`` of this module's first lines, as a function of flat parameters.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Data.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets.  Two classes: {-1, +1}, {0, 1} or bool.  More classes: indices 0 to n_classes - 1.
    loss : str
        Name in `LOSSES` or `METRICS`.
    alpha, l1_ratio : float
        Strength of the penalty, and its share of the l1 norm.
    fit_intercept : bool
        Whether the parameters end with one intercept an output.
    sample_weight : array of shape (n_samples,), optional
        Weights, at least 0; 1 each by default.
    n_classes : int, optional
        Number of classes; one more than the greatest of `y` by default.
    loss_params : mapping, optional
        Parameters of the loss by name.
    offset : array of shape (n_samples,) or (n_samples, n_outputs), optional
        Known part of the raw scores.
    standardize : bool
        Whether the parameters are those of features ``(x - mean) / deviation``, by `standardized`.

    Attributes
    ----------
    n_samples, n_features, n_outputs, n_params : int
        Sizes.
    weight : array of shape (n_samples,)
        Sample weights.
    mean_weight : float
        Mean of the positive ones.
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
        if loss not in LOSSES and loss not in METRICS:
            raise ValueError(f"loss must be one of {sorted([*LOSSES, *METRICS])}, got {loss!r}")
        self.X, self.y = as_float64(X, y)
        self.loss, self.loss_params = loss, dict(loss_params or {})
        self.alpha, self.l1_ratio, self.fit_intercept = alpha, l1_ratio, fit_intercept
        self.n_samples, self.n_features = self.X.shape

        kind = KINDS.get(loss, "binary")
        if kind == "regression":
            self.n_outputs = 1 if self.y.ndim == 1 else self.y.shape[1]
        else:
            n_classes = int(np.nanmax(self.y)) + 1 if n_classes is None else n_classes
            self.n_outputs = 1 if kind == "binary" and n_classes <= 2 else n_classes
            if self.n_outputs == 1:
                self.y = np.where(self.y > 0.0, 1.0, -1.0)
        self.n_params = self.n_outputs * (self.n_features + int(fit_intercept))

        self.weight = np.ones(self.n_samples) if sample_weight is None else as_float64(sample_weight)[0]
        if not (np.all(self.weight >= 0.0) and np.any(self.weight > 0.0)):
            raise ValueError("sample_weight must be at least 0, and above 0 for one row or more")
        self.mean_weight = float(np.mean(self.weight[self.weight > 0.0]))
        bad = np.argwhere(~np.isfinite(self.X) & (self.weight > 0.0)[:, None])
        if bad.size:
            raise ValueError(f"X must be finite, got {self.X[tuple(bad[0])]} in row {bad[0, 0]}, column {bad[0, 1]}")
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

    def initial(self) -> FloatArray:
        """Return the parameters that descent starts from, zeros of shape (n_params,)."""
        return np.zeros(self.n_params)

    def present(self, rows: ArrayLike | None = None) -> IntArray:
        """Return those of the given rows (all by default) whose weight is above 0."""
        rows = np.arange(self.n_samples) if rows is None else np.asarray(rows, dtype=np.int64)
        return rows[self.weight[rows] > 0.0]

    def _present_or_raise(self, rows: ArrayLike | None) -> IntArray:
        """Return `present` rows, of which there must be one."""
        present = self.present(rows)
        if present.size == 0:
            raise ValueError("rows must name at least one row of positive weight")
        return present

    def raw(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the raw scores, shape (n_rows, n_outputs), of the given rows (all by default)."""
        taken = slice(None) if rows is None else np.asarray(rows, dtype=np.int64)
        return raw_scores(self.X[taken], *self.unpack(w), self.offset[taken])

    def row_losses(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the losses, shape (n_rows,), of the given rows."""
        raw = self.raw(w, rows)
        if self.loss in METRICS:
            return METRICS[self.loss](self.y[rows], raw[:, 0] if self.n_outputs == 1 else raw)
        return output_loss(self.loss, self.n_outputs)(self.y[rows], raw, **self.loss_params)[0]

    def penalty(self, w: ArrayLike) -> tuple[float, FloatArray]:
        """Return the penalty and its gradient by the flat parameters, 0 by the intercepts."""
        coef, intercept = self.unpack(w)
        value, gradient = elastic_net(coef, alpha=self.alpha, l1_ratio=self.l1_ratio)
        return value, self.pack(gradient, np.zeros_like(intercept))

    def slopes(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return ``s_i dloss_i``, shape (n_rows, n_outputs): what rows of positive weight are multiplied by."""
        _, dloss = output_loss(self.loss, self.n_outputs)(self.y[rows], self.raw(w, rows), **self.loss_params)
        return self.weight[rows][:, None] * dloss

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

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return ``F``; with `rows`, the risk is that of these rows as a mini-batch.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, repeats allowed; all by default.

        Returns
        -------
        float
            Risk and penalty.
        """
        rows = self._present_or_raise(rows)
        risk = empirical_risk(self.row_losses(w, rows), self.weight[rows], self.mean_weight)
        return risk + self.penalty(w)[0]

    def grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the gradient of `value`, shape (n_params,); at a coefficient of 0 the l1 norm's is 0."""
        return self.risk_gradient(w, self._present_or_raise(rows)) + self.penalty(w)[1]

    def value_and_grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> tuple[float, FloatArray]:
        """Return `value` and `grad`."""
        return self.value(w, rows), self.grad(w, rows)

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

    def duality_gap(self, w: ArrayLike) -> float:
        """Return a bound on ``F(w) - min F``: `duality.duality_gap`."""
        return duality_gap(self, *as_float64(w))

    def batch_gradient(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Gradient of a descent step: that of the risk over the batch, and of the smooth part of the penalty.

        ``sum_B s_i grad loss_i / (mean(s) |B|) + alpha (1 - l1_ratio) coef``; the l1 norm is left to the step.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of shape (n_batch,), int64
            The batch's rows, all of positive weight.

        Returns
        -------
        array of shape (n_params,)
            Gradient.
        """
        return self.risk_gradient(w, rows) + self.smooth_penalty_gradient(w)

    def smooth_penalty_gradient(self, w: ArrayLike) -> FloatArray:
        """Return ``alpha (1 - l1_ratio) coef``, shape (n_params,), 0 by the intercepts."""
        coef, intercept = self.unpack(w)
        _, smooth = elastic_net(coef, alpha=self.alpha * (1.0 - self.l1_ratio), l1_ratio=0.0)
        return self.pack(smooth, np.zeros_like(intercept))

    def is_weight(self) -> NDArray[np.bool_]:
        """Return which parameters are coefficients, shape (n_params,): the penalised ones, and those that decay."""
        return self.pack(np.ones(self.n_outputs * self.n_features), np.zeros(self.n_outputs)) > 0.0

    def l1_strength(self) -> FloatArray:
        """Return the strength of the l1 norm on every parameter, shape (n_params,): ``alpha l1_ratio``, or 0."""
        return np.where(self.is_weight(), self.alpha * self.l1_ratio, 0.0)
