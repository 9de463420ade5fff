"""Why an objective on data could not be evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .flat_parameters import FlatParameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .. import _core
    from .._matrix import Matrix
    from .data_objective import DataObjective


_BLOCK = 1 << 16


def nonfinite_entry(value: Any, row: int, column: int, name: str = "X") -> ValueError:
    """The error for an entry of the data that is no finite number."""
    return ValueError(
        f"{name} must be finite, got {float(value)} in row {row}, column {column}; NaN and infinity are refused"
    )


class NonfiniteErrors(FlatParameters):
    """The errors of an objective on data that name what is not finite."""

    n_samples: int
    dtype: np.dtype[Any]
    # Those of standardised columns.
    feature_scales: NDArray[np.float64] | None = None
    # What the data are called.
    _data_name = "X"
    # What overflows where the parameters are too large.
    _computed: str
    _matrix: Matrix
    _core: _core.LinearObjective | _core.MLPObjective | _core.DensityObjective

    def _nonfinite(self) -> ValueError | None:
        """The error that names the first entry of the data that is not finite; None if there is none.

        Or the first column that is too large to be standardised.
        """
        place = self._core.find_nonfinite()
        if place is not None:
            return self._nonfinite_at(place)
        if self.feature_scales is None or not np.isnan(self.feature_scales).any():
            return None
        return ValueError(
            f"{self._data_name} must have columns whose squares are within float64's range with standardize=True, "
            f"got larger numbers in column {np.flatnonzero(np.isnan(self.feature_scales))[0]}"
        )

    def _nonfinite_at(self, place: tuple[int, int]) -> ValueError:
        row, column = place
        value = float(self._matrix.source[row, column])
        return nonfinite_entry(value, row, column, self._data_name)

    def _nonfinite_scores(self, w: NDArray[np.float64], v: NDArray[np.float64] | None = None) -> ValueError:
        given = {"w": w} if v is None else {"w": w, "v": v}
        for name, params in given.items():
            index = check.first(lambda block: ~np.isfinite(block), params)
            if index is not None:
                return ValueError(f"{name} must be finite, got {params[index]} at {check.at(name, index)}")
        return (
            self._nonfinite()
            or self._nan_of_own_loss(w)
            or ValueError(
                f"{' and '.join(given)} must be small enough for {self._computed} to stay within "
                f"{self.dtype}'s range, got entries up to {max(np.abs(params).max() for params in given.values()):.3g}"
            )
        )

    def _check_own_loss(self, best: NDArray[np.float64]) -> None:
        """Refuse a user's loss that is NaN even at the best parameters of a run: no learning rate mends that."""
        error = self._nan_of_own_loss(best)
        if error is not None:
            raise error

    def _nan_of_own_loss(self, w: NDArray[np.float64]) -> ValueError | None:
        """The error that names the first row where a loss of the user's own is NaN though its scores are finite."""
        return None


def nan_of_own_loss(objective: DataObjective, w: NDArray[np.float64]) -> ValueError | None:
    """The error that names the first row where the user's loss is NaN though its scores are finite."""
    own, weight = objective._loss.own, objective._weight
    if own is None:
        return None
    present = np.arange(objective.n_samples) if weight is None else np.flatnonzero(weight)
    for begin in range(0, len(present), _BLOCK):
        rows = present[begin : begin + _BLOCK]
        raw = objective._core.decision_function(w, rows, 0).astype(np.float64)
        finite = np.isfinite(raw).all(axis=1)
        if not finite.any():
            continue
        rows, raw = rows[finite], raw[finite]
        y = objective._y[rows].reshape(len(rows), -1).astype(np.float64)
        found = own.find_nan(y, raw)
        if found is not None:
            return ValueError(f"loss must not be NaN where raw is finite, got {found[1]} in row {rows[found[0]]}")
    return None
