"""Pieces of a stream, and fits that go on where the last one ended."""

from __future__ import annotations

import pickle
import re
import warnings
from typing import Any

import numpy as np
import pytest
from _network_data import all_parameters, labels, quadrants, rings, waves
from sklearn.exceptions import ConvergenceWarning

from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import LBFGS, SAGA, SGD, Adam, AdamW, BarzilaiBorwein, ScheduleFreeSGD
from fastgd.schedules import Cosine

DESCENTS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "sgd"},
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"learning_rate": Cosine(0.01, t_max=30)},
    {"optimizer": AdamW(0.01)},
    {"optimizer": ScheduleFreeSGD(0.1)},
    {"dropout": 0.3},
]


@pytest.mark.parametrize("options", DESCENTS, ids=str)
@pytest.mark.parametrize("batch_size", [50, "auto", "full"])
def test_epochs_one_by_one_are_those_of_a_fit(options: dict[str, Any], batch_size: Any) -> None:
    X, y = rings(150)
    options = {**options, "hidden_layer_sizes": 8, "batch_size": batch_size, "random_state": 5}
    with pytest.warns(ConvergenceWarning):
        whole = MLPClassifier(max_iter=5, **options).fit(X, y)
    pieces = MLPClassifier(**options)
    for _ in range(5):
        pieces.partial_fit(X, y, classes=["inner", "middle", "outer"])
    # Rows at once are added in blocks by a fit, in one go by a piece of a stream.
    rtol = 0.0 if batch_size == 50 else 1e-12
    np.testing.assert_allclose(all_parameters(pieces), all_parameters(whole), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(pieces.loss_curve_, whole.loss_curve_, rtol=rtol)
    assert pieces.t_ == whole.t_ == 5 * 150
    assert pieces.n_iter_ == 1


@pytest.mark.parametrize("options", DESCENTS, ids=str)
def test_pieces_keep_the_state_of_the_optimiser(options: dict[str, Any]) -> None:
    X, y = waves(160)
    options = {**options, "hidden_layer_sizes": 8, "batch_size": 20, "shuffle": False, "random_state": 5}
    with pytest.warns(ConvergenceWarning):
        whole = MLPRegressor(max_iter=1, **options).fit(X, y)
    pieces = MLPRegressor(**options)
    for rows in (slice(0, 40), slice(40, 100), slice(100, 160)):
        pieces.partial_fit(X[rows], y[rows])
    np.testing.assert_array_equal(all_parameters(pieces), all_parameters(whole))


@pytest.mark.parametrize("options", DESCENTS, ids=str)
def test_a_stream_goes_on_after_a_pickle(options: dict[str, Any]) -> None:
    X, y = waves()
    model = MLPRegressor(hidden_layer_sizes=8, random_state=0, **options).partial_fit(X[:150], y[:150])
    copied = pickle.loads(pickle.dumps(model))
    for each in (model, copied):
        each.partial_fit(X[150:], y[150:])
    np.testing.assert_array_equal(all_parameters(model), all_parameters(copied))


def test_a_stream_goes_on_after_a_fit() -> None:
    X, y = waves()
    options: dict[str, Any] = {"hidden_layer_sizes": 8, "random_state": 5}
    with pytest.warns(ConvergenceWarning):
        whole = MLPRegressor(max_iter=4, **options).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        gone_on = MLPRegressor(max_iter=3, **options).fit(X, y)
    gone_on.partial_fit(X, y)
    np.testing.assert_array_equal(all_parameters(gone_on), all_parameters(whole))
    assert gone_on.loss_curve_ == whole.loss_curve_
    assert gone_on.t_ == 4 * 400


def test_other_parameters_or_another_optimiser_begin_a_state_anew() -> None:
    X, y = waves()
    options: dict[str, Any] = {"hidden_layer_sizes": 8, "random_state": 5, "shuffle": False}
    went_on = MLPRegressor(optimizer=Adam(0.01), **options).partial_fit(X, y).partial_fit(X, y)
    for optimizer in (Adam(0.01), SGD(0.01, momentum=0.9)):
        model = MLPRegressor(optimizer=Adam(0.01), **options).partial_fit(X, y)
        # Without moments of an optimiser, and at step 0.
        anew = MLPRegressor(optimizer=optimizer, **options)
        anew.coefs_ = [coef.copy() for coef in model.coefs_]
        anew.intercepts_ = [intercept.copy() for intercept in model.intercepts_]
        anew.n_features_in_ = 3
        expected = all_parameters(anew.partial_fit(X, y))
        assert (expected != all_parameters(went_on)).any()
        if optimizer == model.optimizer:
            model.coefs_ = [coef.copy() for coef in model.coefs_]
        model.set_params(optimizer=optimizer)
        np.testing.assert_array_equal(all_parameters(model.partial_fit(X, y)), expected)


def test_pieces_of_other_lengths_have_their_own_penalty() -> None:
    X, y = waves(300)
    options: dict[str, Any] = {"hidden_layer_sizes": 8, "solver": "sgd", "momentum": 0.0, "random_state": 5}
    options["alpha"] = 10.0
    model = MLPRegressor(**options).partial_fit(X[:100], y[:100])
    other = pickle.loads(pickle.dumps(model)).partial_fit(X[100:130], y[100:130])
    fresh = MLPRegressor(**options)
    fresh.coefs_, fresh.intercepts_ = model.coefs_, model.intercepts_
    fresh.n_features_in_ = 3
    np.testing.assert_array_equal(all_parameters(model.partial_fit(X[100:130], y[100:130])), all_parameters(other))
    np.testing.assert_array_equal(all_parameters(fresh.partial_fit(X[100:130], y[100:130])), all_parameters(other))


def test_weights_of_a_stream_count_as_they_are() -> None:
    X, y = waves(50)
    options: dict[str, Any] = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0, "random_state": 5}
    options["alpha"] = 0.0
    start = MLPRegressor(**options, learning_rate_init=1e-300).partial_fit(X, y)
    steps = [
        all_parameters(MLPRegressor(**options).partial_fit(X, y, sample_weight=np.full(50, weight)))
        - all_parameters(start)
        for weight in (1.0, 2.0)
    ]
    np.testing.assert_allclose(steps[1], 2.0 * steps[0], rtol=1e-9)


def test_labels_of_a_stream() -> None:
    X, y = labels()
    model = MLPClassifier(solver="sgd", learning_rate_init=0.1, random_state=0)
    for _ in range(100):
        model.partial_fit(X, y, classes=range(4))
    assert model.score(X, y) > 0.8
    with pytest.raises(ValueError, match="y must have a column for each of 4 labels, got shape"):
        model.partial_fit(X, y[:, :3])
    with pytest.raises(ValueError, match="y must have a column for each label as before"):
        model.partial_fit(X, y[:, 0])


def test_classes_of_a_stream() -> None:
    X, y = rings()
    model = MLPClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"y must hold labels among classes=.*got .'middle', 'outer'."):
        model.partial_fit(X, y, classes=["inner", "else"])
    assert not hasattr(model, "classes_")
    model.partial_fit(X[y != "outer"], y[y != "outer"], classes=["outer", "middle", "inner"])
    assert model.classes_.tolist() == ["inner", "middle", "outer"]
    model.partial_fit(X, y)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, y, classes=["inner", "middle"])
    with pytest.raises(ValueError, match=r"a network of sizes .2, 100, 3. cannot go on as one of sizes .2, 7, 3."):
        model.set_params(hidden_layer_sizes=7).partial_fit(X, y)


def test_who_cannot_stream() -> None:
    X, y = waves()
    for options in (
        {"solver": "lbfgs"},
        {"optimizer": LBFGS()},
        {"optimizer": SAGA(0.1)},
        {"optimizer": BarzilaiBorwein()},
    ):
        model = MLPRegressor(**options)
        assert not hasattr(model, "partial_fit")
        with pytest.raises(AttributeError, match="no attribute 'partial_fit'") as caught:
            model.partial_fit(X, y)
        assert "is not stochastic" in str(caught.value.__cause__)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPRegressor(early_stopping=True).partial_fit(X, y)
    with pytest.raises(ValueError, match="optimizer must be one of"):
        MLPRegressor(optimizer="fastest").partial_fit(X, y)


def test_a_piece_that_is_refused_leaves_the_model() -> None:
    X, y = waves()
    model = MLPRegressor(random_state=0).partial_fit(X, y)
    before, state = all_parameters(model), pickle.dumps(model)
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match="X must be finite, got nan in row 3, column 1"):
        model.partial_fit(bad, y)
    np.testing.assert_array_equal(all_parameters(model), before)
    np.testing.assert_array_equal(
        all_parameters(model.partial_fit(X, y)), all_parameters(pickle.loads(state).partial_fit(X, y))
    )


def test_warm_starts_go_on_from_the_last_fit() -> None:
    X, y = rings()
    model = MLPClassifier(max_iter=10, warm_start=True, random_state=0)
    losses = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(3):
            losses.append(model.fit(X, y).loss_curve_)
            assert model.n_iter_ == 10
        anew = model.set_params(warm_start=False).fit(X, y)
    assert losses[1][0] < losses[0][-1]
    assert losses[2][0] < losses[1][-1]
    assert anew.loss_curve_ == losses[0]


def test_warm_starts_need_the_same_network() -> None:
    X, y = rings()
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(max_iter=2, warm_start=True).fit(X, y)
    message = (
        "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
        "Previously got ['inner' 'middle' 'outer'], `y` has ['inner' 'middle']"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X[y != "outer"], y[y != "outer"])
    with pytest.raises(ValueError, match=r"a network of sizes .* fit anew with warm_start=False"):
        model.set_params(hidden_layer_sizes=(3, 3)).fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features, but MLPClassifier is expecting 2"):
        model.fit(X[:, :1], y)


def test_an_automatic_rate_of_a_stream_is_found_once() -> None:
    X, y = quadrants()
    pieces = [(X[begin : begin + 100], y[begin : begin + 100]) for begin in range(0, 400, 100)]
    model = MLPClassifier(solver="sgd", learning_rate="auto", random_state=0).partial_fit(*pieces[0], classes=[0, 1])
    assert model._stream.lr is not None
    known = MLPClassifier(solver="sgd", learning_rate_init=model._stream.lr, random_state=0)
    known.partial_fit(*pieces[0], classes=[0, 1])
    for piece in (*pieces[1:], (X, y)):
        model.partial_fit(*piece)
        known.partial_fit(*piece)
        np.testing.assert_array_equal(all_parameters(model), all_parameters(known))
