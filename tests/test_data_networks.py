"""Networks on sources: the steps of their `partial_fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes

from fastgd.data import ChunkSource
from fastgd.data._windows import order_of_parts, windows
from fastgd.neural_network import MLPClassifier, MLPRegressor

N, D = 600, 5
KINDS = [MLPClassifier, MLPRegressor]
OPTIONS: dict[str, Any] = {"hidden_layer_sizes": (7,), "random_state": 3, "batch_size": 10, "max_iter": 2}
pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged")


def data(kind: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = three_classes(N, D) if kind is MLPClassifier else numbers(N, D)
    return X, np.array(["c", "a", "b"])[y] if kind is MLPClassifier else y


def source(X: np.ndarray, y: np.ndarray) -> ChunkSource:
    return ChunkSource([(X[i : i + 70], y[i : i + 70]) for i in range(0, len(X), 70)], max_memory=20_000)


def same(a: Any, b: Any) -> None:
    for one, other in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_the_stored_order_has_the_bits_of_a_fit_on_all_rows(kind: Any) -> None:
    X, y = data(kind)
    model, whole = (kind(shuffle=False, **OPTIONS).fit(*of) for of in ((source(X, y),), (X, y)))
    same(model, whole)
    assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (whole.n_iter_, whole.t_, len(whole.loss_curve_))
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_windows_are_pieces_of_a_stream(kind: Any) -> None:
    X, y = data(kind)
    given = source(X, y)
    model, by_hand = kind(**OPTIONS, dropout=0.2).fit(given), kind(**OPTIONS, dropout=0.2)
    first = {"classes": np.unique(y)} if kind is MLPClassifier else {}
    for epoch in range(2):
        for window in windows(given, 10, order_of_parts(given.n_parts, 3, epoch)):
            by_hand.partial_fit(window.X, window.y, **first)
    same(model, by_hand)
    np.testing.assert_array_equal(model.predict(X), by_hand.predict(X))


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_keeps_the_best(kind: Any) -> None:
    X, y = data(kind)
    options = {**OPTIONS, "max_iter": 40, "n_iter_no_change": 3, "learning_rate_init": 0.3, "early_stopping": True}
    model = kind(**options).fit(source(X[100:], y[100:]), X_val=X[:100], y_val=y[:100])
    assert len(model.validation_scores_) == model.n_iter_ > 3
    assert model.score(X[:100], y[:100]) == max(model.validation_scores_) == model.best_validation_score_
    assert model.validation_scores_[-1] < model.best_validation_score_


def test_refused() -> None:
    X, y = data(MLPRegressor)
    with pytest.raises(ValueError, match=r"optimizer must be another than LBFGS\(.*\) where X is a source"):
        MLPRegressor(solver="lbfgs").fit(source(X, y))
    with pytest.raises(ValueError, match="y must be None where X is a source"):
        MLPRegressor().fit(source(X, y), y)
    with pytest.raises(ValueError, match="y must be 1-D, a label a row"):
        MLPClassifier().fit(source(X, np.eye(2)[np.arange(N) % 2]))
    with pytest.raises(ValueError, match="classes must be None where X is no source"):
        MLPClassifier().fit(X, y > 0, classes=[False, True])
