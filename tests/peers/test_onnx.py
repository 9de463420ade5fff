"""ONNX graphs of linear models: onnxruntime computes from them what the estimators do."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes
from _networks import EVALUATION, make, scores
from _onnx import assert_same_labels, run, weights_of
from _peers import load
from sklearn.exceptions import NotFittedError

from fastgd import linear_model
from fastgd._export import Exportable, Labels, Network, Outliers, Values
from fastgd._losses import LOG_LINK
from fastgd._probabilities import PROBABILITIES, probabilities
from fastgd.linear_model import LogisticRegression, SGDClassifier, SGDOneClassSVM, SGDRegressor
from fastgd.linear_model._classifier import LOSSES
from fastgd.reference import ACTIVATIONS, KINDS

DTYPES = [np.float64, np.float32]
ESTIMATORS = [getattr(linear_model, name) for name in linear_model.__all__]


class Fitted(Exportable):
    """An estimator that is nothing but a fitted network."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def _network(self) -> Network:
        return self.network


def error_of(model: Any, X: np.ndarray) -> np.ndarray:
    """How far two programs' raw scores may be from each other: twice what one's may be from the exact ones."""
    return 2.0 * scores(model._network(), X).error


def assert_within(actual: np.ndarray, expected: np.ndarray, error: np.ndarray | float) -> None:
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    assert np.all(np.abs(actual - expected) <= error), np.max(np.abs(actual - expected) / error)


def probability_error(loss: str, raw: np.ndarray, error: np.ndarray, eps: float) -> np.ndarray:
    """How far probabilities may be from each other: as far as the scores, which modified_huber's sum magnifies."""
    error = error.max(axis=1, keepdims=True) + EVALUATION * eps * (1.0 + np.abs(raw).max(axis=1, keepdims=True))
    if loss == "modified_huber" and raw.shape[1] > 1:
        sums = np.clip((raw + 1.0) / 2.0, 0.0, 1.0).sum(axis=1, keepdims=True)
        return raw.shape[1] * error / np.where(sums > 0.0, sums, 1.0)
    return 2.0 * error


def classes(n_classes: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = two_classes() if n_classes == 2 else three_classes()
    return X.astype(dtype), y


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", sorted(LOSSES - LOG_LINK))
def test_classifiers_of_every_loss(loss: str, n_classes: int, dtype: Any) -> None:
    X, y = classes(n_classes, dtype)
    model = SGDClassifier(loss, max_iter=5, tol=None, learning_rate="constant", eta0=0.01, random_state=0).fit(X, y)
    raw, error = model.decision_function(X).reshape(len(X), -1), error_of(model, X)
    outputs = run(model, X)
    assert_same_labels(outputs["label"], model.predict(X), raw, error)
    if loss in PROBABILITIES:
        assert list(outputs) == ["label", "probabilities"]
        bound = probability_error(loss, raw, error, np.finfo(dtype).eps)
        assert_within(outputs["probabilities"], model.predict_proba(X), bound)
    else:
        assert list(outputs) == ["label", "scores"]
        assert_within(outputs["scores"], raw, error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", sorted(name for name, kind in KINDS.items() if kind == "regression"))
def test_regressors_of_every_loss(loss: str, dtype: Any) -> None:
    X, y = numbers()
    X, y = X.astype(dtype), np.exp(0.3 * y) if loss in LOG_LINK else y
    model = SGDRegressor(loss, max_iter=5, tol=None, random_state=0).fit(X, y)
    expected, error = model.predict(X)[:, None], error_of(model, X)
    if loss in LOG_LINK:
        eps = np.finfo(dtype).eps
        error = expected * np.expm1(error + EVALUATION * eps * (1.0 + np.abs(np.log(expected))))
    outputs = run(model, X)
    assert list(outputs) == ["variable"]
    assert_within(outputs["variable"], expected, error)


def test_many_targets() -> None:
    X, y = numbers(outputs=3)
    for model in (SGDRegressor(random_state=0), linear_model.Ridge(), linear_model.LinearRegression()):
        model.fit(X, y)
        assert_within(run(model, X)["variable"], model.predict(X), error_of(model, X))


@pytest.mark.parametrize("dtype", DTYPES)
def test_outliers(dtype: Any) -> None:
    X = two_classes()[0].astype(dtype)
    model = SGDOneClassSVM(nu=0.3, random_state=0).fit(X)
    distances, outputs = model.decision_function(X)[:, None], run(model, X)
    assert list(outputs) == ["label", "scores"]
    assert_within(outputs["scores"], distances, error_of(model, X))
    assert_same_labels(outputs["label"], model.predict(X), distances, error_of(model, X))
    assert set(outputs["label"]) == {-1, 1}


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_are_kept_to_the_bit(kind: Any, dtype: Any) -> None:
    X, y = two_classes()
    model = kind().fit(X.astype(dtype), y)
    kept = weights_of(model)
    assert kept["coef_0"].dtype == model.coef_.dtype == dtype
    np.testing.assert_array_equal(kept["coef_0"].T, np.atleast_2d(model.coef_))
    intercept = -model.offset_ if kind is SGDOneClassSVM else model.intercept_
    np.testing.assert_array_equal(kept["intercept_0"], np.atleast_1d(intercept))


@pytest.mark.parametrize(
    "labels",
    [
        ["cat", "dog", "ёж"],
        np.array(["cat", "dog", "emu"], object),
        [-7, 0, 2**40],
        [-1.0, 0.0, 9.0],
        np.array([2, 3, 5], np.uint8),
    ],
    ids=["strings", "objects", "integers", "floats", "bytes"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_of_every_kind(labels: Any, n_classes: int) -> None:
    X, y = classes(n_classes, np.float64)
    names = np.asarray(labels)
    model = LogisticRegression().fit(X, names[y])
    found = run(model, X)["label"]
    assert found.tolist() == model.predict(X).tolist()
    assert found.dtype == {"U": object, "u": np.int64}.get(names.dtype.kind, names.dtype)


def test_labels_of_bool() -> None:
    X, y = two_classes()
    model = LogisticRegression().fit(X, y == 1)
    assert run(model, X)["label"].tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_equal_scores_the_first_class_is_taken(n_classes: int) -> None:
    X, y = classes(n_classes, np.float64)
    for model in (LogisticRegression(), SGDClassifier()):
        model.fit(X, y)
        model.coef_[:], model.intercept_[:] = 0.0, 0.0
        assert run(model, X)["label"].tolist() == model.predict(X).tolist() == [0] * len(X)


def test_sparse_coefficients_and_no_intercept() -> None:
    X, y = three_classes()
    model = LogisticRegression(l1_ratio=1.0, C=0.05, fit_intercept=False).fit(X, y).sparsify()
    assert_within(run(model, X)["probabilities"], model.predict_proba(X), 1e-14)
    ridge = linear_model.Ridge(fit_intercept=False).fit(*numbers())
    assert weights_of(ridge)["intercept_0"].tolist() == [0.0]


def test_another_dtype() -> None:
    X, y = two_classes()
    model = LogisticRegression().fit(X, y)
    narrow = X.astype(np.float32)
    single = run(model, narrow, dtype="float32")["probabilities"]
    bound = 2.0 * scores(model._network(), narrow, eps=2.0**-23).error + EVALUATION * 2.0**-23
    assert single.dtype == np.float32
    assert np.all(np.abs(single - model.predict_proba(narrow.astype(np.float64))) <= bound)
    model.fit(narrow, y)
    double = run(model, X, dtype=np.float64)["probabilities"]
    raw = X @ model.coef_.astype(np.float64).T + model.intercept_.astype(np.float64)
    assert_within(double, probabilities("log_loss", raw), 1e-14)


@pytest.mark.parametrize("loss", PROBABILITIES)
@pytest.mark.parametrize("n_outputs", [1, 4])
@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_of_extreme_scores(loss: str, n_outputs: int, dtype: Any) -> None:
    """Far from 0 shares vanish, and one-vs-rest of none is as likely for each class."""
    n_classes = max(n_outputs, 2)
    coef = np.eye(n_outputs, dtype=dtype)
    head = Labels(np.arange(n_classes), loss)
    model = Fitted(Network([coef], [np.zeros(n_outputs, dtype)], head))
    rng = np.random.default_rng(0)
    raw = np.concatenate([rng.normal(scale=scale, size=(50, n_outputs)) for scale in (1.0, 30.0)]).astype(dtype)
    raw = np.concatenate([raw, np.full((1, n_outputs), -60.0, dtype), np.full((1, n_outputs), -800.0, dtype)])
    eps = float(np.finfo(dtype).eps)
    found = run(model, raw)["probabilities"]
    # A share exp(a) has a relative error of eps |a|, and a normalised one has that of its sum, too.
    assert_within(
        found, probabilities(loss, raw), EVALUATION * eps * (1.0 + np.minimum(np.abs(raw).max(axis=1), 100))[:, None]
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(6, 5, 1), (6, 9, 8, 3), (3, 2)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_networks(activation: str, sizes: tuple[int, ...], dtype: Any) -> None:
    network = make(sizes, activation, dtype)
    X = np.random.default_rng(1).normal(size=(200, sizes[0])).astype(dtype)
    expected = scores(network, X)
    found = run(Fitted(network), X)["variable"]
    assert found.dtype == dtype
    assert np.all(np.abs(found - expected.raw) <= expected.error)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_in_their_tails(activation: str, dtype: Any) -> None:
    z = np.concatenate([np.linspace(-45.0, 45.0, 2001), [0.0, -0.0, 1e-8, -1e-8, 300.0, -300.0]]).astype(dtype)[:, None]
    one, none = np.ones((1, 1), dtype), np.zeros(1, dtype)
    found = run(Fitted(Network([one, one], [none, none], Values(log_link=False), activation)), z)["variable"]
    exact, _ = ACTIVATIONS[activation](z)
    assert np.all(np.abs(found - exact) <= 4.0 * np.finfo(dtype).eps * (1.0 + np.abs(exact)))


@pytest.mark.parametrize("head", [Values(log_link=True), Outliers()], ids=["exp", "outliers"])
def test_heads_of_networks(head: Any) -> None:
    network = make((4, 6, 1), "tanh", head=head)
    X = np.random.default_rng(2).normal(size=(100, 4))
    raw, error = scores(network, X)
    outputs = run(Fitted(network), X)
    if isinstance(head, Outliers):
        assert outputs["label"].tolist() == np.where(raw[:, 0] >= 0.0, 1, -1).tolist()
    else:
        assert_within(outputs["variable"], np.exp(raw), np.exp(raw) * (np.expm1(error) + EVALUATION * 2.0**-52))


def test_what_the_graph_tells_of_itself() -> None:
    model = LogisticRegression().fit(*two_classes())
    made = model.to_onnx()
    assert (made.producer_name, made.graph.name) == ("fastgd", "LogisticRegression")
    assert [given.name for given in made.graph.input] == ["X"]
    load("onnx").checker.check_model(made, full_check=True)


@pytest.mark.parametrize("dtype", ["float16", int, "nothing", 3])
def test_dtypes_that_are_none(dtype: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="dtype must be float32 or float64, got"):
        LogisticRegression().fit(*two_classes()).to_onnx(dtype=dtype)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_not_fitted(kind: Any) -> None:
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted"):
        kind().to_onnx()


def test_labels_that_onnx_has_not() -> None:
    load("onnx")
    model = LogisticRegression().fit(*two_classes())
    model.classes_ = np.array([None, ("a", 1)], object)
    with pytest.raises(TypeError, match="classes_ must be numbers, bool or strings for to_onnx, got None"):
        model.to_onnx()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = LogisticRegression().fit(*two_classes())
    with pytest.raises(ImportError, match=r"to_onnx needs onnx: pip install 'fastgd\[onnx\]'"):
        model.to_onnx()
