"""The solvers of scikit-learn's LogisticRegression, each stopped after a number of iterations.

Its "liblinear" is not among them: it penalises the intercept, so its minimum is another one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.floating]
Solve = Callable[[int], Floats]

_SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky", "saga")


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Solve]:
    return {f"scikit-learn's {solver}": solve(LogisticRegression, solver, X, y, alpha) for solver in _SOLVERS}


def solve(kind: type[LogisticRegression], solver: str, X: Floats, y: Floats, alpha: float) -> Solve:
    def after(n_iterations: int) -> Floats:
        model = kind(C=1.0 / (alpha * len(y)), solver=solver, max_iter=n_iterations, tol=1e-14)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        return np.append(model.coef_.ravel(), model.intercept_)

    return after
