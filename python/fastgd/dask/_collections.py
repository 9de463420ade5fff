"""What Dask gives as blocks of rows: arrays, dataframes, delayed chunks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import dask
import dask.array
import numpy as np
from dask.delayed import Delayed
from distributed import Future

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # Of a block of rows X, y and sample weights or None, or all of them as one delayed chunk.
    Parts = tuple[Delayed, ...]


class Rows(NamedTuple):
    """Blocks of rows, each of them on its way, and the names of their columns where they have some."""

    blocks: list[Parts]
    names: NDArray[Any] | None


def rows_of(X: Any, y: Any, sample_weight: Any) -> Rows:
    """Cut what a fit is given into blocks."""
    if isinstance(X, (list, tuple)):
        return _of_chunks(X, y, sample_weight)
    if isinstance(X, dask.array.Array):
        X, names = _by_rows(X), None
        n_rows = X.chunks[0]
    elif is_frame(X):
        n_rows, names = None, _names_of(X)
    else:
        raise check.refuse(
            "X",
            "a Dask array, a Dask dataframe or a list of delayed (X, y) chunks (dask.array.from_array(X, chunks=...) "
            "makes one of an array, and fastgd.linear_model and fastgd.neural_network take that as it is)",
            X,
            TypeError,
        )
    if y is None:
        raise ValueError("y must be given beside X, got None")
    of_X = _delayed(X)
    of_y = _aligned("y", y, n_rows, len(of_X))
    given = [of_X, of_y]
    if sample_weight is not None:
        given.append(_aligned("sample_weight", sample_weight, n_rows, len(of_X)))
    return Rows(list(zip(*given, strict=True)), names)


def is_lazy(X: Any) -> bool:
    """Whether rows are a Dask array or dataframe."""
    return isinstance(X, dask.array.Array) or is_frame(X)


def is_frame(X: Any, *kinds: str) -> bool:
    """Whether it is a Dask dataframe, or one of these kinds; who has one has loaded its module, which takes long."""
    module = sys.modules.get("dask.dataframe")
    return module is not None and isinstance(X, tuple(getattr(module, kind) for kind in kinds or ("DataFrame",)))


def _of_chunks(chunks: Sequence[Any], y: Any, sample_weight: Any) -> Rows:
    for name, given in {"y": y, "sample_weight": sample_weight}.items():
        if given is not None:
            raise ValueError(f"{name} must be None where X is a list of delayed chunks, which bring it, got another")
    for number, chunk in enumerate(chunks):
        if not isinstance(chunk, (Delayed, Future)):
            allowed = "a delayed (X, y) or (X, y, sample_weight), or a future of one"
            raise check.refuse(f"chunk {number} of X", allowed, type(chunk).__name__, TypeError)
    if not chunks:
        raise ValueError("X must hold at least one delayed chunk, got none")
    return Rows([(dask.delayed(chunk),) for chunk in chunks], None)


def _by_rows(X: dask.array.Array) -> dask.array.Array:
    """A table whose chunks are whole rows, of known number."""
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n_samples, n_features), got {X.ndim} axes")
    _refuse_unknown("X", X)
    if X.numblocks[1] != 1:
        raise ValueError(f"X must be cut by rows only, got chunks of columns {X.chunks[1]}; X.rechunk({{1: -1}}) is")
    return X


def _refuse_unknown(name: str, array: dask.array.Array) -> None:
    if any(np.isnan(size) for sizes in array.chunks for size in sizes):
        raise ValueError(
            f"{name} must have chunks of known sizes, got shape {array.shape}; {name}.compute_chunk_sizes() finds "
            "them, and to_dask_array(lengths=True) keeps those of a dataframe"
        )


def _aligned(name: str, given: Any, n_rows: tuple[int, ...] | None, n_blocks: int) -> list[Delayed]:
    """Targets or weights in the blocks of X; of an array they are moved where its own blocks are others."""
    if isinstance(given, dask.array.Array):
        _refuse_unknown(name, given)
        if given.ndim not in (1, 2):
            raise ValueError(f"{name} must have shape (n_samples,) or (n_samples, n_outputs), got {given.ndim} axes")
        if n_rows is not None:
            if given.shape[0] != sum(n_rows):
                raise ValueError(f"{name} must have as many rows as X, {sum(n_rows)}, got {given.shape[0]}")
            given = given.rechunk({0: n_rows, **({1: -1} if given.ndim == 2 else {})})
    elif not is_frame(given, "Series", "DataFrame"):
        raise check.refuse(name, "a Dask array, series or dataframe beside X", type(given).__name__, TypeError)
    blocks = _delayed(given)
    if len(blocks) != n_blocks:
        raise ValueError(
            f"{name} must have as many partitions as X, {n_blocks}, got {len(blocks)}; repartition one as the other"
        )
    return blocks


def _delayed(collection: Any) -> list[Delayed]:
    blocks = collection.to_delayed()
    return list(blocks.ravel()) if isinstance(blocks, np.ndarray) else list(blocks)


def _names_of(frame: Any) -> NDArray[Any] | None:
    """As scikit-learn has it: names where all are strings."""
    names = list(frame.columns)
    return np.array(names, dtype=object) if all(isinstance(name, str) for name in names) else None
