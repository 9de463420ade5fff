"""SAGA and SVRG: gradients of less variance for finite sums of linear models.

The gradient of a row's loss is a multiple of the row, ``d_i x_i`` with one number ``d_i = s_i dloss_i`` a row and
output. A table of such numbers from earlier parameters, and the gradient they add up to, ::

    average = sum_i table_i x_i / (mean(s) n)             (n counts the rows of positive weight)

replace a batch's gradient by one of the same mean, whose variance vanishes as the table comes near::

    g_B = sum_{i in B} (d_i - table_i) x_i / (mean(s) |B|) + average

The penalty is no part of it: the gradient of its smooth part is added as it is for every optimiser.

SAGA writes the batch's numbers into the table, row by row: a row that comes again in its batch finds what it left there
and adds nothing to the sum, though ``|B|`` counts it. SVRG leaves the table alone until the next snapshot, so there it
counts every time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._arrays import FloatArray, IntArray
from ..objective import Objective


class Table(NamedTuple):
    """What is remembered of every row.

    Parameters
    ----------
    slopes : array of shape (n_samples, n_outputs)
        Weighted derivatives ``s_i dloss_i`` of the losses by the raw scores; 0 for rows of weight 0.
    average : array of shape (n_params,)
        Gradient of the risk that they add up to.
    """

    slopes: FloatArray
    average: FloatArray


class GradientEstimator(NamedTuple):
    """How a method of finite sums estimates the gradient of the risk.

    Parameters
    ----------
    begin_epoch : function ``(objective, w, table, epoch, **params) -> table``
        What the table is at an epoch's beginning; it is None before the first.
    gradient : function (objective, w, rows, table) -> (gradient, table)
        Estimate from a batch, and the table after it.
    """

    begin_epoch: Callable[..., Table]
    gradient: Callable[[Objective, FloatArray, IntArray, Table], tuple[FloatArray, Table]]


def empty_table(objective: Objective) -> Table:
    """Return a table of zeros, which is that of losses without slope."""
    return Table(np.zeros((objective.n_samples, objective.n_outputs)), np.zeros(objective.n_params))


def saga_begin_epoch(objective: Objective, w: FloatArray, table: Table | None, epoch: int) -> Table:
    """Keep the table, which begins as the `empty_table`.

    Parameters
    ----------
    objective : Objective
        Gives the sizes.
    w : array of shape (n_params,)
        Parameters, not used.
    table : Table or None
        Table of the epoch before.
    epoch : int
        Number of the epoch, not used.

    Returns
    -------
    Table
        Table to begin with.
    """
    return empty_table(objective) if table is None else table


def saga_gradient(objective: Objective, w: FloatArray, rows: IntArray, table: Table) -> tuple[FloatArray, Table]:
    """Estimate the gradient of the risk, and replace the batch's slopes in the table.

    With the batch's rows taken once each::

        change  = sum_{i in B} (d_i - table_i) x_i / (mean(s) |B|)
        g_B     = change + average
        average = average + |B| / n * change
        table_i = d_i                                  for i in B

    so `average` stays what the table adds up to.

    Parameters
    ----------
    objective : Objective
        Where rows, weights and losses come from.
    w : array of shape (n_params,)
        Parameters.
    rows : array of shape (n_batch,), int64
        Rows of positive weight, repeats allowed.
    table : Table
        What is remembered of them.

    Returns
    -------
    gradient : array of shape (n_params,)
        Gradient.
    table : Table
        New table.

    References
    ----------
    A. Defazio, F. Bach and S. Lacoste-Julien, "SAGA: a fast incremental gradient method with support for non-strongly
    convex composite objectives", Advances in Neural Information Processing Systems 27, 2014.
    """
    seen = np.unique(rows)
    slopes = table.slopes.copy()
    slopes[seen] = objective.slopes(w, seen)
    change = objective.combine(slopes[seen] - table.slopes[seen], seen, len(rows))
    average = table.average + len(rows) / len(objective.present()) * change
    return change + table.average, Table(slopes, average)


def svrg_begin_epoch(
    objective: Objective, w: FloatArray, table: Table | None, epoch: int, *, update_every: int = 1
) -> Table:
    """Fill the table with the slopes at `w`, the snapshot, in every `update_every`-th epoch; keep it in the others.

    Parameters
    ----------
    objective : Objective
        Where rows, weights and losses come from.
    w : array of shape (n_params,)
        Parameters the epoch begins with.
    table : Table or None
        Table of the epoch before.
    epoch : int
        Number of the epoch, from 0.
    update_every : int
        Epochs that share a snapshot.

    Returns
    -------
    Table
        Table of the epoch.

    References
    ----------
    R. Johnson and T. Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", Advances
    in Neural Information Processing Systems 26, 2013.
    """
    if table is not None and epoch % update_every != 0:
        return table
    rows = objective.present()
    slopes = np.zeros((objective.n_samples, objective.n_outputs))
    slopes[rows] = objective.slopes(w, rows)
    return Table(slopes, objective.combine(slopes[rows], rows, len(rows)))


def svrg_gradient(objective: Objective, w: FloatArray, rows: IntArray, table: Table) -> tuple[FloatArray, Table]:
    """Estimate the gradient of the risk, ``sum_B (d_i - table_i) x_i / (mean(s) |B|) + average``.

    Parameters
    ----------
    objective, w, rows, table
        As in `saga_gradient`.

    Returns
    -------
    gradient : array of shape (n_params,)
        Gradient.
    table : Table
        The same table.
    """
    change = objective.combine(objective.slopes(w, rows) - table.slopes[rows], rows, len(rows))
    return change + table.average, table


SAGA = GradientEstimator(saga_begin_epoch, saga_gradient)
SVRG = GradientEstimator(svrg_begin_epoch, svrg_gradient)
