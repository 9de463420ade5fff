"""What all estimators of linear models share: raw scores through the core, and predictions from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._estimators.inputs import check_X, threads_of
from .._export import Exportable, Head, Labels, Network, Values
from .._scores import raw_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

E = TypeVar("E", bound="LinearModel")


class LinearModel(Exportable, BaseEstimator):
    """Base of the estimators: data as they are, raw scores through the core, sparse coefficients on request."""

    coef_: Any
    intercept_: NDArray[Any]
    n_features_in_: int

    def __sklearn_is_fitted__(self) -> bool:
        return "coef_" in vars(self)

    def _raw_scores(self, X: Any) -> Floats:
        """Scores of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = check_X(self, X, reset=False)
        return raw_scores(X, self._dense_coef(), np.atleast_1d(self._score_intercept()), threads_of(self))

    def _dense_coef(self) -> NDArray[Any]:
        """Coefficients of shape (n_outputs, n_features)."""
        return np.atleast_2d(self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_)

    def _score_intercept(self) -> Any:
        """The intercept of the raw scores."""
        return self.intercept_

    def _network(self) -> Network:
        check_is_fitted(self)
        coef = self._dense_coef()
        intercept = np.broadcast_to(np.asarray(self._score_intercept(), coef.dtype), len(coef))
        return Network([coef.T], [intercept], self._head())

    def _head(self) -> Head:
        """What the raw scores say."""
        raise NotImplementedError

    def densify(self: E) -> E:
        """Convert `coef_` to a dense array, which it is after `fit`.

        Returns
        -------
        object
            This estimator.
        """
        check_is_fitted(self)
        if hasattr(self.coef_, "toarray"):
            self.coef_ = self.coef_.toarray()
        return self

    def sparsify(self: E) -> E:
        """Convert `coef_` to SciPy's CSR, which takes less memory where an l1 norm has left few entries.

        Returns
        -------
        object
            This estimator.
        """
        from scipy.sparse import csr_matrix

        check_is_fitted(self)
        self.coef_ = csr_matrix(self.coef_)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearClassifier(ClassifierMixin, LinearModel):
    """Scores and labels of a linear classifier."""

    classes_: NDArray[Any]

    def decision_function(self, X: Any) -> Floats:
        """Return the raw scores ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,), or (n_samples, n_classes) with more than two classes
            Scores; of two classes the greater one's, which is predicted where it is above 0.
        """
        raw = self._raw_scores(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most likely class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            Labels.
        """
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def _head(self) -> Labels:
        return Labels(self.classes_, self._loss_of_probabilities())

    def _loss_of_probabilities(self) -> str | None:
        """The loss by which scores give probabilities, None where they do not."""
        return None


class LinearRegressor(RegressorMixin, LinearModel):
    """Predictions of a linear regression; the raw scores are means or, with `_has_log_link`, their logarithms."""

    def predict(self, X: Any) -> Floats:
        """Return the predicted target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape of the targets of `fit`.
        """
        raw = self._raw_scores(X)
        if self._has_log_link():
            raw = np.exp(raw)
        return raw[:, 0] if self._has_flat_targets() else raw

    def _has_flat_targets(self) -> bool:
        """Whether the targets of `fit` were one column without a second axis."""
        return bool(self.coef_.ndim == 1)

    def _has_log_link(self) -> bool:
        """Whether raw scores are the logarithms of means."""
        return False

    def _head(self) -> Values:
        return Values(self._has_log_link())
