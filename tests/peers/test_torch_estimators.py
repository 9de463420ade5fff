"""PyTorch modules of multi-layer perceptrons, and estimators of modules, which go on to learn."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes
from _networks import EVALUATION, scores
from _peers import load
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.reference import ACTIVATIONS

DTYPES = [np.float64, np.float32]
SHORT: dict[str, Any] = {"solver": "sgd", "batch_size": 50, "random_state": 0}


@pytest.fixture
def torch() -> ModuleType:
    return load("torch")


def trained(model: Any, X: np.ndarray, y: np.ndarray) -> Any:
    options = {"classes": np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])}
    return model.partial_fit(X, y, **(options if isinstance(model, MLPClassifier) else {}))


def raw_scores(torch: Any, module: Any, X: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        values: np.ndarray = module(torch.from_numpy(X)).numpy()
    return values


def assert_same_weights(one: Any, other: Any) -> None:
    for name in ("coefs_", "intercepts_"):
        for own, theirs in zip(getattr(one, name), getattr(other, name), strict=True):
            assert own.dtype == theirs.dtype
            np.testing.assert_array_equal(own, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(9, 7), (6,), ()], ids=str)
def test_round_trip(torch: Any, hidden: tuple[int, ...], activation: str, dtype: Any) -> None:
    X, y = three_classes()
    X = X.astype(dtype)
    model = trained(MLPClassifier(hidden, activation, dropout=0.25 if hidden else 0.0, **SHORT), X, y)
    module = model.to_torch()
    own, error = scores(model._network(), X)
    assert np.all(np.abs(raw_scores(torch, module, X) - own) <= error)
    back = MLPClassifier.from_torch(module, **SHORT)
    assert_same_weights(model, back)
    told = (back.hidden_layer_sizes, back.dropout, back.activation)
    assert told == (hidden, model.dropout, activation if hidden else "relu")
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    names = ("n_features_in_", "n_layers_", "n_outputs_", "out_activation_")
    assert [getattr(back, name) for name in names] == [getattr(model, name) for name in names]
    assert back.classes_.tolist() == model.classes_.tolist()
    assert (back.n_iter_, back.t_) == (0, 0)


def test_regressors(torch: Any) -> None:
    X, y = numbers(outputs=2)
    for loss, target in (("squared_error", y), ("poisson", np.exp(0.3 * y))):
        model = trained(MLPRegressor(loss, (8,), **SHORT), X, target)
        back = MLPRegressor.from_torch(model.to_torch(), loss=loss)
        assert_same_weights(model, back)
        np.testing.assert_array_equal(back.predict(X), model.predict(X))


def test_two_classes_have_one_score_or_two(torch: Any) -> None:
    X, nn = two_classes()[0], torch.nn
    torch.manual_seed(0)
    pair = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    model = MLPClassifier.from_torch(pair, classes=["no", "yes"])
    expected = torch.softmax(torch.from_numpy(raw_scores(torch, pair, X)), 1).numpy()
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0.0, atol=EVALUATION * 2.0**-52)
    assert model.predict(X).tolist() == np.array(["no", "yes"])[expected.argmax(axis=1)].tolist()
    single = model.to_torch()
    assert single[-1].out_features == 1
    assert_same_weights(MLPClassifier.from_torch(single), model)


def test_many_labels(torch: Any) -> None:
    X = two_classes()[0]
    for n_labels in (2, 3):
        model = trained(MLPClassifier((6,), **SHORT), X, (X[:, :n_labels] > 0.2).astype(int))
        back = MLPClassifier.from_torch(model.to_torch(), multi_label=True)
        assert_same_weights(model, back)
        np.testing.assert_array_equal(back.predict(X), model.predict(X))
        np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("dtype", DTYPES)
def test_learning_goes_on(torch: Any, dtype: Any) -> None:
    """As that of a model with the same weights that has learned them itself: plain steps keep no state."""
    X, y = three_classes()
    X = X.astype(dtype)
    options: dict[str, Any] = {**SHORT, "momentum": 0.0, "shuffle": False}
    model = trained(MLPClassifier((6,), **options), X, y)
    for learn in ("partial_fit", "fit"):
        own = trained(clone(model), X, y)
        back = MLPClassifier.from_torch(own.to_torch(), **options)
        for one in (own, back):
            if learn == "fit":
                one.set_params(warm_start=True, max_iter=2, tol=0.0, n_iter_no_change=5)
                with pytest.warns(UserWarning, match="Maximum iterations"):
                    one.fit(X, y)
            else:
                one.partial_fit(X, y)
        assert not np.array_equal(back.coefs_[0], model.coefs_[0])
        assert_same_weights(own, back)


def test_parameters_are_told_once(torch: Any) -> None:
    nn = torch.nn
    module = nn.Sequential(nn.Linear(5, 4), nn.SiLU(), nn.Dropout(0.1), nn.Linear(4, 3))
    model = MLPClassifier.from_torch(module, alpha=0.5, classes=[3, 5, 9])
    assert (model.alpha, model.activation, model.dropout, model.hidden_layer_sizes) == (0.5, "silu", 0.1, (4,))
    assert model.classes_.tolist() == [3, 5, 9]
    assert {coef.dtype for coef in model.coefs_} == {np.dtype(np.float32)}
    for name, value in {"activation": "relu", "hidden_layer_sizes": (4,), "dropout": 0.0}.items():
        with pytest.raises(TypeError, match=f"{name} must not be given to from_torch: the module tells it, got"):
            MLPClassifier.from_torch(module, **{name: value})
    with pytest.raises(ValueError, match="'alpha' parameter of MLPClassifier must be"):
        MLPClassifier.from_torch(module, alpha=-1.0)


@pytest.mark.parametrize(
    "classes, message",
    [
        ([0, 1], r"classes must be the 3 labels of the module's outputs, got \[0, 1\]"),
        (7, "classes must be the 3 labels"),
        ([2, 0, 1], "classes must be sorted, in the order of the module's outputs, as classes_ are"),
        (["a", "a", "b"], "classes must be sorted"),
    ],
    ids=["two", "number", "order", "twice"],
)
def test_classes_that_do_not_fit(torch: Any, classes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier.from_torch(torch.nn.Sequential(torch.nn.Linear(4, 3)), classes=classes)


def test_labels_have_no_names_of_their_own(torch: Any) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 2))
    with pytest.raises(ValueError, match="classes must be None with multi_label=True"):
        MLPClassifier.from_torch(module, classes=["a", "b"], multi_label=True)
    with pytest.raises(TypeError, match="multi_label must be"):
        MLPClassifier.from_torch(module, multi_label="yes")


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_what_is_no_network(torch: Any, kind: Any) -> None:
    nn = torch.nn
    with pytest.raises(ValueError, match=r"module must be an nn.Sequential of nn.Linear.*got Conv1d\(.*module\[0\]"):
        kind.from_torch(nn.Sequential(nn.Conv1d(1, 2, 3), nn.Linear(4, 2)))
    with pytest.raises(TypeError, match=r"module must be an nn\.Sequential"):
        kind.from_torch("a file")
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted"):
        kind().to_torch()


def test_a_module_that_stands_there_twice_comes_twice(torch: Any) -> None:
    activation = torch.nn.Tanh()
    inner = torch.nn.Linear(4, 4)
    module = torch.nn.Sequential(inner, activation, inner, activation, torch.nn.Linear(4, 1)).double()
    model = MLPRegressor.from_torch(module)
    X = np.random.default_rng(0).normal(size=(9, 4))
    assert model.n_layers_ == 4
    np.testing.assert_allclose(model.predict(X), module(torch.from_numpy(X)).detach().numpy()[:, 0], rtol=1e-13)


def test_what_may_compute_something_else_is_refused(torch: Any) -> None:
    class Twice(torch.nn.Sequential):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return 2.0 * super().forward(x)

    class Louder(torch.nn.Linear):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return 2.0 * super().forward(x)

    linear = torch.nn.Linear
    with pytest.raises(TypeError, match=r"module must be an nn\.Sequential"):
        MLPRegressor.from_torch(Twice(linear(4, 1)))
    with pytest.raises(ValueError, match=r"module must be an nn\.Sequential"):
        MLPRegressor.from_torch(torch.nn.Sequential(Louder(4, 1)))
    with pytest.raises(ValueError, match=r"got Softplus\(beta=1.0, threshold=1.0\)"):
        MLPRegressor.from_torch(torch.nn.Sequential(linear(4, 3), torch.nn.Softplus(threshold=1.0), linear(3, 1)))
    with pytest.raises(ValueError, match=r"module\[0\] must have real weights, got torch.complex64"):
        MLPRegressor.from_torch(torch.nn.Sequential(linear(4, 1, dtype=torch.complex64)))
