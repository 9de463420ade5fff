"""SAGA and SVRG: gradients of less variance for finite sums of linear models.

The gradient of a row's loss is a multiple of the row, ``d_i x_i`` with one number ``d_i = s_i dloss_i`` a row and
output. A table of such numbers from earlier parameters, and the gradient they add up to, ::

    average = sum_i table_i x_i / (mean(s) n)             (n counts the rows of positive weight)

replace a batch's gradient by one of the same mean, whose variance vanishes as the table comes near::

    g_B = sum_{i in B} (d_i - table_i) x_i / (mean(s) |B|) + average

A row that a batch holds twice counts twice in this sum, both times with the table as it was before the batch. The
penalty is no part of it: the gradient of its smooth part is added as it is for every optimiser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._arrays import FloatArray, IntArray
from ..risk import LinearObjective


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
    begin_epoch : function (objective, w, table, epoch, **params) -> table
        What the table is at an epoch's beginning; it is None before the first.
    gradient : function (objective, w, rows, table) -> (gradient, table)
        Estimate from a batch, and the table after it.
    """

    begin_epoch: Callable[..., Table]
    gradient: Callable[[LinearObjective, FloatArray, IntArray, Table], tuple[FloatArray, Table]]


def reduced_gradient(objective: LinearObjective, w: FloatArray, rows: IntArray, table: Table) -> FloatArray:
    """Estimate of the gradient of the risk, ``sum_B (d_i - table_i) x_i / (mean(s) |B|) + average``.

    Parameters
    ----------
    objective : LinearObjective
        Where rows, weights and losses come from.
    w : array of shape (n_params,)
        Parameters.
    rows : array of shape (n_batch,), int64
        Rows of positive weight, repeats allowed.
    table : Table
        What is remembered of them.

    Returns
    -------
    array of shape (n_params,)
        Gradient.
    """
    new = objective.slopes(w, rows) - table.slopes[rows]
    return objective.combine(new, rows, len(rows)) + table.average


def saga_begin_epoch(objective: LinearObjective, w: FloatArray, table: Table | None, epoch: int) -> Table:
    """Keep the table; it begins with zeros, which is the table of losses without slope.

    Parameters
    ----------
    objective : LinearObjective
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
    if table is not None:
        return table
    return Table(np.zeros((objective.n_samples, objective.n_outputs)), np.zeros(objective.n_params))


def saga_gradient(objective: LinearObjective, w: FloatArray, rows: IntArray, table: Table) -> tuple[FloatArray, Table]:
    """Estimate by `reduced_gradient`, after which the batch's slopes replace those of the table.

    With ``g_B`` from the table before::

        average = average + sum_{i in set(B)} (d_i - table_i) x_i / (mean(s) n)
        table_i = d_i                                           for i in B

    Every row counts once here, however often the batch holds it: so `average` stays what the table adds up to.

    Parameters
    ----------
    objective, w, rows, table
        As in `reduced_gradient`.

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
    gradient = reduced_gradient(objective, w, rows, table)
    seen = np.unique(rows)
    slopes = table.slopes.copy()
    slopes[seen] = objective.slopes(w, seen)
    change = objective.combine(slopes[seen] - table.slopes[seen], seen, len(objective.present()))
    return gradient, Table(slopes, table.average + change)


def svrg_begin_epoch(
    objective: LinearObjective, w: FloatArray, table: Table | None, epoch: int, *, update_every: int = 1
) -> Table:
    """Fill the table with the slopes at `w`, the snapshot, in every `update_every`-th epoch; keep it in the others.

    Parameters
    ----------
    objective : LinearObjective
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


def svrg_gradient(objective: LinearObjective, w: FloatArray, rows: IntArray, table: Table) -> tuple[FloatArray, Table]:
    """Estimate by `reduced_gradient`; the table stays that of the snapshot.

    Parameters
    ----------
    objective, w, rows, table
        As in `reduced_gradient`.

    Returns
    -------
    gradient : array of shape (n_params,)
        Gradient.
    table : Table
        The same table.
    """
    return reduced_gradient(objective, w, rows, table), table


SAGA = GradientEstimator(saga_begin_epoch, saga_gradient)
SVRG = GradientEstimator(svrg_begin_epoch, svrg_gradient)
