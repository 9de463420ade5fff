"""What a fit reads when its rows are more than memory holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _validation as check
from ._budget import Budget, as_bytes

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class Block(NamedTuple):
    """Some rows that follow each other.

    Attributes
    ----------
    X : array or SciPy CSR array of shape (n_rows, n_features)
        Features.
    y : array of shape (n_rows,) or (n_rows, n_outputs)
        Targets or labels.
    sample_weight : array of shape (n_rows,), or None
        Weights.
    """

    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None = None


class Source:
    """Rows and targets that are read block by block, once an epoch.

    An estimator takes one in the place of X: ``SGDClassifier().fit(source)``. A source of your own calls this
    ``__init__`` and defines `read`, and `place` where its errors can name more than a row.

    Parameters
    ----------
    n_features : int
        Number of columns of every block.
    dtype : dtype
        Type of the features: float64, float32, float16, bfloat16, uint8, int8 or bool.
    is_sparse : bool, default=False
        Whether blocks are SciPy's CSR, else they are arrays.
    n_samples : int, optional
        Number of rows, where it is known without reading them.
    n_parts : int, default=1
        Number of parts that can be read in any order, such as files or groups of rows; 1 where rows only come in their
        order.
    is_one_shot : bool, default=False
        Whether the rows can be read once only, so that there can be one epoch only.
    max_memory : int or str, default="256MB"
        Bytes that a fit holds of this source at a time, such as ``"1GB"``; see the notes.
    n_window_blocks : int, default=8
        Over how many blocks rows are shuffled.
    feature_names : sequence of str, optional
        Names of the columns.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed. Where `max_memory` is too small for its batches, `fit` raises and tells the least.

    Notes
    -----
    A fit holds the window that it learns from, the next one, which a thread fills meanwhile, and the block that is
    read: `max_memory` is what these take. The model, and the two batches of the engine, come on top.

    Shuffling has two levels. The order of the parts is a permutation of (seed, epoch), the order of the rows of a
    window one of (seed, number of the window), both from the counter-based generator of the core: the same on every run
    and for every number of threads.
    """

    n_features: int
    dtype: np.dtype[Any]
    is_sparse: bool
    n_samples: int | None
    n_parts: int
    is_one_shot: bool
    feature_names: tuple[str, ...] | None
    # Whether the arrays of a block stay as they are when the next one is read; a program may fill the same ones again.
    _rows_stay = False

    def __init__(
        self,
        n_features: int,
        dtype: DTypeLike,
        *,
        is_sparse: bool = False,
        n_samples: int | None = None,
        n_parts: int = 1,
        is_one_shot: bool = False,
        max_memory: int | str = "256MB",
        n_window_blocks: int = 8,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.n_features = check.integer("n_features", n_features, 1)
        self.dtype = np.dtype(dtype)
        self.is_sparse = check.boolean("is_sparse", is_sparse)
        self.n_samples = None if n_samples is None else check.integer("n_samples", n_samples, 1)
        self.n_parts = check.integer("n_parts", n_parts, 1)
        self.is_one_shot = check.boolean("is_one_shot", is_one_shot)
        self.max_memory = as_bytes("max_memory", max_memory)
        self.n_window_blocks = check.integer("n_window_blocks", n_window_blocks, 1)
        self.feature_names = None if feature_names is None else tuple(feature_names)
        self._budget = Budget(self.max_memory, self.n_window_blocks, self._bytes_of_row(), self._bytes_of_target())

    def _bytes_of_row(self) -> int:
        """Bytes of a row of X, where all take the same; those of a sparse one are counted as they come."""
        return 1 if self.is_sparse else self.n_features * self.dtype.itemsize

    def _bytes_of_target(self) -> int:
        """Bytes of a row of y, where these are known."""
        return 8

    @property
    def block_rows(self) -> int:
        """Rows of a block, at most."""
        return self._budget.block_rows

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        """Yield the rows of a part in their order, in blocks of at most `n_rows`.

        Parameters
        ----------
        part : int
            Which part, from 0 to ``n_parts - 1``.
        n_rows : int
            Rows of a block, at most.

        Yields
        ------
        Block
            Rows; a block without any is passed over.
        """
        raise NotImplementedError(f"{type(self).__name__} must define read(part, n_rows)")

    def read_targets(self, part: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield the targets of a part in their order, and their weights or None, for a first pass over the labels.

        Parameters
        ----------
        part : int
            Which part, from 0 to ``n_parts - 1``.

        Yields
        ------
        tuple of arrays
            Targets, and weights or None.
        """
        for block in self.read(part, self.block_rows):
            yield block.y, block.sample_weight

    def expect(self, part: int) -> None:
        """Take note that this part will be read after the one whose reading begins; may be left as it is.

        Parameters
        ----------
        part : int
            The part, whose bytes may be on their way while those before it are used.
        """

    def place(self, part: int, row: int) -> str:
        """Return where a row is, as errors tell it.

        Parameters
        ----------
        part : int
            The part.
        row : int
            Number of the row in its part, counted from 0.

        Returns
        -------
        str
            Such as ``"row 12 of part 3"``.
        """
        return f"row {row} of part {part}"

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise TypeError(
            f"X must be an array here, got {self!r}; sources are for the fit of SGDClassifier, SGDRegressor, "
            "Perceptron and the networks, and for loops over their blocks"
        )

    def __iter__(self) -> Iterator[Block]:
        for part in range(self.n_parts):
            yield from self.read(part, self.block_rows)

    def __repr__(self) -> str:
        rows = "?" if self.n_samples is None else self.n_samples
        kind = "CSR" if self.is_sparse else "dense"
        return f"{type(self).__name__}({rows} x {self.n_features}, {kind} {self.dtype})"
