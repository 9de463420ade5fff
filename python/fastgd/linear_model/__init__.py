"""Linear models with scikit-learn's interface, minimised by the descent of this package.

Needs scikit-learn: ``pip install fastgd[sklearn]``.
"""

from __future__ import annotations

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("fastgd.linear_model needs scikit-learn: pip install fastgd[sklearn]") from error

from .linear_regression import LinearRegression
from .logistic_regression import LogisticRegression
from .perceptron import Perceptron
from .ridge import Ridge
from .sgd_classifier import SGDClassifier
from .sgd_classifier_cv import SGDClassifierCV
from .sgd_one_class_svm import SGDOneClassSVM
from .sgd_regressor import SGDRegressor

__all__ = [
    "LinearRegression",
    "LogisticRegression",
    "Perceptron",
    "Ridge",
    "SGDClassifier",
    "SGDClassifierCV",
    "SGDOneClassSVM",
    "SGDRegressor",
]
