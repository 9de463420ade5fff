"""What a fit on a source of real data, held in small part, has to reach: about the score of one on rows in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _real_data

from fastgd.data import Source
from fastgd.linear_model import SGDClassifier
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling

# A source of these rows and labels.
MakeSource = Callable[[Any, Any], Source]


def images_are_told_apart(make: MakeSource, n_rows: int | None = None) -> None:
    """Fashion-MNIST, of which scikit-learn's SGDClassifier tells .834 to .835 of all rows."""
    # Pixels go up to 255, so rates are small.
    optimizer = SGD(InverseScaling(8e-6), momentum=0.9, nesterov=True)
    options: dict[str, Any] = {"optimizer": optimizer, "penalty": None, "batch_size": 128, "max_iter": 10}
    data = _real_data.load("fashion_mnist")
    X, y = data["X_train"][:n_rows], data["y_train"][:n_rows]
    _as_good("multinomial", options, make(X, y), X, y, data, 0.835 if n_rows is None else 0.0)


def incomes_are_told_apart(make: MakeSource, order: Any = slice(None)) -> None:
    """Adult, of which linear models tell .85; the floor is what a source in its worst order has to reach."""
    options: dict[str, Any] = {"batch_size": 32, "max_iter": 8, "optimizer": "adam"}
    options |= {"learning_rate": "invscaling", "eta0": 0.01}
    data = _real_data.load("adult")
    X, y = data["X_train"][order], data["y_train"][order]
    _as_good("log_loss", options, make(X, y), X, y, data, 0.84)


def _as_good(loss: str, options: dict[str, Any], source: Source, X: Any, y: Any, data: Any, floor: float) -> None:
    assert source.max_memory < len(y) * X.shape[1] * source.dtype.itemsize / 4, "holds a small part"
    models = [SGDClassifier(loss, random_state=0, tol=None, **options) for _ in range(2)]
    found = [model.score(data["X_test"], data["y_test"]) for model in (models[0].fit(source), models[1].fit(X, y))]
    assert found[0] >= max(floor, found[1] - 0.01), found
