"""PyTorch modules of fitted models, and weights from modules: exact both ways."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes
from _networks import make, scores
from _peers import load
from sklearn.exceptions import NotFittedError

from fastgd import linear_model
from fastgd._export.torch_modules import from_sequential, to_sequential
from fastgd.linear_model import LogisticRegression, SGDOneClassSVM, SGDRegressor
from fastgd.reference import ACTIVATIONS

DTYPES = [np.float64, np.float32]
ESTIMATORS = [getattr(linear_model, name) for name in linear_model.__all__]


@pytest.fixture
def torch() -> ModuleType:
    return load("torch")


def outputs(torch: Any, module: Any, X: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        values: np.ndarray = module(torch.from_numpy(X)).numpy()
    return values


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_models(torch: Any, kind: Any, dtype: Any) -> None:
    X, y = three_classes() if "Class" in kind.__name__ else two_classes()
    X = X.astype(dtype)
    model = kind().fit(X, y)
    (layer,) = module = model.to_torch()
    assert isinstance(module, torch.nn.Sequential)
    assert isinstance(layer, torch.nn.Linear)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), np.atleast_2d(model.coef_))
    intercept = -model.offset_ if kind is SGDOneClassSVM else model.intercept_
    np.testing.assert_array_equal(layer.bias.detach().numpy(), np.atleast_1d(intercept))
    expected = model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)
    error = 2.0 * scores(model._network(), X).error
    assert np.all(np.abs(outputs(torch, module, X) - expected.reshape(len(X), -1)) <= error)


def test_scores_are_what_losses_of_pytorch_take(torch: Any) -> None:
    X, y = three_classes()
    model = LogisticRegression().fit(X, y)
    logits = model.to_torch()(torch.from_numpy(X))
    own = -np.log(model.predict_proba(X)[np.arange(len(y)), y]).mean()
    assert abs(float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)).detach()) - own) < 1e-14
    counts = np.exp(0.3 * numbers()[1])
    poisson = SGDRegressor("poisson", random_state=0).fit(X, counts)
    means = poisson.to_torch()(torch.from_numpy(X)).exp().detach().numpy()[:, 0]
    np.testing.assert_allclose(means, poisson.predict(X), rtol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_round_trip_of_networks(torch: Any, activation: str, dtype: Any, dropout: float) -> None:
    network = make((6, 9, 8, 3), activation, dtype, dropout=dropout)
    module = to_sequential(network)
    X = np.random.default_rng(1).normal(size=(200, 6)).astype(dtype)
    raw, error = scores(network, X)
    assert np.all(np.abs(outputs(torch, module, X) - raw) <= error)
    coefs, intercepts, found, share = from_sequential(module)
    assert (found, share) == (activation, dropout)
    assert [a.dtype for a in coefs + intercepts] == [dtype] * 6
    for own, back in zip(network.coefs + network.intercepts, coefs + intercepts, strict=True):
        np.testing.assert_array_equal(own, back)


def test_dropout_acts_in_training_only(torch: Any) -> None:
    module = to_sequential(make((6, 50, 2), "relu", dropout=0.5))
    X = np.ones((4, 6))
    assert not module.training
    np.testing.assert_array_equal(outputs(torch, module, X), outputs(torch, module, X))
    assert not np.array_equal(outputs(torch, module.train(), X), outputs(torch, module, X))


def test_modules_have_copies(torch: Any) -> None:
    model = LogisticRegression().fit(*two_classes())
    before = model.coef_.copy()
    (layer,) = model.to_torch()
    with torch.no_grad():
        layer.weight.zero_()
    np.testing.assert_array_equal(model.coef_, before)
    assert layer.weight.requires_grad
    coefs, intercepts, *_ = from_sequential(torch.nn.Sequential(layer))
    coefs[0][:], intercepts[0][:] = 7.0, 7.0
    assert not layer.weight.any()
    assert not (layer.bias == 7.0).any()


def test_random_state_stays(torch: Any) -> None:
    model = LogisticRegression().fit(*two_classes())
    before = torch.get_rng_state()
    model.to_torch()
    assert torch.equal(torch.get_rng_state(), before)


def test_modules_of_other_makers(torch: Any) -> None:
    """Layers without bias, sequences within the sequence, names, in-place activations, half precision."""
    nn = torch.nn
    module = nn.Sequential()
    module.add_module("first", nn.Sequential(nn.Linear(4, 5, bias=False), nn.ReLU(inplace=True)))
    module.add_module("second", nn.Sequential(nn.Linear(5, 3), nn.ReLU()))
    module.add_module("head", nn.Linear(3, 2))
    layers = from_sequential(module)
    assert [coef.shape for coef in layers.coefs] == [(4, 5), (5, 3), (3, 2)]
    assert layers.intercepts[0].tolist() == [0.0] * 5
    assert (layers.activation, layers.dropout) == ("relu", 0.0)
    half = module.to(torch.bfloat16)
    coef = from_sequential(half).coefs[0]
    assert coef.dtype == np.float32
    np.testing.assert_array_equal(coef.T, half.first[0].weight.detach().float().numpy())


def test_layers_without_activation_are_linear(torch: Any) -> None:
    nn = torch.nn
    assert from_sequential(nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2))).activation == "identity"
    assert from_sequential(nn.Sequential(nn.Linear(4, 2))).activation is None
    assert from_sequential(nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.25), nn.Linear(5, 2))).dropout == 0.25


Layers = Callable[[Any], list[Any]]
REFUSED: dict[str, tuple[Layers, str]] = {
    "unknown layer": (
        lambda nn: [nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)],
        r"module must be an nn.Sequential of nn.Linear, .*nn.Softplus.*nn.Dropout, got BatchNorm1d\(5.*as module\[1\]",
    ),
    "first an activation": (lambda nn: [nn.ReLU(), nn.Linear(4, 2)], r"got ReLU\(\) as module\[0\]"),
    "two activations": (
        lambda nn: [nn.Linear(4, 5), nn.ReLU(), nn.Tanh(), nn.Linear(5, 2)],
        r"got Tanh\(\) as module\[2\]",
    ),
    "dropout before the activation": (
        lambda nn: [nn.Linear(4, 5), nn.Dropout(0.5), nn.ReLU(), nn.Linear(5, 2)],
        r"got ReLU\(\) as module\[2\]",
    ),
    "all dropped": (
        lambda nn: [nn.Linear(4, 5), nn.ReLU(), nn.Dropout(1.0), nn.Linear(5, 2)],
        r"got Dropout\(p=1.0.*\) as module\[2\]",
    ),
    "tanh gelu": (
        lambda nn: [nn.Sequential(nn.Linear(4, 5), nn.GELU("tanh")), nn.Linear(5, 2)],
        r"got GELU\(approximate='tanh'\) as module\[0.1\]",
    ),
    "leak": (
        lambda nn: [nn.Linear(4, 5), nn.LeakyReLU(0.2), nn.Linear(5, 2)],
        r"nn.LeakyReLU\(0.01\).*got LeakyReLU\(negative_slope=0.2\) as module\[1\]",
    ),
    "beta": (
        lambda nn: [nn.Linear(4, 5), nn.Softplus(beta=2.0), nn.Linear(5, 2)],
        r"got Softplus\(beta=2.0.*\) as module\[1\]",
    ),
    "activations": (
        lambda nn: [nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2)],
        r"module must have the same activation after each hidden layer, got \['relu', 'tanh'\]",
    ),
    "shares": (
        lambda nn: [nn.Linear(4, 5), nn.Dropout(0.1), nn.Linear(5, 5), nn.Linear(5, 2)],
        r"module must have the same dropout after each hidden layer, got \[0.1, 0.0\]",
    ),
    "sizes": (
        lambda nn: [nn.Linear(4, 5), nn.ReLU(), nn.Linear(6, 2)],
        r"module\[2\] must take the 5 outputs of the layer before, got Linear\(in_features=6",
    ),
    "softmax": (
        lambda nn: [nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2), nn.Softmax(dim=1)],
        r"got Softmax\(dim=1\) as module\[3\]",
    ),
    "sigmoid": (
        lambda nn: [nn.Linear(4, 1), nn.Sigmoid()],
        r"module must end with nn.Linear, whose outputs are the scores without softmax or sigmoid, got Seq",
    ),
    "nothing": (lambda nn: [], "module must end with nn.Linear"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(torch: Any, case: str) -> None:
    layers, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        from_sequential(torch.nn.Sequential(*layers(torch.nn)))


def test_not_a_sequence(torch: Any) -> None:
    with pytest.raises(TypeError, match=r"module must be an nn.Sequential of .*, got Linear\(.* of type Linear"):
        from_sequential(torch.nn.Linear(4, 2))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_not_fitted(torch: Any, kind: Any) -> None:
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted"):
        kind().to_torch()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"to_torch needs torch: pip install 'fastgd\[torch\]'"):
        LogisticRegression().fit(*two_classes()).to_torch()
    with pytest.raises(ImportError, match=r"from_torch needs torch: pip install 'fastgd\[torch\]'"):
        from_sequential(None)
