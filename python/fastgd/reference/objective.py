"""What descent asks of an objective: losses and gradients of some rows, and an elastic-net penalty beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FloatArray, IntArray, as_float64
from .penalties import elastic_net


class Objective(ABC):
    """A weighted mean of the losses of rows, and a penalty.

    Attributes
    ----------
    n_samples, n_params, n_outputs : int
        Sizes; `n_outputs` numbers are what `slopes` has for a row.
    weight : array of shape (n_samples,)
        Weights of the rows; one of weight 0 is absent.
    mean_weight : float
        Mean of the positive ones.
    alpha, l1_ratio : float
        Strength of the penalty, and its share of the l1 norm.
    """

    n_samples: int
    n_params: int
    n_outputs: int
    weight: FloatArray
    mean_weight: float
    alpha: float
    l1_ratio: float

    @abstractmethod
    def loss_sum(self, w: ArrayLike, rows: IntArray) -> float:
        """Return ``sum_B s_i loss_i`` over rows of positive weight."""

    @abstractmethod
    def risk_gradient(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return the gradient, shape (n_params,), of ``sum_B s_i loss_i / (mean(s) |B|)``, rows of positive weight."""

    @abstractmethod
    def is_finite(self, w: ArrayLike, rows: IntArray) -> bool:
        """Whether all numbers on the way to the scores of the given rows are finite."""

    @abstractmethod
    def is_weight(self) -> NDArray[np.bool_]:
        """Return which parameters are coefficients, shape (n_params,): the penalised ones, and those that decay."""

    @abstractmethod
    def slopes(self, w: ArrayLike, rows: IntArray) -> FloatArray:
        """Return what of each row's gradient changes with `w`, shape (n_rows, n_outputs), for `combine`."""

    def combine(self, slopes: FloatArray, rows: IntArray, count: int) -> FloatArray:
        """Return the gradient, shape (n_params,), that slopes of rows add up to, which is for linear models to say."""
        raise ValueError("optimizer must not be 'saga' or 'svrg' but for linear models: they add up slopes of rows")

    def present(self, rows: ArrayLike | None = None) -> IntArray:
        """Return those of the given rows (all by default) whose weight is above 0."""
        rows = np.arange(self.n_samples) if rows is None else np.asarray(rows, dtype=np.int64)
        return rows[self.weight[rows] > 0.0]

    def in_training(self, rows: IntArray, step: int, seed: int) -> Objective:
        """Return the objective as a step of descent on these rows sees it: itself, but for a model with dropout.

        Parameters
        ----------
        rows : array of shape (n_batch,), int64
            The whole batch, with its rows of weight 0.
        step : int
            Number of the step.
        seed : int
            Seed of the model.

        Returns
        -------
        Objective
            The objective to evaluate at the batch's rows of positive weight.
        """
        return self

    def _coefficients(self, w: ArrayLike) -> FloatArray:
        """Return the parameters with 0 for each intercept, shape (n_params,)."""
        return np.where(self.is_weight(), *as_float64(w, 0.0))

    def penalty(self, w: ArrayLike) -> tuple[float, FloatArray]:
        """Return the penalty and its gradient by the flat parameters, 0 by the intercepts."""
        return elastic_net(self._coefficients(w), alpha=self.alpha, l1_ratio=self.l1_ratio)

    def smooth_penalty_gradient(self, w: ArrayLike) -> FloatArray:
        """Return ``alpha (1 - l1_ratio) coef``, shape (n_params,), 0 by the intercepts."""
        return elastic_net(self._coefficients(w), alpha=self.alpha * (1.0 - self.l1_ratio), l1_ratio=0.0)[1]

    def l1_strength(self) -> FloatArray:
        """Return the strength of the l1 norm on every parameter, shape (n_params,): ``alpha l1_ratio``, or 0."""
        return np.where(self.is_weight(), self.alpha * self.l1_ratio, 0.0)

    def mean_loss(self, loss_sum: float, n_rows: int) -> float:
        """Return ``sum_B s_i loss_i / (mean(s) |B|)``, the risk of a batch.

        Over all rows, ``mean(s) |B|`` is ``sum s_i``.  Over a batch the divisor does not depend on which rows it
        holds, which makes the mean over random batches unbiased, and lets weights count at batch size 1.

        Parameters
        ----------
        loss_sum : float
            What `loss_sum` returns for the batch.
        n_rows : int
            Its rows of positive weight.

        Returns
        -------
        float
            Risk.
        """
        return loss_sum / (self.mean_weight * n_rows)

    def batch_value(self, w: ArrayLike, rows: IntArray) -> float:
        """Return the objective of a batch of rows of positive weight: its risk, and the penalty."""
        return self.mean_loss(self.loss_sum(w, rows), len(rows)) + self.penalty(w)[0]

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
