"""The NumPy twin's losses and penalties are held to values by hand, differences, closed forms and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import _loss as sklearn_loss
from sklearn.metrics import hinge_loss, zero_one_loss

from fastgd import reference
from fastgd.reference import KINDS, LOSSES, penalties

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
UNITS = np.eye(4)

# Name, parameters, and the kinks of the loss: values of raw - y, or of y * raw for binary losses.
ELEMENTWISE: list[tuple[str, dict[str, float], tuple[float, ...]]] = [
    ("squared_error", {}, ()),
    ("absolute_error", {}, (0.0,)),
    ("huber", {}, (-0.1, 0.1)),
    ("huber", {"epsilon": 1.35}, (-1.35, 1.35)),
    ("epsilon_insensitive", {}, (-0.1, 0.1)),
    ("epsilon_insensitive", {"epsilon": 0.7}, (-0.7, 0.7)),
    ("squared_epsilon_insensitive", {}, (-0.1, 0.1)),
    ("squared_epsilon_insensitive", {"epsilon": 0.7}, (-0.7, 0.7)),
    ("quantile", {}, (0.0,)),
    ("quantile", {"quantile": 0.9}, (0.0,)),
    ("log_cosh", {}, ()),
    ("poisson", {}, ()),
    ("gamma", {}, ()),
    ("tweedie", {}, ()),
    *(("tweedie", {"power": power}, ()) for power in (-1.0, 0.0, 1.0, 1.2, 1.9, 2.0, 3.0)),
    ("log_loss", {}, ()),
    ("hinge", {}, (1.0,)),
    ("squared_hinge", {}, (1.0,)),
    ("modified_huber", {}, (-1.0, 1.0)),
    ("perceptron", {}, (0.0,)),
    ("exponential", {}, ()),
]
MULTICLASS = [name for name, kind in KINDS.items() if kind == "multiclass"]
BINARY = [name for name, kind in KINDS.items() if kind == "binary"]


def targets(name: str, n: int, rng: np.random.Generator) -> Array:
    """Targets in the loss's domain."""
    if KINDS[name] == "binary":
        return rng.choice([-1.0, 1.0], n)
    return rng.uniform(0.1, 3.0, n)


def away_from_kinks(name: str, kinks: tuple[float, ...], y: Array, raw: Array, gap: float) -> NDArray[np.bool_]:
    at = y * raw if KINDS[name] == "binary" else raw - y
    return np.all([np.abs(at - kink) > gap for kink in kinks], axis=0) if kinks else np.full(len(y), True)


def difference(function: Callable[[float], Any], h: float = 1e-3) -> Any:
    """Derivative at 0 by central differences of fourth order."""
    return (8.0 * (function(h) - function(-h)) - (function(2.0 * h) - function(-2.0 * h))) / (12.0 * h)


def difference_error(values: Array, h: float = 1e-3) -> Array:
    """Bound of its error: a few roundings over h, and h^4 of a fifth derivative of at most 32 times the values."""
    return (16.0 * EPS / h + 32.0 * h**4) * (1.0 + np.abs(values))


def test_every_loss_has_a_case() -> None:
    assert {name for name, _, _ in ELEMENTWISE} | set(MULTICLASS) == set(LOSSES) == set(KINDS)
    assert not set(reference.METRICS) & set(LOSSES)


@pytest.mark.parametrize(("name", "params", "kinks"), ELEMENTWISE)
def test_derivative_of_elementwise_losses(name: str, params: dict[str, float], kinks: tuple[float, ...]) -> None:
    rng = np.random.default_rng(1)
    y, raw = targets(name, 400, rng), rng.uniform(-2.0, 2.0, 400)
    keep = away_from_kinks(name, kinks, y, raw, gap=3e-3)
    y, raw = y[keep], raw[keep]
    assert len(y) > 350
    loss, dloss = LOSSES[name](y, raw, **params)
    numerical = difference(lambda t: LOSSES[name](y, raw + t, **params)[0])
    assert np.all(np.abs(numerical - dloss) <= difference_error(np.abs(loss) + np.abs(dloss)))


@pytest.mark.parametrize("name", [*MULTICLASS, *BINARY])
def test_derivative_of_multiclass_losses(name: str) -> None:
    rng = np.random.default_rng(2)
    function = LOSSES[name] if name in MULTICLASS else reference.one_vs_rest(LOSSES[name])
    # Differences of scores, and scores themselves, at least 0.05 from every kink at whole numbers.
    raw = rng.permuted(np.array([-1.4, -0.3, 0.55, 1.8]) * np.ones((40, 1)), axis=1)
    y = rng.integers(0, 4, 40)
    loss, dloss = function(y, raw)
    assert loss.shape == (40,)
    assert dloss.shape == raw.shape
    for k in range(4):

        def along(t: float, unit: Array = UNITS[k]) -> Array:
            return function(y, raw + t * unit)[0]

        assert np.all(np.abs(difference(along) - dloss[:, k]) <= difference_error(loss + np.abs(dloss[:, k])))


@pytest.mark.parametrize("loss", BINARY)
def test_labels_with_a_column_each_are_problems_of_their_own(loss: str) -> None:
    rng = np.random.default_rng(0)
    X, Y, coef = rng.normal(size=(9, 3)), rng.integers(0, 2, (9, 2)), rng.normal(size=(2, 3))
    about: dict[str, Any] = {"loss": loss, "alpha": 0.25, "fit_intercept": False}
    both, *alone = (reference.LinearObjective(X, y, **about) for y in (Y, *Y.T))
    v = rng.normal(size=(2, 3))
    for whole, parts in (
        (both.value_and_grad(both.pack(coef)), [one.value_and_grad(coef[k]) for k, one in enumerate(alone)]),
        ((0.0, both.hvp(coef.ravel(), v.ravel())), [(0.0, one.hvp(coef[k], v[k])) for k, one in enumerate(alone)]),
    ):
        assert whole[0] == pytest.approx(sum(value for value, _ in parts), rel=16 * EPS)
        np.testing.assert_allclose(whole[1], np.concatenate([slope for _, slope in parts]), rtol=16 * EPS, atol=EPS)
    # One class against the rest is such a problem, whose labels are of one row each.
    classes = rng.integers(0, 3, 9)
    indices, columns = (reference.LinearObjective(X, y, **about) for y in (classes, np.eye(3)[classes]))
    w = rng.normal(size=9)
    assert indices.value(w) == columns.value(w)
    np.testing.assert_array_equal(indices.hvp(w, w), columns.hvp(w, w))
    if loss == "log_loss":
        assert indices.duality_gap(w) == columns.duality_gap(w)


CONVEX = [case for case in ELEMENTWISE if case[0] != "tweedie" or 1.0 <= case[1].get("power", 1.5) <= 2.0]


@pytest.mark.parametrize(("name", "params", "kinks"), CONVEX)
def test_convex_losses_lie_above_their_tangents(name: str, params: dict[str, float], kinks: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    y = targets(name, 500, rng)
    # The kinks are among the points: there the derivative has to be a subgradient.
    a = rng.choice([*kinks, *rng.uniform(-4.0, 4.0, 20)], 500)
    a = a * y if KINDS[name] == "binary" else a + y
    b = rng.uniform(-4.0, 4.0, 500)
    (at_a, slope), (at_b, _) = LOSSES[name](y, a, **params), LOSSES[name](y, b, **params)
    tangent = at_a + slope * (b - a)
    assert np.all(at_b >= tangent - 8.0 * EPS * (1.0 + np.abs(at_a) + np.abs(slope * (b - a)) + np.abs(at_b)))


@pytest.mark.parametrize("name", MULTICLASS)
def test_convex_multiclass_losses_lie_above_their_tangents(name: str) -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 500)
    a, b = (
        rng.integers(-2, 3, (500, 3)).astype(float),
        rng.normal(0.0, 2.0, (500, 3)),
    )  # whole numbers hit ties and kinks
    (at_a, slope), (at_b, _) = LOSSES[name](y, a), LOSSES[name](y, b)
    assert np.all(at_b >= at_a + np.sum(slope * (b - a), axis=1) - 64.0 * EPS * (1.0 + at_a + at_b))


# scikit-learn's own losses, up to the additive constants that it keeps; its factor of 2 is in the quantile loss.
SKLEARN: list[tuple[str, dict[str, float], Any]] = [
    ("squared_error", {}, sklearn_loss.HalfSquaredError()),
    ("absolute_error", {}, sklearn_loss.AbsoluteError()),
    ("quantile", {"quantile": 0.8}, sklearn_loss.PinballLoss(quantile=0.8)),
    ("huber", {"epsilon": 0.6}, sklearn_loss.HuberLoss(delta=0.6)),
    ("poisson", {}, sklearn_loss.HalfPoissonLoss()),
    ("gamma", {}, sklearn_loss.HalfGammaLoss()),
    ("tweedie", {"power": -0.5}, sklearn_loss.HalfTweedieLoss(power=-0.5)),
    ("tweedie", {"power": 1.3}, sklearn_loss.HalfTweedieLoss(power=1.3)),
    ("tweedie", {"power": 2.7}, sklearn_loss.HalfTweedieLoss(power=2.7)),
    ("log_loss", {}, sklearn_loss.HalfBinomialLoss()),
]


@pytest.mark.parametrize(("name", "params", "peer"), SKLEARN)
def test_elementwise_losses_against_scikit_learn(name: str, params: dict[str, float], peer: Any) -> None:
    rng = np.random.default_rng(5)
    y, raw = targets(name, 300, rng), rng.uniform(-3.0, 3.0, 300)
    theirs, their_derivative = peer.loss_gradient(np.where(y > 0.0, y, 0.0), raw)
    loss, dloss = LOSSES[name](y, raw, **params)
    np.testing.assert_allclose(loss, theirs, rtol=64 * EPS, atol=64 * EPS)
    np.testing.assert_allclose(dloss, their_derivative, rtol=64 * EPS, atol=64 * EPS)


def test_multiclass_losses_against_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    y, raw = rng.integers(0, 5, 200), rng.normal(0.0, 2.0, (200, 5))
    theirs, their_derivative = sklearn_loss.HalfMultinomialLoss(n_classes=5).loss_gradient(y.astype(float), raw)
    loss, dloss = reference.losses.multinomial(y, raw)
    np.testing.assert_allclose(loss, theirs, rtol=64 * EPS, atol=64 * EPS)
    np.testing.assert_allclose(dloss, their_derivative, atol=64 * EPS)
    assert np.mean(reference.losses.crammer_singer(y, raw)[0]) == pytest.approx(hinge_loss(y, raw, labels=range(5)))
    assert np.mean(reference.zero_one(y, raw)) == pytest.approx(zero_one_loss(y, raw.argmax(axis=1)))


# Loss, parameters, y, raw, and by hand: value and derivative; at the kinks above all.
BY_HAND: list[tuple[str, dict[str, float], float, float, float, float]] = [
    ("squared_error", {}, 1.0, 4.0, 4.5, 3.0),
    ("absolute_error", {}, 2.0, 2.0, 0.0, 0.0),
    ("huber", {"epsilon": 0.5}, 1.0, 1.5, 0.125, 0.5),
    ("huber", {"epsilon": 0.5}, 1.0, -1.0, 0.875, -0.5),
    ("epsilon_insensitive", {"epsilon": 0.5}, 1.0, 1.5, 0.0, 0.0),
    ("epsilon_insensitive", {"epsilon": 0.5}, 1.0, -1.0, 1.5, -1.0),
    ("squared_epsilon_insensitive", {"epsilon": 0.5}, 1.0, -1.0, 2.25, -3.0),
    ("quantile", {"quantile": 0.75}, 1.0, 3.0, 0.5, 0.25),
    ("quantile", {"quantile": 0.75}, 1.0, -1.0, 1.5, -0.75),
    ("quantile", {"quantile": 0.75}, 1.0, 1.0, 0.0, 0.0),
    ("log_cosh", {}, 1.0, 1.0, 0.0, 0.0),
    ("poisson", {}, 2.0, 0.0, 1.0, -1.0),
    ("gamma", {}, 3.0, 0.0, 3.0, -2.0),
    ("tweedie", {}, 3.0, 0.0, 8.0, -2.0),
    ("tweedie", {"power": 0.0}, 3.0, 0.0, -2.5, -2.0),
    ("tweedie", {"power": 1.5}, 0.0, 0.0, 2.0, 1.0),
    ("log_loss", {}, -1.0, 0.0, math.log(2.0), 0.5),
    ("hinge", {}, -1.0, -1.0, 0.0, 1.0),
    ("hinge", {}, 1.0, -2.0, 3.0, -1.0),
    ("hinge", {}, 1.0, 1.5, 0.0, 0.0),
    ("squared_hinge", {}, -1.0, 0.5, 2.25, 3.0),
    ("squared_hinge", {}, 1.0, 2.0, 0.0, 0.0),
    ("modified_huber", {}, 1.0, 2.0, 0.0, 0.0),
    ("modified_huber", {}, 1.0, 0.0, 1.0, -2.0),
    ("modified_huber", {}, 1.0, -1.0, 4.0, -4.0),
    ("modified_huber", {}, -1.0, 3.0, 12.0, 4.0),
    ("perceptron", {}, 1.0, 0.0, 0.0, -1.0),
    ("perceptron", {}, -1.0, 2.0, 2.0, 1.0),
    ("perceptron", {}, -1.0, -2.0, 0.0, 0.0),
    ("exponential", {}, -1.0, 0.0, 1.0, 1.0),
]


@pytest.mark.parametrize(("name", "params", "y", "raw", "loss", "dloss"), BY_HAND)
def test_losses_by_hand(name: str, params: dict[str, float], y: float, raw: float, loss: float, dloss: float) -> None:
    value, derivative = LOSSES[name](np.array([y], np.float32), np.array([raw], np.float32), **params)
    assert value.dtype == derivative.dtype == np.float64
    assert (value[0], derivative[0]) == pytest.approx((loss, dloss), rel=4 * EPS, abs=0.0)


def test_multiclass_losses_by_hand() -> None:
    y, raw = np.array([0, 2]), np.array([[1.0, 1.0, 0.0], [0.5, 0.5, 3.0]])
    loss, dloss = reference.losses.multiclass_hinge(y, raw)
    assert loss.tolist() == [1.0, 0.0]
    assert dloss.tolist() == [[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], "a margin of exactly 1 is not active"
    loss, dloss = reference.losses.crammer_singer(np.array([2, 0]), np.array([[1.0, 1.0, 0.5], [1.0, 0.0, -1.0]]))
    assert loss.tolist() == [1.5, 0.0]
    assert dloss.tolist() == [[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]], "the first of equal rivals counts"
    assert reference.zero_one([1.0, -1.0, 1.0], [0.0, -2.0, 3.0]).tolist() == [1.0, 0.0, 0.0]
    assert reference.zero_one([0, 1], [[2.0, 2.0], [2.0, 2.0]]).tolist() == [0.0, 1.0], (
        "the first of equal scores decides"
    )


@pytest.mark.parametrize(("name", "params", "kinks"), ELEMENTWISE)
@pytest.mark.parametrize("far", [-1e4, 1e4])
def test_losses_are_never_nan_and_finite_where_float64_can_hold_them(
    name: str, params: dict[str, float], kinks: tuple[float, ...], far: float
) -> None:
    y = np.array([-1.0, 1.0] if KINDS[name] == "binary" else [0.5, 2.0])
    loss, dloss = LOSSES[name](y, np.array([far, far]), **params)
    exponents = {"poisson": [1.0], "gamma": [-1.0], "exponential": [1.0]}.get(name)
    if name == "tweedie":
        power = params.get("power", 1.5)
        exponents = [1.0] if power == 1.0 else [-1.0] if power == 2.0 else [1.0 - power, 2.0 - power]
    for i in range(2):
        sign = -y[i] if name == "exponential" else 1.0
        representable = exponents is None or all(e * sign * far <= 709.0 for e in exponents)
        assert not np.isnan(loss[i])
        assert not np.isnan(dloss[i])
        assert np.isfinite(loss[i]) == representable
        assert np.isfinite(dloss[i]) == representable


def test_far_scores_by_hand() -> None:
    assert [v.item() for v in LOSSES["log_loss"](1.0, -1e4)] == [1e4, -1.0]
    assert [v.item() for v in LOSSES["log_loss"](1.0, 1e4)] == [0.0, 0.0]
    assert LOSSES["log_loss"](1.0, 700.0)[0] == pytest.approx(math.exp(-700.0), rel=4 * EPS, abs=0.0)
    assert -LOSSES["log_loss"](1.0, 700.0)[1] == pytest.approx(math.exp(-700.0), rel=4 * EPS, abs=0.0)
    assert LOSSES["log_cosh"](0.0, -1e4)[0] == pytest.approx(1e4 - math.log(2.0), rel=EPS)
    assert LOSSES["log_cosh"](0.0, 1e-7)[0] == pytest.approx(0.5e-14, rel=1e-14, abs=0.0), "nothing cancels near 0"
    assert [v.item() for v in LOSSES["tweedie"](0.0, -1e4)] == [0.0, 0.0]
    assert [v.item() for v in LOSSES["tweedie"](2.0, 1e4, power=-1.0)] == [np.inf, np.inf]
    assert [v.item() for v in LOSSES["tweedie"](2.0, -1e4, power=3.0)] == [np.inf, -np.inf]
    loss, dloss = LOSSES["multinomial"]([1, 0], [[1e4, -1e4, 0.0], [50.0, 0.0, -1e4]])
    assert loss.tolist() == pytest.approx([2e4, math.exp(-50.0)], rel=4 * EPS, abs=0.0)
    assert dloss[0].tolist() == [1.0, -1.0, 0.0]
    for name in MULTICLASS:
        assert all(np.all(np.isfinite(v)) for v in LOSSES[name]([0, 1], [[1e4, -1e4], [1e4, -1e4]]))
    with pytest.raises(ValueError, match="power"):
        LOSSES["tweedie"](1.0, 0.0, power=0.5)


@given(w=st.floats(-5, 5), t=st.floats(0, 3), alpha=st.floats(0, 3), l1_ratio=st.floats(0, 1), v=st.floats(-6, 6))
def test_proximal_steps_minimise_their_problem(w: float, t: float, alpha: float, l1_ratio: float, v: float) -> None:
    pairs: list[tuple[Any, Any]] = [
        (penalties.prox_l1, penalties.l1),
        (penalties.prox_l2, penalties.l2),
        (
            lambda w, t: penalties.prox_elastic_net(w, t, alpha=alpha, l1_ratio=l1_ratio),
            lambda w: penalties.elastic_net(w, alpha=alpha, l1_ratio=l1_ratio),
        ),
    ]
    for prox, penalty in pairs:

        def problem(u: float, penalty: Any = penalty) -> float:
            return 0.5 * (u - w) ** 2 + t * float(penalty([u])[0])

        # The problem is 1-strongly convex, so only its minimum lies below every other point by that much.
        best = float(prox([w], t)[0])
        assert problem(v) >= problem(best) + 0.5 * (v - best) ** 2 - 64 * EPS * (1.0 + problem(v))
    assert penalties.prox_l1([-2.0, 0.5, 3.0], 1.0).tolist() == [-1.0, 0.0, 2.0]
    value, gradient = penalties.elastic_net([3.0, -4.0, 0.0], alpha=2.0, l1_ratio=0.25)
    assert value == 2.0 * (0.75 * 12.5 + 0.25 * 7.0)
    assert gradient.tolist() == [5.0, -6.5, 0.0]
