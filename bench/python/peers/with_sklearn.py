"""scikit-learn's estimators."""

from __future__ import annotations

from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

_ESTIMATORS = (KNeighborsClassifier, LinearRegression, LogisticRegression, MLPClassifier, Ridge, SGDClassifier)


def estimators() -> dict[str, type]:
    return {estimator.__name__: estimator for estimator in _ESTIMATORS}
