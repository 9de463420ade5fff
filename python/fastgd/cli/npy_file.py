"""NumPy files: memory-mapped, used as they are."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Columns:
    """Which columns of an array are what; None for what has a file of its own, or is not asked for."""

    features: list[int]
    target: int | None
    weights: int | None
    target_name: str


def find_columns(request: Request, data: Array) -> Columns:
    """What is what of a 2-D array."""
    if data.ndim != 2:
        raise BadFile(f"{request.path}: an array of shape {data.shape}; rows and columns are needed (2 axes)")
    n_columns = data.shape[1]

    def find(text: str, option: str) -> int:
        index = column_number(text, n_columns)
        if index is None:
            raise BadFile(
                f"{request.path}: {option} {text!r} is no column; the array has {n_columns}, counted from 0"
                + ("" if option == "--ignore" else "; a file of its own ends in .npy")
            )
        return index

    def inside(text: str | None, option: str) -> int | None:
        return None if text is None or text.endswith(".npy") else find(text, option)

    dropped = [find(text, "--ignore") for text in request.ignore]
    target, weights = inside(request.target, "--target"), inside(request.weights, "--weights")
    dropped += [column for column in (target, weights) if column is not None]
    if len(set(dropped)) < len(dropped):
        raise BadFile(f"{request.path}: --target, --weights and --ignore must name different columns")
    keep = [index for index in range(n_columns) if index not in dropped]
    if not keep:
        raise BadFile(f"{request.path}: no column is left for the features")
    return Columns(keep, target, weights, (request.target or "") if target is None else f"column {target}")


def read_npy(request: Request) -> Table:
    """Map a 2-D ``.npy`` array; its target is one of its columns or a second ``.npy`` file."""
    data = map_npy(request.path, "the features")
    found = find_columns(request, data)
    keep = found.features
    y = None if found.target is None else np.array(data[:, found.target])
    if request.target is not None and y is None:
        y = read_npy_vector(request.target, data.shape[0], "labels" if request.labels else "target values")
    weights = None if found.weights is None else np.array(data[:, found.weights])
    if request.n_features is not None and len(keep) != request.n_features:
        raise BadFile(
            f"{request.path}: {len(keep)} columns, the model needs {request.n_features}; "
            "leave the others out with --ignore COLUMN"
        )
    X, notes = _usable(request.path, data, keep)
    return Table(X=X, y=y, weights=weights, target_name=found.target_name, notes=notes)


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
