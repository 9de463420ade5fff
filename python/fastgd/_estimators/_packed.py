"""Nested lists, tuples and dicts of arrays and plain values as bytes: nothing of what is read back is executed."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pack(tree: Any) -> NDArray[np.uint8]:
    """Bytes of a `.npz` archive: its arrays, and the text of what holds them."""
    arrays: list[NDArray[Any]] = []
    text = json.dumps(_told(tree, arrays)).encode()
    stream = io.BytesIO()
    np.savez(stream, np.frombuffer(text, np.uint8), *arrays)
    return np.frombuffer(stream.getvalue(), np.uint8)


def unpack(packed: NDArray[np.uint8]) -> Any:
    """What was packed."""
    with np.load(io.BytesIO(packed.tobytes()), allow_pickle=False) as archive:
        text, *arrays = (archive[f"arr_{i}"] for i in range(len(archive.files)))
    return _made(json.loads(text.tobytes()), arrays)


def _told(tree: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(tree, np.generic):
        return tree.item()
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    if isinstance(tree, np.ndarray):
        arrays.append(tree.astype(str) if tree.dtype.hasobject else tree)
        return {"array": len(arrays) - 1, "object": bool(tree.dtype.hasobject)}
    if isinstance(tree, dict):
        return {"names": list(tree), "values": [_told(value, arrays) for value in tree.values()]}
    if isinstance(tree, (list, tuple)):
        return {"list" if isinstance(tree, list) else "tuple": [_told(value, arrays) for value in tree]}
    raise TypeError(f"a {type(tree).__name__} cannot be kept")


def _made(told: Any, arrays: list[NDArray[Any]]) -> Any:
    if not isinstance(told, dict):
        return told
    if "array" in told:
        array = arrays[told["array"]]
        return array.astype(object) if told["object"] else array
    if "names" in told:
        return dict(zip(told["names"], (_made(value, arrays) for value in told["values"]), strict=True))
    if "list" in told:
        return [_made(value, arrays) for value in told["list"]]
    return tuple(_made(value, arrays) for value in told["tuple"])
