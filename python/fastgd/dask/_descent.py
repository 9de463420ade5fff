"""Exact synchronous descent: every step is the one that all rows in one place would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objectives.chunked import SummedObjective, refuse_not_additive
from ._holders import Holders

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..objectives import DataObjective
    from ..objectives.chunked import Nodes
    from ._table import Objectives


class ClusterObjective(SummedObjective):
    """`fastgd.ChunkedObjective` of chunks that stay on their workers, in the same bits."""

    def __init__(self, model: DataObjective, objectives: Objectives, n_threads: int | None) -> None:
        refuse_not_additive("the estimator", model)
        super().__init__(model, objectives.weight, objectives.n_present)
        self._objectives = objectives
        self._holders = Holders(objectives, n_threads)

    def _nodes(self, W: NDArray[np.float64]) -> Nodes:
        return self._holders.evaluate(W)

    def _n_chunks(self) -> int:
        return len(self._objectives)
