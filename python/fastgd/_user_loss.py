"""A loss of the user's own: a Python function of many rows at once, or a C function."""

from __future__ import annotations

import ctypes
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from . import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DOUBLES = ctypes.POINTER(ctypes.c_double)
# The base class of all that ctypes makes of C functions, which has no public name.
_C_FUNCTION: Any = ctypes.CFUNCTYPE(None).__base__
# fastgd_user_loss of user_loss.h
_ARGUMENTS = (_DOUBLES, _DOUBLES, ctypes.c_int64, ctypes.c_int64, _DOUBLES, _DOUBLES)
_SIGNATURE = "void (const double *y, const double *raw, int64_t n_rows, int64_t n_outputs, double *loss, double *dloss)"


class UserLoss:
    """What was given as a loss, in the form that the core calls.

    Parameters
    ----------
    given : callable, ctypes function, numba.cfunc or scipy.LowLevelCallable
        The loss.
    class_targets : bool
        Whether its targets are class indices, one a row, rather than numbers, one a score.
    """

    def __init__(self, given: Any, class_targets: bool) -> None:
        self._given = given
        self._class_targets = class_targets
        self._c_function = _c_function(given)
        # The brackets keep it apart from the name of any other loss.
        self.name = f"{getattr(given, '__name__', type(given).__name__)}(y, raw)"

    def core(self) -> _core.UserLoss:
        """What the core calls, for as long as this lives."""
        if self._c_function is None:
            # No owner of its own in the core, where the garbage collector would not find it.
            return _core.UserLoss.of_function(weakref.proxy(self), self._class_targets)
        address = ctypes.cast(self._c_function, ctypes.c_void_p).value
        return _core.UserLoss.of_address(address or 0, self._class_targets)

    def __call__(self, y: Floats, raw: Floats) -> tuple[Floats, Floats]:
        """Return losses (n_rows,) and derivatives (n_rows, n_outputs).

        `y` is (n_rows, 1) or (n_rows, n_outputs), `raw` (n_rows, n_outputs); both C-ordered, and not used elsewhere.
        """
        if self._c_function is not None:
            loss, dloss = np.full(len(raw), np.nan), np.full(raw.shape, np.nan)
            arrays = [array.ctypes.data_as(_DOUBLES) for array in (y, raw, loss, dloss)]
            self._c_function(*arrays[:2], *raw.shape, *arrays[2:])
            return loss, dloss
        scores = raw[:, 0] if raw.shape[1] == 1 else raw
        targets = y[:, 0] if y.shape[1] == 1 else y
        returned = self._given(targets.astype(np.intp) if self._class_targets else targets, scores)
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise ValueError(f"loss(y, raw) must be (loss, dloss/draw), got {check.shown(returned)}")
        loss = _shaped("loss(y, raw)[0]", returned[0], scores.shape[:1])
        return loss, _shaped("loss(y, raw)[1]", returned[1], scores.shape).reshape(raw.shape)

    def find_nan(self, y: Floats, raw: Floats) -> tuple[int, str] | None:
        """The first row where it is NaN, and what is so there, in words; None where there is none."""
        loss, dloss = self(y.copy(), raw.copy())
        bad = np.isnan(loss) | np.isnan(dloss).any(axis=1)
        if not bad.any():
            return None
        row = int(bad.argmax())
        target, scores = _shown(y[row]), _shown(raw[row])
        return row, f"loss {loss[row]} and dloss/draw {_shown(dloss[row])} for y={target}, raw={scores}"


def is_user_loss(loss: object) -> bool:
    """Whether a loss is none of those with a name."""
    return callable(loss) or _c_function(loss) is not None


def _c_function(loss: Any) -> Any:
    """The ctypes function of a loss that is one, or has one as numba's and SciPy's do; else None."""
    if isinstance(loss, tuple):
        if getattr(loss, "user_data", None) is not None:
            raise ValueError("loss must have no user_data as a LowLevelCallable, which fastgd would not pass on")
        loss = getattr(loss, "function", loss)
    function = getattr(loss, "ctypes", loss)
    if not isinstance(function, _C_FUNCTION):
        return None
    if function.restype is not None or tuple(function.argtypes or ()) != _ARGUMENTS:
        given = "no argtypes" if function.argtypes is None else ", ".join(one.__name__ for one in function.argtypes)
        returned = getattr(function.restype, "__name__", "None")
        raise TypeError(
            f"loss must be {_SIGNATURE} as a C function, with argtypes and restype to say so, got {given} and restype "
            f"{returned}"
        )
    return function


def _shaped(name: str, returned: object, shape: tuple[int, ...]) -> Floats:
    array = check.real_array(name, returned)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)


def _shown(numbers: Floats) -> str:
    return check.shown(numbers[0] if len(numbers) == 1 else numbers.tolist())
