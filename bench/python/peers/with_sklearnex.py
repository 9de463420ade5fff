"""scikit-learn-intelex: estimators with scikit-learn's names and parameters, on oneDAL."""

from __future__ import annotations

import daal4py
from sklearnex.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearnex.neighbors import KNeighborsClassifier

from peers.with_sklearn_logistic import Floats, Solve, solve

_ESTIMATORS = (KNeighborsClassifier, LinearRegression, LogisticRegression, Ridge)
# The others it leaves to scikit-learn.
_SOLVERS = ("lbfgs", "newton-cg")


def limit_threads(n: int) -> None:
    daal4py.daalinit(n)


def estimators() -> dict[str, type]:
    return {estimator.__name__: estimator for estimator in _ESTIMATORS}


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Solve]:
    return {f"sklearnex's {solver}": solve(LogisticRegression, solver, X, y, alpha) for solver in _SOLVERS}
