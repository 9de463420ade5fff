"""Empirical risk of a model, and its gradient.

The objective, with raw scores ``raw`` that a model makes of every row and sample weights ``s``, is::

    F = sum_i s_i loss(y_i, raw_i) / sum_i s_i  +  alpha ((1 - l1_ratio)/2 ||coef||^2 + l1_ratio ||coef||_1)

where ``coef`` are all parameters but the intercepts.  A row of weight 0 is absent: it is never read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import FloatArray, IntArray, Loss, as_float64
from .losses import KINDS, LOSSES, one_vs_rest
from .metrics import METRICS
from .objective import Objective


def output_loss(name: str, n_outputs: int) -> Loss:
    """Return the loss ``(y, raw (n, n_outputs)) -> (loss (n,), dloss (n, n_outputs))`` of that name.

    An elementwise loss is summed over the outputs; a binary one of class indices with several is `one_vs_rest`.

    Parameters
    ----------
    name : str
        Name of a loss that has a derivative.
    n_outputs : int
        Number of scores a row.

    Returns
    -------
    function ``(y, raw, **loss_params) -> (loss, dloss)``
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


class EmpiricalRisk(Objective):
    """The objective ``F`` of this module's first lines, for models that say what their scores and slopes are.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Data.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets.  Two classes: {-1, +1}, {0, 1} or bool, also of several labels with a column each.  More classes:
        indices 0 to n_classes - 1.
    loss : str
        Name in `LOSSES` or `METRICS`.
    alpha, l1_ratio : float
        Strength of the penalty, and its share of the l1 norm.
    sample_weight : array of shape (n_samples,), optional
        Weights, at least 0; 1 each by default.
    n_classes : int, optional
        Number of classes; one more than the greatest of `y` by default.
    loss_params : mapping, optional
        Parameters of the loss by name.

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
        loss: str,
        alpha: float,
        l1_ratio: float,
        sample_weight: ArrayLike | None,
        n_classes: int | None,
        loss_params: Mapping[str, float] | None,
    ) -> None:
        if loss not in LOSSES and loss not in METRICS:
            raise ValueError(f"loss must be one of {sorted([*LOSSES, *METRICS])}, got {loss!r}")
        self.X, self.y = as_float64(X, y)
        self.loss, self.loss_params = loss, dict(loss_params or {})
        self.alpha, self.l1_ratio = alpha, l1_ratio
        self.n_samples, self.n_features = self.X.shape

        kind = KINDS.get(loss, "binary")
        if kind == "regression":
            self.n_outputs = 1 if self.y.ndim == 1 else self.y.shape[1]
        elif kind == "binary" and self.y.ndim == 2:
            self.n_outputs = self.y.shape[1]
            self.y = np.where(self.y > 0.0, 1.0, -1.0)
        else:
            n_classes = int(np.nanmax(self.y)) + 1 if n_classes is None else n_classes
            self.n_outputs = 1 if kind == "binary" and n_classes <= 2 else n_classes
            if self.n_outputs == 1:
                self.y = np.where(self.y > 0.0, 1.0, -1.0)

        self.weight = np.ones(self.n_samples) if sample_weight is None else as_float64(sample_weight)[0]
        if not (np.all(self.weight >= 0.0) and np.any(self.weight > 0.0)):
            raise ValueError("sample_weight must be at least 0, and above 0 for one row or more")
        self.mean_weight = float(np.mean(self.weight[self.weight > 0.0]))
        bad = np.argwhere(~np.isfinite(self.X) & (self.weight > 0.0)[:, None])
        if bad.size:
            raise ValueError(f"X must be finite, got {self.X[tuple(bad[0])]} in row {bad[0, 0]}, column {bad[0, 1]}")

    @abstractmethod
    def initial(self, seed: int = 0) -> FloatArray:
        """Return the parameters that descent starts from, shape (n_params,)."""

    @abstractmethod
    def raw(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the raw scores, shape (n_rows, n_outputs), of the given rows (all by default)."""

    def _present_or_raise(self, rows: ArrayLike | None) -> IntArray:
        """Return `present` rows, of which there must be one."""
        present = self.present(rows)
        if present.size == 0:
            raise ValueError("rows must name at least one row of positive weight")
        return present

    def is_finite(self, w: ArrayLike, rows: IntArray) -> bool:
        """Whether all numbers on the way to the scores of the given rows are finite."""
        return bool(np.all(np.isfinite(self.raw(w, rows))))

    def row_losses(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the losses, shape (n_rows,), of the given rows."""
        return self.score_losses(self.raw(w, rows), rows)

    def score_losses(self, raw: FloatArray, rows: IntArray) -> FloatArray:
        """Return the losses, shape (n_rows,), of the given rows with raw scores (n_rows, n_outputs)."""
        if self.loss in METRICS:
            return METRICS[self.loss](self.y[rows], raw[:, 0] if self.n_outputs == 1 else raw)
        return output_loss(self.loss, self.n_outputs)(self.y[rows], raw, **self.loss_params)[0]

    def loss_sum(self, w: ArrayLike, rows: IntArray) -> float:
        """Return ``sum_B s_i loss_i`` over rows of positive weight."""
        return float(np.sum(self.weight[rows] * self.row_losses(w, rows)))

    def slopes(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return ``s_i dloss_i``, shape (n_rows, n_outputs): what rows of positive weight are multiplied by."""
        _, dloss = output_loss(self.loss, self.n_outputs)(self.y[rows], self.raw(w, rows), **self.loss_params)
        return self.weight[rows][:, None] * dloss

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
        return self.batch_value(w, self._present_or_raise(rows))

    def values(self, W: ArrayLike) -> FloatArray:
        """Return `value`, shape (n_models,), of each row of `W`, shape (n_models, n_params)."""
        return np.array([self.value(w) for w in as_float64(W)[0]])

    def grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> FloatArray:
        """Return the gradient of `value`, shape (n_params,); at a coefficient of 0 the l1 norm's is 0."""
        return self.risk_gradient(w, self._present_or_raise(rows)) + self.penalty(w)[1]

    def value_and_grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> tuple[float, FloatArray]:
        """Return `value` and `grad`."""
        return self.value(w, rows), self.grad(w, rows)
