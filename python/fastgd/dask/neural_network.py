"""Multi-layer perceptrons on Dask collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import neural_network as local
from .._estimators.problem import Problem, seed_of
from ._distributed import Distributed, extends, indices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Block
    from ..objectives import DataObjective
    from ._descent import ClusterObjective
    from ._table import Table


class _Network(Distributed):
    """What both share: the start, and a penalty that is divided by the weight of a step."""

    _refused = ("early_stopping", "warm_start", "scoring", "validation_fraction")
    _mean_weight: float

    def _take_targets(self, table: Table) -> None:
        self._mean_weight = table.weight / table.n_present

    def _alpha_of_all(self, table: Table) -> float | None:
        return float(self.alpha) / table.weight

    def _start_of(self, model: DataObjective) -> NDArray[np.float64]:
        return model.initial(seed_of(self.random_state))

    def _descend_on(self, objective: ClusterObjective) -> None:
        of: Any = self
        seed = seed_of(of.random_state)
        of._learn(objective, objective.initial(seed), seed, None, None, None)


@extends(local.MLPClassifier, "client", "sync_every")
class MLPClassifier(_Network, local.MLPClassifier):
    """`fastgd.neural_network.MLPClassifier` on Dask collections, and on whatever cluster the client points to.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, ..., n_threads
        As those of `fastgd.neural_network.MLPClassifier`, but for ``early_stopping`` and ``warm_start``; ``dropout``
        needs `sync_every`. Labels are one a row. Threads are those of each worker by default.
    client : distributed.Client, optional
        The cluster; the current client's by default.
    sync_every : int, optional
        None for exact synchronous descent: each step is one on all rows, whatever `batch_size`. A number for local
        mini-batches: each chunk is descended on by itself for so many epochs, and all go on from the mean.

    Attributes
    ----------
    coefs_, intercepts_, classes_, n_iter_, t_, loss_, loss_curve_, history_, n_features_in_, feature_names_in_
        As those of `fastgd.neural_network.MLPClassifier`; with `sync_every` losses and history have an entry a round.

    See Also
    --------
    fastgd.ChunkedObjective : the same descent in one process.
    """

    def _take_targets(self, table: Table) -> None:
        super()._take_targets(table)
        self._has_many_labels = False

    def _problem_of(self, block: Block) -> Problem:
        problem = self._problem(block.X, indices_of(self, block), block.sample_weight)
        return problem._replace(mean_weight=self._mean_weight)


@extends(local.MLPRegressor, "client", "sync_every")
class MLPRegressor(_Network, local.MLPRegressor):
    """`fastgd.neural_network.MLPRegressor` on Dask collections, and on whatever cluster the client points to.

    Parameters
    ----------
    loss, hidden_layer_sizes, activation, ..., n_threads
        As those of `fastgd.neural_network.MLPRegressor`, but for ``early_stopping`` and ``warm_start``; ``dropout``
        needs `sync_every`. Threads are those of each worker by default.
    client : distributed.Client, optional
        The cluster; the current client's by default.
    sync_every : int, optional
        None for exact synchronous descent: each step is one on all rows, whatever `batch_size`. A number for local
        mini-batches: each chunk is descended on by itself for so many epochs, and all go on from the mean.

    Attributes
    ----------
    coefs_, intercepts_, n_iter_, t_, loss_, loss_curve_, history_, n_features_in_, feature_names_in_
        As those of `fastgd.neural_network.MLPRegressor`; with `sync_every` losses and history have an entry a round.

    See Also
    --------
    fastgd.ChunkedObjective : the same descent in one process.
    """

    def _problem_of(self, block: Block) -> Problem:
        y = block.y[:, 0] if block.y.ndim == 2 and block.y.shape[1] == 1 else block.y
        return Problem(block.X, y, self.loss, None, block.sample_weight, mean_weight=self._mean_weight)
