"""The nearest rows of a table: what estimators that keep their data share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils.validation import check_is_fitted

from .. import _core
from .. import _validation as check
from .._estimators.inputs import check_X, refuse_nonfinite, threads_of
from .._matrix import as_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class NeighborSearch(MultiOutputMixin, BaseEstimator):
    """Base of the estimators: the data as they are, and their rows that are nearest to others."""

    n_neighbors: int
    metric: str
    p: float
    metric_params: dict[str, Any] | None
    n_samples_fit_: int
    n_features_in_: int
    _fit_X: Any
    _index: _core.NearestRows

    def __sklearn_is_fitted__(self) -> bool:
        return "_fit_X" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        # It refers to the data, and is soon made again.
        return {name: value for name, value in super().__getstate__().items() if name != "_index"}

    def _check_metric(self) -> None:
        """Raise where the distance is not the Euclidean one."""
        if self.metric not in ("minkowski", "euclidean"):
            raise check.refuse("metric", "'minkowski' or 'euclidean'", self.metric)
        if self.metric == "minkowski" and self.p != 2:
            raise ValueError(f"p must be 2, as the Euclidean distance is the only one, got {check.shown(self.p)}")
        if self.metric_params:
            raise ValueError(
                f"metric_params must be None, as the Euclidean distance has none, got {check.shown(self.metric_params)}"
            )

    def _keep(self, X: Any) -> None:
        """Make the data those that are searched from now on."""
        matrix = as_matrix("X", X)
        self._index = _make_index(matrix.source, threads_of(self))
        self._fit_X = matrix.source
        self.n_samples_fit_ = matrix.source.shape[0]
        self.effective_metric_ = "euclidean"
        self.effective_metric_params_: dict[str, Any] = {}

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> tuple[Floats, Ints] | Ints:
        """Find the nearest rows of the data of `fit`.

        Distances are ``sqrt(sum_j (x_j - z_j)**2)``, in float64 whatever the data are; of rows as near the one that
        comes first is nearer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), optional
            Rows to find the neighbours of, stored as the data of `fit` or otherwise. By default the rows of `fit`, none
            of which is its own neighbour.
        n_neighbors : int, optional
            Neighbours of each; `n_neighbors` of the estimator by default.
        return_distance : bool, default=True
            Whether the distances are wanted.

        Returns
        -------
        distances : float64 array of shape (n_queries, n_neighbors)
            Distances, the smallest first; only with ``return_distance=True``.
        indices : int64 array of shape (n_queries, n_neighbors)
            Rows of the data of `fit`.

        Raises
        ------
        ValueError
            For more neighbours than there are rows, another number of features, NaN and infinity in `X`, or a distance
            other than the Euclidean one that has been set since `fit`.
        """
        check_is_fitted(self)
        # Parameters may have been set since.
        self._check_metric()
        k = check.integer("n_neighbors", self.n_neighbors if n_neighbors is None else n_neighbors, 1)
        wants_distances = check.boolean("return_distance", return_distance)
        n_threads = threads_of(self)
        queries = self._fit_X if X is None else check_X(self, X, reset=False)
        most = self.n_samples_fit_ - (X is None)
        if k > most:
            others = " other than itself" if X is None else ""
            raise ValueError(
                f"n_neighbors must be at most {most}, the number of rows{others} in the data of fit, got {k} with "
                f"n_samples_fit = {self.n_samples_fit_}, n_samples = {queries.shape[0]}"
            )
        matrix = as_matrix("X", queries)
        if "_index" not in vars(self):
            self._index = _make_index(self._fit_X, n_threads)
        try:
            distances, indices = self._index.query(matrix.view, matrix.storage, k, X is None, n_threads or 0)
        except FloatingPointError:
            refuse_nonfinite(queries)
            raise
        return (distances, indices) if wants_distances else indices

    def kneighbors_graph(self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity") -> Any:
        """Return the nearest rows of the data of `fit` as a sparse matrix.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), optional
            See `kneighbors`.
        n_neighbors : int, optional
            Neighbours of each; `n_neighbors` of the estimator by default.
        mode : {"connectivity", "distance"}, default="connectivity"
            Whether entries are 1 or distances.

        Returns
        -------
        SciPy CSR of shape (n_queries, n_samples_fit_)
            A row a query, with entries for its neighbours, the nearest first; an array or a matrix as scikit-learn is
            configured.

        Raises
        ------
        ValueError
            As `kneighbors` does, and for another `mode`.
        """
        from scipy.sparse import csr_array, csr_matrix

        if mode not in ("connectivity", "distance"):
            raise check.refuse("mode", "'connectivity' or 'distance'", mode)
        distances, indices = self.kneighbors(X, n_neighbors)
        n_queries, k = indices.shape
        entries = distances if mode == "distance" else np.ones(indices.shape)
        # scikit-learn before 1.9 has no such setting, and matrices.
        make = csr_array if get_config().get("sparse_interface") == "sparray" else csr_matrix
        offsets = np.arange(0, n_queries * k + 1, k)
        return make((entries.ravel(), indices.ravel(), offsets), shape=(n_queries, self.n_samples_fit_))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _make_index(X: Any, n_threads: int | None) -> _core.NearestRows:
    matrix = as_matrix("X", X)
    try:
        return _core.NearestRows(matrix.view, matrix.storage, n_threads or 0)
    except FloatingPointError:
        refuse_nonfinite(X)
        raise
