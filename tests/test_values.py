"""Values of many models in one call: those of `value`, to the bit. `_parity` has every loss and storage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _user_losses import as_callback, squared_error
from conftest import Data

import fastgd
from fastgd import reference

# More models than one pass takes, whatever their number of outputs.
N_MODELS = 150


def models(n_params: int, n_models: int = N_MODELS) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_models, n_params))


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalty": {"alpha": 0.1, "l1_ratio": 0.3},
    "standardize": {"standardize": True, "alpha": 0.1},
    "no_intercept": {"fit_intercept": False, "offset": np.linspace(-1.0, 1.0, 60)},
    "weights": {"sample_weight": np.arange(60) % 3},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "multinomial", "zero_one"])
def test_each_is_the_value_to_the_bit(data: Data, loss: str, options: dict[str, Any], dtype: Any) -> None:
    if loss == "multinomial" and "offset" in options:
        options = {**options, "offset": np.tile(options["offset"], (3, 1)).T}
    objective = data.objective(loss, X=data.X.astype(dtype), **options)
    W = models(objective.n_params)
    values = objective.values(W)
    assert values.dtype == np.float64
    assert values.tolist() == [objective.value(w) for w in W]


def test_a_slope_of_the_intercepts_counts(data: Data) -> None:
    """As one-class machines have it."""
    objective = data.objective("hinge")._with(_intercept_slope=0.5)
    W = models(5)
    assert objective.values(W).tolist() == [objective.value(w) for w in W]
    np.testing.assert_allclose(objective.values(W), data.objective("hinge").values(W) + 0.5 * W[:, 4], rtol=1e-13)
    np.testing.assert_allclose(objective.plane(W[0], W[1:2], [[0.5]]), objective.value(W[0] + W[1] / 2.0), rtol=1e-13)


@pytest.mark.parametrize("hidden", [(), (7,), (5, 3)])
@pytest.mark.parametrize("loss", ["multinomial", "zero_one"])
def test_each_is_the_value_of_a_network(data: Data, loss: str, hidden: tuple[int, ...]) -> None:
    objective = fastgd.MLPObjective(data.X, data.classes, loss=loss, hidden_layer_sizes=hidden, alpha=0.1, dropout=0.5)
    W = models(objective.n_params)
    assert objective.values(W).tolist() == [objective.value(w) for w in W]


def test_large_models_share_no_pass(data: Data) -> None:
    """Two of them are more parameters than are copied at once."""
    objective = fastgd.MLPObjective(data.X, data.classes, hidden_layer_sizes=(1000, 1000))
    W = models(objective.n_params, 3) / 100.0
    assert objective.values(W).tolist() == [objective.value(w) for w in W]


@pytest.mark.parametrize("loss", [squared_error, as_callback(squared_error)], ids=["function", "pointer"])
def test_a_loss_of_ones_own(data: Data, loss: Any) -> None:
    objective = fastgd.LinearObjective(data.X, data.numbers, loss=loss)
    W = models(5)
    np.testing.assert_allclose(objective.values(W), data.objective("squared_error").values(W), rtol=60 * 2.0**-52)


def test_parameters_of_any_kind(data: Data) -> None:
    objective = data.objective()
    W = np.arange(10).reshape(2, 5)
    expected = [objective.value(w) for w in W]
    for given in (W, W.tolist(), W.astype(np.float32), np.asfortranarray(W), np.repeat(W, 2, axis=1)[:, ::2]):
        assert objective.values(given).tolist() == expected


def test_where_scores_overflow_the_value_is_infinite(data: Data) -> None:
    objective = data.objective("log_loss")
    W = np.array([np.zeros(5), np.full(5, 1e308), np.ones(5)])
    with pytest.raises(ValueError, match="w must be small enough"):
        objective.value(W[1])
    values = objective.values(W)
    assert values[1] == np.inf
    assert values[[0, 2]].tolist() == [objective.value(W[0]), objective.value(W[2])]
    assert data.objective("zero_one").values(W)[1] == np.inf
    network = fastgd.MLPObjective(data.X, data.signs, loss="log_loss", hidden_layer_sizes=3)
    assert network.values(np.full((1, network.n_params), 1e300)).tolist() == [np.inf]


@pytest.mark.parametrize("loss", ["modified_huber", "zero_one"])
def test_a_penalty_of_one_norm_is_not_that_of_the_other_times_zero(data: Data, loss: str) -> None:
    """The squares of these parameters are infinite, their absolute values are not."""
    w = np.append(np.full(4, 1e200), 0.0)
    X = np.zeros_like(data.X)
    lasso = data.objective(loss, X=X, alpha=0.5, l1_ratio=1.0)
    assert lasso.value(w) == pytest.approx(2e200)
    with np.errstate(over="ignore"):
        assert reference.penalties.elastic_net(w, alpha=0.5, l1_ratio=1.0)[0] == pytest.approx(2e200)
        assert data.objective(loss, X=X, alpha=0.5, l1_ratio=0.5).value(w) == np.inf


@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_terms_beyond_the_type_leave_an_infinite_value(data: Data, weight: float) -> None:
    """Of Poisson's -y raw, in rows of both signs and in outputs of both signs."""
    X = np.array([[1.0], [-1.0]], np.float32)
    y = np.full(2, 1e38)
    options: dict[str, Any] = {"loss": "poisson", "fit_intercept": False, "sample_weight": np.full(2, weight)}
    one = fastgd.LinearObjective(X, y, **options)
    assert np.isfinite(one.value(np.array([0.25])))
    assert one.values([[5.0], [-5.0]]).tolist() == [np.inf, np.inf]
    two = fastgd.LinearObjective(X, np.stack([y, y], axis=1), **options)
    assert two.value(np.array([5.0, -5.0])) == np.inf
    assert fastgd.minimize(one, np.array([5.0]), max_epochs=3).status == "diverged"


@pytest.mark.parametrize("loss", ["log_loss", "zero_one"])
def test_data_that_are_not_finite_raise_as_ever(data: Data, loss: str) -> None:
    X = data.X.copy()
    X[7, 2] = np.nan
    for objective in (data.objective(loss, X=X), fastgd.MLPObjective(X, data.signs, loss=loss, hidden_layer_sizes=3)):
        with pytest.raises(ValueError, match="X must be finite, got nan in row 7, column 2"):
            objective.values(np.ones((2, objective.n_params)))


def test_a_loss_of_ones_own_that_is_nan_raises(data: Data) -> None:
    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(raw > 1e9, np.nan, raw), np.ones_like(raw)

    objective = fastgd.LinearObjective(data.X, data.numbers, loss=loss)
    with pytest.raises(ValueError, match="loss must not be NaN where raw is finite"):
        objective.values([np.zeros(5), np.full(5, 1e12)])
    assert objective.values([np.zeros(5)]).tolist() == [0.0]


class Calls:
    """A function that counts its calls."""

    def __init__(self, batched: bool, jac: bool) -> None:
        self.count, self.batched, self.jac = 0, batched, jac

    def __call__(self, w: np.ndarray, *rows: np.ndarray) -> Any:
        self.count += 1
        value = (w**2).sum(axis=-1) + sum(r.mean() for r in rows)
        return (value, 2.0 * w) if self.jac else value


@pytest.mark.parametrize("n_samples", [None, 5])
@pytest.mark.parametrize("jac", [True, False])
@pytest.mark.parametrize("batched", [True, False])
def test_functions(batched: bool, jac: bool, n_samples: int | None) -> None:
    fun = Calls(batched, jac)
    grad = None if jac else lambda w, *rows: 2.0 * w
    objective = fastgd.FunctionObjective(fun, grad, jac=jac, batched=batched, n_samples=n_samples)
    W = models(3)
    assert objective.values(W).tolist() == [objective.value(w) for w in W]
    assert fun.count == N_MODELS + (1 if batched else N_MODELS)


def test_densities(data: Data) -> None:
    for objective in (fastgd.GaussianObjective(data.X), fastgd.GaussianMixtureObjective(data.X, 2)):
        W = models(objective.n_params, 20) / 4.0
        assert objective.values(W).tolist() == [objective.value(w) for w in W]
        W[3] = 1e4
        with pytest.raises(ValueError, match="w must be small enough"):
            objective.value(W[3])
        assert objective.values(W)[3] == np.inf
        X = data.X.copy()
        X[7, 2] = np.nan
        with pytest.raises(ValueError, match="Z must be finite, got nan in row 7, column 2"):
            type(objective)(X, *([2] if objective.n_components > 1 else [])).values(W)
        with pytest.raises(ValueError, match=rf"W must have shape \(n, {objective.n_params}\), n >= 1"):
            objective.values(W[0])


def test_a_function_may_be_infinite() -> None:
    objective = fastgd.FunctionObjective(lambda w: np.inf if w[0] > 0.0 else w[0], lambda w: w)
    assert objective.values([[1.0], [-1.0]]).tolist() == [np.inf, -1.0]


def test_the_twin(data: Data) -> None:
    twin = fastgd.reference.LinearObjective(data.X, data.numbers, loss="squared_error")
    W = models(5, 3)
    assert twin.values(W).tolist() == [twin.value(w) for w in W]


def test_bad_input(data: Data) -> None:
    objective = data.objective()
    shape = r"W must have shape \(n, 5\), n >= 1, for coef \(1, 4\) and \(1,\) a row, got shape "
    for W in (np.zeros(5), np.zeros((0, 5)), np.zeros((2, 4)), np.zeros((1, 2, 5))):
        with pytest.raises(ValueError, match=shape):
            objective.values(W)
    with pytest.raises(ValueError, match=r"W must be finite, got nan at W\[1, 2\]"):
        objective.values([[0.0] * 5, [0.0, 0.0, np.nan, 0.0, 0.0]])
    with pytest.raises(TypeError, match="W must hold real numbers"):
        objective.values([["a"] * 5])
    function = fastgd.FunctionObjective(lambda w: 0.0, lambda w: w, n_params=2)
    for W in (np.zeros(2), np.zeros((3, 3)), np.zeros((0, 2))):
        with pytest.raises(ValueError, match=r"W must have shape \(n, 2\), n >= 1, got shape "):
            function.values(W)
