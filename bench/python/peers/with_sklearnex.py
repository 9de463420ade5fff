"""scikit-learn-intelex: estimators with scikit-learn's names and parameters, on oneDAL.

What oneDAL does not have it leaves to scikit-learn, and only its log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import daal4py
from sklearnex.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearnex.neighbors import KNeighborsClassifier

from peers.with_sklearn_logistic import Floats, Solve, solve

_ESTIMATORS = (KNeighborsClassifier, LinearRegression, LogisticRegression, Ridge)
# The others it leaves to scikit-learn.
_SOLVERS = ("lbfgs",)


def limit_threads(n: int) -> None:
    daal4py.daalinit(n)


def estimators() -> dict[str, type]:
    return {estimator.__name__: estimator for estimator in _ESTIMATORS}


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Solve]:
    solvers = {f"sklearnex's {solver}": solve(LogisticRegression, solver, X, y, alpha) for solver in _SOLVERS}
    for name, after in solvers.items():
        if not does_itself(after, 1):
            raise RuntimeError(f"{name} leaves the work to scikit-learn")
    return solvers


class _Messages(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def does_itself(run: Callable[..., Any], *args: Any) -> bool:
    """Run it; whether oneDAL did the work."""
    log, messages = logging.getLogger("sklearnex"), _Messages()
    before = log.handlers, log.level, log.propagate
    log.handlers, log.propagate = [messages], False
    log.setLevel(logging.INFO)
    try:
        run(*args)
    finally:
        log.handlers, level, log.propagate = before
        log.setLevel(level)
    # Its estimators and the solvers below them both say something.
    return bool(messages.texts) and all("accelerated" in text for text in messages.texts)
