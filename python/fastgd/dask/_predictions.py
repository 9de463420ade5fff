"""Predictions of blocks where these are: of a Dask array a Dask array, of a dataframe a series or a dataframe."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ._collections import is_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray


def over_blocks(estimator: Any, predict: Any, X: Any) -> Any:
    """What a function ``(estimator, rows) -> predictions`` gives for each block, when that is asked for."""
    if is_frame(X):
        # Of one row, to know their kind.
        example = predict(estimator, X._meta_nonempty.iloc[:1])[:0]
        of_block = partial(_of_frame, estimator, predict, example)
        return X.map_partitions(of_block, meta=_as_frame(estimator, example, X._meta.index[:0]))
    if X.ndim != 2 or X.numblocks[1] != 1:
        raise ValueError(f"X must be a table that is cut by rows only, got chunks {X.chunks}; X.rechunk({{1: -1}}) is")
    example = predict(estimator, np.zeros((1, X.shape[1]), X.dtype))[:0]
    shape = {"drop_axis": 1} if example.ndim == 1 else {"chunks": (X.chunks[0], example.shape[1:])}
    of_block = partial(_of_rows, estimator, predict, example)
    return X.map_blocks(of_block, dtype=example.dtype, meta=example, **shape)


def _of_rows(estimator: Any, predict: Any, none: NDArray[Any], rows: Any) -> NDArray[Any]:
    predictions: NDArray[Any] = predict(estimator, rows) if len(rows) else none
    return predictions


def _of_frame(estimator: Any, predict: Any, none: NDArray[Any], frame: Any) -> Any:
    return _as_frame(estimator, _of_rows(estimator, predict, none, frame), frame.index)


def _as_frame(estimator: Any, predictions: NDArray[Any], index: Any) -> Any:
    import pandas as pd

    if predictions.ndim == 1:
        return pd.Series(predictions, index=index)
    classes = vars(estimator).get("classes_")
    columns = classes if classes is not None and len(classes) == predictions.shape[1] else None
    return pd.DataFrame(predictions, index=index, columns=columns)
