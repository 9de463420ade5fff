"""Classification by the nearest neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._estimators.inputs import check_X_y, encode_labels, threads_of
from ._search import NeighborSearch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    Floats = NDArray[np.float64]

# Votes that are counted at once.
_BLOCK = 1 << 22


class KNeighborsClassifier(ClassifierMixin, NeighborSearch):
    """Classification by a vote of the nearest neighbours.

    It is scikit-learn's estimator of this name with the Euclidean distance, by a search of all rows [1]_ on data as
    they are: no copy of X is made, whatever its type. Products in float32 say which rows may be near; their distances
    are then computed in float64, so that predictions are those of exact distances up to rounding in float64.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours that vote.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        What a vote counts: 1; the inverse of the distance, where neighbours at distance 0, if there are any, are the
        only ones; or what a function makes of an array of distances, (n_queries, n_neighbors) to the same shape. None
        is ``"uniform"``.
    algorithm : {"auto", "brute"}, default="auto"
        All rows are searched in either case.
    leaf_size : int, default=30
        Has no effect, as there is no tree.
    p : float, default=2
        Power of the Minkowski distance: 2, for the Euclidean one.
    metric : {"minkowski", "euclidean"}, default="minkowski"
        The distance.
    metric_params : dict or None, default=None
        Has to be None or empty.
    n_jobs : int, optional
        Another name for `n_threads`; -1 for all.
    n_threads : int, optional
        Threads; the result is the same for every number. `fastgd.get_num_threads` by default.

    Attributes
    ----------
    classes_ : array of shape (n_classes,), or a list of one for each output
        The labels, sorted.
    effective_metric_ : str
        ``"euclidean"``.
    effective_metric_params_ : dict
        Empty.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : array of shape (n_features,)
        Their names, where X has some.
    n_samples_fit_ : int
        Rows that may be neighbours.
    outputs_2d_ : bool
        Whether labels have several columns.

    Notes
    -----
    X is kept, not copied, unless its rows are not contiguous: it must stay as it is.

    Squares of differences are float64. Rows of float64 data whose distances are below about 1e-154 or above 1e154 are
    beyond its range: these distances come out inexact, as 0 or as infinity, and the wrong rows may be nearest, without
    an error. Scale such data first. Narrower types hold no such numbers.

    References
    ----------
    .. [1] T. M. Cover and P. E. Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information
       Theory 13, 1967.

    Examples
    --------
    >>> from fastgd.neighbors import KNeighborsClassifier
    >>> model = KNeighborsClassifier(n_neighbors=3).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> model.predict([[1.1]]).tolist()
    [0]
    >>> model.predict_proba([[0.9]]).round(3).tolist()
    [[0.667, 0.333]]
    """

    classes_: Any
    outputs_2d_: bool

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"uniform", "distance"}), callable, None],
        "algorithm": [StrOptions({"auto", "brute"})],
        "leaf_size": [Interval(Integral, 1, None, closed="left")],
        "p": [Interval(Real, 0, None, closed="right"), None],
        "metric": [StrOptions({"minkowski", "euclidean"})],
        "metric_params": [dict, None],
        "n_jobs": [Integral, None],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: str | Callable[[Floats], Any] | None = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: str = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any) -> Self:
        """Keep the data, and measure their rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, read as they are: float64, float32, float16, uint8, int8 and bool without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Returns
        -------
        object
            This estimator, fitted.
        """
        self._check_metric()
        threads_of(self)
        X, y = check_X_y(self, X, y, reset=True, multi_output=True)
        y = y.toarray() if hasattr(y, "toarray") else y
        if y.ndim == 2 and y.shape[1] == 1:
            message = "A column-vector y was passed when a 1d array was expected: y.ravel() is one"
            warnings.warn(message, DataConversionWarning, stacklevel=3)
            y = y.ravel()
        columns = [encode_labels(column) for column in np.atleast_2d(y.T)]
        self._keep(X)
        self.outputs_2d_ = y.ndim == 2
        self.classes_ = [classes for classes, _ in columns] if self.outputs_2d_ else columns[0][0]
        self._labels = [np.asarray(indices, np.intp) for _, indices in columns]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class with the most votes of each row, the first of those with as many.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), or None
            Data. None: the rows of `fit`, none of which votes for itself.

        Returns
        -------
        array of shape (n_queries,) or (n_queries, n_outputs)
            Labels.
        """
        neighbors, counts = self._voters(X)
        predicted = []
        for labels, classes in zip(self._labels, self._classes(), strict=True):
            chosen = np.empty(len(neighbors), np.intp)
            step = max(1, _BLOCK // len(classes))
            for begin in range(0, len(neighbors), step):
                some = slice(begin, begin + step)
                chosen[some] = _votes(labels[neighbors[some]], counts[some], len(classes)).argmax(axis=1)
            predicted.append(classes[chosen])
        return np.stack(predicted, axis=1) if self.outputs_2d_ else predicted[0]

    def predict_proba(self, X: Any) -> Floats | list[Floats]:
        """Return the share of the votes that each class has.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), or None
            Data. None: the rows of `fit`, none of which votes for itself.

        Returns
        -------
        array of shape (n_queries, n_classes), or a list of one for each output
            Probabilities, in the order of `classes_`.
        """
        neighbors, counts = self._voters(X)
        shares = []
        for labels, classes in zip(self._labels, self._classes(), strict=True):
            votes = _votes(labels[neighbors], counts, len(classes))
            votes /= votes.sum(axis=1, keepdims=True)
            shares.append(votes)
        return shares if self.outputs_2d_ else shares[0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows that are predicted right, in all of their outputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), or None
            Data. None: the rows of `fit`, none of which votes for itself: leave-one-out.
        y : array-like of shape (n_queries,) or (n_queries, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_queries,), optional
            Weights; 1 each by default.

        Returns
        -------
        float
            Accuracy, where scikit-learn's has several outputs only of two classes each.

        Raises
        ------
        ValueError
            `y` has another number of columns than that of `fit`.
        """
        check_is_fitted(self)
        if not self.outputs_2d_:
            return float(super().score(X, y, sample_weight))
        predicted = self.predict(X)
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if y.shape != predicted.shape:
            raise ValueError(f"y must have the shape of what is predicted, {predicted.shape}, got shape {y.shape}")
        right = (predicted == y).all(axis=1)
        return float(accuracy_score(np.ones(len(right), np.bool_), right, sample_weight=sample_weight))

    def _classes(self) -> list[NDArray[Any]]:
        return self.classes_ if self.outputs_2d_ else [self.classes_]

    def _voters(self, X: Any) -> tuple[NDArray[np.int64], Floats]:
        """The neighbours of each row, and what their votes count."""
        if isinstance(self.weights, str) and self.weights not in ("uniform", "distance"):
            raise check.refuse("weights", "'uniform', 'distance', a function or None", self.weights)
        distances, neighbors = self.kneighbors(X)
        if self.weights is None or (isinstance(self.weights, str) and self.weights == "uniform"):
            return neighbors, np.ones(distances.shape)
        counts = _inverse(distances) if isinstance(self.weights, str) else np.asarray(self.weights(distances))
        if counts.shape != distances.shape:
            raise ValueError(
                f"weights must return an array of the distances' shape, {distances.shape}, got shape {counts.shape}"
            )
        none = ~(counts != 0).any(axis=1)
        if none.any():
            raise ValueError(
                "weights must not be 0 for all neighbors of a row, got zero weights alone for row "
                f"{int(none.argmax())} of X"
            )
        return neighbors, counts

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _inverse(distances: Floats) -> Floats:
    """Weights of ``1 / distance``; where some are 0, those of them are 1 and the others 0."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1.0 / distances
    infinite = np.isinf(inverse)
    some = infinite.any(axis=1)
    inverse[some] = infinite[some]
    return inverse


def _votes(labels: NDArray[np.intp], counts: Floats, n_classes: int) -> Floats:
    """What the votes for each class add up to, the nearest neighbour's first."""
    votes = np.zeros((len(labels), n_classes))
    rows = np.arange(len(labels))
    for of_neighbor, count in zip(labels.T, counts.T, strict=True):
        votes[rows, of_neighbor] += count
    return votes
