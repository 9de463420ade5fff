"""Small problems that several test files share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fastgd

# A busy machine would make one thread of two, and a test of two threads one of nothing.
os.environ["FASTGD_TEAMS"] = "always"


@dataclass(frozen=True)
class Data:
    """One table with targets of every kind."""

    X: np.ndarray
    numbers: np.ndarray
    counts: np.ndarray
    signs: np.ndarray
    classes: np.ndarray
    weight: np.ndarray

    def targets(self, loss: str) -> np.ndarray:
        """Targets in the domain of a loss."""
        kind = fastgd.reference.KINDS.get(loss, "binary")
        if loss in ("poisson", "gamma", "tweedie"):
            return self.counts
        return {"regression": self.numbers, "binary": self.signs, "multiclass": self.classes}[kind]

    def objective(self, loss: str = "squared_error", **options: Any) -> fastgd.LinearObjective:
        """The objective of a loss on this table."""
        return fastgd.LinearObjective(options.pop("X", self.X), self.targets(loss), loss=loss, **options)


@pytest.fixture
def data() -> Data:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 4))
    numbers = X @ [1.0, -2.0, 0.5, 0.0] + 0.3 + 0.1 * rng.normal(size=60)
    return Data(
        X=X,
        numbers=numbers,
        counts=rng.integers(1, 9, size=60).astype(float),
        signs=np.where(numbers > 0.0, 1, -1),
        classes=np.argmax(X[:, :3] + 0.3 * rng.normal(size=(60, 3)), axis=1),
        weight=rng.uniform(0.5, 2.0, size=60),
    )


@pytest.fixture
def sklearn_callback() -> Any:
    """scikit-learn's module of callbacks, without which, before 1.9, estimators take none."""
    return pytest.importorskip("sklearn.callback", reason="callbacks come with scikit-learn 1.9")
