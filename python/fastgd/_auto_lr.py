"""A learning rate from the data: one over a bound on how fast the objective's gradient changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .objectives.linear import LinearObjective

_SAMPLE = 4096


class Smoothness(NamedTuple):
    """A bound on the smoothness that matters for a step, and its parts: ``curvature * size + l2``.

    Attributes
    ----------
    curvature : float
        Bound on the loss's second derivative in a raw score, or what stands in for it.
    size : float
        How far the rows of a batch reach together: an eigenvalue, or the mean of squared norms.
    l2 : float
        ``alpha (1 - l1_ratio)``.
    what : str
        What `size` is, in words.
    """

    curvature: float
    size: float
    l2: float
    what: str

    @property
    def bound(self) -> float:
        """``curvature * size + l2``."""
        return self.curvature * self.size + self.l2


class Choice(NamedTuple):
    """A learning rate, and why it is this one."""

    lr: float
    reason: str


def analyze(objective: LinearObjective, alpha: float, l1_ratio: float, batch_size: int) -> Smoothness:
    """Bound the smoothness that matters for a step on `batch_size` rows (0: all).

    A second derivative of the risk is the weighted mean of ``loss''(raw_i) x_i x_i^T``, with 1 appended to ``x`` for an
    intercept. Where the loss bounds its second derivative by ``curvature``, all rows together have::

        L = curvature lambda + alpha (1 - l1_ratio)

    with ``lambda`` the largest eigenvalue of the mean of ``x x^T``, estimated by Lanczos' method on at most 4096 evenly
    spaced rows and raised by as much as that may be too low. A random batch of ``b`` of ``n`` rows has::

        L_b = curvature ((1 - c) lambda + c max ||x||^2) + alpha (1 - l1_ratio),    c = (n - b) / (b (n - 1)),

    since ``E[A_b^2] <= L_b E[A_b]`` for the second derivatives ``A_b`` of batches of squared errors, so that steps of
    ``1 / L_b`` bring all errors down in mean square. Single rows take the step that suits the longest of them, and
    larger batches soon steps as long as that of all rows. The longest is looked for among all rows, in one pass: a few
    that are a hundred times longer than the others, as real tables have them, would make a longer step diverge.

    With ``standardize=True`` all this is about the standardised rows.

    A loss without such a bound has only a stand-in for it, and a step has to be right for each row rather than for all
    together; there ``mean ||x||^2``, the sum of all eigenvalues, takes the place of ``lambda``.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    alpha, l1_ratio : float
        Its penalty.
    batch_size : int
        Rows a step, 0 for all.

    Returns
    -------
    Smoothness
        The bound and its parts; not finite where X is not, 0 where nothing bends the objective.

    References
    ----------
    R. M. Gower, N. Loizou, X. Qian, A. Sailanbayev, E. Shulgin and P. Richtarik, "SGD: general analysis and improved
    rates", International Conference on Machine Learning, 2019.
    """
    moments = objective._row_moments
    bounded = 0.0 < objective._loss.curvature < math.inf
    together = moments["eigenvalue_bound" if bounded else "mean_square_norm"]
    what = "the largest eigenvalue of the mean of x x^T" if bounded else "the mean of ||x||^2"
    n = objective._n_present
    share = 0.0
    if 0 < batch_size < n:
        share = (n - batch_size) / (batch_size * (n - 1))
        what = f"({1.0 - share:.3g} of {what} and {share:.3g} of the largest ||x||^2)"
    if objective.standardize:
        what += ", with x standardised"
    size = together if share == 0.0 else (1.0 - share) * together + share * objective._max_square_norm
    return Smoothness(curvature(objective), size, alpha * (1.0 - l1_ratio), what)


def smoothness(objective: LinearObjective, alpha: float, l1_ratio: float, batch_size: int) -> float:
    """The bound of `analyze`."""
    return analyze(objective, alpha, l1_ratio, batch_size).bound


def choose_lr(objective: LinearObjective, alpha: float, l1_ratio: float, batch_size: int) -> Choice:
    """Learning rate ``1 / smoothness``, 1 where nothing bends the objective (X of zeros), and why in a sentence."""
    found = analyze(objective, alpha, l1_ratio, batch_size)
    if not math.isfinite(found.bound):
        raise objective._nonfinite() or ValueError(
            "lr='auto' needs a finite mean square of X's rows, and theirs is beyond the range of float64; scale X"
        )
    if found.bound == 0.0:
        rows = "columns that do not vary" if objective.standardize else "zeros"
        return Choice(1.0, f"1, as nothing bends the objective: X holds {rows} only")
    # A rate that underflows would be no step at all.
    lr = max(1.0 / found.bound, float(np.finfo(np.float64).tiny))
    penalty = (f" + {found.l2:.3g}", ", plus the l2 penalty") if found.l2 > 0.0 else ("", "")
    formula = f"{lr:.3g} = 1/L with L = {found.curvature:.3g} * {found.size:.3g}{penalty[0]}"
    return Choice(lr, f"{formula}: {_meaning(objective)} times {found.what}{penalty[1]}")


def curvature(objective: LinearObjective) -> float:
    """The bound on the loss's second derivative in a raw score, or what stands in for it.

    A piecewise linear loss has none to bound: 1 stands in for it. One with an exponential has no bound: its second
    derivative at raw scores of 0 stands in for it, or of the size it has at the minimum, ``mean |y| + 1``.
    """
    loss = objective._loss
    if loss.curvature == 0.0:
        return 1.0
    if math.isfinite(loss.curvature):
        return loss.curvature
    power = objective.loss_params.get("power", 1.0)
    return float(max(1.0, abs(power - 1.0), abs(power - 2.0)) * (_mean_magnitude(objective) + 1.0))


def _meaning(objective: LinearObjective) -> str:
    bound = objective._loss.curvature
    if 0.0 < bound < math.inf:
        return f"the bound on the second derivative of {objective.loss}"
    return f"what stands in for a bound on the second derivative of {objective.loss}"


def _mean_magnitude(objective: LinearObjective) -> float:
    """Of at most 4096 targets, evenly spaced among those that count."""
    y = objective._y
    counting = np.arange(len(y)) if objective._weight is None else np.flatnonzero(objective._weight)
    n = min(len(counting), _SAMPLE)
    values = np.abs(y[counting[np.arange(n) * len(counting) // n]]).ravel()
    # Correctly rounded, so that it does not depend on how this build of NumPy adds.
    return math.fsum(values.tolist()) / len(values)
