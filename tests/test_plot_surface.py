"""Surfaces are what the objective is on their grid, and paths lie on them where they should."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from _plots import drawn, legend, line, without_display
from conftest import Data
from matplotlib import pyplot

import fastgd
from fastgd import plot

__all__ = ["without_display"]


def bowl(w: np.ndarray) -> float:
    return float(w[0] ** 2 + 10.0 * w[1] ** 2)


def points_of(surface: plot.Surface) -> np.ndarray:
    """The parameters that the points of a picture stand for, shape (n, n, n_params)."""
    a, b = surface.x - surface.offset[0], surface.y - surface.offset[1]
    first, second = surface.directions
    return surface.center + a[None, :, None] * first + b[:, None, None] * second


def objectives(data: Data) -> dict[str, Any]:
    X, y = data.X, data.classes
    return {
        "linear": fastgd.LinearObjective(X, y, loss="multinomial", alpha=0.1),
        "zero_one": fastgd.LinearObjective(X, y, loss="zero_one"),
        "mlp": fastgd.MLPObjective(X, y, hidden_layer_sizes=3, activation="tanh"),
        "gaussian": fastgd.GaussianObjective(X),
        "function": fastgd.FunctionObjective(lambda w: (bowl(w) + w.sum(), w), jac=True, n_params=5),
        "callable": lambda w: float(np.cos(w).sum()),
    }


@pytest.mark.parametrize("kind", ["contour", "3d"])
@pytest.mark.parametrize("name", ["linear", "zero_one", "mlp", "gaussian", "function", "callable"])
def test_a_surface_is_the_objective_on_its_grid(data: Data, name: str, kind: str) -> None:
    objective = objectives(data)[name]
    w = np.linspace(-0.5, 0.5, getattr(objective, "n_params", None) or 7)
    ax = drawn(plot.loss_surface(objective, w, extent=0.5, n=7, kind=kind))
    surface = ax.fastgd_surface
    value = getattr(objective, "value", objective)
    expected = [[value(v) for v in row] for row in points_of(surface)]
    np.testing.assert_allclose(surface.values, expected, rtol=1e-12)
    np.testing.assert_allclose(surface.directions @ surface.directions.T, np.eye(2), atol=1e-12)
    assert surface.x.tolist() == surface.y.tolist() == np.linspace(-0.5, 0.5, 7).tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "distance along random direction 1",
        "distance along random direction 2",
    )
    assert str(w.size) in ax.get_title(loc="left")
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == {
        "linear": "mean multinomial loss + penalty",
        "zero_one": "share of mistakes",
        "mlp": "mean multinomial loss",
    }.get(name, "F(w)")
    if kind == "3d":
        assert ax.get_zlabel() == bar.get_ylabel()


def test_a_linear_model_is_asked_once_for_the_whole_plane(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = fastgd.LinearObjective.plane

    def counted(self: fastgd.LinearObjective, w: Any, directions: Any, coordinates: Any) -> Any:
        asked.append(len(coordinates))
        return whole(self, w, directions, coordinates)

    def one_by_one(*_: Any) -> Any:
        raise AssertionError("points are asked for one by one")

    monkeypatch.setattr(fastgd.LinearObjective, "plane", counted)
    for name in ("value", "values"):
        monkeypatch.setattr(fastgd.LinearObjective, name, one_by_one)
    drawn(plot.loss_surface(objectives(data)["linear"], np.zeros(objectives(data)["linear"].n_params), n=9))
    assert asked == [81]


def test_directions_of_ones_own(data: Data) -> None:
    objective = data.objective("squared_error")
    w, directions = np.ones(5), np.array([[1.0, 0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0, 1.0]])
    ax = drawn(plot.loss_surface(objective, w, directions, extent=(-1.0, 2.0, 0.0, 0.5), n=5))
    surface = ax.fastgd_surface
    assert surface.x.tolist() == np.linspace(-1.0, 2.0, 5).tolist()
    assert surface.y.tolist() == np.linspace(0.0, 0.5, 5).tolist()
    expected = objective.value(w + 2.0 * directions[0] + 0.5 * directions[1])
    assert surface.values[4, 4] == pytest.approx(expected, rel=1e-13)
    assert ax.get_xlim() == (-1.0, 2.0)
    assert ax.get_xlabel() == "steps along direction 1"
    assert ax.figure.axes[1].get_ylabel() == "half the mean squared error"


def test_two_parameters_are_the_axes() -> None:
    ax = drawn(plot.loss_surface(bowl, [3.0, -1.0], extent=0.5, n=5))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w[0]", "w[1]")
    assert ax.fastgd_surface.x.tolist() == [2.5, 2.75, 3.0, 3.25, 3.5]
    assert ax.fastgd_surface.values[2, 2] == 19.0
    assert ax.get_title(loc="left") == "bowl over both parameters"


def test_a_pair_of_indices_leaves_all_others(data: Data) -> None:
    objective = data.objective("log_loss")
    w = np.arange(5.0) / 5.0
    ax = plot.loss_surface(objective, w, (4, 1), extent=(0.0, 1.0, -1.0, 1.0), n=3)
    for j, intercept in enumerate([0.0, 0.5, 1.0]):
        for i, coef in enumerate([-1.0, 0.0, 1.0]):
            at = np.array([0.0, coef, 0.4, 0.6, intercept])
            assert ax.fastgd_surface.values[i, j] == pytest.approx(objective.value(at), rel=1e-13)


def test_random_directions_are_those_of_their_seed(data: Data) -> None:
    objective = data.objective()
    first, again, other = (
        plot.loss_surface(objective, np.zeros(5), n=3, random_state=seed).fastgd_surface.directions
        for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def levels(ax: Any) -> np.ndarray:
    return np.asarray(ax.collections[0].levels)


def test_contours_are_logarithmic_in_a_valley_and_even_elsewhere() -> None:
    valley = levels(plot.loss_surface(lambda w: 5.0 + np.exp(4.0 * np.abs(w).max()), [0.0, 0.0], levels=10))
    assert len(valley) == 11
    rises = valley[1:] - valley[0]
    np.testing.assert_allclose(rises[1:] / rises[:-1], rises[1] / rises[0], rtol=1e-6)
    assert rises[1] / rises[0] > 1.3
    saddle = levels(plot.loss_surface(lambda w: w[0] ** 2 - w[1] ** 2, [0.0, 0.0], n=51, levels=10))
    np.testing.assert_allclose(np.diff(saddle), 0.2)


def test_a_flat_surface_and_one_with_holes() -> None:
    drawn(plot.loss_surface(lambda w: 3.0, [0.0, 0.0], n=4))
    drawn(plot.loss_surface(lambda w: 3.0, [0.0, 0.0], n=4, kind="3d"))
    ax = drawn(plot.loss_surface(lambda w: np.inf if w[0] < 0.0 else w[0], [0.0, 0.0], n=4))
    assert np.isinf(ax.fastgd_surface.values[:, :2]).all()
    assert np.isfinite(levels(ax)).all()


def test_where_scores_overflow_there_is_a_hole(data: Data) -> None:
    objective = data.objective("log_loss")
    ax = drawn(plot.loss_surface(objective, np.zeros(5), np.eye(5)[:2] * 1e307, extent=50.0, n=5))
    assert np.isfinite(ax.fastgd_surface.values[2, 2])
    assert np.isinf(ax.fastgd_surface.values[0, 0])


# ------------------------------------------------------------------------------------------------------ paths

PATH = [[2.0, 1.0], [1.0, 0.5], [0.5, 0.0]]


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_paths_on_a_surface(kind: str) -> None:
    ax = plot.loss_surface(bowl, [0.0, 0.0], extent=3.0, n=9, kind=kind)
    limits = ax.axis()
    # The second one begins beyond the picture, which stays as it is.
    beyond = [[5.0, 5.0], PATH[2]]
    assert plot.trajectory(ax, {"slow": PATH, "fast": beyond}) is ax
    drawn(ax)
    assert legend(ax) == ["slow", "fast", "start", "end"]
    assert ax.axis() == limits
    if kind == "contour":
        np.testing.assert_allclose(line(ax, "slow"), PATH, atol=1e-14)
        ends = [
            one.get_xydata().tolist()
            for one in ax.get_lines()
            if one.get_marker() in "o*" and len(one.get_xdata()) == 1
        ]
        np.testing.assert_allclose(ends, [[PATH[0]], [beyond[0]], [PATH[2]], [PATH[2]]], atol=1e-14)
    else:
        height = next(one for one in ax.get_lines() if one.get_label() == "slow").get_data_3d()[2]
        np.testing.assert_allclose(height, [bowl(np.array(w)) for w in PATH])


def test_paths_of_many_parameters_are_seen_from_the_plane(data: Data) -> None:
    objective = data.objective("log_loss")
    w, directions = np.ones(5), np.array([[1.0, 0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0, 1.0]])
    ax = plot.loss_surface(objective, w, directions, n=5)
    path = np.random.default_rng(0).normal(size=(4, 5))
    plot.trajectory(ax, path)
    expected = np.linalg.lstsq(directions.T, (path - w).T, rcond=None)[0].T
    np.testing.assert_allclose(line(ax, "path"), expected, atol=1e-12)


def test_an_objective_gets_a_surface_around_its_paths(data: Data) -> None:
    objective = data.objective("log_loss", alpha=0.1)
    path = [np.zeros(5)]
    fastgd.minimize(objective, path[0], max_epochs=20, tol=None, callbacks=[lambda info: path.append(info.x)])
    ax = drawn(plot.trajectory(objective, {"batch": path, "half": path[:10]}, n=20))
    surface = ax.fastgd_surface
    assert surface.center.tolist() == path[-1].tolist()
    seen = line(ax, "batch")
    np.testing.assert_allclose(seen[-1], 0.0, atol=1e-12)
    for k, (low, high) in enumerate((ax.get_xlim(), ax.get_ylim())):
        assert low < seen[:, k].min() <= seen[:, k].max() < high
    # The path hardly leaves its plane.
    flat = surface.center + seen @ surface.directions
    assert np.abs(flat - path).max() < 0.02 * np.abs(path[-1]).max()
    assert ax.get_xlabel().startswith("principal direction 1 of all paths (9")


def test_two_parameters_are_the_axes_of_paths_too() -> None:
    ax = drawn(plot.trajectory(bowl, PATH, n=5))
    np.testing.assert_allclose(line(ax, "path"), PATH, atol=1e-14)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w[0]", "w[1]")
    # One that does not move has room, too.
    drawn(plot.trajectory(bowl, [[1.0, 2.0]], n=5))


@pytest.mark.parametrize("n_steps", [2, 3, 40])
def test_principal_directions(n_steps: int) -> None:
    rng = np.random.default_rng(0)
    path = rng.normal(size=(n_steps, 6)) * [1.0, 5.0, 0.1, 0.1, 0.0, 0.0]
    found = plot.principal_directions(path)
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-12)
    moves = path - path[-1]
    if n_steps > 3:
        largest = np.linalg.svd(moves)[2][:2]
        np.testing.assert_allclose(np.abs((found * largest).sum(axis=1)), 1.0, atol=1e-12)
    else:
        np.testing.assert_allclose(moves @ found.T @ found, moves, atol=1e-12)
    assert moves[0] @ found[0] <= 0.0


# ------------------------------------------------------------------------------------------------------ axes


def test_axes_of_ones_own() -> None:
    _, (left, right) = pyplot.subplots(1, 2)
    assert plot.loss_surface(bowl, [0.0, 0.0], n=3, ax=left) is left
    assert plot.trajectory(bowl, PATH, n=3, ax=right) is right
    assert len(pyplot.get_fignums()) == 1
    space = pyplot.figure().add_subplot(projection="3d")
    assert plot.loss_surface(bowl, [0.0, 0.0], n=3, kind="3d", ax=space) is space


def test_importing_it_loads_no_matplotlib() -> None:
    code = "import sys, fastgd.plot; assert not [name for name in sys.modules if name.startswith('matplotlib')]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pictures_need_no_display(tmp_path: Any) -> None:
    bare = {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    }
    code = "import fastgd.plot as p; p.loss_surface(lambda w: w @ w, [0.0, 0.0], n=5).figure.savefig('picture.png')"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=bare, cwd=tmp_path)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("matplotlib.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'fastgd\.plot needs matplotlib: pip install "fastgd\[plot\]"'):
        plot.loss_surface(bowl, [0.0, 0.0])


# ------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"center": [0.0]}, r"center must have shape \(n_params,\), with at least 2 parameters, got shape \(1,\)"),
        ({"center": [0.0, np.nan, 0.0]}, r"center must be finite, got nan at center\[1\]"),
        ({"directions": np.eye(3)}, r"directions must be two different indices .* or None, got shape \(3, 3\)"),
        ({"directions": np.eye(3)[:1]}, r"directions must be .* got shape \(1, 3\)"),
        ({"directions": [[1.0, 2.0, 0.0], [2.0, 4.0, 1e-9]]}, "directions must not be parallel"),
        ({"directions": [[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]}, "directions must not be 0"),
        ({"directions": [[1.0, np.inf, 0.0], [0.0, 0.0, 1.0]]}, "directions must be finite"),
        ({"directions": (1, 1)}, r"directions must be two different indices of parameters from 0 to 2.*got \(1, 1\)"),
        ({"directions": (0, 3)}, r"directions must be two different indices of parameters from 0 to 2.*got \(0, 3\)"),
        ({"extent": 0.0}, r"extent must be a finite number > 0, got 0\.0"),
        ({"extent": -1.0}, r"extent must be a finite number > 0, got -1\.0"),
        ({"extent": (1.0, -1.0, 0.0, 1.0)}, r"extent must be .* with left < right and bottom < top, got \(1\.0, "),
        ({"extent": (0.0, 1.0)}, r"extent must be a number > 0, or \(left, right, bottom, top\)"),
        ({"n": 1}, "n must be an integer >= 2, got 1"),
        ({"levels": 1}, "levels must be an integer >= 2, got 1"),
        ({"kind": "4d"}, "kind must be one of 'contour', '3d', got '4d'"),
        ({"random_state": -1}, "random_state must be an integer from 0"),
        ({"objective": lambda w: np.nan}, "objective must be finite somewhere on the plane, got nan"),
    ],
)
def test_bad_surfaces(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"objective": lambda w: float(w @ w), "center": np.zeros(3), "n": 3, **arguments}
    with pytest.raises(ValueError, match=message):
        plot.loss_surface(given.pop("objective"), given.pop("center"), **given)
    assert pyplot.get_fignums() == []


def test_bad_axes_and_objectives(data: Data) -> None:
    figure = pyplot.figure()
    flat, space, round_ = (figure.add_subplot(1, 3, i, projection=p) for i, p in ((1, None), (2, "3d"), (3, "polar")))
    with pytest.raises(ValueError, match=r"ax must be 3-D axes.* got rectilinear axes"):
        plot.loss_surface(bowl, [0.0, 0.0], kind="3d", ax=flat)
    for wrong in (space, round_):
        with pytest.raises(ValueError, match=r"ax must be rectilinear axes for this picture, got (3d|polar) axes"):
            plot.loss_surface(bowl, [0.0, 0.0], ax=wrong)
    with pytest.raises(TypeError, match="ax must be matplotlib Axes or None"):
        plot.loss_surface(bowl, [0.0, 0.0], ax=figure)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="objective must be an objective of fastgd, or a function"):
        plot.loss_surface(3.0, [0.0, 0.0])
    with pytest.raises(ValueError, match=r"center must have shape \(5,\)"):
        plot.loss_surface(data.objective(), np.zeros(4))
    with pytest.raises(ValueError, match="on must be axes that loss_surface has drawn on"):
        plot.trajectory(flat, PATH)
    ax = plot.loss_surface(bowl, [0.0, 0.0], n=3)
    with pytest.raises(ValueError, match="ax must be None where on are axes"):
        plot.trajectory(ax, PATH, ax=ax)


@pytest.mark.parametrize(
    "paths, message",
    [
        ([1.0, 2.0], r"paths must have shape \(n_steps, 2\), got shape \(2,\)"),
        ({"a": PATH, "b": [[1.0]]}, r"paths\['b'\] must have shape \(n_steps, 2\), got shape \(1, 1\)"),
        ({"a": [[0.0, np.inf]]}, r"paths\['a'\] must be finite, got inf at paths\['a'\]\[0, 1\]"),
        ({}, r"paths must be an array or a dict of at least one, got \{\}"),
        (np.zeros((0, 2)), r"paths must have shape \(n_steps, 2\), got shape \(0, 2\)"),
    ],
)
def test_bad_paths(paths: Any, message: str) -> None:
    ax = plot.loss_surface(bowl, [0.0, 0.0], n=3)
    before = len(ax.get_lines())
    with pytest.raises(ValueError, match=message):
        plot.trajectory(ax, paths)
    assert len(ax.get_lines()) == before


def test_bad_principal_directions() -> None:
    with pytest.raises(ValueError, match="path must move"):
        plot.principal_directions([[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="path must have at least 2 parameters"):
        plot.principal_directions([[1.0], [2.0]])


def test_a_figure_can_be_written(tmp_path: Any) -> None:
    ax = plot.trajectory(bowl, PATH, n=5)
    ax.figure.savefig(tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size > 1000
    assert mpl.get_backend().lower() == "agg"
