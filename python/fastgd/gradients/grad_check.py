"""What a check of a gradient found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHOWN_ROWS = 10
_TITLES = ("place", "analytic", "numeric", "difference", "tolerance", "")


@dataclass(frozen=True, eq=False, repr=False)
class GradCheck:
    """What `fastgd.check_grad` found: a table that prints, worst coordinates first.

    It is true where the gradient passed: ``assert fastgd.check_grad(objective)``.

    Attributes
    ----------
    ok : bool
        Whether no coordinate is wrong, nor the slope along a random direction through those that were not checked.
    coordinate : int
        The coordinate whose difference is largest by its tolerance.
    place : str
        Where it lies in the objective's parameters: ``"coef[2, 17]"``, ``"intercepts[0][3]"``, else ``"w[5]"``.
    max_error : float
        Its difference.
    coordinates : array of shape (n_checked,), int64
        Which coordinates were checked one by one, ascending.
    analytic, numeric : array of shape (n_checked,), float64
        What the gradient says, and what differences of values do.
    difference : array of shape (n_checked,), float64
        How far they are apart; at a kink, how far the analytic value is outside the slopes of both sides.
    tolerance : array of shape (n_checked,), float64
        How far they may be apart: the bound on the numeric value's error and the rounding of the analytic one.
    wrong : array of shape (n_checked,), bool
        Where they are further apart.
    at_kink : array of shape (n_checked,), bool
        Where the slopes of both sides differ however small the step; any value between them is a subgradient.
    left, right : array of shape (n_checked,), float64
        These slopes.
    places : list of str
        The place of each coordinate.
    n_params, n_evaluations : int
        Number of parameters, and how often the function was evaluated.
    """

    ok: bool
    coordinate: int
    place: str
    max_error: float
    coordinates: NDArray[np.int64]
    analytic: Floats
    numeric: Floats
    difference: Floats
    tolerance: Floats
    wrong: NDArray[np.bool_]
    at_kink: NDArray[np.bool_]
    left: Floats
    right: Floats
    places: list[str]
    n_params: int
    n_evaluations: int

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> None:
        """Raise an `AssertionError` with the table, unless the gradient passed."""
        if not self.ok:
            raise AssertionError(f"the gradient is wrong\n{self!r}")

    def __repr__(self) -> str:
        n_checked, n_wrong, n_kinks = len(self.wrong), int(self.wrong.sum()), int(self.at_kink.sum())
        found = f"wrong in {n_wrong} of {n_checked} coordinates" if n_wrong else f"right in {n_checked} coordinates"
        if not (self.ok or n_wrong):
            found = "wrong along a random direction, in no coordinate by more than its tolerance"
        kinks = f", of which {n_kinks} are kinks" if n_kinks else ""
        rest = " and along a random direction through the others" if self.ok and n_checked < self.n_params else ""
        order = np.argsort(-excess(self.difference, self.tolerance), kind="stable")[:_SHOWN_ROWS]
        rows = [_TITLES, *(self._row(int(i)) for i in order)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [f"gradient {found}{kinks}{rest}; the worst is {self.place}, coordinate {self.coordinate}"]
        for cells in rows:
            place, *numbers, remark = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append("  ".join([place.strip().ljust(widths[0]), *numbers, remark.strip()]).rstrip())
        if n_checked > _SHOWN_ROWS:
            lines.append(f"... and {n_checked - _SHOWN_ROWS} more")
        return "\n".join(lines)

    def _row(self, i: int) -> tuple[str, ...]:
        kink = f"kink, from {self.left[i]:.6g} to {self.right[i]:.6g}" if self.at_kink[i] else ""
        return (
            self.places[i],
            f"{self.analytic[i]:.9g}",
            f"{self.numeric[i]:.9g}",
            f"{self.difference[i]:.2g}",
            f"{self.tolerance[i]:.2g}",
            ", ".join(filter(None, ["wrong" if self.wrong[i] else "", kink])),
        )


def excess(difference: Floats, tolerance: Floats) -> Floats:
    """Differences by their tolerances; what is no number is the worst."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(difference == 0.0, 0.0, difference / tolerance)
    return np.where(np.isnan(ratio), np.inf, ratio)
