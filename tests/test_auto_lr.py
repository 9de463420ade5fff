"""``lr="auto"``: one over a bound on the smoothness, which is safe and close to the truth."""

from __future__ import annotations

from typing import Any

import _rounding
import numpy as np
import pytest
from conftest import Data
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgd
from fastgd import reference
from fastgd._auto_lr import choose_lr, smoothness
from fastgd.optimizers import SGD

# Losses whose second derivative has a bound, and that bound.
SMOOTH = {
    "squared_error": 1.0,
    "huber": 1.0,
    "log_cosh": 1.0,
    "squared_epsilon_insensitive": 2.0,
    "log_loss": 0.25,
    "squared_hinge": 2.0,
    "modified_huber": 2.0,
    "multinomial": 0.5,
}
OTHERS = sorted(set(fastgd.losses()) - set(SMOOTH))


def appended(X: np.ndarray) -> np.ndarray:
    return np.column_stack([X.astype(np.float64), np.ones(len(X))])


def largest_eigenvalue(X: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Of the second moments of the rows, by LAPACK."""
    weight = np.ones(len(X)) if weight is None else weight
    return float(np.linalg.eigvalsh((X.T * weight) @ X / weight.sum())[-1])


def farthest(size: int) -> float:
    """The factor by which the bound on the eigenvalue of a matrix may be too large.

    A Lanczos value is divided by 1 - e, where e is exceeded with a probability of one in a thousand: see
    cpp/objectives/row_moments.cpp. To this come roundings of two eigenvalue solvers and of the division.
    """
    return (1.0 + 64 * _rounding.EPS64) / (1.0 - (np.log(1.648 * np.sqrt(size) / 1e-3) / (2 * 16 - 1)) ** 2)


def draw_rows(kind: str, n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    X = rng.normal(size=(n, d))
    return {
        "independent": lambda: X,
        "correlated": lambda: X @ rng.normal(size=(d, d)) / np.sqrt(d),
        "shifted": lambda: X + rng.normal(size=d),
        "scaled": lambda: X * np.logspace(0.0, -3.0, d),
        "equal": lambda: np.repeat(X[:1], n, axis=0),
        "one hot": lambda: np.eye(d)[rng.integers(0, d, n)],
        "sparse": lambda: X * (rng.random((n, d)) < 0.05),
    }[kind]()


KINDS = ["independent", "correlated", "shifted", "scaled", "equal", "one hot", "sparse"]


# ------------------------------------------------------------------------------------------------- the eigenvalue


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (300, 2), (400, 30), (500, 300)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_is_safe_and_close(kind: str, shape: tuple[int, int], dtype: Any) -> None:
    X = draw_rows(kind, *shape, np.random.default_rng(list(kind.encode()))).astype(dtype)
    y = np.zeros(len(X))
    for fit_intercept, rows in ((True, appended(X)), (False, X.astype(np.float64))):
        objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=fit_intercept)
        true = largest_eigenvalue(rows)
        rounding = _rounding.walk(len(X)) * (2.0**-52 if dtype is np.float64 else 2.0**-23)
        found = smoothness(objective, 0.0, 0.0, 0)
        assert true * (1.0 - rounding) <= found <= farthest(rows.shape[1]) * true * (1.0 + rounding)
        # Never above the sum of all eigenvalues, which is the mean square of the rows.
        assert found <= np.mean(np.sum(rows**2, axis=1)) * (1.0 + _rounding.walk(rows.size) * 2.0**-52)


def test_rows_count_by_their_weights() -> None:
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(500, 6)) * np.linspace(1.0, 3.0, 500)[:, None], rng.integers(0, 4, 500) / 2.0
    X[weight == 0.0] = np.nan
    objective = fastgd.LinearObjective(X, np.zeros(500), loss="squared_error", sample_weight=weight)
    present = weight > 0.0
    true = largest_eigenvalue(appended(X[present]), weight[present])
    assert true <= smoothness(objective, 0.0, 0.0, 0) <= farthest(7) * true
    for factor in (0.25, 4.0):
        scaled = fastgd.LinearObjective(X, np.zeros(500), loss="squared_error", sample_weight=factor * weight)
        assert smoothness(scaled, 0.0, 0.0, 0) == smoothness(objective, 0.0, 0.0, 0)
        assert smoothness(scaled, 0.0, 0.0, 1) == smoothness(objective, 0.0, 0.0, 1)


def test_a_sample_of_many_rows_comes_from_all_of_them() -> None:
    """Rows grow along the data, so that those of any part of it would tell another size."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(9000, 3)) * np.linspace(0.1, 2.0, 9000)[:, None]
    weight = np.where(np.arange(9000) % 2 == 0, 1.0, 0.0)
    for weights in (None, weight):
        objective = fastgd.LinearObjective(X, np.zeros(9000), loss="squared_error", sample_weight=weights)
        present = np.flatnonzero(np.ones(9000) if weights is None else weights)
        true = largest_eigenvalue(appended(X[present[np.arange(4096) * len(present) // 4096]]))
        assert true <= smoothness(objective, 0.0, 0.0, 0) <= farthest(4) * true


def test_few_rows_of_positive_weight_are_found() -> None:
    weight = np.zeros(50_000)
    weight[[17, 40_001]] = 1.0
    objective = fastgd.LinearObjective(np.full((50_000, 2), 3.0), weight, loss="squared_error", sample_weight=weight)
    assert smoothness(objective, 0.0, 0.0, 0) == pytest.approx(19.0, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-30, 1e15, 1e25])
def test_squares_beyond_float32_leave_the_mean_square(scale: float) -> None:
    X = (scale * np.random.default_rng(2).normal(size=(50, 4))).astype(np.float32)
    objective = fastgd.LinearObjective(X, np.zeros(50), loss="squared_error", fit_intercept=False)
    true = largest_eigenvalue(X.astype(np.float64))
    # The trace of four eigenvalues.
    assert true <= smoothness(objective, 0.0, 0.0, 0) <= 4.0 * true


def test_it_does_not_depend_on_threads_or_targets(data: Data) -> None:
    X = np.random.default_rng(3).normal(size=(5000, 100))
    bounds = set()
    for n_threads in (1, 3):
        for y in (X[:, 0], np.column_stack([X[:, 0], X[:, 1]])):
            with fastgd.threads(n_threads):
                objective = fastgd.LinearObjective(X, y, loss="squared_error", offset=np.ones_like(y))
                bounds.add(smoothness(objective, 0.0, 0.0, 0))
    assert len(bounds) == 1


# ------------------------------------------------------------------------------------------------------- the rate


@pytest.mark.parametrize("loss", SMOOTH)
def test_it_is_one_over_curvature_times_eigenvalue_and_penalty(data: Data, loss: str) -> None:
    true = largest_eigenvalue(appended(data.X))
    for alpha, l1_ratio in ((0.0, 0.0), (2.0, 0.25)):
        objective = data.objective(loss, alpha=alpha, l1_ratio=l1_ratio)
        bound = 1.0 / choose_lr(objective, alpha, l1_ratio, 0).lr - alpha * (1.0 - l1_ratio)
        assert SMOOTH[loss] * true <= bound <= farthest(5) * SMOOTH[loss] * true
        assert fastgd.minimize(objective, max_epochs=1).lr == choose_lr(objective, alpha, l1_ratio, 0).lr


def test_losses_without_a_bound_have_a_stand_in(data: Data) -> None:
    squares = float(np.mean(np.sum(data.X**2, axis=1))) + 1.0
    counts = float(np.mean(data.counts)) + 1.0
    expected = dict.fromkeys(OTHERS, 1.0) | {"poisson": counts, "gamma": counts, "tweedie": counts, "exponential": 2.0}
    for loss, stand_in in expected.items():
        assert 1.0 / choose_lr(data.objective(loss), 0.0, 0.0, 0).lr == pytest.approx(stand_in * squares, rel=1e-12), (
            loss
        )


def test_batches_go_from_the_longest_row_to_all(data: Data) -> None:
    objective = data.objective()
    squares = np.sum(appended(data.X) ** 2, axis=1)
    together = smoothness(objective, 0.0, 0.0, 0)
    assert smoothness(objective, 0.0, 0.0, 1) == pytest.approx(squares.max(), rel=1e-12)
    share = 44.0 / (16.0 * 59.0)
    expected = (1.0 - share) * together + share * squares.max()
    assert smoothness(objective, 0.5, 0.0, 16) == pytest.approx(expected + 0.5, rel=1e-12)
    assert smoothness(objective, 0.0, 0.0, 60) == smoothness(objective, 0.0, 0.0, 1000) == together
    weighted = data.objective(sample_weight=data.weight)
    longest = (data.weight * squares).max() / data.weight.mean()
    assert smoothness(weighted, 0.0, 0.0, 1) == pytest.approx(longest, rel=1e-12)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_one_long_row_among_many_is_found(n_threads: int) -> None:
    X = np.random.default_rng(4).normal(size=(30_000, 3)).astype(np.float32)
    X[12_347] = 100.0
    objective = fastgd.LinearObjective(X, X[:, 0], loss="squared_error")
    with fastgd.threads(n_threads):
        result = fastgd.minimize(objective, batch_size=8, max_epochs=2, tol=None)
    share = (30_000 - 8) / (8 * 29_999)
    assert 1.0 / result.lr >= share * 30_001.0
    assert result.status == "max_epochs"


@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_errors_shrink_in_mean_square(data: Data, batch_size: int) -> None:
    """E[(I - lr A_B)^2] over all batches is a contraction, exactly, on rows of very different lengths."""
    X = appended(data.X * np.exp(np.random.default_rng(5).normal(size=(60, 1))))
    objective = data.objective(X=X[:, :4])
    lr = choose_lr(objective, 0.0, 0.0, batch_size).lr
    mean = X.T @ X / 60.0
    fourth = (X.T * np.sum(X**2, axis=1)) @ X / 60.0
    share = (60.0 - batch_size) / (batch_size * 59.0)
    squared = (1.0 - share) * mean @ mean + share * fourth
    eigenvalues = np.linalg.eigvalsh(np.eye(5) - 2.0 * lr * mean + lr**2 * squared)
    assert eigenvalues[-1] < 1.0


@pytest.mark.parametrize("batch_size", ["full", 1, 16])
@pytest.mark.parametrize("loss", fastgd.losses())
def test_it_descends(data: Data, loss: str, batch_size: Any) -> None:
    objective = data.objective(loss, alpha=0.01)
    # At 0 the perceptron loses nothing, so all start beside it.
    w0 = np.linspace(-0.5, 0.5, objective.n_params)
    result = fastgd.minimize(objective, w0, batch_size=batch_size, max_epochs=30)
    assert result.status in ("converged", "max_epochs"), result.message
    assert result.fun < objective.value(w0)


@settings(max_examples=60, deadline=None)
@given(
    loss=st.sampled_from(sorted(SMOOTH)),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float64, np.float32]),
    alpha=st.sampled_from([0.0, 0.01, 1.0]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_batch_descent_is_monotone(loss: str, kind: str, dtype: Any, alpha: float, weighted: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 40)), int(rng.integers(1, 12))
    X = draw_rows(kind, n, d, rng).astype(dtype)
    y: np.ndarray = rng.normal(size=n) if reference.KINDS[loss] == "regression" else np.arange(n) % 2
    weight = rng.integers(1, 9, n) / 4.0 if weighted else None
    objective = fastgd.LinearObjective(X, y, loss=loss, alpha=alpha, sample_weight=weight)
    points = [rng.normal(size=objective.n_params)]
    fastgd.minimize(
        objective,
        points[0],
        optimizer=SGD(choose_lr(objective, alpha, 0.0, 0).lr),
        max_epochs=15,
        tol=None,
        callbacks=lambda info: points.append(info.x),
    )
    assert len(points) == 16
    twin = reference.LinearObjective(X, y, loss=loss, alpha=alpha, sample_weight=weight)
    eps = float(np.finfo(objective.dtype).eps)
    values = np.array([objective.value(w) for w in points])
    rounding = np.array([_rounding.bound(twin, w, None, eps).value for w in points])
    assert np.all(np.diff(values) <= 4.0 * eps * values[:-1] + rounding[:-1] + rounding[1:])


# ----------------------------------------------------------------------------------------------------- the reason


def test_the_reason_is_a_sentence(data: Data) -> None:
    objective = data.objective("log_loss")
    lr, reason = choose_lr(objective, 0.5, 0.5, 0)
    size = (1.0 / lr - 0.25) / 0.25
    assert reason == (
        f"{lr:.3g} = 1/L with L = 0.25 * {size:.3g} + 0.25: the bound on the second derivative of log_loss times the "
        f"largest eigenvalue of the mean of x x^T, plus the l2 penalty"
    )
    assert choose_lr(objective, 0.0, 0.0, 4).reason.endswith(
        "times (0.763 of the largest eigenvalue of the mean of x x^T and 0.237 of the largest ||x||^2)"
    )
    assert choose_lr(data.objective("hinge"), 0.0, 0.0, 0).reason.endswith(
        "1 * 4.31: what stands in for a bound on the second derivative of hinge times the mean of ||x||^2"
    )


def test_nothing_to_bend(data: Data) -> None:
    nothing = fastgd.LinearObjective(np.zeros((4, 2)), np.ones(4), loss="squared_error", fit_intercept=False)
    assert fastgd.minimize(nothing, max_epochs=1).lr == 1.0
    assert choose_lr(nothing, 0.0, 0.0, 0) == (1.0, "1, as nothing bends the objective: X holds zeros only")


def test_data_that_is_not_finite(data: Data) -> None:
    X = data.X.copy()
    X[3, 1] = np.inf
    with pytest.raises(ValueError, match="X must be finite, got inf in row 3, column 1"):
        choose_lr(data.objective(X=X), 0.0, 0.0, 0)
    with pytest.raises(ValueError, match=r"lr=.auto. needs a finite mean square of X.s rows"):
        choose_lr(data.objective(X=1e200 * data.X), 0.0, 0.0, 0)
