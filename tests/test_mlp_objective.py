"""MLPObjective as a caller sees it: parameters, starts, errors, and every function that descends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import fastgd
from fastgd.optimizers import LBFGS, SAGA, SGD, SVRG, Adam, BarzilaiBorwein

ACTIVATIONS = ["identity", "relu", "leaky_relu", "tanh", "logistic", "gelu", "silu", "softplus"]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4))
CLASSES = (np.abs(X[:, 0]) + X[:, 1] > 0.5).astype(int) + (X[:, 2] > 1.0)
BINARY = CLASSES > 0
NUMBERS = np.sin(X[:, :2])


def objective(y: Any = CLASSES, data: Any = X, **given: Any) -> fastgd.MLPObjective:
    return fastgd.MLPObjective(data, y, **{"hidden_layer_sizes": (5, 3), "activation": "tanh", **given})


def test_sizes_and_attributes() -> None:
    network = objective(alpha=0.1, dropout=0.25)
    assert network.sizes == (4, 5, 3, 3)
    assert network.hidden_layer_sizes == (5, 3)
    assert network.n_params == 5 * 5 + 6 * 3 + 4 * 3
    assert (network.n_samples, network.n_features, network.n_outputs, network.n_classes) == (60, 4, 3, 3)
    assert (network.activation, network.loss, network.alpha, network.dropout) == ("tanh", "multinomial", 0.1, 0.25)
    assert network.dtype == np.float64
    assert objective(NUMBERS, X.astype(np.float32), loss="squared_error").dtype == np.float32
    assert repr(network) == (
        "MLPObjective(n_samples=60, sizes=(4, 5, 3, 3), storage='float64', activation='tanh', loss='multinomial', "
        "alpha=0.1, dropout=0.25)"
    )
    with pytest.raises(AttributeError, match="alpha of an MLPObjective is fixed"):
        network.alpha = 2.0


@pytest.mark.parametrize(
    "given, sizes", [(7, (7,)), (np.int64(7), (7,)), ([7, 2], (7, 2)), (np.array([7, 2]), (7, 2)), ((), ())]
)
def test_hidden_layers_may_be_given_as(given: Any, sizes: tuple[int, ...]) -> None:
    assert objective(hidden_layer_sizes=given).hidden_layer_sizes == sizes


def test_no_hidden_layer_is_a_linear_model() -> None:
    network = objective(hidden_layer_sizes=(), alpha=0.3)
    linear = fastgd.LinearObjective(X, CLASSES, loss="multinomial", alpha=0.3)
    coef, intercept = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=3)
    w = network.pack([coef.T], [intercept])
    value, gradient = network.value_and_grad(w)
    expected, linear_gradient = linear.value_and_grad(linear.pack(coef, intercept))
    assert value == pytest.approx(expected, rel=1e-14)
    coef_grads, intercept_grads = network.unpack(gradient)
    linear_coef_grad, linear_intercept_grad = linear.unpack(linear_gradient)
    np.testing.assert_allclose(coef_grads[0], linear_coef_grad.T, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(intercept_grads[0], linear_intercept_grad, rtol=1e-12, atol=1e-15)


def test_pack_and_unpack_are_inverse() -> None:
    network = objective()
    w = RANDOM.normal(size=network.n_params)
    coefs, intercepts = network.unpack(w)
    assert [coef.shape for coef in coefs] == [(4, 5), (5, 3), (3, 3)]
    assert [intercept.shape for intercept in intercepts] == [(5,), (3,), (3,)]
    assert all(np.shares_memory(part, w) for part in (*coefs, *intercepts))
    np.testing.assert_array_equal(network.pack(coefs, intercepts), w)
    flat = np.concatenate([part for coef, b in zip(coefs, intercepts, strict=True) for part in (coef.ravel(), b)])
    np.testing.assert_array_equal(flat, w)
    half = [coef.astype(np.float32) for coef in coefs], [b.astype(np.float32) for b in intercepts]
    assert network.pack(*half).dtype == np.float32
    assert network.unpack(np.zeros(network.n_params, int))[0][0].dtype == np.float64


def test_scores_are_those_of_the_layers() -> None:
    network = objective()
    w = RANDOM.normal(size=network.n_params)
    a = X
    coefs, intercepts = network.unpack(w)
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        a = np.tanh(a @ coef + intercept)
    expected = a @ coefs[-1] + intercepts[-1]
    np.testing.assert_allclose(network.decision_function(w), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(network.decision_function(w, [7, 7, 0]), network.decision_function(w)[[7, 7, 0]])
    binary = objective(BINARY, loss="log_loss")
    assert binary.decision_function(binary.initial()).shape == (60,)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("method", ["he", "glorot", None])
def test_starts(activation: str, method: str | None) -> None:
    network = objective(hidden_layer_sizes=(300, 200), activation=activation)
    coefs, intercepts = network.unpack(network.initial(3, method))
    assert not any(intercept.any() for intercept in intercepts)
    is_he = method == "he" or (method is None and activation not in ("identity", "tanh", "logistic"))
    for layer, (coef, (n_in, n_out)) in enumerate(zip(coefs, pairwise(network.sizes), strict=True)):
        bound = np.sqrt(6.0 / n_in) if is_he and layer < 2 else np.sqrt(6.0 / (n_in + n_out))
        assert np.abs(coef).max() < bound
        assert np.abs(coef).max() > 0.97 * bound
        # Of n uniform numbers the mean's deviation is bound / sqrt(3 n).
        assert abs(coef.mean()) < 5.0 * bound / np.sqrt(3.0 * coef.size)
    np.testing.assert_array_equal(network.initial(3, method), network.initial(3, method))
    assert (network.initial(3, method) != network.initial(4, method)).any()


def test_gradient_in_the_dtype_of_the_parameters_and_out() -> None:
    network = objective(alpha=0.1)
    w = network.initial()
    value, gradient = network.value_and_grad(w)
    assert network.value(w) == pytest.approx(value, rel=1e-14)
    assert network.grad(w.astype(np.float32)).dtype == np.float32
    out = np.empty_like(w)
    assert network.value_and_grad(w, out=out)[1] is out
    np.testing.assert_array_equal(out, gradient)
    with pytest.raises(ValueError, match="out must be a writeable array"):
        network.value_and_grad(w, out=out[1:])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_that_of_differences(activation: str) -> None:
    network = objective(activation=activation, alpha=0.1, sample_weight=RANDOM.uniform(0.0, 2.0, 60))
    found = fastgd.check_grad(network, network.initial(1) + 0.01)
    found.raise_if_wrong()
    assert found.tolerance.max() < 1e-6


def test_scipy_minimises_it() -> None:
    network = objective(NUMBERS, loss="squared_error")
    found = scipy.optimize.minimize(network.value_and_grad, network.initial(), jac=True, options={"maxiter": 50})
    assert found.fun < 0.1 * network.value(network.initial())


def test_rows_of_weight_0_are_as_absent() -> None:
    weight = np.where(np.arange(60) % 3 == 0, 0.0, 1.5)
    bad = X.copy()
    bad[weight == 0.0] = np.nan
    weighted = objective(data=bad, sample_weight=weight)
    rest = objective(CLASSES[weight > 0.0], X[weight > 0.0], n_classes=3)
    w = rest.initial()
    assert weighted.value(w) == pytest.approx(rest.value(w), rel=1e-14)
    np.testing.assert_allclose(weighted.grad(w), rest.grad(w), rtol=1e-12, atol=1e-15)
    present = np.flatnonzero(weight)
    np.testing.assert_array_equal(weighted.decision_function(w, present), rest.decision_function(w))


def test_sparse_rows_are_those_of_the_dense_ones() -> None:
    sparse = scipy.sparse.random_array((60, 40), density=0.2, rng=1, format="csr")
    dense = objective(data=sparse.toarray())
    w = dense.initial()
    value, gradient = objective(data=sparse).value_and_grad(w)
    assert value == pytest.approx(dense.value(w), rel=1e-14)
    np.testing.assert_allclose(gradient, dense.grad(w), rtol=1e-12, atol=1e-15)


def test_the_share_of_mistakes_is_a_value_without_gradient() -> None:
    network = objective(BINARY, loss="zero_one")
    w = network.initial()
    assert network.value(w) == np.mean((network.decision_function(w) > 0.0) != BINARY)
    with pytest.raises(ValueError, match="value_and_grad needs a gradient"):
        network.grad(w)
    with pytest.raises(ValueError, match="value_and_grad needs a gradient"):
        network.value_and_grad(w, dropout_step=0)
    with pytest.raises(ValueError, match="minimize needs a gradient"):
        fastgd.minimize(network)


def test_a_loss_of_ones_own() -> None:
    def squares(y: Any, raw: Any) -> Any:
        return 0.5 * ((raw - y) ** 2).sum(axis=1), raw - y

    own, named = objective(NUMBERS, loss=squares), objective(NUMBERS, loss="squared_error")
    w = named.initial()
    assert own.value(w) == pytest.approx(named.value(w), rel=1e-13)
    np.testing.assert_allclose(own.grad(w), named.grad(w), rtol=1e-12, atol=1e-15)


def test_dropout_leaves_values_and_scores_alone() -> None:
    plain, dropped = objective(), objective(dropout=0.5)
    w = plain.initial()
    assert dropped.value(w) == plain.value(w)
    np.testing.assert_array_equal(dropped.grad(w), plain.grad(w))
    np.testing.assert_array_equal(dropped.decision_function(w), plain.decision_function(w))
    first, other, seeded = (
        dropped.value_and_grad(w, dropout_step=step, init_seed=seed)[1] for step, seed in ((0, 0), (1, 0), (0, 1))
    )
    assert (first != plain.grad(w)).any()
    assert (first != other).any()
    assert (first != seeded).any()


def test_dropout_is_that_of_its_masks() -> None:
    network = objective(NUMBERS, loss="squared_error", dropout=0.3)
    rows = np.arange(10, 40)
    masks = network.dropout_masks(7, len(rows), init_seed=5)
    assert [mask.shape for mask in masks] == [(30, 5), (30, 3)]
    w = network.initial()
    coefs, intercepts = network.unpack(w)
    factor = 65536 / round(0.7 * 65536)
    a = X[rows]
    for coef, intercept, mask in zip(coefs[:-1], intercepts[:-1], masks, strict=True):
        a = np.tanh(a @ coef + intercept) * mask * factor
    raw = a @ coefs[-1] + intercepts[-1]
    expected = 0.5 * ((raw - NUMBERS[rows]) ** 2).sum() / len(rows)
    assert network.value_and_grad(w, rows, dropout_step=7, init_seed=5)[0] == pytest.approx(expected, rel=1e-13)


def test_masks_keep_their_share() -> None:
    masks = objective(hidden_layer_sizes=(50, 40), dropout=0.2).dropout_masks(0, 1000)
    for mask in masks:
        assert mask.dtype == bool
        # Of n independent units the share's deviation is sqrt(0.16 / n).
        assert abs(mask.mean() - 0.8) < 5.0 * np.sqrt(0.16 / mask.size)
    assert all(mask.all() for mask in objective().dropout_masks(0, 10))


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({"hidden_layer_sizes": 0}, ValueError, "hidden_layer_sizes must be an integer from 1 to 2147483647, got 0"),
        ({"hidden_layer_sizes": (5, 0)}, ValueError, r"hidden_layer_sizes\[1\] must be an integer from 1 .*, got 0"),
        ({"hidden_layer_sizes": (5, -3)}, ValueError, r"hidden_layer_sizes\[1\] must be .*, got -3"),
        ({"hidden_layer_sizes": (5, 2.0)}, TypeError, r"hidden_layer_sizes\[1\] must be an integer .*, got 2.0"),
        ({"hidden_layer_sizes": (True,)}, TypeError, r"hidden_layer_sizes\[0\] must be an integer .*, got True"),
        ({"hidden_layer_sizes": 2.5}, TypeError, "hidden_layer_sizes must be an integer >= 1 or a sequence of them"),
        ({"hidden_layer_sizes": "wide"}, TypeError, "hidden_layer_sizes must be an integer >= 1 or a sequence of them"),
        ({"hidden_layer_sizes": None}, TypeError, "hidden_layer_sizes must be an integer >= 1 or a sequence of them"),
        (
            {"hidden_layer_sizes": [2**31 - 1] * 2},
            ValueError,
            r"hidden_layer_sizes must make fewer than 2\*\*56 parameters",
        ),
        ({"activation": "sine"}, ValueError, f"activation must be one of {', '.join(ACTIVATIONS)}, got 'sine'"),
        ({"activation": np.tanh}, TypeError, "activation must be one of identity, relu"),
        ({"dropout": 1.0}, ValueError, "dropout must be a number >= 0 and < 1, got 1.0"),
        ({"dropout": -0.1}, ValueError, "dropout must be a number >= 0 and < 1, got -0.1"),
        ({"dropout": np.nan}, ValueError, "dropout must be a number >= 0 and < 1, got nan"),
        ({"dropout": "half"}, TypeError, "dropout must be a number >= 0 and < 1, got 'half'"),
        ({"alpha": -1.0}, ValueError, "alpha must be a finite number >= 0, got -1.0"),
        ({"loss": "cubes"}, ValueError, "loss must be one of squared_error"),
        ({"loss_params": {"epsilon": 1.0}}, ValueError, "loss_params must name parameters of loss 'multinomial'"),
        ({"y": NUMBERS}, ValueError, "y must have shape"),
        ({"y": CLASSES[:5]}, ValueError, "y must have as many rows as X, 60"),
        ({"data": X[:, 0]}, ValueError, "X must"),
        ({"sample_weight": np.zeros(60)}, ValueError, "sample_weight must be > 0 for at least one row"),
    ],
)
def test_bad_arguments(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        objective(**given)


def test_bad_parameters() -> None:
    network = objective()
    w = network.initial()
    coefs, intercepts = network.unpack(w)
    with pytest.raises(ValueError, match=r"w must have shape \(55,\), for \(4, 5\) and \(5,\) and .*, got .*54"):
        network.value(w[1:])
    with pytest.raises(ValueError, match=r"w must be finite, got nan at w\[3\]"):
        network.value(np.where(np.arange(len(w)) == 3, np.nan, w))
    with pytest.raises(ValueError, match="w must be small enough for the hidden units and raw scores to stay within"):
        network.value(w * 1e308)
    with pytest.raises(ValueError, match="coefs must be a list of 3 arrays, one a layer"):
        network.pack(coefs[:2], intercepts)
    with pytest.raises(ValueError, match=r"coefs\[1\] must have shape \(5, 3\), got shape \(3, 5\)"):
        network.pack([coefs[0], coefs[1].T, coefs[2]], intercepts)
    with pytest.raises(ValueError, match=r"intercepts\[2\] must have shape \(3,\), got shape \(2,\)"):
        network.pack(coefs, [*intercepts[:2], intercepts[2][1:]])
    with pytest.raises(ValueError, match="method must be one of 'he', 'glorot' or None, got 'zeros'"):
        network.initial(0, "zeros")
    with pytest.raises(TypeError, match="seed must be an integer from 0"):
        network.initial(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="dropout_step must be an integer from 0"):
        network.value_and_grad(w, dropout_step=-1)
    with pytest.raises(ValueError, match="init_seed must be an integer from 0"):
        network.value_and_grad(w, init_seed=-1)


def test_what_is_not_finite_is_named() -> None:
    bad = X.copy()
    bad[17, 2] = np.inf
    network = objective(data=bad)
    w = network.initial()
    for call in (network.value, network.grad, network.decision_function):
        with pytest.raises(ValueError, match="X must be finite, got inf in row 17, column 2"):
            call(w)
    with pytest.raises(ValueError, match="X must be finite, got inf in row 17, column 2"):
        fastgd.minimize(network, optimizer=SGD(0.1), batch_size=10, max_epochs=2)


def assert_same_bits(one: fastgd.Result, other: fastgd.Result) -> None:
    np.testing.assert_array_equal(one.x, other.x)
    assert one.fun == other.fun
    np.testing.assert_array_equal(one.history.loss, other.history.loss)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_sweep_has_the_bits_of_its_runs_alone(dropout: float) -> None:
    network = objective(dropout=dropout)
    options: dict[str, Any] = {"optimizer": Adam(0.01), "batch_size": 16, "max_epochs": 4, "tol": None}
    found = fastgd.sweep(network, grid={"init_seed": [0, 5], "lr": [0.01, 0.1], "alpha": [0.0, 0.1]}, **options)
    assert found.x.shape == (8, network.n_params)
    for setting, result in zip(found._settings, found.results, strict=True):
        alone = objective(dropout=dropout, alpha=setting["alpha"])
        own = {**options, "optimizer": Adam(setting["lr"])}
        assert_same_bits(result, fastgd.minimize(alone, init_seed=setting["init_seed"], **own))
        np.testing.assert_array_equal(result.jac, alone.grad(result.x))


def test_seeds_of_dropout_vary_from_one_start() -> None:
    options: dict[str, Any] = {"optimizer": Adam(0.01), "batch_size": 16, "max_epochs": 2}
    network = objective(dropout=0.3)
    w0 = network.initial(1)
    found = fastgd.sweep(network, w0, grid={"init_seed": [0, 1]}, **options)
    assert (found.x[0] != found.x[1]).any()
    assert_same_bits(found.results[1], fastgd.minimize(network, w0, init_seed=1, **options))
    with pytest.raises(ValueError, match="'init_seed' where 'w0' gives the start"):
        fastgd.sweep(objective(), w0, grid={"init_seed": [0, 1]}, **options)


def test_folds_are_held_out() -> None:
    network = objective(alpha=0.01)
    options: dict[str, Any] = {"optimizer": Adam(0.05), "batch_size": 16, "max_epochs": 3, "tol": None}
    found = fastgd.sweep(network, grid={"alpha": [0.01]}, cv=3, **options)
    folds = fastgd._folds.make_folds(network, 3, 0)
    for fold, result in enumerate(found.results):
        seen = objective(alpha=0.01, sample_weight=np.where(folds == fold, 0.0, 1.0))
        assert_same_bits(result, fastgd.minimize(seen, **options))
        out = objective(sample_weight=np.where(folds == fold, 1.0, 0.0))
        assert found.table["held_out"][fold] == pytest.approx(out.value(result.x), rel=1e-12)


def test_the_l1_norm_leaves_exact_zeros() -> None:
    network = objective()
    options: dict[str, Any] = {"optimizer": SGD(0.1), "batch_size": 10, "max_epochs": 30, "tol": None}
    found = fastgd.sweep(network, grid={"alpha": [0.05], "l1_ratio": [0.0, 1.0]}, **options)
    smooth, sparse = ([np.count_nonzero(coef == 0.0) for coef in network.unpack(x)[0]] for x in found.x)
    assert sum(smooth) == 0
    assert sum(sparse) > 10
    assert not np.any([(b == 0.0).any() for b in network.unpack(found.x[1])[1]])
    coefs, intercepts = network.unpack(found.x[1])
    slopes = network.pack([0.05 * np.sign(coef) for coef in coefs], [np.zeros_like(b) for b in intercepts])
    np.testing.assert_allclose(found.results[1].jac, network.grad(found.x[1]) + slopes, rtol=1e-12, atol=1e-15)


def test_auto_is_a_range_test() -> None:
    network = objective()
    for batch_size in ("full", 16):
        result = fastgd.minimize(network, batch_size=batch_size, max_epochs=3)
        test = fastgd.find_lr(network, batch_size=batch_size)
        assert result.lr == test.best
        assert result.lr_reason == test.reason
        assert "the smallest of 22 rates" in result.lr_reason


@pytest.mark.parametrize(
    "given, options, message",
    [
        ({}, {"optimizer": SAGA(0.1), "batch_size": 1}, "optimizer must be another than SAGA for MLPObjective"),
        ({}, {"optimizer": SVRG(0.1), "batch_size": 1}, "optimizer must be another than SVRG for MLPObjective"),
        ({}, {"gap_tol": 1e-3}, "gap_tol must be None but for a LinearObjective"),
        ({}, {"lazy": True, "batch_size": 2}, "lazy must be False but for a LinearObjective"),
        ({"dropout": 0.2}, {"optimizer": LBFGS()}, "dropout must be 0 with LBFGS, which compares its steps, got 0.2"),
        ({"dropout": 0.2}, {"optimizer": BarzilaiBorwein()}, "dropout must be 0 with BarzilaiBorwein"),
        ({"dropout": 0.2}, {"gtol": 1e-3, "optimizer": SGD(0.1)}, "gtol must be None with dropout"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fastgd.minimize(objective(**given), max_epochs=1, **options)


def test_lbfgs_takes_no_l1_norm() -> None:
    with pytest.raises(ValueError, match="l1_ratio must be 0 with LBFGS for a network"):
        fastgd.sweep(objective(), grid={"alpha": [0.1], "l1_ratio": [0.5]}, optimizer=LBFGS())
    result = fastgd.minimize(objective(alpha=1e-3), optimizer=LBFGS(), max_epochs=2000, gtol=1e-6, tol=None)
    assert result.status == "converged"
    assert result.grad_norm <= 1e-6


def test_what_a_pass_shares_is_not_a_key_of_the_grid() -> None:
    for key in ("hidden_layer_sizes", "activation", "dropout"):
        with pytest.raises(ValueError, match=f"grid must not vary '{key}': the objective is one"):
            fastgd.sweep(objective(), grid={key: [1]})


def test_divergence_names_the_largest_feature() -> None:
    wild = X * np.array([1.0, 1.0, 1e6, 1.0])
    network = objective(NUMBERS, wild, loss="squared_error", activation="relu")
    with np.errstate(all="ignore"):
        result = fastgd.minimize(network, optimizer=SGD(1e12), max_epochs=20, tol=None)
    assert result.status == "diverged"
    assert "feature 2 has standard deviation" in result.message
    assert "try a smaller one, or features of one scale" in result.message
