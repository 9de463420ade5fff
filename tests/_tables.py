"""Small tables whose raw scores are exact in every type: sums of eighths times powers of two.

On them two ways to write one objective have the same scores to the bit, so what is left to differ is the order of sums,
and no rounding decides on which side of a kink a row is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import _parity
import numpy as np
from hypothesis import strategies as st

import fastgd
from fastgd import reference
from fastgd.reference import KINDS


@dataclass(frozen=True)
class Table:
    """Data, what is fitted to them, and parameters to evaluate it at."""

    loss: str
    params: dict[str, float]
    storage: str
    n_outputs: int
    X: np.ndarray
    y: np.ndarray
    offset: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    weight: np.ndarray | None = None
    alpha: float = 0.0
    l1_ratio: float = 0.0
    fit_intercept: bool = True

    @property
    def w(self) -> np.ndarray:
        """Flat parameters."""
        return np.concatenate([self.coef.ravel(), self.intercept]) if self.fit_intercept else self.coef.ravel()

    @property
    def eps(self) -> float:
        """Precision of the arithmetic."""
        return 2.0**-52 if self.storage == "float64" else 2.0**-23

    def but(self, **changes: Any) -> Table:
        """The table with other contents; X has to fit into the storage as it is."""
        X = changes.get("X")
        if X is not None:
            changes["X"] = X.astype(_parity.DENSE[self.storage])
            np.testing.assert_array_equal(changes["X"].astype(np.float64), X.astype(np.float64))
        return replace(self, **changes)

    def take(self, rows: Any) -> Table:
        """The table of these rows."""
        weight = None if self.weight is None else self.weight[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], offset=self.offset[rows], weight=weight)

    @property
    def options(self) -> dict[str, Any]:
        """What both objectives are made with."""
        return {
            "loss": self.loss,
            "loss_params": self.params,
            "alpha": self.alpha,
            "l1_ratio": self.l1_ratio,
            "fit_intercept": self.fit_intercept,
            "sample_weight": self.weight,
            "n_classes": None if KINDS[self.loss] == "regression" else max(2, self.n_outputs),
            "offset": self.offset,
        }

    @property
    def core(self) -> fastgd.LinearObjective:
        """The objective."""
        return fastgd.LinearObjective(self.X, self.y, **self.options)

    @property
    def twin(self) -> reference.LinearObjective:
        """Its twin."""
        return reference.LinearObjective(self.X.astype(np.float64), self.y, **self.options)


def make_table(
    loss: str, params: dict[str, float], storage: str, outputs: str, shape: tuple[int, int], seed: int
) -> Table:
    rng = np.random.default_rng(seed)
    n, d = shape
    n_outputs = _parity.OUTPUTS[KINDS[loss]][outputs]
    # Wide enough apart for factors up to 5 and shifts up to 3 in every storage.
    low, high, unit = {"uint8": (4, 48, 2.0**-13), "int8": (-20, 21, 2.0**-12)}.get(storage, (-16, 17, 2.0**-8))
    X = rng.integers(low, high, shape) / (8.0 if storage not in ("uint8", "int8") else 1.0)
    coef = rng.integers(-32, 33, (n_outputs, d)) * unit
    intercept = rng.integers(-16, 17, n_outputs) / 16.0
    offset = rng.integers(-16, 17, (n, n_outputs)) / 16.0
    y = _parity.draw_targets(rng, loss, params, X @ coef.T + intercept + offset)
    X = X.astype(_parity.DENSE[storage])
    return Table(loss, params, storage, n_outputs, X, y, offset, coef, intercept)


@st.composite
def tables(draw: st.DrawFn, losses: list[Any] | None = None, max_columns: int = 40, **options: Any) -> Table:
    """A table of any loss, storage and number of outputs, with penalties and weights."""
    loss, params = draw(st.sampled_from(losses or _parity.LOSSES))
    storage = draw(st.sampled_from([*_parity.DENSE]))
    outputs = draw(st.sampled_from(["one", "few"]))
    shape = draw(st.integers(1, 12)), draw(st.integers(1, max_columns))
    table = make_table(loss, dict(params), storage, outputs, shape, draw(st.integers(0, 2**32 - 1)))
    alpha, l1_ratio = draw(st.sampled_from([*_parity.PENALTIES.values()]))
    return replace(table, **{"alpha": alpha, "l1_ratio": l1_ratio, **options})
