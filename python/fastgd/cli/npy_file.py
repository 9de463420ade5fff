"""NumPy files: memory-mapped, used as they are."""

from __future__ import annotations

import numpy as np

from fastgd.cli.readers import (
    Array,
    BadFile,
    Request,
    Table,
    column_number,
    keep_columns,
    map_npy,
    read_npy_vector,
)

_AS_THEY_ARE = ("float64", "float32", "float16", "uint8", "int8", "bool")
_WIDEST = 8


def read_npy(request: Request) -> Table:
    """Map a 2-D ``.npy`` array; its target is one of its columns or a second ``.npy`` file."""
    data = map_npy(request.path, "the features")
    if data.ndim != 2:
        raise BadFile(f"{request.path}: an array of shape {data.shape}; rows and columns are needed (2 axes)")
    n_rows, n_columns = data.shape

    def find(text: str, option: str) -> int:
        index = column_number(text, n_columns)
        if index is None:
            raise BadFile(
                f"{request.path}: {option} {text!r} is no column; the array has {n_columns}, counted from 0"
                + ("" if option == "--ignore" else "; a file of its own ends in .npy")
            )
        return index

    y = weights = None
    target_name = ""
    dropped = [find(text, "--ignore") for text in request.ignore]
    if request.target is not None and request.target.endswith(".npy"):
        y = read_npy_vector(request.target, n_rows, "labels" if request.labels else "target values")
        target_name = request.target
    elif request.target is not None:
        dropped.append(find(request.target, "--target"))
        y = np.array(data[:, dropped[-1]])
        target_name = f"column {dropped[-1]}"
    if request.weights is not None and not request.weights.endswith(".npy"):
        dropped.append(find(request.weights, "--weights"))
        weights = np.array(data[:, dropped[-1]])
    if len(set(dropped)) < len(dropped):
        raise BadFile(f"{request.path}: --target, --weights and --ignore must name different columns")
    keep = [index for index in range(n_columns) if index not in dropped]
    if not keep:
        raise BadFile(f"{request.path}: no column is left for the features")
    if request.n_features is not None and len(keep) != request.n_features:
        raise BadFile(
            f"{request.path}: {len(keep)} columns, the model needs {request.n_features}; "
            "leave the others out with --ignore COLUMN"
        )
    X, notes = _usable(request.path, data, keep)
    return Table(X=X, y=y, weights=weights, target_name=target_name, notes=notes)


def _usable(path: str, data: Array, keep: list[int]) -> tuple[Array, list[str]]:
    notes = []
    X = keep_columns(data, keep)
    if not np.may_share_memory(X, data):
        notes.append("the feature columns are not side by side in the file, so they were copied into memory")
    if X.dtype.kind not in "fiub" or X.dtype.itemsize > _WIDEST:
        raise BadFile(f"{path}: dtype {X.dtype} cannot be used; known: {', '.join(_AS_THEY_ARE)} and other integers")
    if X.dtype.name not in _AS_THEY_ARE:
        notes.append(f"nothing is computed on {X.dtype}, so the features are copied into memory as float64")
    return X, notes
