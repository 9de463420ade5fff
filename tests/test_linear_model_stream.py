"""Pieces of a stream: partial_fit."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes

from fastgd.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor
from fastgd.optimizers import SAGA, SGD, Adam
from fastgd.schedules import Cosine

RATES: list[dict[str, Any]] = [
    {"learning_rate": "optimal"},
    {"learning_rate": "invscaling"},
    {"learning_rate": "constant"},
    {"learning_rate": Cosine(0.1, t_max=300)},
    {"average": True},
    {"average": 100},
    {"optimizer": SGD(lr=0.01, momentum=0.9)},
    {"optimizer": Adam(lr=0.01)},
    {"optimizer": "adagrad", "learning_rate": "constant"},
]


def in_pieces(model: Any, X: np.ndarray, y: np.ndarray, size: int, **first: Any) -> Any:
    for begin in range(0, len(X), size):
        model.partial_fit(X[begin : begin + size], y[begin : begin + size], **(first if begin == 0 else {}))
    return model


@pytest.mark.parametrize("options", RATES, ids=str)
@pytest.mark.parametrize("size", [1, 7, 300])
def test_pieces_are_one_epoch(options: dict[str, Any], size: int) -> None:
    X, y = two_classes()
    whole = SGDClassifier(max_iter=1, tol=None, shuffle=False, **options).fit(X, y)
    pieces = in_pieces(SGDClassifier(shuffle=False, **options), X, y, size, classes=[0, 1])
    np.testing.assert_array_equal(pieces.coef_, whole.coef_)
    np.testing.assert_array_equal(pieces.intercept_, whole.intercept_)
    assert pieces.t_ == whole.t_


@pytest.mark.parametrize("options", RATES, ids=str)
def test_a_stream_goes_on_after_a_pickle(options: dict[str, Any]) -> None:
    X, y = three_classes()
    model = SGDClassifier("multinomial", random_state=0, **options).partial_fit(X[:150], y[:150], classes=[0, 1, 2])
    copied = pickle.loads(pickle.dumps(model))
    for each in (model, copied):
        each.partial_fit(X[150:], y[150:])
    np.testing.assert_array_equal(model.coef_, copied.coef_)


def test_a_stream_goes_on_after_a_fit() -> None:
    X, y = numbers()
    options = {"shuffle": False, "tol": None, "average": True}
    gone_on = SGDRegressor(max_iter=1, **options).fit(X, y).partial_fit(X, y)
    assert gone_on.t_ == 1 + 2 * len(X)
    np.testing.assert_array_equal(gone_on.coef_, SGDRegressor(max_iter=2, **options).fit(X, y).coef_)


@pytest.mark.parametrize("kind", [SGDRegressor, SGDOneClassSVM])
def test_estimators_without_classes_stream_too(kind: Any) -> None:
    X, y = numbers()
    whole = kind(max_iter=1, tol=None, shuffle=False).fit(X, y)
    np.testing.assert_array_equal(in_pieces(kind(shuffle=False), X, y, 10).coef_, whole.coef_)


def test_weights_count_as_they_are() -> None:
    # One step from 0 with squared loss is as long as its weight.
    X, y = np.array([[1.0, 2.0]]), np.array([3.0])
    steps = [
        SGDRegressor(learning_rate="constant", penalty=None).partial_fit(X, y, sample_weight=[s]).coef_ for s in (1, 4)
    ]
    np.testing.assert_allclose(steps[1], 4 * steps[0])


def test_a_row_of_weight_0_is_no_step() -> None:
    X, y = numbers()
    model = SGDRegressor(shuffle=False).partial_fit(X, y, sample_weight=np.arange(len(X)) % 2)
    np.testing.assert_array_equal(model.coef_, SGDRegressor(shuffle=False).partial_fit(X[1::2], y[1::2]).coef_)
    assert model.t_ == 1 + len(X) // 2


def test_changed_parameters_are_seen() -> None:
    X, y = numbers()
    model = SGDRegressor(optimizer=SGD(lr=0.01)).partial_fit(X, y)
    before = model.coef_.copy()
    model.set_params(optimizer__lr=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(model.coef_, before, rtol=1e-6)


def test_set_coefficients_are_seen() -> None:
    X, y = numbers()
    model = SGDRegressor(optimizer=Adam(lr=1e-9)).partial_fit(X, y)
    model.coef_ = np.ones(X.shape[1])
    np.testing.assert_allclose(model.partial_fit(X, y).coef_, 1.0, atol=1e-5)


def test_every_piece_has_an_order_of_its_own() -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0).partial_fit(X, y)
    first = model.coef_.copy()
    same = SGDRegressor(random_state=0).partial_fit(X, y)
    assert np.array_equal(first, same.coef_)
    assert not np.array_equal(model.partial_fit(X, y).coef_, same.set_params(shuffle=False).partial_fit(X, y).coef_)


@pytest.mark.parametrize("loss", ["hinge", "log_loss", "multinomial"])
def test_new_labels_join_the_classes(loss: str) -> None:
    X, y = three_classes()
    names = np.array(["b", "c", "a"])
    early = y < 2
    model = SGDClassifier(loss, random_state=0).partial_fit(X[early], names[y[early]], classes="grow")
    before = model.decision_function(X)
    model.partial_fit(X[:0:-1], names[y[:0:-1]], classes="grow")
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.coef_.shape == (3, X.shape[1])
    assert model.score(X, names[y]) > 0.6
    model = SGDClassifier(loss, random_state=0).partial_fit(X[early], names[y[early]], classes="grow")
    model._grow(model.classes_, np.array(["a", "b", "c"]))
    model.classes_ = np.array(["a", "b", "c"])
    scores = model.decision_function(X)
    np.testing.assert_allclose(scores[:, 2] - scores[:, 1], before * (1.0 if loss == "multinomial" else 2.0))
    assert not scores[:, 0].any()


def test_what_a_stream_refuses() -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        SGDClassifier().partial_fit(X, y)
    model = SGDClassifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y must hold labels among classes=\[0, 1\], got \[2\]"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="X has 4 features, but SGDClassifier is expecting 5"):
        model.partial_fit(X[:, :4], y)
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        SGDClassifier().partial_fit(X, np.zeros(len(X)), classes="grow")
    with pytest.raises(ValueError, match="standardize must be False with partial_fit"):
        SGDClassifier(standardize=True).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="early_stopping should be False"):
        Perceptron(early_stopping=True).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="'balanced' is not supported"):
        Perceptron(class_weight="balanced").partial_fit(X, y, classes=[0, 1])
    for optimizer in ("lbfgs", SAGA(lr=0.1)):
        with pytest.raises(ValueError, match="needs the same rows again"):
            SGDClassifier(optimizer=optimizer).partial_fit(X, y, classes=[0, 1])


def test_a_piece_that_is_not_finite_leaves_the_model_as_it_was() -> None:
    X, y = two_classes()
    model = SGDClassifier(random_state=0).partial_fit(X, y, classes=[0, 1])
    before = model.coef_.copy()
    broken = X.copy()
    broken[7, 3] = np.nan
    with pytest.raises(ValueError, match="got nan in row 7, column 3"):
        model.partial_fit(broken, y)
    np.testing.assert_array_equal(model.coef_, before)
