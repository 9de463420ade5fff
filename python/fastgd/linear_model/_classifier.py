"""What classifiers that descend by SGD's ways share: their problem, two scores of two classes, probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .._estimators.inputs import add_class_weight
from .._estimators.problem import Problem
from .._losses import registry
from .._probabilities import PROBABILITIES, probabilities
from ._base import LinearClassifier
from ._engine import SGDModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..objectives import LinearObjective

    Floats = NDArray[np.floating[Any]]

LOSSES = frozenset(name for name, loss in registry().items() if loss.trainable)


class BaseSGDClassifier(LinearClassifier, SGDModel):
    """Base of the classifiers, without `fit`."""

    loss: str = "perceptron"
    n_jobs: int | None = None

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **SGDModel._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def _has_probabilities(self) -> bool:
        if self.loss not in PROBABILITIES:
            raise AttributeError(
                f"loss {self.loss!r} is not compatible with predict_proba; it needs {', '.join(PROBABILITIES)}, or "
                "CalibratedClassifierCV around this estimator"
            )
        return True

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, with the losses log_loss, multinomial and modified_huber.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return probabilities(self.loss, self._raw_scores(X))

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the probabilities; those of modified_huber may be those of 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples, n_classes)
            Logarithms, in the order of `classes_`.
        """
        with np.errstate(divide="ignore"):
            logarithms: Floats = np.log(self.predict_proba(X))
        return logarithms

    def _loss_of_probabilities(self) -> str | None:
        return self.loss if self.loss in PROBABILITIES else None

    def _scores_of_classes(self, rows: Floats, n_classes: int) -> Floats:
        """One row a class: two classes may have one between them, which is the second one's."""
        if n_classes > 2:
            return rows
        share = 0.5 if registry()[self.loss].kind == "multiclass" else 1.0
        return np.concatenate([-share * rows, share * rows])

    def _problem(self, X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        return self._weighted_problem(X, indices, add_class_weight(self.class_weight, self.classes_, indices, weight))

    def _weighted_problem(self, X: Any, indices: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        n_classes = len(self.classes_)
        if registry()[self.loss].kind != "regression":
            return Problem(X, indices, self.loss, n_classes, weight)
        if n_classes == 2:
            return Problem(X, np.where(indices > 0, 1.0, -1.0), self.loss, None, weight)
        targets = np.full((len(indices), n_classes), -1.0)
        targets[np.arange(len(indices)), indices] = 1.0
        return Problem(X, targets, self.loss, None, weight)

    def _set_params_of(self, objective: LinearObjective, x: NDArray[np.float64]) -> None:
        super()._set_params_of(objective, x)
        if self._has_two_scores_for_two():
            self.coef_ = self.coef_[1:] - self.coef_[:1]
            self.intercept_ = self.intercept_[1:] - self.intercept_[:1]

    def _start(self, objective: LinearObjective, coef: Any, intercept: Any) -> NDArray[np.float64]:
        if self._has_two_scores_for_two():
            if coef is not None:
                coef = self._scores_of_classes(np.atleast_2d(coef), 2)
            if intercept is not None:
                intercept = self._scores_of_classes(np.reshape(intercept, (-1, 1)), 2)[:, 0]
        return super()._start(objective, coef, intercept)

    def _has_two_scores_for_two(self) -> bool:
        return len(self.classes_) == 2 and registry()[self.loss].kind == "multiclass"


def check_classes(classes: NDArray[Any]) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"The number of classes has to be greater than one; got {len(classes)} class: y is {classes.tolist()} only"
        )
