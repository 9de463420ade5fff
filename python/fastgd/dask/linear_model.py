"""Linear models on Dask collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import linear_model as local
from .._estimators.problem import Problem
from ..linear_model._classifier import check_classes
from ..objectives import LinearObjective
from ._distributed import Distributed, extends, indices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Block
    from ..objectives import DataObjective
    from ._descent import ClusterObjective
    from ._table import Table


class _Descending(Distributed):
    """What both do that descend by the estimator's optimiser."""

    _refused = ("early_stopping", "warm_start", "standardize", "scoring", "validation_fraction")

    def _start_of(self, model: DataObjective) -> NDArray[np.float64]:
        return model.initial()

    def _descend_on(self, objective: ClusterObjective) -> None:
        self._descend_from(objective, objective.initial())


@extends(local.SGDClassifier, "client", "sync_every")
class SGDClassifier(_Descending, local.SGDClassifier):
    """`fastgd.linear_model.SGDClassifier` on Dask collections, and on whatever cluster the client points to.

    Parameters
    ----------
    loss, penalty, alpha, ..., n_threads
        As those of `fastgd.linear_model.SGDClassifier`, but for ``early_stopping``, ``warm_start`` and ``standardize``.
        Threads are those of each worker by default.
    client : distributed.Client, optional
        The cluster; the current client's by default.
    sync_every : int, optional
        None for exact synchronous descent: each step is one on all rows, whatever `batch_size`. A number for local
        mini-batches: each chunk is descended on by itself for so many epochs, and all go on from the mean.

    Attributes
    ----------
    coef_, intercept_, classes_, n_iter_, t_, loss_curve_, history_, n_features_in_, feature_names_in_
        As those of `fastgd.linear_model.SGDClassifier`; with `sync_every` losses and history have an entry a round.

    See Also
    --------
    fastgd.ChunkedObjective : the same descent in one process.
    """

    def _take_targets(self, table: Table) -> None:
        check_classes(self.classes_)

    def _recipe_for(self, table: Table) -> Any:
        recipe = super()._recipe_for(table)
        if isinstance(self.class_weight, str):
            weights = table.label_weights
            balanced = np.divide(weights.sum(), len(weights) * weights, out=np.ones(len(weights)), where=weights > 0)
            recipe.class_weight = dict(zip(self.classes_.tolist(), balanced.tolist(), strict=True))
        return recipe

    def _problem_of(self, block: Block) -> Problem:
        return self._problem(block.X, indices_of(self, block), block.sample_weight)


@extends(local.SGDRegressor, "client", "sync_every")
class SGDRegressor(_Descending, local.SGDRegressor):
    """`fastgd.linear_model.SGDRegressor` on Dask collections, and on whatever cluster the client points to.

    Parameters
    ----------
    loss, penalty, alpha, ..., n_threads
        As those of `fastgd.linear_model.SGDRegressor`, but for ``early_stopping``, ``warm_start`` and ``standardize``.
        Threads are those of each worker by default.
    client : distributed.Client, optional
        The cluster; the current client's by default.
    sync_every : int, optional
        None for exact synchronous descent: each step is one on all rows, whatever `batch_size`. A number for local
        mini-batches: each chunk is descended on by itself for so many epochs, and all go on from the mean.

    Attributes
    ----------
    coef_, intercept_, n_iter_, t_, loss_curve_, history_, n_features_in_, feature_names_in_
        As those of `fastgd.linear_model.SGDRegressor`; with `sync_every` losses and history have an entry a round.

    See Also
    --------
    fastgd.ChunkedObjective : the same descent in one process.
    """

    def _take_targets(self, table: Table) -> None:
        self._is_flat = table.shape == ()

    def _problem_of(self, block: Block) -> Problem:
        return Problem(block.X, block.y, self.loss, None, block.sample_weight)


@extends(local.LinearRegression, "client")
class LinearRegression(Distributed, local.LinearRegression):
    """`fastgd.linear_model.LinearRegression` on Dask collections, by exact L-BFGS on whatever cluster there is.

    Parameters
    ----------
    fit_intercept, copy_X, tol, n_jobs, max_iter, n_threads
        As those of `fastgd.linear_model.LinearRegression` with ``solver="lbfgs"``. `positive` must be False. Threads
        are those of each worker by default.
    client : distributed.Client, optional
        The cluster; the current client's by default.

    Attributes
    ----------
    coef_, intercept_, n_iter_, n_features_in_, feature_names_in_
        As those of `fastgd.linear_model.LinearRegression`.

    See Also
    --------
    fastgd.ChunkedObjective : the same descent in one process.
    """

    _refused = ("positive",)

    def _refuse(self) -> None:
        super()._refuse()
        if self.solver not in ("auto", "lbfgs"):
            raise ValueError(f"solver must be 'auto' or 'lbfgs' on a cluster, got {self.solver!r}")

    def _problem_of(self, block: Block) -> Problem:
        return Problem(block.X, block.y, "squared_error", None, block.sample_weight)

    def _objective(self, problem: Problem) -> LinearObjective:
        return LinearObjective(
            problem.X,
            problem.y,
            loss=problem.loss,
            fit_intercept=bool(self.fit_intercept),
            sample_weight=problem.weight,
        )

    def _take_targets(self, table: Table) -> None:
        self._shape = table.shape

    def _descend_on(self, objective: ClusterObjective) -> None:
        coef, intercept = self._descend([objective], None)
        self._take_solution(coef, intercept, objective.model.dtype, self._shape == ())
