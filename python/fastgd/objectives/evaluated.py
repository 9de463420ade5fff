"""What objectives on data share once the core evaluates them, whatever their model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .nonfinite import NonfiniteErrors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self


class Evaluated(NonfiniteErrors):
    """An objective of the core's, whose values stay what they are: nothing of it can be set anew."""

    def __copy__(self) -> Self:
        # The default goes by what is pickled, and would make the core's objective again.
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __setattr__(self, name: str, value: object) -> None:
        if "_fixed" in vars(self):
            kind = type(self).__name__
            article = "an" if kind.startswith("M") else "a"
            raise AttributeError(f"{name} of {article} {kind} is fixed; make another objective for another value")
        super().__setattr__(name, value)

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the objective and its gradient."""
        raise NotImplementedError

    def grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> NDArray[np.floating[Any]]:
        """Return the gradient; see `value_and_grad`, which costs the same."""
        return self.value_and_grad(w, rows, out)[1]

    def _row_indices(self, rows: ArrayLike | None) -> NDArray[np.int64] | None:
        return None if rows is None else check.row_indices("rows", rows, self.n_samples)

    def _write_gradient(
        self, evaluate: Callable[..., float], w: ArrayLike, rows: ArrayLike | None, out: NDArray[Any] | None
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Value and gradient by the core's `evaluate`, with every argument checked."""
        params, dtype = self._parameters(w)
        indices = self._row_indices(rows)
        if out is not None:
            self._check_out(out, dtype)
        # A buffer of its own: w may share memory with out, and out stays as it is when the evaluation fails.
        buffer = np.empty(self._shape)
        try:
            value = evaluate(params, indices, buffer, 0)
        except FloatingPointError:
            raise self._nonfinite_scores(params) from None
        with np.errstate(over="ignore"):
            if out is None:
                return value, buffer.astype(dtype, copy=False)
            out[...] = buffer
        return value, out

    def _core_objective(self, n_params: int) -> _core.Objective:
        core: _core.Objective = self._core
        return core


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The array, which nobody can write to any more."""
    array.setflags(write=False)
    return array
