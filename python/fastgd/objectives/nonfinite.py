"""Why an objective on data could not be evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .flat_parameters import FlatParameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .. import _core
    from .._losses import Loss
    from .._matrix import Matrix


_BLOCK = 1 << 16


def nonfinite_entry(value: Any, row: int, column: int) -> ValueError:
    """The error for an entry of X that is no finite number."""
    return ValueError(
        f"X must be finite, got {float(value)} in row {row}, column {column}; NaN and infinity are refused"
    )


class NonfiniteErrors(FlatParameters):
    """The errors of an objective on data that name what is not finite."""

    n_samples: int
    dtype: np.dtype[Any]
    # What overflows where the parameters are too large.
    _computed: str
    _loss: Loss
    _matrix: Matrix
    _core: _core.LinearObjective | _core.MLPObjective
    _y: NDArray[Any]
    _weight: NDArray[Any] | None

    def _nonfinite(self) -> ValueError | None:
        """The error that names the first entry of X that is not finite; None if there is none."""
        place = self._core.find_nonfinite()
        return None if place is None else self._nonfinite_at(place)

    def _nonfinite_at(self, place: tuple[int, int]) -> ValueError:
        row, column = place
        value = float(self._matrix.source[row, column])
        return nonfinite_entry(value, row, column)

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
        """The error that names the first row where the user's loss is NaN though its scores are finite."""
        if self._loss.own is None:
            return None
        present = np.arange(self.n_samples) if self._weight is None else np.flatnonzero(self._weight)
        for begin in range(0, len(present), _BLOCK):
            rows = present[begin : begin + _BLOCK]
            raw = self._core.decision_function(w, rows, 0).astype(np.float64)
            finite = np.isfinite(raw).all(axis=1)
            if not finite.any():
                continue
            rows, raw = rows[finite], raw[finite]
            y = self._y[rows].reshape(len(rows), -1).astype(np.float64)
            found = self._loss.own.find_nan(y, raw)
            if found is not None:
                return ValueError(f"loss must not be NaN where raw is finite, got {found[1]} in row {rows[found[0]]}")
        return None
