"""What a refused fit leaves of a network: all that was there; and what goes on from it."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fastgd.linear_model import SGDClassifier
from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import LBFGS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] > 0.0) * 1
NUMBERS = 2.0 * X[:, 0] + 1.0
SHORT: dict[str, Any] = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WITH_NAN = np.where(np.arange(240).reshape(60, 4) == 17, np.nan, X)
REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, Any], dict[str, Any]]] = {
    "nan": ({}, (WITH_NAN, Y), {}),
    "sizes": ({"hidden_layer_sizes": (0,)}, (X, Y), {}),
    "validation": ({}, (X, Y), {"X_val": X[:5]}),
    "weights": ({}, (X, Y), {"sample_weight": -np.ones(60)}),
    "rows": ({}, (X[:, :3], Y[:10]), {}),
}


def state_of(model: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if name.endswith("_") and not name.startswith("_")}


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_fit_leaves_the_model_as_it_was(what: str, warm_start: bool) -> None:
    changed, data, options = REFUSED[what]
    model = MLPClassifier(warm_start=warm_start, **SHORT).fit(X, Y)
    before, expected = state_of(model), model.predict_proba(X)
    with pytest.raises(ValueError):
        model.set_params(**changed).fit(*data, **options)
    assert state_of(model).keys() == before.keys()
    assert all(state_of(model)[name] is value for name, value in before.items())
    assert np.array_equal(model.set_params(**SHORT).predict_proba(X), expected)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_a_refused_first_piece_says_nothing_of_features(estimator: Any) -> None:
    model = estimator(**SHORT)
    classes = {"classes": [0, 1]} if estimator is MLPClassifier else {}
    with pytest.raises(ValueError):
        model.partial_fit(X[:, :3], np.full(60, np.nan if not classes else 7), **classes)
    assert not hasattr(model, "n_features_in_")
    model.partial_fit(X, Y, **classes)


def test_a_warm_start_goes_on_with_the_same_kind_of_labels_alone() -> None:
    model = MLPClassifier(warm_start=True, **SHORT).fit(X, np.arange(60) % 3)
    expected = model.predict_proba(X)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.fit(X, (X[:, :3] > 0.0) * 1)
    assert model.out_activation_ == "softmax"
    assert np.array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("model", "new"),
    [
        (
            MLPClassifier(solver="sgd", momentum=0.0, learning_rate="auto", **SHORT),
            {"learning_rate": "constant", "learning_rate_init": 1e-12},
        ),
        (SGDClassifier(learning_rate="auto", random_state=0), {"learning_rate": "constant", "eta0": 1e-12}),
    ],
)
def test_a_new_rate_takes_the_place_of_one_that_was_found(model: Any, new: dict[str, Any]) -> None:
    def weights() -> np.ndarray:
        return np.concatenate([np.ravel(part) for part in getattr(model, "coefs_", None) or [model.coef_]])

    model.partial_fit(X, Y, classes=[0, 1])
    before = weights().copy()
    model.set_params(**new).partial_fit(X, Y)
    assert 0.0 < np.abs(weights() - before).max() < 1e-9


def test_rows_of_weight_0_do_not_change_how_a_stream_goes_on() -> None:
    model = MLPRegressor(alpha=50.0, **SHORT).partial_fit(X, NUMBERS)
    stored = pickle.loads(pickle.dumps(model))
    weight = np.repeat([1.0, 0.0], [6, 54])
    for one in (model, stored):
        one.partial_fit(X, NUMBERS, sample_weight=weight)
    assert all(np.array_equal(a, b) for a, b in zip(model.coefs_, stored.coefs_, strict=True))


@pytest.mark.parametrize("narrow", [np.float32, np.uint8])
def test_a_narrow_piece_does_not_make_a_model_narrow(narrow: Any) -> None:
    model = MLPRegressor(**SHORT).partial_fit(X, NUMBERS)
    model.partial_fit(np.abs(X).astype(narrow), NUMBERS)
    assert {part.dtype for part in (*model.coefs_, *model.intercepts_)} == {np.dtype(np.float64)}


@pytest.mark.parametrize("estimator", [MLPRegressor(**SHORT), SGDClassifier(random_state=0)])
def test_a_stream_keeps_no_piece(estimator: Any) -> None:
    piece, y = X.copy(), Y.copy()
    watched = weakref.ref(piece)
    classes = {"classes": [0, 1]} if isinstance(estimator, SGDClassifier) else {}
    estimator.partial_fit(piece, y, **classes)
    del piece
    gc.collect()
    assert watched() is None


def test_predictions_are_those_of_the_loss_that_was_learned() -> None:
    model = MLPRegressor(**SHORT).fit(X, NUMBERS)
    expected = model.predict(X)
    assert np.array_equal(model.set_params(loss="poisson").predict(X), expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate": "auto", "learning_rate_init": 0.5}, "learning_rate_init must be left at its default"),
        ({"solver": "lbfgs", "learning_rate": "auto"}, "learning_rate must be left at its default"),
        ({"optimizer": LBFGS(), "batch_size": 10}, "batch_size must be 'auto' or 'full' with optimizer="),
    ],
)
def test_parameters_that_would_have_no_effect_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**{**SHORT, **parameters}).fit(X, Y)


def test_weights_of_validation_rows_are_weights() -> None:
    model = MLPClassifier(early_stopping=True, **SHORT)
    with pytest.raises(ValueError, match=r"sample_weight_val must be >= 0, got -1\.0 at sample_weight_val\[0\]"):
        model.fit(X, Y, X_val=X[:4], y_val=Y[:4], sample_weight_val=-np.ones(4))


def test_sizes_may_be_an_array_of_any_kind() -> None:
    sizes = pd.Series([5, 3])
    assert MLPClassifier(**{**SHORT, "hidden_layer_sizes": sizes}).fit(X, Y).n_layers_ == 4
