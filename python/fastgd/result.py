"""What descent found, and how it got there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["History", "Result"]


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """What happened in each whole epoch; every array has one entry an epoch.

    Attributes
    ----------
    epoch : array of shape (n_epochs,), int64
        Number of the epoch, counted from 0.
    step : array of shape (n_epochs,), int64
        Updates made by its end.
    loss : array of shape (n_epochs,), float64
        Full batch: the objective at the parameters before the epoch's update. Mini-batches: the mean of the rows'
        losses, each before its batch's update, and the penalty at the parameters the epoch began with.
    lr : array of shape (n_epochs,), float64
        Learning rate of its last update; nan with `fastgd.optimizers.LBFGS`, which has none.
    grad_norm : array of shape (n_epochs,), float64
        Norm of the gradient, as in `Result`, at the parameters before the epoch's update; nan unless the batch is full.
    seconds : array of shape (n_epochs,), float64
        Wall-clock time since the run began, in seconds.
    """

    epoch: Ints
    step: Ints
    loss: Floats
    lr: Floats
    grad_norm: Floats
    seconds: Floats

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        if len(self) == 0:
            return "History(no epochs)"
        return f"History({len(self)} epochs: loss {self.loss[0]:.6g} -> {self.loss[-1]:.6g}, {self.seconds[-1]:.3g} s)"


@dataclass(eq=False, repr=False)
class Result:
    """What `fastgd.minimize` found, or `fastgd.sweep` for one model.

    Attributes
    ----------
    x : array of shape (n_params,), float64
        The last parameters; after divergence, a time limit or Ctrl-C the best ones at an epoch's end.
    fun : float
        The objective at `x`, penalty included; nan after Ctrl-C where evaluating it would take longer than 50 ms.
    grad_norm : float
        Euclidean norm of its gradient at `x`; with an l1 norm, of the subgradient of least norm.
    lr : float
        Learning rate at the end of the last whole epoch; with ``lr="auto"`` and no update, the chosen one; nan with
        `fastgd.optimizers.LBFGS`, which has none.
    n_epochs, n_steps : int
        Whole epochs, and updates, that were made.
    success : bool
        Whether the run ended as it was meant to: it converged, made all epochs while ``tol=None`` asked for no
        earlier end, or was ended by a callback.
    status : str
        ``"converged"``, ``"max_epochs"``, ``"time_limit"``, ``"interrupted"``, ``"callback"`` or ``"diverged"``; in a
        sweep with halving also ``"dropped"``, no success.
    message : str
        The same in words, with the kind of descent, and after divergence with its cause.
    history : History
        What happened in each whole epoch.
    lr_reason : str
        Why ``lr="auto"`` chose the rate it began with; empty where the rate was given.
    nit : int
        SciPy's name for `n_epochs`.
    nfev, njev : int
        SciPy's names for `n_steps`: an update evaluates loss and gradient of its batch once.
    gap : float
        Duality gap at `x`, a bound on how far `fun` is above the minimum, by up to two passes over the data when it is
        first asked for; nan where `LinearObjective.duality_gap` has none, infinite where it is not at hand.
    jac : array of shape (n_params,), float64
        Gradient at `x`, by one pass over the data when it is first asked for; nan where it does not exist.
    """

    x: Floats
    fun: float
    grad_norm: float
    lr: float
    n_epochs: int
    n_steps: int
    success: bool
    status: str
    message: str
    history: History
    lr_reason: str = ""
    _gap: Callable[[], float] | float = math.nan
    _gradient: Callable[[], Floats] | Floats = field(default_factory=lambda: np.empty(0))

    @property
    def nit(self) -> int:
        """SciPy's name for `n_epochs`."""
        return self.n_epochs

    @property
    def nfev(self) -> int:
        """SciPy's name for the number of loss evaluations, one a step."""
        return self.n_steps

    @property
    def njev(self) -> int:
        """SciPy's name for the number of gradient evaluations, one a step."""
        return self.n_steps

    @property
    def jac(self) -> Floats:
        """Gradient of the objective at `x`, computed when it is first asked for."""
        if callable(self._gradient):
            self._gradient = self._gradient()
        return self._gradient

    @property
    def gap(self) -> float:
        """Duality gap at `x`, computed when it is first asked for."""
        if callable(self._gap):
            self._gap = self._gap()
        return self._gap

    def __getstate__(self) -> dict[str, Any]:
        # The gradient travels as numbers: what computes it holds the data.
        return {**vars(self), "_gradient": self.jac, "_gap": self.gap}

    def __repr__(self) -> str:
        shown = {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}
        shown["x"] = np.array2string(self.x, precision=4, threshold=6, edgeitems=3)
        shown["fun"], shown["grad_norm"], shown["lr"] = (f"{v:.6g}" for v in (self.fun, self.grad_norm, self.lr))
        width = max(map(len, shown))
        return "\n".join(f"{name:>{width}}: {value}" for name, value in shown.items())
