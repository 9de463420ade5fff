"""Why a run diverged, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ._auto_lr import smoothness
from ._matrix import sample
from .objectives import DensityObjective, FunctionObjective, LinearObjective

if TYPE_CHECKING:
    from ._plan import Objective
    from .objectives import DataObjective
    from .optimizers import Optimizer


def cause(objective: Objective, optimizer: Optimizer, lr: float, alpha: float, l1_ratio: float, batch_size: int) -> str:
    """Name the learning rate that would have been stable, and the feature that makes it so small.

    A quadratic stays stable up to ``lr = 2 (1 + momentum) / L``, with ``L`` the bound of `smoothness`, where a step is
    a multiple of the gradient.
    """
    if isinstance(objective, FunctionObjective):
        return f"lr was {lr:.2g}, try a smaller one, or a start nearer to a minimum"
    if isinstance(objective, DensityObjective):
        feature = "" if objective.standardize else f"{_largest_feature(objective)}; "
        advice = "" if objective.standardize else ", or standardize=True"
        return f"{feature}lr was {lr:.2g}, try a smaller one{advice}"
    if not isinstance(objective, LinearObjective):
        return f"{_largest_feature(objective)}; lr was {lr:.2g}, try a smaller one, or features of one scale"
    feature = "" if objective.standardize else f"{_largest_feature(objective)}; "
    if optimizer._of_smoothness is not None and objective._loss.own is None:
        bound = smoothness(objective, alpha, l1_ratio, batch_size)
        stable = 2.0 * (1.0 + float(getattr(optimizer, "momentum", 0.0))) / bound if bound > 0.0 else math.inf
        if lr > stable:
            return f"{feature}the largest stable learning rate is about {stable:.2g}, lr was {lr:.2g}"
    advice = f"lr was {lr:.2g}, try a smaller one"
    if math.isinf(objective._loss.curvature):
        loss = f"loss {objective.loss!r} grows exponentially, so no learning rate is stable everywhere"
        return f"{feature}{loss}; {advice}, or a start nearer to the minimum"
    return f"{feature}{advice}" + ("" if objective.standardize else ", or standardize=True")


def _largest_feature(objective: DataObjective | DensityObjective) -> str:
    rows = sample(objective._matrix)
    # Rows of weight 0 may hold anything.
    rows = rows[np.isfinite(rows).all(axis=1)]
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.sqrt(np.mean(rows**2, axis=0)) if len(rows) else np.zeros(objective.n_features)
        largest = int(np.argmax(sizes))
        deviation = float(np.std(rows[:, largest])) if len(rows) else 0.0
    return f"feature {largest} has standard deviation {deviation:.2g} and root mean square {sizes[largest]:.2g}"
