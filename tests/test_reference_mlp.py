"""The NumPy twin's perceptrons are held to values by hand, to SciPy, to differences and to the linear twin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
from numpy.typing import NDArray
from test_reference import difference, difference_error
from test_reference_descent import EPS
from test_reference_sampling import philox_by_hand

from fastgd import numerical_grad, reference
from fastgd.reference import ACTIVATIONS, KINDS, LOSSES, LinearObjective, MLPObjective, mlp
from fastgd.reference.activations import RECTIFIERS

Array = NDArray[np.float64]
KINKED = ("relu", "leaky_relu")


# ---------------------------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_the_derivatives(name: str) -> None:
    z = np.concatenate([np.linspace(-8.0, 8.0, 400), np.random.default_rng(0).normal(size=100)])
    z = z[np.abs(z) > 3e-3] if name in KINKED else z
    a, slope = ACTIVATIONS[name](z)
    numerical = difference(lambda t: ACTIVATIONS[name](z + t)[0])
    assert np.all(np.abs(numerical - slope) <= difference_error(a))


SCIPY: dict[str, Any] = {
    "identity": lambda z: z,
    "relu": lambda z: np.where(z > 0.0, z, 0.0),
    "leaky_relu": lambda z: np.where(z > 0.0, z, 0.01 * z),
    "tanh": np.tanh,
    "logistic": scipy.special.expit,
    "gelu": lambda z: z * scipy.special.ndtr(z),
    "silu": lambda z: z * scipy.special.expit(z),
    "softplus": lambda z: -scipy.special.log_expit(-z),
}


def test_every_activation_has_a_formula() -> None:
    assert list(ACTIVATIONS) == list(SCIPY)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_scipy(name: str) -> None:
    """In the tails too, where they are small: by a few units in the last place of what an exponent's rounding makes."""
    z = np.concatenate([np.linspace(-30.0, 30.0, 1201), 10.0 ** np.arange(-300.0, 0.0, 7.0)])
    expected = SCIPY[name](z)
    size = np.maximum(1.0, 0.5 * z**2 if name == "gelu" else np.abs(z))
    assert np.all(np.abs(ACTIVATIONS[name](z)[0] - expected) <= 8.0 * EPS * size * np.abs(expected))


# z, and by hand: value and derivative.
BY_HAND: list[tuple[str, float, float, float]] = [
    ("identity", -2.5, -2.5, 1.0),
    ("relu", 2.0, 2.0, 1.0),
    ("relu", 0.0, 0.0, 0.0),
    ("relu", -2.0, 0.0, 0.0),
    ("leaky_relu", 2.0, 2.0, 1.0),
    ("leaky_relu", 0.0, 0.0, 0.01),
    ("leaky_relu", -2.0, -0.02, 0.01),
    ("tanh", 0.0, 0.0, 1.0),
    ("tanh", -math.atanh(0.5), -0.5, 0.75),
    ("tanh", 400.0, 1.0, 0.0),
    ("logistic", 0.0, 0.5, 0.25),
    ("logistic", math.log(3.0), 0.75, 0.1875),
    ("logistic", -1e4, 0.0, 0.0),
    ("gelu", 0.0, 0.0, 0.5),
    ("gelu", 1e3, 1e3, 1.0),
    ("gelu", -1e3, 0.0, 0.0),
    ("silu", 0.0, 0.0, 0.5),
    ("silu", math.log(3.0), 0.75 * math.log(3.0), 0.75 + 0.1875 * math.log(3.0)),
    ("silu", 1e4, 1e4, 1.0),
    ("silu", -1e4, 0.0, 0.0),
    ("softplus", 0.0, math.log(2.0), 0.5),
    ("softplus", math.log(3.0), math.log(4.0), 0.75),
    ("softplus", 1e4, 1e4, 1.0),
    ("softplus", -1e4, 0.0, 0.0),
]


@pytest.mark.parametrize("name, z, a, slope", BY_HAND)
def test_activations_by_hand(name: str, z: float, a: float, slope: float) -> None:
    found = ACTIVATIONS[name](np.array([z]))
    assert (found[0][0], found[1][0]) == pytest.approx((a, slope), rel=8 * EPS, abs=0.0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_goes_through(name: str) -> None:
    assert np.isnan(ACTIVATIONS[name](np.array([np.nan]))[0][0])


# -------------------------------------------------------------------------------------------------------- the objective


def problem(loss: str, activation: str = "tanh", seed: int = 0, n: int = 12, **options: Any) -> MLPObjective:
    """A small objective with everything that it can have."""
    rng = np.random.default_rng(seed)
    arguments: dict[str, Any] = {
        "hidden_layer_sizes": (5, 3),
        "alpha": 0.3,
        "l1_ratio": 0.4,
        "sample_weight": rng.choice([0.5, 1.0, 2.5], n),
        "n_classes": None if KINDS[loss] == "regression" else 3,
    }
    y = rng.integers(0, 3, n) if KINDS[loss] != "regression" else rng.uniform(0.1, 2.0, n)
    X = rng.normal(0.0, 0.5, (n, 4))
    return MLPObjective(X, y, loss=loss, activation=activation, **{**arguments, **options})


def parameters(objective: MLPObjective, seed: int = 9) -> Array:
    return np.random.default_rng(seed).normal(0.0, 0.7, (objective.n_params,))


@pytest.mark.parametrize("loss", LOSSES)
def test_objective_is_its_formula(loss: str) -> None:
    objective = problem(loss)
    w = parameters(objective)
    coefs, intercepts = objective.unpack(w)
    total = 0.0
    for i in range(objective.n_samples):
        a = objective.X[i].tolist()
        for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
            z = [sum(a[j] * coef[j, k] for j in range(len(a))) + intercept[k] for k in range(len(intercept))]
            a = z if layer == 2 else [math.tanh(value) for value in z]
        y = objective.y[i]
        if KINDS[loss] == "multiclass":
            row = LOSSES[loss]([y], [a])[0][0]
        elif KINDS[loss] == "binary":
            row = sum(LOSSES[loss](1.0 if k == y else -1.0, a[k])[0] for k in range(3))
        else:
            row = LOSSES[loss](y, a[0])[0]
        total += objective.weight[i] * float(row)
    squares, absolutes = (sum(float(np.sum(f(coef))) for coef in coefs) for f in (np.square, np.abs))
    expected = total / sum(objective.weight) + 0.3 * (0.6 / 2.0 * squares + 0.4 * absolutes)
    assert objective.value(w) == pytest.approx(expected, rel=64 * EPS)


def assert_gradient_is_the_derivative(objective: MLPObjective, w: Array, rows: Any, **step: Any) -> None:
    h = 1e-5
    # No unit comes near its kink by a change of one parameter.
    assert objective.activation not in KINKED or min(np.abs(a.z).min() for a in objective.hidden(w, rows)) > 10.0 * h
    value, gradient = objective.value_and_grad(w, rows, **step)
    numerical = numerical_grad(lambda w: objective.value_and_grad(w, rows, **step)[0], w, h=h)
    # h^2 of a third derivative, which two hidden layers make larger than the value.
    np.testing.assert_allclose(gradient, numerical, atol=(1.0 + abs(value)) * (8.0 * EPS / h + 100.0 * h**2))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_the_derivative_of_the_value(activation: str, loss: str) -> None:
    objective = problem(loss, activation, seed=1)
    assert_gradient_is_the_derivative(objective, parameters(objective), None)


@pytest.mark.parametrize("sizes", [(), (1,), (17,), (3, 1, 4)])
def test_gradient_of_other_depths(sizes: tuple[int, ...]) -> None:
    objective = problem("multinomial", hidden_layer_sizes=sizes)
    assert_gradient_is_the_derivative(objective, parameters(objective), [3, 0, 7, 7])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_dropout_is_the_derivative_of_the_value_with_the_same_masks(activation: str) -> None:
    weight = np.resize([1.0, 0.0, 2.0], 12)
    objective = problem("log_cosh", activation, sample_weight=weight, dropout=0.5, hidden_layer_sizes=(6, 5))
    for rows in (None, [4, 3, 0, 7, 7]):
        assert_gradient_is_the_derivative(objective, parameters(objective), rows, dropout_step=3, init_seed=2)


def test_dropout_multiplies_activations_by_position_in_the_batch() -> None:
    """Rows of weight 0 count as positions, and those that come twice have masks of their own."""
    weight = np.resize([1.0, 0.0, 2.0], 12)
    objective = problem("squared_error", sample_weight=weight, dropout=0.25, alpha=0.0)
    rows = [4, 3, 0, 7, 3, 3]
    w = parameters(objective)
    coefs, intercepts = objective.unpack(w)
    a = objective.X[rows]
    for mask, coef, intercept in zip(objective.dropout_masks(5, 6, 8), coefs, intercepts, strict=False):
        assert 0 < np.count_nonzero(mask) < mask.size
        a = np.tanh(a @ coef + intercept) * mask / 0.75
    raw = (a @ coefs[-1] + intercepts[-1])[:, 0]
    losses = objective.weight[rows] * 0.5 * (raw - objective.y[rows]) ** 2
    value, _ = objective.value_and_grad(w, rows, dropout_step=5, init_seed=8)
    assert value == pytest.approx(losses.sum() / (objective.mean_weight * 4), rel=16 * EPS)
    assert value != objective.value_and_grad(w, rows)[0] == objective.value(w, rows)


@pytest.mark.parametrize("loss", LOSSES)
def test_without_hidden_layers_it_is_linear(loss: str) -> None:
    objective = problem(loss, hidden_layer_sizes=())
    linear = LinearObjective(
        objective.X,
        objective.y,
        loss=loss,
        alpha=0.3,
        l1_ratio=0.4,
        sample_weight=objective.weight,
        n_classes=None if KINDS[loss] == "regression" else 3,
    )
    w = parameters(objective)
    (coef,), (intercept,) = objective.unpack(w)
    for rows in (None, [3, 0, 7, 7]):
        value, gradient = objective.value_and_grad(w, rows)
        expected, slope = linear.value_and_grad(linear.pack(coef.T, intercept), rows)
        coef_slope, intercept_slope = linear.unpack(slope)
        assert value == pytest.approx(expected, rel=16 * EPS)
        bound = 16 * EPS * np.abs(slope).max()
        np.testing.assert_allclose(gradient, objective.pack([coef_slope.T], [intercept_slope]), atol=bound)


def test_parameters_are_layers_in_order() -> None:
    objective = problem("multinomial")
    assert objective.sizes == (4, 5, 3, 3)
    assert objective.n_params == 5 * 5 + 6 * 3 + 4 * 3
    w = np.arange(float(objective.n_params))
    coefs, intercepts = objective.unpack(w)
    assert [coef.shape for coef in coefs] == [(4, 5), (5, 3), (3, 3)]
    assert [coef[0, 1] for coef in coefs] == [1.0, 26.0, 44.0]
    assert [intercept.tolist() for intercept in intercepts[1:]] == [[40.0, 41.0, 42.0], [52.0, 53.0, 54.0]]
    assert objective.pack(coefs, intercepts).tolist() == w.tolist()
    weights = objective.pack([coef >= 0.0 for coef in coefs], [np.zeros(5), np.zeros(3), np.zeros(3)])
    assert objective.is_weight().tolist() == (weights > 0.0).tolist()
    assert objective.l1_strength().tolist() == (0.3 * 0.4 * weights).tolist()
    assert problem("poisson").n_outputs == problem("hinge", n_classes=2).n_outputs == 1


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "multinomial"])
def test_weights_count_rows_and_zero_removes_them(loss: str) -> None:
    count = np.array([0, 1, 2, 3, 0, 1, 1, 1, 2, 0, 1, 0])
    base = problem(loss)
    options = {"loss": loss, "activation": "silu", "n_classes": None if loss == "squared_error" else 3, "alpha": 0.1}
    X, y = base.X.copy(), base.y
    X[count == 0] = np.nan
    weighted = MLPObjective(X, y, sample_weight=2.0 * count, **options)
    repeated = MLPObjective(np.repeat(X, count, axis=0), np.repeat(y, count), **options)
    w = parameters(weighted)
    value, gradient = weighted.value_and_grad(w)
    other_value, other_gradient = repeated.value_and_grad(w)
    assert other_value == pytest.approx(value, rel=64 * EPS)
    np.testing.assert_allclose(other_gradient, gradient, atol=64 * EPS * np.abs(gradient).max())


def test_arguments_that_are_not_allowed_are_named() -> None:
    with pytest.raises(ValueError, match=r"activation must be one of \['gelu', .*, got 'swish'"):
        problem("multinomial", "swish")
    with pytest.raises(ValueError, match="dropout must be at least 0 and below 1, got 1"):
        problem("multinomial", dropout=1.0)
    with pytest.raises(ValueError, match="method must be 'he', 'glorot' or None, got 'lecun'"):
        problem("multinomial").initial(method="lecun")
    with pytest.raises(ValueError, match="X must be finite, got nan in row 1, column 0"):
        MLPObjective([[0.0], [np.nan]], [0, 1])


# ------------------------------------------------------------------------------------------------------- random numbers


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("method", [None, "he", "glorot"])
def test_initial_parameters_by_hand(activation: str, method: str | None) -> None:
    objective = problem("multinomial", activation)
    coefs, intercepts = objective.unpack(objective.initial(6, method))
    assert not np.any(np.concatenate(intercepts))
    for layer, coef in enumerate(coefs):
        n_in, n_out = coef.shape
        he = layer < 2 and (method == "he" or (method is None and activation in RECTIFIERS))
        bound = math.sqrt(6.0 / n_in if he else 6.0 / (n_in + n_out))
        for k, value in enumerate(coef.flat):
            word = philox_by_hand([6, 1], [k // 4, layer, 0, 0])[k % 4]
            assert value == (2.0 * ((word >> 11) / 2**53) - 1.0) * bound


def test_initial_weights_are_uniform() -> None:
    coef = mlp.initial_weights(3, 1, 300, 200, "he") / mlp.initial_bound(300, 200, "he")
    assert np.abs(np.quantile(coef, np.linspace(0.0, 1.0, 11)) - np.linspace(-1.0, 1.0, 11)).max() < 0.02
    assert abs(np.corrcoef(coef.ravel(), mlp.initial_weights(4, 1, 300, 200, "he").ravel())[0, 1]) < 0.02
    assert not np.array_equal(coef[:5], mlp.initial_weights(3, 2, 5, 200, "he") / mlp.initial_bound(5, 200, "he"))


@pytest.mark.parametrize("n_units", [1, 15, 16, 17, 40])
@pytest.mark.parametrize("dropout", [0.1, 0.5, 0.999999])
def test_dropout_masks_by_hand(dropout: float, n_units: int) -> None:
    kept = mlp.kept_pieces(dropout)
    assert kept == {0.1: 58982, 0.5: 32768, 0.999999: 1}[dropout]
    found = mlp.dropout_mask(11, 4, 2, 9, n_units, dropout)
    assert found.shape == (9, n_units)
    assert found.dtype == bool
    for p in range(9):
        for u in range(n_units):
            words = philox_by_hand([11, 4], [p * math.ceil(n_units / 16) + u // 16, 4, 2, 0])
            piece = words[u % 16 // 4] >> (16 * (u % 4)) & 0xFFFF
            assert found[p, u] == (piece < kept)


def test_dropout_masks_keep_their_share_and_differ() -> None:
    masks = [mlp.dropout_mask(*key, 400, 50, 0.3) for key in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    for mask in masks:
        # Six standard deviations of 20000 draws.
        assert abs(mask.mean() - 0.7) < 6.0 * math.sqrt(0.3 * 0.7 / mask.size)
    for first in range(4):
        for second in range(first):
            assert abs(np.corrcoef(masks[first].ravel(), masks[second].ravel())[0, 1]) < 6.0 / math.sqrt(20000.0)
    fewer = mlp.dropout_mask(0, 0, 0, 7, 50, 0.3)
    np.testing.assert_array_equal(masks[0][:7], fewer)
    objective = problem("multinomial", dropout=0.3)
    assert [mask.shape for mask in objective.dropout_masks(0, 9)] == [(9, 5), (9, 3)]
    np.testing.assert_array_equal(objective.dropout_masks(2, 9, 7)[1], mlp.dropout_mask(7, 2, 1, 9, 3, 0.3))


# -------------------------------------------------------------------------------------------------------------- descent


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_descent_takes_the_steps_of_its_gradients(dropout: float) -> None:
    """Momentum by hand, with a batch of rows of weight 0, which is no step, and a penalty."""
    weight = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 0.5, 0.0, 1.0, 1.0, 3.0, 1.0, 0.25])
    objective = problem("multinomial", "gelu", sample_weight=weight, dropout=dropout, l1_ratio=0.0)
    found = reference.minimize(
        objective,
        lr=0.1,
        optimizer_params={"momentum": 0.5},
        batch_size=3,
        max_epochs=2,
        tol=None,
        shuffle=False,
        init_seed=5,
    )
    w, velocity, losses = objective.initial(5), 0.0, []
    for step in range(6):
        rows = np.arange(3, 12).reshape(3, 3)[step % 3]
        value, gradient = objective.value_and_grad(w, rows, dropout_step=step, init_seed=5)
        present = weight[rows] > 0.0
        # The value's divisor is the mean weight of all rows, that of the history the sum of those of the epoch.
        losses.append((value - objective.penalty(w)[0]) * objective.mean_weight * present.sum())
        if step % 3 == 0:
            losses[-1] += objective.penalty(w)[0] * weight.sum()
        velocity = 0.5 * velocity + gradient
        w = w - 0.1 * velocity
    np.testing.assert_allclose(found.x, w, atol=64 * EPS)
    np.testing.assert_allclose(found.history.loss, np.reshape(losses, (2, 3)).sum(axis=1) / weight.sum(), rtol=64 * EPS)
    assert (found.n_steps, found.status) == (6, "max_epochs")
    # What is told at the end is without dropout.
    assert found.fun == objective.value(found.x)
    assert found.grad_norm == np.linalg.norm(objective.grad(found.x))


def test_gradients_that_full_batches_tell_are_those_of_the_steps() -> None:
    objective = problem("log_loss", dropout=0.5, l1_ratio=0.0)
    found = reference.minimize(objective, lr=0.1, max_epochs=3, tol=None, init_seed=2)
    w = objective.initial(2)
    for epoch in range(3):
        value, gradient = objective.value_and_grad(w, dropout_step=epoch, init_seed=2)
        assert found.history.loss[epoch] == pytest.approx(value, rel=16 * EPS)
        assert found.history.grad_norm[epoch] == pytest.approx(float(np.linalg.norm(gradient)), rel=16 * EPS)
        w = w - 0.1 * gradient
    np.testing.assert_allclose(found.x, w, atol=16 * EPS)


def test_descent_solves_exclusive_or() -> None:
    X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    objective = MLPObjective(X, [0, 1, 1, 0], hidden_layer_sizes=(8,), activation="tanh", loss="log_loss")
    found = reference.minimize(objective, lr=1.0, max_epochs=300, tol=None)
    assert found.fun < 0.01
    assert np.all((objective.raw(found.x)[:, 0] > 0.0) == [False, True, True, False])


def test_an_argument_that_is_not_finite_is_divergence_though_the_scores_are() -> None:
    """A rectified unit makes 0 of minus infinity."""
    objective = problem("squared_error", "relu", hidden_layer_sizes=(1,), alpha=0.0)
    w = objective.pack([np.full((4, 1), 1e308), np.ones((1, 1))], [np.zeros(1), np.zeros(1)])
    objective.X[:] = -20.0
    with np.errstate(over="ignore"):
        assert np.all(objective.raw(w) == 0.0)
        assert not objective.is_finite(w, objective.present())
    assert reference.minimize(objective, w, max_epochs=5).status == "diverged"
    assert objective.is_finite(np.zeros(objective.n_params), objective.present())


@pytest.mark.parametrize("optimizer", ["saga", "svrg"])
def test_finite_sums_are_for_linear_models(optimizer: str) -> None:
    with pytest.raises(ValueError, match="linear models"):
        reference.minimize(problem("log_loss", l1_ratio=0.0), optimizer=optimizer, batch_size=2)
