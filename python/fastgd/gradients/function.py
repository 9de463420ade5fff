"""What is differentiated: a function of flat parameters, whether it is given as such or as an objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# A random point is one whose value is at most so many times 1 plus that of the start.
_FAR = 10.0
_TRIES = 30


class Function:
    """A function ``w -> float``, counted, and checked to be one.

    Parameters
    ----------
    name : str
        What errors call it.
    fun : callable, or object with a method `value`
        The function, or the objective whose value it is.

    Attributes
    ----------
    dtype : numpy.dtype
        Of its arithmetic as far as one can tell, float32 or float64: an objective's own, or that of returned numbers.
        Parameters are rounded to it, so that a step is as long as it seems.
    eps : float
        Its precision.
    n_evaluations : int
        How often it has been called.
    """

    def __init__(self, name: str, fun: Any) -> None:
        value = getattr(fun, "value", None)
        self.is_objective = callable(value)
        if not (self.is_objective or callable(fun)):
            raise check.refuse(name, "a function w -> float, or an objective", fun, TypeError)
        self.name = f"{name}.value" if self.is_objective else name
        self.given = fun
        self._call: Callable[[Floats], Any] = value if callable(value) else fun
        own = getattr(fun, "dtype", None) if self.is_objective else None
        self.dtype: np.dtype[Any] = np.dtype(np.float64)
        self.eps = float(np.finfo(self.dtype).eps)
        self.n_evaluations = 0
        if isinstance(own, np.dtype):
            self._narrow(own)

    def __call__(self, w: Floats) -> float:
        """Return the value at parameters, of which the function gets a copy."""
        self.n_evaluations += 1
        return self._real(self._call(w.copy()))

    def start(self, w: Floats, at: str = "w") -> float:
        """The value where differences are taken from, which has to be finite."""
        self.n_evaluations += 1
        returned = self._call(w.copy())
        value = self._real(returned)
        if not np.isfinite(value):
            raise ValueError(f"{self.name} must be finite at {at}, got {value}")
        self._narrow(np.asarray(returned).dtype)
        return value

    def begin(self, w: ArrayLike | None, seed: int) -> tuple[Floats, float]:
        """`point`, as the function's arithmetic takes it, and the value there."""
        at = self.point(w, seed)
        value = self.start(at)
        if self.dtype.itemsize < 8:
            at = self.rounded(at)
            value = self(at)
        return at, value

    def parameters(self, w: ArrayLike, name: str = "w") -> Floats:
        """Finite parameters as given, a copy."""
        given = check.real_array(name, w)
        size = getattr(self.given, "n_params", None) if self.is_objective else None
        if given.ndim != 1 or given.size == 0 or size not in (None, given.size):
            raise ValueError(f"{name} must have shape ({size or 'n_params'},), got shape {given.shape}")
        return np.array(check.finite(name, given, np.float64))

    def point(self, w: ArrayLike | None, seed: int) -> Floats:
        """Parameters as given, or random ones near the objective's start."""
        if w is not None:
            return self.parameters(w)
        start = self.initial("w", seed)
        toward: Floats = np.random.Generator(np.random.Philox(seed)).standard_normal(start.shape) / np.sqrt(start.size)
        highest = _FAR * (1.0 + abs(self(start)))
        for _ in range(_TRIES):
            if self._is_below(start + toward, highest):
                return np.asarray(start + toward)
            toward = toward / 4.0
        return start

    def initial(self, name: str, *seed: int) -> Floats:
        """The objective's start; a function has none, so that `name` has to be given."""
        initial = getattr(self.given, "initial", None)
        if not callable(initial):
            raise ValueError(f"{name} must be given for a function, which has no start of its own")
        return np.array(initial(*seed), np.float64)

    def rounded(self, w: Floats) -> Floats:
        """Parameters as the function's arithmetic takes them."""
        rounded: Floats = w if self.dtype.itemsize == 8 else w.astype(self.dtype).astype(np.float64)
        return rounded

    def gradient(self, grad: Callable[..., Any] | None, w: Floats) -> NDArray[np.floating[Any]]:
        """What `grad`, or else the objective, says that the gradient at `w` is."""
        if grad is None:
            own = getattr(self.given, "grad", None) if self.is_objective else None
            if not callable(own):
                raise ValueError("grad must be given for a function, which has no gradient of its own")
            grad = own
        if not callable(grad):
            raise check.refuse("grad", "a callable w -> gradient, or None", grad, TypeError)
        gradient = check.real_array("what grad returns", grad(w.copy()))
        if gradient.shape != w.shape:
            raise ValueError(f"what grad returns must have shape {w.shape}, as w has, got shape {gradient.shape}")
        return gradient if gradient.dtype.kind == "f" else gradient.astype(np.float64)

    def place(self, index: int) -> str:
        """What an objective calls the parameter of that index."""
        named = getattr(self.given, "_place", None) if self.is_objective else None
        return str(named(index)) if callable(named) else f"w[{index}]"

    def _is_below(self, w: Floats, highest: float) -> bool:
        try:
            return bool(abs(self(w)) <= highest)
        except ValueError:
            # The objective's scores overflow there.
            return False

    def _real(self, returned: Any) -> float:
        value = np.asarray(returned)
        if value.dtype.kind not in "biuf":
            raise check.refuse(f"what {self.name} returns", "a real number", returned, TypeError)
        if value.size != 1:
            raise ValueError(f"what {self.name} returns must be a number, got shape {value.shape}")
        return float(value.reshape(()))

    def _narrow(self, dtype: np.dtype[Any]) -> None:
        if dtype.kind == "f" and dtype.itemsize < 8:
            self.dtype = np.dtype(np.float32)
            self.eps = max(self.eps, float(np.finfo(dtype).eps))
