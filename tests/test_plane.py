"""Values over a plane of linear models from one pass over the data. `_parity` has every loss, storage and level."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import _rounding
import numpy as np
import pytest
import scipy.sparse
from _real_data import load
from _user_losses import as_callback, squared_error
from conftest import Data

import fastgd

N_POINTS = 700


def plane_of(n_params: int, n_directions: int = 2, n_points: int = N_POINTS) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=shape) for shape in (n_params, (n_directions, n_params), (n_points, n_directions)))


def assert_is_value(objective: Any, twin: Any, plane: tuple[np.ndarray, ...], eps: float = _rounding.EPS64) -> None:
    """Values at each point are those of the twin within rounding, which `_rounding` bounds for a few of them."""
    w, directions, coordinates = plane
    found = objective.plane(*plane)
    for p in range(0, len(coordinates), 97):
        c = coordinates[p]
        error = found[p] - twin.value(w + c @ directions)
        assert abs(error) <= _rounding.plane_error(twin, w, directions, c, eps)
    others = np.array([objective.value(w + c @ directions) for c in coordinates])
    np.testing.assert_allclose(found, others, rtol=1e4 * eps)


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalty": {"alpha": 0.1, "l1_ratio": 0.3},
    "standardize": {"standardize": True, "alpha": 0.1},
    "no_intercept": {"fit_intercept": False, "offset": np.linspace(-1.0, 1.0, 60)},
    "weights": {"sample_weight": np.arange(60) % 3},
}


@pytest.mark.parametrize("n_directions", [1, 2, 5])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "multinomial", "multiclass_hinge"])
def test_it_is_the_value_at_each_point(data: Data, loss: str, options: dict[str, Any], n_directions: int) -> None:
    if loss.startswith("multi") and "offset" in options:
        options = {**options, "offset": np.tile(options["offset"], (3, 1)).T}
    objective = data.objective(loss, **options)
    twin = fastgd.reference.LinearObjective(data.X, data.targets(loss), loss=loss, **options)
    plane = plane_of(objective.n_params, n_directions)
    assert_is_value(objective, twin, plane)
    few = (*plane[:2], plane[2][:3])
    np.testing.assert_allclose(twin.plane(*few), [twin.value(few[0] + c @ few[1]) for c in few[2]], rtol=1e-13)


def test_at_the_origin_it_is_the_value_to_the_bit() -> None:
    """Of several blocks and of sparse rows, too, whose blocks are longer."""
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(5000, 40)).astype(np.float32)
    sparse = scipy.sparse.random(5000, 3000, 0.001, format="csr", random_state=0)
    for X in (dense, sparse):
        objective = fastgd.LinearObjective(X, rng.integers(0, 4, 5000), loss="multinomial", alpha=0.1)
        w, directions, _ = plane_of(objective.n_params)
        assert objective.plane(w, directions, np.zeros((3, 2))).tolist() == [objective.value(w)] * 3


@pytest.mark.parametrize("n_points", [1, 20_000])
def test_the_bits_depend_neither_on_threads_nor_on_the_other_points(n_points: int) -> None:
    """There are more blocks than threads, and 20,000 points are more than one pass takes."""
    rng = np.random.default_rng(0)
    objective = fastgd.LinearObjective(rng.normal(size=(9000, 5)), rng.integers(0, 8, 9000), loss="multinomial")
    w, directions, coordinates = plane_of(objective.n_params, n_points=n_points)
    found = []
    for n_threads in (1, 2, 7):
        with fastgd.threads(n_threads):
            found.append(objective.plane(w, directions, coordinates))
    assert found[0].tolist() == found[1].tolist() == found[2].tolist()
    some = np.arange(0, n_points, 613)
    assert objective.plane(w, directions, coordinates[some]).tolist() == found[0][some].tolist()


@pytest.mark.parametrize("loss", [squared_error, as_callback(squared_error)], ids=["function", "pointer"])
def test_a_loss_of_ones_own(data: Data, loss: Any) -> None:
    plane = plane_of(5)
    found = fastgd.LinearObjective(data.X, data.numbers, loss=loss, alpha=0.1).plane(*plane)
    np.testing.assert_allclose(found, data.objective(alpha=0.1).plane(*plane), rtol=60 * 2.0**-52)


def test_it_takes_one_pass() -> None:
    """Rows of two blocks with many targets each, which a loss of one's own sees come once, at thousands of points."""
    n = 1500
    Y = np.tile(np.arange(float(n))[:, None], 8)
    first = []

    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first.append(y[0, 0])
        return squared_error(y, raw)

    objective = fastgd.LinearObjective(Y[:, :1] / n, Y, loss=loss)
    first.clear()
    objective.plane(*plane_of(objective.n_params, n_points=5000))
    assert len(set(first)) > 2
    assert np.all(np.diff(first) >= 0.0)


def test_the_share_of_mistakes(data: Data) -> None:
    """It steps, so only points that are away from the steps have to agree: nearly all."""
    objective = data.objective("zero_one", alpha=0.1)
    w, directions, coordinates = plane_of(5)
    expected = [objective.value(w + c @ directions) for c in coordinates]
    assert np.mean(objective.plane(w, directions, coordinates) == expected) > 0.99


def test_where_scores_overflow_the_value_is_infinite(data: Data) -> None:
    w, directions, _ = plane_of(5)
    coordinates = np.array([[0.0, 0.0], [1e308, 0.0], [1.0, -1.0]])
    for loss, alpha in (("log_loss", 0.0), ("log_loss", 0.1), ("zero_one", 0.0)):
        objective = data.objective(loss, alpha=alpha)
        found = objective.plane(w, 1e3 * directions, coordinates)
        assert found[1] == np.inf
        assert found[0] == objective.value(w)
        assert np.isfinite(found[2])


def test_data_that_are_not_finite_raise_as_ever(data: Data) -> None:
    X = data.X.copy()
    X[7, 2] = np.nan
    for loss in ("log_loss", "zero_one"):
        with pytest.raises(ValueError, match="X must be finite, got nan in row 7, column 2"):
            data.objective(loss, X=X).plane(*plane_of(5))


def test_a_loss_of_ones_own_that_is_nan_raises(data: Data) -> None:
    def loss(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(raw > 1e9, np.nan, raw), np.ones_like(raw)

    objective = fastgd.LinearObjective(data.X, data.numbers, loss=loss)
    with pytest.raises(ValueError, match="loss must not be NaN where raw is finite"):
        objective.plane(np.zeros(5), np.ones((1, 5)), [[0.0], [1e12]])


def test_ctrl_c_ends_it(data: Data) -> None:
    """A thousand million losses take seconds."""
    X = np.random.default_rng(0).normal(size=(100_000, 4))
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    plane = plane_of(5, n_points=10**6)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            objective.plane(*plane)
    finally:
        timer.cancel()
    assert time.perf_counter() - began < 30.0


def test_images_as_bytes() -> None:
    """A slice through ten classes of fashion_mnist, as its bytes are."""
    images = load("fashion_mnist")
    X, y = images["X_train"][:3000], images["y_train"][:3000]
    objective = fastgd.LinearObjective(X, y, loss="multinomial", n_classes=10, alpha=0.01)
    twin = fastgd.reference.LinearObjective(X, y, loss="multinomial", n_classes=10, alpha=0.01)
    w, directions, coordinates = plane_of(objective.n_params, n_points=98)
    # In float32's grid, whose rounding is no error of the plane.
    w, directions = (np.float64(np.float32(a / 5000.0)) for a in (w, directions))
    coordinates = np.float64(np.float32(coordinates))
    found = objective.plane(w, directions, coordinates)
    for p in (0, 97):
        error = found[p] - twin.value(w + coordinates[p] @ directions)
        assert abs(error) <= _rounding.plane_error(twin, w, directions, coordinates[p], 2.0**-23)


def test_bad_input(data: Data) -> None:
    objective = data.objective()
    w, directions, coordinates = np.zeros(5), np.ones((2, 5)), np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"w must have shape \(5,\).*got shape \(1, 5\)"):
        objective.plane(w[None], directions, coordinates)
    for wrong in (directions[0], directions[:0], directions[:, 1:]):
        with pytest.raises(ValueError, match=r"directions must have shape \(n, 5\), n >= 1, .* got shape"):
            objective.plane(w, wrong, coordinates)
    for wrong in (coordinates[0], coordinates[:0], coordinates[:, :1]):
        with pytest.raises(
            ValueError, match=r"coordinates must have shape \(n_points, 2\), n_points >= 1, .* got shape"
        ):
            objective.plane(w, directions, wrong)
    for name, at in (("w", (2,)), ("directions", (1, 2)), ("coordinates", (2, 1))):
        given = {"w": w.copy(), "directions": directions.copy(), "coordinates": coordinates.copy()}
        given[name][at] = np.inf
        with pytest.raises(ValueError, match=rf"{name} must be finite, got inf at {name}\[{', '.join(map(str, at))}\]"):
            objective.plane(**given)
    with pytest.raises(TypeError, match="directions must hold real numbers"):
        objective.plane(w, [["a"] * 5], [[0.0]])


def test_few_rows_and_many_points_are_a_team_s_work() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2_000, 5))  # two blocks, too few bytes for two threads but for the points
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    plane = plane_of(objective.n_params)
    with fastgd.threads(1):
        alone = objective.plane(*plane)
    with fastgd.threads(2):
        np.testing.assert_array_equal(objective.plane(*plane), alone)
