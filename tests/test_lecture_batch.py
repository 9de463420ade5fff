"""What the lecture says of batch descent: which rates converge, where it comes to rest, and what the start decides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from _known_minima import himmelblau, styblinski_tang
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

import fastgd
from fastgd.optimizers import SGD

Array = NDArray[np.float64]
EPS = float(np.finfo(float).eps)


def descend(objective: object, start: Array, lr: float, n_steps: int) -> Array:
    """The start, and where each step ends, (n_steps + 1, n_params)."""
    path = [np.array(start, dtype=float)]

    def note(info: fastgd.EpochInfo) -> None:
        path.append(info.x)

    fastgd.minimize(objective, start, optimizer=SGD(lr), max_epochs=n_steps, tol=None, callbacks=note)
    return np.array(path)


# ------------------------------------------------------------------------------------------------------ rates and 2/L


@pytest.fixture(scope="module")
def bowl() -> tuple[fastgd.LinearObjective, Array, Array, Array]:
    """Least squares on real data, its minimum, and the eigenvalues and vectors of its Hessian."""
    X, y = load_diabetes(return_X_y=True)
    X = X[:, [2, 3, 7, 8]] / X.std(axis=0)[[2, 3, 7, 8]]
    y = (y - y.mean()) / y.std()
    hessian = X.T @ X / len(X)
    objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=False)
    return objective, np.linalg.solve(hessian, X.T @ y / len(X)), *np.linalg.eigh(hessian)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5, 1.9])
def test_rates_below_2_over_L_converge(bowl: tuple[fastgd.LinearObjective, Array, Array, Array], factor: float) -> None:
    objective, minimum, curvatures, _ = bowl
    lr = factor / curvatures[-1]
    # Along each eigenvector a step multiplies the distance by 1 - lr * curvature.
    left_over = float(np.abs(1.0 - lr * curvatures).max())
    n_steps = int(np.ceil(np.log(1e-10) / np.log(left_over)))
    path = descend(objective, np.full(4, 3.0), lr, n_steps)
    distance = np.linalg.norm(path - minimum, axis=1)
    # The gradient is a sum over 442 rows, rounded after each in the worst case; later steps take their share of that.
    rounding = 442 * EPS / (1.0 - left_over) * np.linalg.norm(path[0])
    assert np.all(distance[1:] <= left_over * distance[:-1] + rounding)
    assert distance[-1] <= 1.001e-10 * distance[0] + rounding


@pytest.mark.parametrize("factor", [2.05, 3.0])
def test_rates_beyond_2_over_L_diverge(bowl: tuple[fastgd.LinearObjective, Array, Array, Array], factor: float) -> None:
    objective, minimum, curvatures, vectors = bowl
    start = minimum + 1e-3 * vectors.sum(axis=1)
    path = descend(objective, start, factor / curvatures[-1], 6)
    steep = (path - minimum) @ vectors[:, -1]
    # Every step lands on the other side, that much higher.
    np.testing.assert_allclose(steep, 1e-3 * (1.0 - factor) ** np.arange(7), rtol=1e-9)
    assert objective.value(path[-1]) > objective.value(path[3])


def test_a_run_that_diverges_ends_no_worse_than_it_began(
    bowl: tuple[fastgd.LinearObjective, Array, Array, Array],
) -> None:
    objective, minimum, curvatures, _ = bowl
    result = fastgd.minimize(objective, minimum + 1.0, optimizer=SGD(50.0 / curvatures[-1]), max_epochs=200, tol=None)
    assert "diverged" in result.message
    assert result.fun < objective.value(minimum + 1.0)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "huber"])
def test_smooth_losses_fall_at_every_step_below_2_over_L(loss: str) -> None:
    """By F(w - lr g) <= F(w) - lr (1 - lr L / 2) |g|^2, where L bounds all curvatures."""
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    curvature = {"log_loss": 0.25, "squared_hinge": 2.0, "huber": 1.0}[loss]
    L = curvature * float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])
    target = (y - y.mean()) / y.std() if loss == "huber" else y > np.median(y)
    objective = fastgd.LinearObjective(X, target, loss=loss, fit_intercept=False)
    lr = 1.9 / L
    path = descend(objective, np.full(10, 0.5), lr, 50)
    for before, after in itertools.pairwise(path):
        value, gradient = objective.value_and_grad(before)
        least = lr * (1.0 - lr * L / 2.0) * float(gradient @ gradient)
        assert objective.value(after) <= value - least + 8 * EPS * value


# ------------------------------------------------------------------------------------------------------------- saddles


def saddle(w: Array) -> tuple[float, Array]:
    return w[0] ** 2 - w[1] ** 2, np.array([2.0 * w[0], -2.0 * w[1]])


def test_descent_rests_on_a_saddle_from_its_ridge() -> None:
    path = descend(fastgd.FunctionObjective(saddle, jac=True), np.array([1.0, 0.0]), 0.25, 60)
    # A step halves x, exactly, and leaves y.
    np.testing.assert_array_equal(path[:, 0], 0.5 ** np.arange(61))
    np.testing.assert_array_equal(path[:, 1], 0.0)


@pytest.mark.parametrize("aside", [1e-12, -1e-3])
def test_and_leaves_it_from_beside_the_ridge(aside: float) -> None:
    path = descend(fastgd.FunctionObjective(saddle, jac=True), np.array([1.0, aside]), 0.25, 70)
    # Every step makes y half as large again.
    np.testing.assert_allclose(path[:, 1], aside * 1.5 ** np.arange(71), rtol=70 * EPS)
    assert saddle(path[-1])[0] < -0.5


# -------------------------------------------------------------------------------------------------------------- starts


def test_every_start_leads_to_the_same_minimum_where_convex() -> None:
    X, y = load_diabetes(return_X_y=True)
    X, alpha = X / X.std(axis=0), 0.05
    objective = fastgd.LinearObjective(X, y > np.median(y), loss="log_loss", alpha=alpha, fit_intercept=False)
    starts = 3.0 * np.random.default_rng(0).normal(size=(20, 10))
    found = fastgd.sweep(objective, grid={"w0": [*starts]}, max_epochs=2000, tol=None, gtol=1e-9)
    assert set(found.table["status"]) == {"converged"}
    # Curvatures are at least alpha, so that a gradient this short is this near to the one minimum.
    away = np.linalg.norm(found.x - found.x[0], axis=1)
    assert np.all(away <= (found.table["grad_norm"] + found.table["grad_norm"][0]) / alpha)
    assert away.max() <= 4e-8 < 1.0 < np.linalg.norm(starts - starts[0], axis=1)[1:].min()


@pytest.mark.parametrize(
    ("start", "minimum"),
    [
        ([2.0, 3.0], [3.0, 2.0]),
        ([-2.0, 3.0], [-2.805118086952745, 3.131312518250573]),
        ([-3.0, -3.0], [-3.779310253377747, -3.283185991286170]),
        ([3.0, -3.0], [3.584428340330492, -1.848126526964404]),
    ],
)
def test_the_start_decides_the_minimum_where_not_convex(start: list[float], minimum: list[float]) -> None:
    path = descend(fastgd.FunctionObjective(himmelblau, jac=True), np.array(start), 0.01, 500)
    # The products in the gradient are below 256, of which rounding takes some units in the last place, and the least
    # curvature at the minima is 25.
    np.testing.assert_allclose(path[-1], minimum, rtol=0.0, atol=8 * 256 * 2.0**-53 / 25)


def test_many_starts_in_one_sweep_find_the_deepest_minimum() -> None:
    def batched(W: Array) -> tuple[Array, Array]:
        values, gradients = zip(*map(styblinski_tang, W), strict=True)
        return np.array(values), np.array(gradients)

    function = fastgd.FunctionObjective(batched, jac=True, batched=True)
    starts = np.random.default_rng(1).uniform(-4.0, 4.0, size=(60, 4))
    found = fastgd.sweep(function, grid={"w0": [*starts]}, optimizer=SGD(0.01), max_epochs=200, tol=None)
    lower, hill, upper = np.sort(np.roots([2.0, 0.0, -16.0, 2.5]).real)
    depths = [float(styblinski_tang(np.repeat([lower, upper], [4 - k, k]))[0]) for k in range(5)]
    # A variable ends on that side of the hill between its minima on which it began.
    n_upper = (starts > hill).sum(axis=1)
    np.testing.assert_allclose(found.fun, np.array(depths)[n_upper], rtol=1e-12)
    assert found.best.fun == pytest.approx(depths[0], rel=1e-12)
    assert 0 < (n_upper == 0).sum() < 15
