"""The risk of rows in chunks: the sum of the chunks' risks, in an order that is always the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import _validation as check
from .data_objective import DataObjective
from .function import FunctionObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    # Of a place in the tree, its level and its number there, the sums of all chunks below it: for each model its risk
    # and then its gradient, both times weights.
    Nodes = Mapping[tuple[int, int], Floats]

__all__ = ["ChunkedObjective"]

# What has to be the same for all chunks, as far as a model has it.
_SHARED = (
    *("n_features", "dtype", "n_outputs", "n_classes", "loss", "loss_params", "alpha", "l1_ratio", "fit_intercept"),
    *("hidden_layer_sizes", "activation"),
)


class SummedObjective(FunctionObjective):
    """The weighted mean of objectives of chunks, of which someone else gives the sums."""

    def __init__(self, model: DataObjective, weight: float, n_present: int) -> None:
        super().__init__(self._means, jac=True, n_params=model.n_params, batched=True)
        self.model = model
        self._total = weight
        self._n_present = n_present

    def initial(self, seed: int = 0) -> Floats:
        """Return the parameters that descent starts from where none are given: those of a chunk's objective.

        Parameters
        ----------
        seed : int, default=0
            Seed of a network's parameters; those of a linear model are 0.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters.
        """
        return self.model.initial(seed)

    def raw_coef(self, w: Floats) -> tuple[Floats, Floats]:
        """Return coefficients and intercepts of a linear model's parameters, as `LinearObjective.raw_coef` does."""
        coefs: tuple[Floats, Floats] = self.model.raw_coef(w)  # type: ignore[attr-defined]
        return coefs

    def _nodes(self, W: Floats) -> Nodes:
        """Sums at places of the tree that have all chunks below them."""
        raise NotImplementedError

    def _n_chunks(self) -> int:
        raise NotImplementedError

    def _means(self, W: Floats) -> tuple[Floats, Floats]:
        (sums,) = add_up(self._nodes(W), self._n_chunks()).values()
        means = sums / self._total
        return means[:, 0], means[:, 1:]


class ChunkedObjective(SummedObjective):
    """The objective of a model on rows in chunks, as the weighted mean of the objectives of the chunks.

    With ``W_i`` the sum of the weights of chunk ``i`` and ``F_i`` its objective, penalty included::

        F(w) = sum_i W_i F_i(w) / sum_i W_i

    which is the objective on all rows in one array. The sums are those of a fixed binary tree over the chunks: of
    chunks 0 and 1, 2 and 3, ..., then of these sums, and so on. So the bits of a descent depend on where the rows are
    cut, but not on who evaluates a chunk; `fastgd.dask` has the same ones.

    Parameters
    ----------
    chunks : sequence of LinearObjective or of MLPObjective
        The objectives of the chunks, all of the same model, loss and penalty. Without standardising, dropout and l1
        norm.

    Attributes
    ----------
    n_params : int
        Number of parameters.
    model : LinearObjective or MLPObjective
        The objective of the first chunk, whose ``unpack`` turns parameters into coefficients.

    Raises
    ------
    TypeError, ValueError
        There are no chunks, one is something else, or it differs from the first one, and is named by its number; or one
        has a penalty or parameters that do not add up. When it is called: a chunk holds NaN or infinity, and the
        message names chunk, row and column.

    See Also
    --------
    fastgd.data : sources, for mini-batches of rows in chunks.

    Notes
    -----
    It is descended on with ``batch_size="full"``, whole passes over the chunks, by each optimiser that can have them,
    L-BFGS too. A chunk has a weight by its rows: where weights are given, in the unit of all other chunks' weights, and
    between 2**-64 and 2**64.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> y = X @ [2.0, -1.0] + 0.5
    >>> chunks = [fastgd.LinearObjective(X[i::3], y[i::3], loss="squared_error") for i in range(3)]
    >>> objective = fastgd.ChunkedObjective(chunks)
    >>> result = fastgd.minimize(objective, optimizer=fastgd.optimizers.LBFGS(), tol=None)
    >>> coef, intercept = objective.model.unpack(result.x)
    >>> coef.round(6).tolist(), intercept.round(6).tolist()
    ([[2.0, -1.0]], [0.5])
    """

    def __init__(self, chunks: Sequence[DataObjective]) -> None:
        if isinstance(chunks, (str, bytes)) or not isinstance(chunks, Sequence):
            raise check.refuse("chunks", "a sequence of LinearObjective or MLPObjective", chunks, TypeError)
        if len(chunks) == 0:
            raise ValueError("chunks must hold at least one objective, got none")
        for number, chunk in enumerate(chunks):
            if not isinstance(chunk, DataObjective):
                raise check.refuse(f"chunks[{number}]", "a LinearObjective or an MLPObjective", chunk, TypeError)
            _refuse_other(f"chunks[{number}]", chunk, chunks[0])
        refuse_not_additive("chunks[0]", chunks[0])
        self._chunks = list(chunks)
        super().__init__(chunks[0], sum(map(weight_of, chunks)), sum(chunk._n_present for chunk in chunks))

    def _nodes(self, W: Floats) -> Nodes:
        return {(0, number): weighted_sums(W, chunk, number) for number, chunk in enumerate(self._chunks)}

    def _n_chunks(self) -> int:
        return len(self._chunks)

    def __repr__(self) -> str:
        return f"ChunkedObjective({len(self._chunks)} chunks of {type(self.model).__name__}, n_params={self.n_params})"


def weighted_sums(W: Floats, chunk: DataObjective, number: int, n_threads: int = 0) -> Floats:
    """The risk and the gradient of a chunk for each model, times its weight; errors tell its number."""
    sums = np.empty((len(W), 1 + W.shape[1]))
    for of_model, w in zip(sums, W, strict=True):
        try:
            of_model[0] = chunk._evaluate(np.ascontiguousarray(w), None, of_model[1:], n_threads)
        except FloatingPointError:
            error = chunk._nonfinite()
            if error is not None:
                raise ValueError(f"chunk {number}: {error}") from None
            # Parameters so large end a descent in their own way.
            of_model[:] = np.inf
    sums *= weight_of(chunk)
    return sums


def add_up(nodes: Nodes, n_chunks: int) -> Nodes:
    """Sums as far up the tree as there are both parts of them; the last node of a level may be alone."""
    summed: dict[tuple[int, int], Floats] = {}
    level, n_nodes, at_level = 0, n_chunks, dict(nodes)
    while n_nodes > 1:
        above: dict[tuple[int, int], Floats] = {}
        for (at, number), sums in sorted(at_level.items(), key=lambda node: node[0]):
            if at > level:
                above[at, number] = sums
            elif number % 2 == 0 and number + 1 == n_nodes:
                above[level + 1, number // 2] = sums
            elif number % 2 == 0 and (level, number + 1) in at_level:
                above[level + 1, number // 2] = sums + at_level[level, number + 1]
            elif number % 2 == 0 or (level, number - 1) not in at_level:
                summed[level, number] = sums
        level, n_nodes, at_level = level + 1, -(-n_nodes // 2), above
    return summed | at_level


def weight_of(chunk: DataObjective) -> float:
    """The sum of the weights of its rows."""
    return float(chunk.n_samples if chunk._weight is None else chunk._weight.sum(dtype=np.float64))


def refuse_not_additive(name: str, chunk: DataObjective) -> None:
    """Raise where the objective of all rows is not the mean of those of chunks."""
    if getattr(chunk, "standardize", False):
        raise ValueError(f"standardize of {name} must be False: each chunk has means of its own, got True")
    if getattr(chunk, "dropout", 0.0) > 0.0:
        raise ValueError(f"dropout of {name} must be 0 for all rows at once, got {chunk.dropout}")  # type: ignore[attr-defined]
    if chunk.alpha > 0.0 and chunk.l1_ratio > 0.0:
        raise ValueError(f"l1_ratio of {name} must be 0: there is no proximal step for a sum, got {chunk.l1_ratio}")


def _refuse_other(name: str, chunk: DataObjective, first: DataObjective) -> None:
    if type(chunk) is not type(first):
        raise ValueError(f"{name} must be {type(first).__name__} as chunks[0], got {type(chunk).__name__}")
    for attribute in _SHARED:
        mine, other = getattr(chunk, attribute, None), getattr(first, attribute, None)
        if mine != other:
            raise ValueError(f"{attribute} of {name} must be {other} as that of chunks[0], got {mine}")
