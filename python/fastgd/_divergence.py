"""Why a run diverged, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ._auto_lr import smoothness
from ._matrix import sample

if TYPE_CHECKING:
    from .objectives.linear import LinearObjective


def cause(
    objective: LinearObjective, lr: float, momentum: float, alpha: float, l1_ratio: float, batch_size: int
) -> str:
    """Name the learning rate that would have been stable, and the feature that makes it so small.

    A quadratic stays stable up to ``lr = 2 (1 + momentum) / L``, with ``L`` the bound of `smoothness`.
    """
    rows = sample(objective._matrix)
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.sqrt(np.mean(rows**2, axis=0))
    largest = int(np.argmax(scale))
    feature = (
        f"feature {largest} has standard deviation {float(np.std(rows[:, largest])):.2g} "
        f"and root mean square {float(scale[largest]):.2g}"
    )
    bound = smoothness(objective, alpha, l1_ratio, batch_size)
    stable = 2.0 * (1.0 + momentum) / bound if bound > 0.0 else math.inf
    if lr > stable:
        return f"{feature}; the largest stable learning rate is about {stable:.2g}, lr was {lr:.2g}"
    if not math.isfinite(objective._loss.curvature):
        return (
            f"loss {objective.loss!r} grows exponentially, so no learning rate is stable everywhere: lr was {lr:.2g}; "
            f"try a smaller one, or a start nearer to the minimum. {feature[0].upper()}{feature[1:]}"
        )
    return f"{feature}; lr was {lr:.2g}, try a smaller one, or rows that are scaled alike"
