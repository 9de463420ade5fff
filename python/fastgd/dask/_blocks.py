"""What workers do with blocks of rows: look at them, make objectives of them, evaluate these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from dask.sizeof import sizeof
from distributed import get_worker
from sklearn.utils import column_or_1d

from .._estimators.inputs import encode_labels
from ..data import Block
from ..data.chunks import as_block
from ..objectives import DataObjective
from ..objectives.chunked import weight_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@sizeof.register(DataObjective)  # type: ignore[untyped-decorator]
def _size_of_objective(objective: DataObjective) -> int:
    # By this Dask knows that it costs less to bring a task to the rows than them to it.
    return int(sizeof(objective._matrix.source)) + int(objective._y.nbytes)


class Told(NamedTuple):
    """What is to be known of a block before a fit, and one of its rows to make an objective of, None where all is 0."""

    n_rows: int
    n_features: int
    dtype: np.dtype[Any]
    # Of the targets of a row.
    shape: tuple[int, ...]
    labels: NDArray[Any]
    label_weights: Floats
    weight: float
    n_present: int
    head: Block | None


def take(number: int, *parts: Any) -> Block:
    """A block of parts that came separately, or of a delayed chunk."""
    block = as_block(parts[0] if len(parts) == 1 else tuple(_plain(part) for part in parts), number)
    weight = block.sample_weight
    if weight is not None and not ((weight >= 0.0) & np.isfinite(weight)).all():
        raise ValueError(f"sample_weight of chunk {number} must be finite and at least 0")
    return block


def _plain(part: Any) -> Any:
    """The values of a dataframe or series."""
    return part.to_numpy() if hasattr(part, "to_numpy") else part


def tell(block: Block, has_labels: bool, number: int) -> Told:
    """What is to be known of a block."""
    X, y, weight = block
    labels, label_weights = np.empty(0), np.empty(0)
    if has_labels and len(y):
        try:
            labels, indices = encode_labels(column_or_1d(y))
        except (TypeError, ValueError) as error:
            raise type(error)(f"chunk {number}: {error}") from None
        label_weights = np.bincount(indices, weights=weight, minlength=len(labels)).astype(np.float64)
    present = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    head = None
    if len(present):
        first = slice(int(present[0]), int(present[0]) + 1)
        head = Block(X[first], y[first], None)
    total = float(len(y) if weight is None else weight.sum(dtype=np.float64))
    return Told(len(y), X.shape[1], X.dtype, y.shape[1:], labels, label_weights, total, len(present), head)


def make(estimator: Any, block: Block, number: int, alpha: float | None) -> DataObjective | None:
    """The objective of a block; None where no row has weight."""
    if not len(block.y) or (block.sample_weight is not None and not block.sample_weight.any()):
        return None
    try:
        problem = estimator._problem_of(block)
        if problem.weight is not None and not problem.weight.any():
            return None
        objective: DataObjective = estimator._objective(problem)
    except (TypeError, ValueError) as error:
        raise type(error)(f"chunk {number}: {error}") from None
    return objective if alpha is None else objective._with(alpha=alpha)


def weigh(objective: DataObjective | None) -> tuple[float, int] | None:
    """The weight of a chunk, and the number of its rows that have one."""
    return None if objective is None else (weight_of(objective), objective._n_present)


class Chunks(NamedTuple):
    """Which chunks a worker has: their numbers, as errors tell them, and places among those with rows."""

    numbers: list[int]
    places: list[int]
    n_places: int


def threads_here(n_threads: int | None) -> int:
    """The threads that are asked for, or else those of the worker, which has one task a round."""
    return int(get_worker().state.nthreads if n_threads is None else n_threads)
