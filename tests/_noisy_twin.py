"""How far rounding takes a fit: the twin, with errors of the core's arithmetic drawn at random.

Bounds that are carried from step to step, as in `_descent_bound`, say nothing of an optimiser that divides by the
gradients it has met. So the twin runs again with random errors, as large as `_rounding` says that the core's may be, in
all that it computes from rows, and with the rounding of the core's type in the hyper-parameters and in everything that
a step leaves behind. Where such runs end tells what errors of this size do to a fit; the core's are smaller, and its
fit has to end as near.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import _mlp_rounding
import _rounding
import numpy as np
from _rounding import EVALUATION, walk

from fastgd import reference
from fastgd.reference.optimizers import OPTIMIZERS


class NoisyTwin:
    """The twin of an objective, whose losses, slopes and gradients are wrong at random."""

    def __init__(self, twin: reference.EmpiricalRisk, eps: float, rng: np.random.Generator) -> None:
        self.twin, self.eps, self.rng = twin, eps, rng
        # The module that bounds the errors of the model's losses and gradients.
        self.bounds: Any = _mlp_rounding if isinstance(twin, reference.MLPObjective) else _rounding

    def __getattr__(self, name: str) -> Any:
        return getattr(self.twin, name)

    def in_training(self, rows: np.ndarray, step: int, seed: int) -> NoisyTwin:
        return NoisyTwin(self.twin.in_training(rows, step, seed), self.eps, self.rng)

    def wrong(self, exact: np.ndarray, size: Any) -> np.ndarray:
        return exact + self.rng.choice([-1.0, 1.0], exact.shape) * size

    def row_losses(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.wrong(self.twin.row_losses(w, rows), self.bounds.loss_errors(self.twin, w, rows, self.eps).value)

    def loss_sum(self, w: np.ndarray, rows: np.ndarray) -> float:
        return float(np.sum(self.twin.weight[rows] * self.row_losses(w, rows)))

    def value(self, w: np.ndarray) -> float:
        # Which parameters a fit ends with may hang on the last bit of two values.
        exact = np.asarray(self.twin.value(w))
        return float(self.wrong(exact, EVALUATION * self.eps * np.abs(exact)))

    def batch_gradient(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        penalty = np.abs(self.twin.smooth_penalty_gradient(w))
        size = self.bounds.gradient_error(self.twin, w, rows, self.eps) + EVALUATION * self.eps * penalty
        return self.wrong(self.twin.batch_gradient(w, rows), size)

    def slopes(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        exact = self.twin.slopes(w, rows)
        errors = self.twin.weight[rows][:, None] * _rounding.loss_errors(self.twin, w, rows, self.eps).derivative
        return self.wrong(exact, errors + EVALUATION * self.eps * np.abs(exact))

    def combine(self, slopes: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
        magnitude = _rounding.combined(self.twin, np.abs(slopes), rows, count)
        return self.wrong(self.twin.combine(slopes, rows, count), walk(len(rows)) * self.eps * magnitude)


def rounded(value: Any, eps: float, rng: np.random.Generator) -> Any:
    """The floating-point numbers of a value, array or state, each wrong by the fraction eps."""
    if isinstance(value, tuple):
        return type(value)(*(rounded(item, eps, rng) for item in value))
    if isinstance(value, np.ndarray):
        return value * (1.0 + eps * rng.choice([-1.0, 1.0], value.shape))
    return value * (1.0 + eps * rng.choice([-1.0, 1.0])) if type(value) is float else value


def minimize(
    twin: reference.EmpiricalRisk,
    w0: np.ndarray | None,
    *,
    eps: float,
    seed: int,
    optimizer: str,
    optimizer_params: Mapping[str, Any],
    lr: Callable[[int], float],
    **options: Any,
) -> reference.Result:
    """`fastgd.reference.minimize` with errors."""
    rng = np.random.default_rng(seed)
    exact = OPTIMIZERS[optimizer]

    def update(grad: np.ndarray, state: Any, w: np.ndarray, step: Any, **params: Any) -> tuple[np.ndarray, Any]:
        w, state = exact.update(grad, state, w, step, **params)
        # The same signs at every step, as when the same number is subtracted again and again.
        signs = np.random.default_rng(seed)
        return rounded(w, eps, signs), rounded(state, EVALUATION * eps, signs)

    params = {name: rounded(value, eps, rng) for name, value in optimizer_params.items()}
    factor = rounded(1.0, eps, rng)
    OPTIMIZERS[optimizer] = exact._replace(update=update)
    try:
        return reference.minimize(
            NoisyTwin(twin, eps, rng),
            w0,
            optimizer=optimizer,
            optimizer_params=params,
            lr=lambda step: factor * lr(step),
            **options,
        )
    finally:
        OPTIMIZERS[optimizer] = exact
