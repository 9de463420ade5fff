"""Estimators take tables of polars and Arrow, and tensors of PyTorch, as they take arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _peers import load

from fastgd.linear_model import SGDClassifier

COLUMNS = list("abcde")


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    return X, (X @ [2.0, -1.0, 0.0, 0.5, 0.0] + 0.3 * rng.normal(size=300) > 0.0).astype(int)


def agrees_with_arrays(given: Any) -> SGDClassifier:
    X, y = two_classes()
    model, expected = SGDClassifier(random_state=0).fit(given, y), SGDClassifier(random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.predict(given), expected.predict(X))
    return model


@pytest.mark.parametrize("library, make", [("polars", "DataFrame"), ("pyarrow", "table")])
def test_tables_bring_their_names(library: str, make: str) -> None:
    X, _ = two_classes()
    table = getattr(load(library), make)({name: X[:, i] for i, name in enumerate(COLUMNS)})
    assert agrees_with_arrays(table).feature_names_in_.tolist() == COLUMNS


def test_tensors() -> None:
    agrees_with_arrays(load("torch").from_numpy(two_classes()[0]))
