"""Histories, range tests, sweeps and errors of gradients: what is on the axes is what was found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _plots import drawn, legend, line, without_display
from conftest import Data
from matplotlib import pyplot

import fastgd
from fastgd import plot
from fastgd._rate import RateCurve
from fastgd.result import History

__all__ = ["without_display"]


def run(data: Data, **options: Any) -> fastgd.Result:
    return fastgd.minimize(data.objective("log_loss", alpha=0.01), **{"max_epochs": 9, "tol": None, **options})


def with_losses(result: fastgd.Result, losses: Any) -> fastgd.Result:
    parts = {**vars(result.history), "loss": np.asarray(losses, float)}
    return fastgd.Result(**{**{k: v for k, v in vars(result).items() if k[0] != "_"}, "history": History(**parts)})


# ------------------------------------------------------------------------------------------------------ history


@pytest.mark.parametrize("x", ["epoch", "step", "seconds"])
def test_histories(data: Data, x: str) -> None:
    results = {name: run(data, optimizer=name, batch_size=8) for name in ("sgd", "adam")}
    ax = drawn(plot.history(results, x=x))
    assert legend(ax) == ["sgd", "adam"]
    for name, result in results.items():
        expected = np.stack([getattr(result.history, x), result.history.loss], axis=1)
        np.testing.assert_array_equal(line(ax, name), expected)
    styles = {(one.get_color(), one.get_linestyle(), one.get_marker()) for one in ax.get_lines()}
    assert len(styles) == 2


def test_one_history(data: Data) -> None:
    result = run(data)
    ax = drawn(plot.history(result))
    assert ax.get_legend() is None
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), result.history.loss)
    assert ax.get_yscale() == "linear"
    drawn(plot.history(fastgd.sweep(data.objective(), grid={"lr": [0.1]}, max_epochs=1).results[0]))


def test_losses_of_several_sizes_have_a_logarithmic_axis(data: Data) -> None:
    result = run(data)
    assert drawn(plot.history(with_losses(result, np.geomspace(1.0, 0.01, 9)))).get_yscale() == "log"
    assert drawn(plot.history(with_losses(result, np.geomspace(1.0, 1e-9, 9)))).get_yscale() == "log"
    assert drawn(plot.history(with_losses(result, np.linspace(1.0, -0.01, 9)))).get_yscale() == "linear"


def test_losses_that_are_not_finite_are_left_out(data: Data) -> None:
    losses = np.array([1.0, 2.0, np.inf, np.nan, 1.0, 1.0, 1.0, 1.0, 1.0])
    ax = drawn(plot.history(with_losses(run(data), losses)))
    shown = np.ma.masked_array(ax.get_lines()[0].get_ydata())
    assert np.ma.getmaskarray(shown).tolist() == (~np.isfinite(losses)).tolist()
    drawn(plot.history(with_losses(run(data), np.full(9, np.nan))))


def test_bad_histories(data: Data) -> None:
    result = run(data)
    with pytest.raises(TypeError, match="results must be a Result, or a dict of at least one"):
        plot.history([result])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"results\['a'\] must be a Result of fastgd.minimize, got 3 of type int"):
        plot.history({"a": 3})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="results must be a Result, or a dict of at least one"):
        plot.history({})
    with pytest.raises(ValueError, match="x must be one of 'epoch', 'step', 'seconds', got 'time'"):
        plot.history(result, x="time")
    none = fastgd.Result(
        **{**{k: v for k, v in vars(result).items() if k[0] != "_"}, "history": History(*[np.empty(0)] * 6)}
    )
    with pytest.raises(ValueError, match=r"results\['none'\] must have at least one whole epoch"):
        plot.history({"none": none})
    assert pyplot.get_fignums() == []


# ------------------------------------------------------------------------------------------------------ lr_curve


def test_a_range_test(data: Data) -> None:
    curve = fastgd.find_lr(data.objective("log_loss"), batch_size=8)
    ax = drawn(plot.lr_curve(curve))
    assert ax.get_xscale() == "log"
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), curve.lr)
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), curve.fun)
    assert legend(ax)[0] == f"to take: {curve.best:.3g}"
    best = line(ax, legend(ax)[0])
    assert best.tolist() == [[curve.best, curve.fun[curve.lr == curve.best][0]]]
    low, high = ax.get_ylim()
    assert low < curve.fun.min()
    assert high > curve.start


def test_rates_that_diverge_are_marked() -> None:
    curve = RateCurve(np.geomspace(1e-3, 10.0, 5), np.array([0.9, 0.5, 0.4, 1e200, np.inf]), 1.0, 16)
    ax = drawn(plot.lr_curve(curve))
    assert legend(ax) == ["to take: 0.01", "diverges"]
    # Values beyond any size leave the others visible.
    assert ax.get_ylim()[1] < 2.0
    assert drawn(plot.lr_curve(RateCurve(np.array([1.0, 2.0]), np.array([np.inf, 3.0]), 1.0, 1)))
    assert drawn(plot.lr_curve(RateCurve(np.array([1.0]), np.array([3.0]), 0.0, 1)))


def test_bad_range_tests() -> None:
    with pytest.raises(TypeError, match=r"curve must be a RateCurve of fastgd.find_lr, got 3"):
        plot.lr_curve(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="curve must have a rate that did not diverge"):
        plot.lr_curve(RateCurve(np.array([1.0]), np.array([np.inf]), 1.0, 1))


# ------------------------------------------------------------------------------------------------------ sweep

GRID = {"alpha": [0.1, 0.0, 0.001], "lr": [1.0, 0.01, 0.1, 1e-3]}


def image(ax: Any) -> np.ndarray:
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def frame(ax: Any) -> tuple[float, float]:
    """Column and row of the cell that has it."""
    best = [patch for patch in ax.patches if patch.get_label() == "best"]
    assert len(best) == 1
    return best[0].get_x() + 0.5, best[0].get_y() + 0.5


@pytest.mark.parametrize("cv", [None, 3])
def test_a_sweep(data: Data, cv: int | None) -> None:
    found = fastgd.sweep(data.objective("log_loss"), grid=GRID, cv=cv, max_epochs=9, tol=None)
    ax = drawn(plot.sweep(found))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.001", "0.01", "0.1", "1"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0", "0.001", "0.1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "alpha")
    table = found.table if found.scores is None else found.scores
    values = found.fun if found.scores is None else found.scores["mean"]
    shown = image(ax)
    for lr, alpha, value in zip(table["lr"], table["alpha"], values, strict=True):
        assert shown[sorted(GRID["alpha"]).index(alpha), sorted(GRID["lr"]).index(lr)] == value
    best = found.best_params
    assert frame(ax) == (sorted(GRID["lr"]).index(best["lr"]), sorted(GRID["alpha"]).index(best["alpha"]))
    assert {text.get_text() for text in ax.texts} == {f"{value:.3g}" for value in values}
    what = "objective, penalty included" if cv is None else "mean loss on held-out rows"
    assert ax.figure.axes[1].get_ylabel() == what
    assert legend(ax) == ["best"]
    turned = image(drawn(plot.sweep(found, "alpha", "lr", annotate=False)))
    np.testing.assert_array_equal(turned, shown.T)


def test_of_further_parameters_the_best_counts(data: Data) -> None:
    grid = {"lr": [0.01, 0.1], "alpha": [0.0, 0.1], "momentum": [0.0, 0.9]}
    found = fastgd.sweep(data.objective("log_loss"), grid=grid, max_epochs=9, tol=None)
    ax = drawn(plot.sweep(found))
    np.testing.assert_array_equal(image(ax), found.fun.reshape(2, 2, 2).min(axis=2).T)
    assert "best of momentum" in ax.get_title(loc="left")


def test_runs_that_diverged_are_grey(data: Data) -> None:
    found = fastgd.sweep(data.objective("log_loss"), grid={"lr": [0.1, 1.0], "alpha": [0.0, 0.1]}, max_epochs=3)
    found.fun = np.array([0.5, np.nan, np.inf, 0.4])
    ax = drawn(plot.sweep(found))
    np.testing.assert_array_equal(np.isnan(image(ax)), [[False, True], [True, False]])
    assert sorted(text.get_text() for text in ax.texts) == ["0.4", "0.5", "diverged", "diverged"]
    found.fun = np.full(4, np.nan)
    with pytest.raises(ValueError, match="sweep_result must have a finite value, got none"):
        plot.sweep(found)


def test_one_parameter_is_a_curve(data: Data) -> None:
    found = fastgd.sweep(data.objective("log_loss"), grid={"lr": [1.0, 0.001, 0.1]}, max_epochs=9, tol=None)
    ax = drawn(plot.sweep(found))
    order = np.argsort(found.table["lr"])
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), found.table["lr"][order])
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), found.fun[order])
    assert ax.get_xscale() == "log"
    assert legend(ax) == [f"best: lr = {found.best_params['lr']:.4g}"]


def test_values_that_are_no_numbers(data: Data) -> None:
    schedules = [fastgd.schedules.InverseScaling(lr) for lr in (0.1, 0.2)]
    grid = {"lr": schedules, "alpha": [0.0, 0.1]}
    found = fastgd.sweep(data.objective("log_loss"), grid=grid, max_epochs=9, tol=None)
    ax = drawn(plot.sweep(found))
    assert [text.get_text() for text in ax.get_xticklabels()] == [repr(one) for one in schedules]
    drawn(plot.sweep(found, y=None))


def test_bad_sweeps(data: Data) -> None:
    found = fastgd.sweep(data.objective("log_loss"), grid={"lr": [0.1, 1.0]}, max_epochs=1)
    with pytest.raises(TypeError, match=r"sweep_result must be a SweepResult of fastgd.sweep"):
        plot.sweep(found.results)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="x must be one of 'lr', got 'rate'"):
        plot.sweep(found, "rate", None)
    with pytest.raises(ValueError, match="y must be one of None, got 'momentum'"):
        plot.sweep(found, y="momentum")
    with pytest.raises(ValueError, match="y must be one of None, got 'lr'"):
        plot.sweep(found, "lr", "lr")
    with pytest.raises(TypeError, match="annotate must be True or False"):
        plot.sweep(found, y=None, annotate=1)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ gradient_error


def fun(w: np.ndarray) -> Any:
    return (np.exp(w) * np.sin(w)).sum()


def grad(w: np.ndarray) -> np.ndarray:
    return np.exp(w) * (np.sin(w) + np.cos(w))


W = np.linspace(0.1, 2.0, 3)


def curve_of(ax: Any, method: str) -> np.ndarray:
    label = next(text for text in legend(ax) if text.startswith(method))
    return line(ax, label)


def test_errors_of_numerical_gradients() -> None:
    ax = drawn(plot.gradient_error(fun, W, grad))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    exact = grad(W)
    for method in ("forward", "central", "complex"):
        steps, errors = curve_of(ax, method).T
        for h, error in zip(steps[::7], errors[::7], strict=True):
            found = np.abs(fastgd.numerical_grad(fun, W, method, h=h) - exact).max() / np.abs(exact).max()
            assert error == max(found, 2.0**-53)
    # What the picture is for: orders 1 and 2, rounding below, and none for complex steps.
    forward, central, by_complex = (curve_of(ax, method) for method in ("forward", "central", "complex"))
    assert np.interp(-4.0, *np.log10(forward).T) - np.interp(-6.0, *np.log10(forward).T) == pytest.approx(2.0, abs=0.1)
    assert np.interp(-2.0, *np.log10(central).T) - np.interp(-4.0, *np.log10(central).T) == pytest.approx(4.0, abs=0.1)
    assert forward[:, 1].min() < 1e-7 < 1e-5 < forward[0, 1]
    assert by_complex[by_complex[:, 0] < 1e-9, 1].max() < 1e-14


def test_an_objective_has_its_own_gradient(data: Data) -> None:
    objective = data.objective("log_loss")
    ax = drawn(plot.gradient_error(objective, np.ones(5), h=[1e-3, 1e-6]))
    assert len(legend(ax)) == 2
    assert curve_of(ax, "central")[:, 0].tolist() == [1e-6, 1e-3]
    narrow = data.objective("log_loss", X=data.X.astype(np.float32))
    # Steps that float32 does not see are left out.
    seen = curve_of(drawn(plot.gradient_error(narrow, np.ones(5), methods=["forward"])), "forward")[:, 0]
    assert 1e-9 < seen.min() < 1e-6


def test_bad_gradient_errors() -> None:
    with pytest.raises(ValueError, match="grad must be given for a function"):
        plot.gradient_error(fun, W)
    with pytest.raises(TypeError, match="grad must be a callable"):
        plot.gradient_error(fun, W, 3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"what grad returns must have shape \(3,\), as w has, got shape \(2,\)"):
        plot.gradient_error(fun, W, lambda w: w[:2])
    with pytest.raises(ValueError, match="w must be where the gradient is not 0"):
        plot.gradient_error(fun, W, lambda w: 0.0 * w)
    with pytest.raises(ValueError, match="methods must be one of 'forward', 'central', 'complex', got 'backward'"):
        plot.gradient_error(fun, W, grad, methods=["backward"])
    with pytest.raises(ValueError, match="methods must be a sequence of"):
        plot.gradient_error(fun, W, grad, methods="central")
    with pytest.raises(ValueError, match="h must be a 1-D array of steps > 0"):
        plot.gradient_error(fun, W, grad, h=[0.1, 0.0])
    with pytest.raises(ValueError, match="h must be large enough to move every coordinate, got at most 1e-20"):
        plot.gradient_error(fun, W, grad, h=[1e-20], methods=["forward"])
    with pytest.raises(ValueError, match=r"w must be finite, got nan at w\[1\]"):
        plot.gradient_error(fun, [0.0, np.nan], grad)
    assert pyplot.get_fignums() == []
