"""The solvers of scikit-learn's LogisticRegression, each stopped after a number of iterations."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.floating]
Solve = Callable[[int], Floats]

_SOLVERS = ("lbfgs", "newton-cholesky", "saga", "liblinear")


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Solve]:
    def solve(solver: str, n_iterations: int) -> Floats:
        model = LogisticRegression(C=1.0 / (alpha * len(y)), solver=solver, max_iter=n_iterations, tol=1e-14)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        return np.append(model.coef_.ravel(), model.intercept_)

    return {f"scikit-learn's {name}": lambda n, name=name: solve(name, n) for name in _SOLVERS}
