"""ONNX graphs of multi-layer perceptrons: onnxruntime computes from them what the estimators do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes
from _networks import EVALUATION, scores
from _onnx import assert_same_labels, run, weights_of
from sklearn.exceptions import NotFittedError

from fastgd._losses import LOG_LINK
from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.reference import ACTIVATIONS, KINDS

DTYPES = [np.float64, np.float32]
SHORT: dict[str, Any] = {"hidden_layer_sizes": (9, 7), "solver": "sgd", "batch_size": 50, "random_state": 0}
EPOCHS = 3


def trained(model: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """The model after a few epochs, of any quality."""
    options = {"classes": np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])}
    for _ in range(EPOCHS):
        model.partial_fit(X, y, **(options if isinstance(model, MLPClassifier) else {}))
    return model


def error_of(model: Any, X: np.ndarray) -> np.ndarray:
    """How far two programs' raw scores may be from each other."""
    return 2.0 * scores(model._network(), X).error


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_classifiers(activation: str, n_classes: int, dtype: Any) -> None:
    X, y = two_classes() if n_classes == 2 else three_classes()
    X, names = X.astype(dtype), np.array(["no", "yes", "why"])[:n_classes]
    model = trained(MLPClassifier(activation=activation, dropout=0.2, **SHORT), X, names[y])
    outputs = run(model, X)
    assert list(outputs) == ["label", "probabilities"]
    error = error_of(model, X)
    expected = model.predict_proba(X)
    assert outputs["probabilities"].dtype == expected.dtype == dtype
    bound = 2.0 * error.max(axis=1, keepdims=True) + EVALUATION * np.finfo(dtype).eps
    assert np.all(np.abs(outputs["probabilities"] - expected) <= bound)
    assert_same_labels(outputs["label"], model.predict(X), scores(model._network(), X).raw, error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", sorted(name for name, kind in KINDS.items() if kind == "regression"))
def test_regressors_of_every_loss(loss: str, dtype: Any) -> None:
    X, y = numbers()
    X, y = X.astype(dtype), np.exp(0.3 * y) if loss in LOG_LINK else y
    model = trained(MLPRegressor(loss, learning_rate_init=1e-4, **SHORT), X, y)
    outputs, expected, error = run(model, X), model.predict(X)[:, None], error_of(model, X)
    if loss in LOG_LINK:
        error = expected * np.expm1(error + EVALUATION * np.finfo(dtype).eps * (1.0 + np.abs(np.log(expected))))
    assert list(outputs) == ["variable"]
    assert outputs["variable"].dtype == expected.dtype == dtype
    assert np.all(np.abs(outputs["variable"] - expected) <= error)


def test_many_targets_and_no_hidden_layer() -> None:
    X, y = numbers(outputs=3)
    for sizes in ((8,), ()):
        model = trained(MLPRegressor(**{**SHORT, "hidden_layer_sizes": sizes}), X, y)
        assert np.all(np.abs(run(model, X)["variable"] - model.predict(X)) <= error_of(model, X))


@pytest.mark.parametrize("dtype", DTYPES)
def test_many_labels_a_row(dtype: Any) -> None:
    X = two_classes()[0].astype(dtype)
    y = (X[:, :3] > 0.2).astype(int)
    model = trained(MLPClassifier(**SHORT), X, y)
    outputs, error = run(model, X), error_of(model, X)
    assert np.all(np.abs(outputs["probabilities"] - model.predict_proba(X)) <= error + EVALUATION * np.finfo(dtype).eps)
    clear = np.abs(scores(model._network(), X).raw) > error
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(outputs["label"][clear], model.predict(X)[clear])
    assert outputs["label"].dtype == np.int64
    assert outputs["label"].shape == y.shape


def test_one_class() -> None:
    X, y = two_classes()
    model = trained(MLPClassifier(**SHORT), X, np.full(len(y), 7))
    outputs = run(model, X)
    assert outputs["label"].tolist() == model.predict(X).tolist() == [7] * len(y)
    np.testing.assert_allclose(outputs["probabilities"], model.predict_proba(X), rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_are_kept_to_the_bit(dtype: Any) -> None:
    X, y = three_classes()
    model = trained(MLPClassifier(**SHORT), X.astype(dtype), y)
    kept = weights_of(model)
    assert len(kept) == 6
    for layer, (coef, intercept) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        assert kept[f"coef_{layer}"].dtype == coef.dtype == dtype
        np.testing.assert_array_equal(kept[f"coef_{layer}"], coef)
        np.testing.assert_array_equal(kept[f"intercept_{layer}"], intercept)


def test_bytes_are_converted_by_the_caller() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 12), np.uint8)
    model = trained(MLPClassifier(**SHORT), pixels, np.arange(100) % 3)
    found = run(model, pixels.astype(np.float32))["probabilities"]
    assert np.all(np.abs(found - model.predict_proba(pixels)) <= 2.0 * error_of(model, pixels).max(axis=1)[:, None])


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_not_fitted(kind: Any) -> None:
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted"):
        kind().to_onnx()
