"""Flat parameters, as callers give them and as the core takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FLOAT64 = np.dtype(np.float64)


class FlatParameters:
    """Checks of an objective's parameters, and of where its gradient goes."""

    _shape: tuple[int]

    def initial(self, seed: int = 0) -> NDArray[np.float64]:
        """Return the parameters that descent starts from."""
        raise NotImplementedError

    def _parts(self) -> str:
        """What the parameters consist of, for errors."""
        raise NotImplementedError

    def _place(self, index: int) -> str:
        """What the parameter of that index is called, for errors."""
        return f"w[{index}]"

    def _parameters(self, w: ArrayLike, name: str = "w") -> tuple[NDArray[np.float64], np.dtype[Any]]:
        """Parameters as the core takes them, and the dtype of their gradient."""
        given = check.real_array(name, w)
        self._check_shape(given, name)
        dtype = FLOAT64 if given.dtype.kind in "biu" else given.dtype
        return np.require(given, np.float64, ["C", "A"]), dtype

    def _models(self, name: str, W: ArrayLike) -> NDArray[np.float64]:
        """Parameters a row each, as the core takes them."""
        given = check.real_array(name, W)
        if given.ndim != 2 or len(given) == 0 or given.shape[1:] != self._shape:
            raise ValueError(
                f"{name} must have shape (n, {self._shape[0]}), n >= 1, for {self._parts()} a row, "
                f"got shape {given.shape}"
            )
        return check.finite(name, given, np.float64)

    def _check_shape(self, w: NDArray[Any], name: str = "w") -> None:
        if w.shape != self._shape:
            raise ValueError(f"{name} must have shape {self._shape}, for {self._parts()}, got shape {w.shape}")

    def _check_out(self, out: object, dtype: np.dtype[Any]) -> None:
        allowed = f"a writeable array of shape {self._shape} and dtype {dtype}"
        if not isinstance(out, np.ndarray):
            raise check.refuse("out", allowed, out, TypeError)
        if out.shape != self._shape or out.dtype != dtype or not out.flags.writeable:
            kind = "" if out.flags.writeable else "read-only "
            raise ValueError(f"out must be {allowed}, got a {kind}one of shape {out.shape} and dtype {out.dtype}")


def as_floats(array: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """The array, integers as float64."""
    return array.astype(np.float64) if array.dtype.kind in "biu" else array
