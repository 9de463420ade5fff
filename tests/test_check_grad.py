"""Checks of gradients: right ones pass, a planted error is found and named, kinks are told from errors."""

from __future__ import annotations

from typing import Any

import _real_data
import numpy as np
import pytest
from conftest import Data

import fastgd
from fastgd import check_grad
from fastgd.reference import LOSSES, MLPObjective

# A planted error is this share of the gradient's norm: above the tolerances of values with 16 and with 7 digits.
SHARES = {"float64": 1e-6, "float32": 1e-2}


def planted(objective: Any, j: int, size: float) -> Any:
    def grad(w: Any) -> Any:
        gradient = objective.grad(w).astype(np.float64)
        gradient[j] += size
        return gradient

    return grad


@pytest.mark.parametrize("dtype", SHARES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(data: Data, loss: str, dtype: str) -> None:
    objective = data.objective(loss, X=data.X.astype(dtype), alpha=0.1, l1_ratio=0.3, sample_weight=data.weight)
    # Not so close to a kink that 7 digits would not tell it from one.
    point = np.linspace(-0.4, 0.5, objective.n_params)
    found = check_grad(objective, point)
    found.raise_if_wrong()
    assert found
    assert len(found.coordinates) == objective.n_params
    size = SHARES[dtype] * float(np.linalg.norm(found.analytic))
    for j in range(objective.n_params):
        # The precision that makes it a check: an error of this size would be seen anywhere.
        assert found.tolerance[j] < size or found.at_kink[j]
        wrong = check_grad(objective, point, grad=planted(objective, j, size))
        assert not wrong
        assert wrong.coordinate == j
        assert np.flatnonzero(wrong.wrong).tolist() == [j]
        # The numeric gradient is as near the true one as the tolerance says, on each side of the planted error.
        assert abs(wrong.max_error - size) <= found.tolerance[j] + wrong.tolerance[j]


@pytest.mark.parametrize("seed", range(20))
def test_unscaled_features(seed: int) -> None:
    """Bytes as features: the steps that suit scaled ones would be far too long."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, size=(40, 6)).astype(np.float64) * [1.0, 100.0, 1e-3, 1.0, 0.0, 1.0]
    objective = fastgd.LinearObjective(X, rng.integers(0, 3, 40), loss="multinomial", alpha=0.01)
    found = check_grad(objective, random_state=seed)
    found.raise_if_wrong()
    assert (found.tolerance < 1e-5 * np.linalg.norm(found.analytic)).all()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "gelu", "identity"])
def test_networks(data: Data, activation: str) -> None:
    objective = fastgd.MLPObjective(data.X, data.classes, hidden_layer_sizes=(5, 3), activation=activation, alpha=0.1)
    found = check_grad(objective)
    found.raise_if_wrong()
    for j in (0, 19, 24, 25, 39, 42, 43, 51, 54):
        wrong = check_grad(objective, grad=planted(objective, j, 1e-6))
        assert (wrong.ok, wrong.coordinate) == (False, j)
        coefs, intercepts = objective.unpack(np.arange(objective.n_params))
        assert eval(wrong.place, {"coefs": coefs, "intercepts": intercepts}) == j


def test_places_of_linear_models(data: Data) -> None:
    objective = data.objective("multinomial")
    found = check_grad(objective)
    coef, intercept = objective.unpack(np.arange(objective.n_params))
    for j, place in enumerate(found.places):
        assert eval(place, {"coef": coef, "intercept": intercept}) == j
    assert found.places[9] == "coef[2, 1]"
    assert found.places[14] == "intercept[2]"


def test_real_data() -> None:
    data = _real_data.load("fashion_mnist")
    X, y = data["X_train"][:300].astype(np.float64), data["y_train"][:300].astype(int)
    objective = fastgd.LinearObjective(X, y, loss="multinomial", alpha=1e-3)
    found = check_grad(objective, coordinates=40)
    found.raise_if_wrong()
    assert len(found.coordinates) == 40
    wrong = check_grad(objective, grad=planted(objective, 321, 0.1), coordinates=40)
    assert (wrong.ok, wrong.coordinate, wrong.place) == (False, 321, objective._place(321))


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("n_components", [1, 3])
def test_densities(data: Data, n_components: int, covariance_type: str, standardize: bool) -> None:
    options: dict[str, Any] = {"covariance_type": covariance_type, "standardize": standardize}
    if n_components == 1:
        objective: Any = fastgd.GaussianObjective(data.X, **options)
    else:
        objective = fastgd.GaussianMixtureObjective(data.X, n_components, **options)
    found = check_grad(objective)
    found.raise_if_wrong()
    assert fastgd.taylor_test(objective)
    logits = [f"logits[{k}]" for k in range(n_components)] if n_components > 1 else []
    means = [f"means[{k}, {j}]" for k in range(n_components) for j in range(4)]
    # The diagonals are logarithms, and a full triangle is stored column by column.
    factors = [
        f"{'log ' if diagonal else ''}precisions_cholesky[{', '.join(map(str, at))}]"
        for k in range(n_components)
        for at, diagonal in (
            [((k, j), True) for j in range(4)]
            if covariance_type == "diag"
            else [((k, i, j), i == j) for j in range(4) for i in range(j + 1)]
        )
    ]
    assert found.places == logits + means + factors
    wrong = check_grad(objective, grad=planted(objective, objective.n_params - 1, 1e-5))
    assert (wrong.ok, wrong.place) == (False, factors[-1])


def test_an_error_outside_the_chosen_coordinates_is_found() -> None:
    rng = np.random.default_rng(0)
    objective = fastgd.LinearObjective(
        rng.normal(size=(50, 3000)), rng.normal(size=50), loss="squared_error", alpha=0.1
    )
    found = check_grad(objective, coordinates=[5, 7])
    assert found
    assert found.coordinates.tolist() == [5, 7]
    assert "along a random direction through the others" in repr(found)
    for j in (0, 1234, 3000):
        wrong = check_grad(objective, grad=planted(objective, j, 1e-4), coordinates=[5, 7])
        assert (wrong.ok, wrong.coordinate) == (False, j)
        assert wrong.coordinates.tolist() == sorted({5, 7, j})
    # Of more than 500 parameters 500 are checked one by one.
    assert len(check_grad(objective).coordinates) == 500


def test_errors_that_are_small_everywhere_are_seen_along_a_direction() -> None:
    w = np.linspace(-1.0, 1.0, 1001)
    tolerance = check_grad(lambda w: np.cos(w).sum(), w, grad=lambda w: -np.sin(w), coordinates=3).tolerance.min()
    # Along the signs of the direction they add up, to 30 times the size of one.
    signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, 1001) * 2.0 - 1.0
    wrong = check_grad(lambda w: np.cos(w).sum(), w, grad=lambda w: -np.sin(w) + 0.5 * tolerance * signs, coordinates=3)
    assert not wrong.ok
    assert not wrong.wrong.any()
    assert repr(wrong).startswith(
        "gradient wrong along a random direction, in no coordinate by more than its tolerance"
    )


def test_a_wrong_sign_and_a_wrong_scale_are_found(data: Data) -> None:
    objective = data.objective("huber", alpha=0.1)
    for grad in (lambda w: -objective.grad(w), lambda w: 1.0001 * objective.grad(w), np.zeros_like):
        found = check_grad(objective, grad=grad)
        assert not found
        assert found.wrong.sum() >= 4


def test_a_forgotten_penalty_is_found_at_the_default_point(data: Data) -> None:
    without, objective = data.objective("log_loss"), data.objective("log_loss", alpha=0.1)
    assert not check_grad(objective, grad=without.grad)
    # Where descent begins it cannot be seen.
    assert check_grad(objective, np.zeros(5), grad=without.grad)


@pytest.mark.parametrize("slope", [-1.0, -0.3, 0.0, 1.0])
def test_a_subgradient_is_right_on_a_kink(slope: float) -> None:
    w = np.array([0.0, 2.0, -0.5])

    def grad(w: Any) -> Any:
        return np.where(w == 0.0, slope, np.sign(w))

    found = check_grad(lambda w: np.abs(w).sum(), w, grad=grad)
    assert found
    assert found.at_kink.tolist() == [True, False, False]
    np.testing.assert_allclose([found.left[0], found.right[0]], [-1.0, 1.0], rtol=1e-9)
    assert "kink, from -1 to 1" in repr(found)


@pytest.mark.parametrize("slope", [-1.0001, 1.0001, 3.0])
def test_what_is_no_subgradient_is_wrong_on_a_kink(slope: float) -> None:
    found = check_grad(lambda w: np.abs(w).sum(), np.array([2.0, 0.0]), grad=lambda w: np.where(w == 0.0, slope, 1.0))
    assert (found.ok, found.coordinate) == (False, 1)
    assert abs(found.max_error - (abs(slope) - 1.0)) <= found.tolerance[found.coordinates.tolist().index(1)]


@pytest.mark.parametrize("distance", [1e-12, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3])
def test_kinks_nearby_do_not_matter(distance: float) -> None:
    w = np.array([distance, -distance])
    found = check_grad(lambda w: np.abs(w).sum() + np.sin(w).sum(), w, grad=lambda w: np.sign(w) + np.cos(w))
    found.raise_if_wrong()
    if distance > 1e-7:
        # The step has shrunk until the kink was out of reach.
        assert not found.at_kink.any()
        wrong = check_grad(
            lambda w: np.abs(w).sum() + np.sin(w).sum(), w, grad=lambda w: np.sign(w) + np.cos(w) + [0.0, 0.01]
        )
        assert (wrong.ok, wrong.coordinate) == (False, 1)


@pytest.mark.parametrize("seed", [6, 17, 39])
def test_kinks_whose_terms_cancel_by_chance(seed: int) -> None:
    """Of many kinks within the steps of float32 some make the bound too small; other steps tell."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(40, 5)) * 30.0).astype(np.float32)
    objective = fastgd.LinearObjective(X, rng.integers(0, 3, 40), loss="multiclass_hinge", alpha=0.1)
    check_grad(objective, random_state=seed).raise_if_wrong()


@pytest.mark.parametrize("loss", ["hinge", "absolute_error", "perceptron", "multiclass_hinge", "quantile"])
def test_kinks_of_losses(data: Data, loss: str) -> None:
    """At 0 the l1 norm has a kink in each coefficient, perceptron's loss one of its own."""
    objective = data.objective(loss, alpha=0.1, l1_ratio=1.0)
    found = check_grad(objective, np.zeros(objective.n_params))
    found.raise_if_wrong()
    assert found.at_kink[: 4 * objective.n_outputs].all()
    np.testing.assert_allclose(found.right[0] - found.left[0], 0.2, rtol=1e-6) if loss != "perceptron" else None


def test_rows_on_a_kink() -> None:
    X = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    objective = fastgd.LinearObjective(X, [1.0, 5.0, 1.0], loss="absolute_error", fit_intercept=False)
    found = check_grad(objective, [1.0, -1.0])
    # The first and the last row have no residual.
    found.raise_if_wrong()
    assert found.at_kink.tolist() == [True, True]
    hinge = fastgd.LinearObjective(X, [1, -1, 1], loss="hinge", fit_intercept=False)
    found = check_grad(hinge, [1.0, -1.0])
    found.raise_if_wrong()
    assert found.at_kink.all()


def test_a_unit_of_relu_on_its_kink(data: Data) -> None:
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    objective = fastgd.MLPObjective(X, [1.0, 2.0, 3.0], hidden_layer_sizes=1, loss="squared_error")
    w = objective.pack([[[1.0], [0.0]], [[1.0]]], [[0.0], [0.0]])
    found = check_grad(objective, w)
    found.raise_if_wrong()
    # The second row's unit is at 0, along its weight and its bias.
    assert [place for place, kink in zip(found.places, found.at_kink, strict=True) if kink] == [
        "coefs[0][1, 0]",
        "intercepts[0][0]",
    ]


def test_flat_functions_and_linear_ones() -> None:
    assert check_grad(lambda w: 0.0, [1.0, 2.0], grad=np.zeros_like)
    assert check_grad(lambda w: 3.0 * w[0] - w[1], [1.0, 2.0], grad=lambda w: np.array([3.0, -1.0]))
    assert not check_grad(lambda w: 0.0, [1.0, 2.0], grad=lambda w: np.array([0.0, 1e-12]))


def test_functions_that_compute_in_float32_inside() -> None:
    def fun(w: Any) -> float:
        return float(np.exp(w.astype(np.float32)).sum())

    found = check_grad(fun, [0.3, 1.0, -2.0], grad=np.exp)
    found.raise_if_wrong()
    assert not check_grad(fun, [0.3, 1.0, -2.0], grad=lambda w: 1.2 * np.exp(w))


def test_near_the_edge_of_the_domain() -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = check_grad(lambda w: np.log(w).sum(), [1e-6, 1.0], grad=lambda w: 1.0 / w)
    found.raise_if_wrong()


def test_the_twin_is_checked_too(data: Data) -> None:
    twin = MLPObjective(data.X, data.classes, hidden_layer_sizes=(3,), activation="tanh", loss="multinomial")
    assert check_grad(twin, twin.initial(1))


def test_a_gradient_that_is_not_finite_is_wrong() -> None:
    found = check_grad(lambda w: w.sum(), [1.0, 2.0, 3.0], grad=lambda w: np.array([1.0, np.nan, 1.0]))
    assert (found.ok, found.coordinate, found.max_error) == (False, 1, np.inf)


def test_rtol_tolerates() -> None:
    def grad(w: Any) -> Any:
        return 2.0 * w * 1.001

    assert not check_grad(lambda w: (w**2).sum(), [1.0, 3.0], grad=grad)
    assert check_grad(lambda w: (w**2).sum(), [1.0, 3.0], grad=grad, rtol=0.002)


def test_what_it_tells(data: Data) -> None:
    objective = data.objective("log_loss", alpha=0.1)
    wrong = check_grad(objective, grad=planted(objective, 2, 0.01))
    lines = repr(wrong).splitlines()
    assert lines[0] == "gradient wrong in 1 of 5 coordinates; the worst is coef[0, 2], coordinate 2"
    assert lines[2].startswith("coef[0, 2]")
    assert lines[2].endswith("wrong")
    assert len(lines) == 2 + 5
    with pytest.raises(AssertionError, match=r"the gradient is wrong\ngradient wrong in 1 of 5"):
        wrong.raise_if_wrong()
    check_grad(objective).raise_if_wrong()
    assert repr(check_grad(objective)).startswith("gradient right in 5 coordinates; the worst is ")


def test_the_same_seed_gives_the_same_check(data: Data) -> None:
    objective = data.objective("multinomial")
    first, again, other = (check_grad(objective, coordinates=6, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    np.testing.assert_array_equal(first.numeric, again.numeric)
    assert first.coordinates.tolist() != other.coordinates.tolist()


@pytest.mark.parametrize(
    "arguments, options, error, message",
    [
        ((np.sum,), {"grad": np.ones_like}, ValueError, "w must be given for a function"),
        ((np.sum, [1.0]), {}, ValueError, "grad must be given for a function"),
        ((np.sum, [1.0]), {"grad": 3}, TypeError, "grad must be a callable"),
        ((np.sum, [1.0]), {"grad": np.sum}, ValueError, r"what grad returns must have shape \(1,\), as w has"),
        ((np.sum, [1.0]), {"grad": lambda w: None}, TypeError, "what grad returns must hold real numbers"),
        ((3,), {}, TypeError, "objective must be a function w -> float, or an objective, got 3"),
        ((lambda w: np.inf, [1.0]), {"grad": np.ones_like}, ValueError, "objective must be finite at w, got inf"),
        ((np.sum, [np.nan]), {"grad": np.ones_like}, ValueError, r"w must be finite, got nan at w\[0\]"),
        (
            (np.sum, [1.0]),
            {"grad": np.ones_like, "coordinates": 2},
            ValueError,
            "coordinates must be an integer from 1 to 1",
        ),
        (
            (np.sum, [1.0]),
            {"grad": np.ones_like, "coordinates": 0},
            ValueError,
            "coordinates must be an integer from 1",
        ),
        ((np.sum, [1.0]), {"grad": np.ones_like, "coordinates": [1]}, ValueError, "got 1 at coordinates"),
        ((np.sum, [1.0]), {"grad": np.ones_like, "rtol": -1.0}, ValueError, "rtol must be a finite number >= 0"),
        ((np.sum, [1.0]), {"grad": np.ones_like, "random_state": None}, TypeError, "random_state must be an integer"),
    ],
)
def test_bad_input(arguments: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_grad(*arguments, **options)


def test_objectives_refuse_what_they_do_elsewhere(data: Data) -> None:
    with pytest.raises(ValueError, match=r"w must have shape \(5,\), got shape \(4,\)"):
        check_grad(data.objective(), np.zeros(4))
    with pytest.raises(ValueError, match="loss 'zero_one' has none to follow"):
        check_grad(fastgd.LinearObjective(data.X, data.signs, loss="zero_one"))
    X = data.X.copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="got nan in row 3, column 1"):
        check_grad(fastgd.LinearObjective(X, data.signs))
