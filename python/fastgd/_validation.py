"""Checks of single arguments: every error names the argument, what is allowed and what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_SHOWN_CHARACTERS = 60
_BLOCK = 1 << 16


_INF = float("inf")
# Counts are exact in the core, where all parameters are float64.
MAX_COUNT = 2**53


class Rule(NamedTuple):
    """What a number may be, in words and as a test: the last two arguments of `number`."""

    allowed: str
    holds: Callable[[float], bool]


NUMBER = Rule("a finite number", lambda v: -_INF < v < _INF)
PART = Rule("a number from 0 to 1", lambda v: 0.0 <= v <= 1.0)
SHARE = Rule("a number >= 0 and < 1", lambda v: 0.0 <= v < 1.0)
POSITIVE = Rule("a finite number > 0", lambda v: 0.0 < v < _INF)
NOT_NEGATIVE = Rule("a finite number >= 0", lambda v: 0.0 <= v < _INF)


def shown(value: object) -> str:
    """A value as an error message shows it: on one line, and short."""
    text = str(value) if isinstance(value, np.generic) else repr(value)
    if len(text) > _SHOWN_CHARACTERS or "\n" in text:
        text = " ".join(text.split())[: _SHOWN_CHARACTERS - 3] + "..."
    return text


def refuse(name: str, allowed: str, value: object, error: type[Exception] = ValueError) -> Exception:
    """The exception for a value that is not allowed."""
    kind = f" of type {type(value).__name__}" if error is TypeError and value is not None else ""
    return error(f"{name} must be {allowed}, got {shown(value)}{kind}")


def number(name: str, value: object, allowed: str, within: Callable[[float], bool]) -> float:
    """A real number that `within` accepts, as a float."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise refuse(name, allowed, value, TypeError)
    try:
        result = float(value)
    except OverflowError:
        result = float("inf")
    if not within(result):
        raise refuse(name, allowed, value)
    return result


def integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """An integer from `low` to `high`, as an int."""
    allowed = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise refuse(name, allowed, value, TypeError)
    result = int(value)
    if result < low or (high is not None and result > high):
        raise refuse(name, allowed, value)
    return result


def boolean(name: str, value: object) -> bool:
    """True or False, as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise refuse(name, "True or False", value, TypeError)
    return bool(value)


def seed(name: str, value: object) -> int:
    """A seed: 64 bits of an int. None and generators are refused, since one configuration has one result."""
    return integer(name, value, 0, 2**64 - 1)


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is bfloat16, which NumPy knows only through packages such as ml_dtypes."""
    return dtype.itemsize == 2 and dtype.name == "bfloat16"


def as_array(name: str, values: object) -> NDArray[Any]:
    """Anything that offers itself as an array, without a copy where it is one already."""
    if hasattr(values, "tocsr"):
        raise TypeError(f"{name} must be dense, got {type(values).__name__}; {name}.toarray() is a dense copy of it")
    if hasattr(values, "mask") and hasattr(values, "filled"):
        raise TypeError(f"{name} must not be masked, got {type(values).__name__}; {name}.filled(value) has no mask")
    try:
        if hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
            return np.from_dlpack(values)
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise TypeError(f"{name} must be an array of numbers, got {type(values).__name__}: {error}") from error


def real_array(name: str, values: object) -> NDArray[Any]:
    """An array of bool, integers or real floating-point numbers."""
    array = as_array(name, values)
    if array.dtype.kind not in "biuf" and not is_bfloat16(array.dtype):
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}{_advice(name, array.dtype)}")
    return array


def _advice(name: str, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "O":
        return f"; {name}.astype(float) converts it where every entry is a number"
    if dtype.kind in "UST":
        return f"; np.unique({name}, return_inverse=True)[1] turns labels into class indices"
    return ""


def first(bad: Callable[[NDArray[Any]], NDArray[np.bool_]], array: NDArray[Any]) -> tuple[int, ...] | None:
    """The first index, in C order, where `bad` holds; looked for in blocks of rows, so that memory stays small."""
    rows = max(1, _BLOCK // max(1, array[:1].size))
    for begin in range(0, len(array), rows):
        found = bad(array[begin : begin + rows])
        if found.any():
            index = np.unravel_index(int(found.argmax()), found.shape)
            return (begin + int(index[0]), *(int(i) for i in index[1:]))
    return None


def at(name: str, index: tuple[int, ...]) -> str:
    """How an error names one entry: ``y[3]``, or ``y[3, 1]``."""
    return f"{name}[{', '.join(map(str, index))}]"


def finite(name: str, array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """The array in `dtype`, C-ordered and aligned, copied only where it must be; every entry is finite in it."""
    with np.errstate(over="ignore"):
        converted: NDArray[Any] = np.require(array, dtype, ["C", "A"])
    index = first(lambda block: ~np.isfinite(block), converted)
    if index is not None:
        value = float(array[index])
        beyond = f", beyond the range of {converted.dtype}" if np.isfinite(value) else ""
        raise ValueError(f"{name} must be finite, got {value} at {at(name, index)}{beyond}")
    return converted


def row_indices(name: str, values: object, n_samples: int) -> NDArray[np.int64]:
    """Indices of rows, in any order and with repeats, as contiguous int64."""
    array = as_array(name, values)
    allowed = f"a non-empty 1-D array of row indices from 0 to {n_samples - 1}"
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be {allowed}, got shape {array.shape}")
    if array.dtype.kind not in "iu":
        hint = f"; np.flatnonzero({name}) turns a mask into indices" if array.dtype.kind == "b" else ""
        raise TypeError(f"{name} must be {allowed}, got dtype {array.dtype}{hint}")
    index = first(lambda block: (block < 0) | (block >= n_samples), array)
    if index is not None:
        raise ValueError(f"{name} must be {allowed}, got {array[index]} at {at(name, index)}")
    return np.require(array, np.int64, ["C", "A"])
