"""What the lecture says of steps on single rows: repeated rows cost nothing, poor minima are left, the perceptron."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_iris

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Cosine

Array = NDArray[np.float64]

# ---------------------------------------------------------------------------------------------------------- redundancy

ALPHA = 0.01


def repeated(k: int) -> fastgd.LinearObjective:
    """Real data, each row k times."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return fastgd.LinearObjective(np.tile(X, (k, 1)), np.tile(y, k), loss="log_loss", alpha=ALPHA)


def rows_to(target: float, objective: fastgd.LinearObjective, lr: float, **how: object) -> tuple[int, Array]:
    """Rows evaluated until the loss is at the target after an epoch, and where that is."""
    once, n_rows = repeated(1), [0]

    def look(info: fastgd.EpochInfo) -> bool:
        n_rows[0] += objective.n_samples if how["batch_size"] == "full" else 100
        return once.value(info.x) <= target

    result = fastgd.minimize(objective, optimizer=SGD(lr), max_epochs=500, tol=None, callbacks=look, **how)
    assert result.status == "callback"
    return n_rows[0], result.x


def test_batch_descent_pays_for_every_repetition_of_the_rows_and_stochastic_descent_does_not() -> None:
    target = 0.12
    batch = {k: rows_to(target, repeated(k), 0.5, batch_size="full") for k in (1, 4, 12)}
    for k, (n_rows, x) in batch.items():
        assert n_rows == k * batch[1][0]
        # Sums of k times as many terms are rounded differently, along some fifty steps.
        np.testing.assert_allclose(x, batch[1][1], rtol=0.0, atol=1e-12 * float(np.linalg.norm(x)))
    # Epochs of 100 rows, each of them drawn from all copies.
    n = repeated(1).n_samples
    rng = np.random.default_rng(0)
    orders = rng.integers(0, n, size=(500, 100))
    copies = {k: orders + n * rng.integers(0, k, size=orders.shape) for k in batch}
    single = {k: rows_to(target, repeated(k), 0.01, batch_size=1, order=lambda e, k=k: copies[k][e]) for k in batch}
    for n_rows, x in single.values():
        assert (n_rows, x.tobytes()) == (single[1][0], single[1][1].tobytes())
    assert single[12][0] < batch[1][0] < batch[12][0]


def test_one_pass_over_redundant_rows_is_one_step_for_batch_descent() -> None:
    objective = repeated(12)
    batch = fastgd.minimize(objective, max_epochs=1, tol=None)
    single = fastgd.minimize(objective, optimizer=SGD(0.01), batch_size=1, max_epochs=1, tol=None)
    assert (batch.n_steps, single.n_steps) == (1, 12 * 569)
    least = fastgd.minimize(repeated(1), optimizer="lbfgs", max_epochs=300, tol=None).fun
    assert single.fun - least < 0.05 * (batch.fun - least)


def test_single_steps_overshoot_the_minimum_by_the_square_of_the_rate() -> None:
    """F(w* - lr g) - F(w*) is lr^2 / 2 g' H g, exactly where F is a parabola."""
    data = load_breast_cancer().data[:, :5]
    X = (data - data.mean(axis=0)) / data.std(axis=0)
    y = X @ [1.0, -1.0, 0.5, 0.0, 2.0] + np.random.default_rng(0).normal(size=len(X))
    objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=False)
    w = np.linalg.lstsq(X, y)[0]
    least, hessian = objective.value(w), X.T @ X / len(X)
    for row in range(0, len(X), 50):
        slope = objective.grad(w, [row])
        run = {
            lr: fastgd.minimize(objective, w, optimizer=SGD(lr), batch_size=1, order=[row], max_epochs=1, tol=None).x
            for lr in (0.1, 0.2)
        }
        for lr, x in run.items():
            np.testing.assert_allclose(x, w - lr * slope, rtol=1e-12)
            rise = objective.value(x) - least
            np.testing.assert_allclose(rise, 0.5 * lr**2 * slope @ hessian @ slope, rtol=1e-6, atol=1e-14)


# -------------------------------------------------------------------------------------------------------- a double well

N_TERMS = 50


def wells() -> tuple[fastgd.FunctionObjective, Array, Array]:
    """The mean of (w^2 - 1)^2 + w / 2 + pull_i w, its three level points from the left, and the pulls, of mean 0."""
    pulls = np.random.default_rng(0).normal(size=N_TERMS)
    pulls = 2.5 * (pulls - pulls.mean()) / pulls.std()
    pulls -= pulls.mean()

    def mean_of_terms(w: Array, rows: NDArray[np.int64]) -> tuple[float, Array]:
        slope = 0.5 + pulls[rows].mean()
        return (w[0] ** 2 - 1.0) ** 2 + slope * w[0], np.array([4.0 * w[0] * (w[0] ** 2 - 1.0) + slope])

    level = np.sort(np.roots([4.0, 0.0, -4.0, 0.5]).real)
    return fastgd.FunctionObjective(mean_of_terms, jac=True, n_samples=N_TERMS), level, pulls


def test_batch_descent_stays_in_a_poor_minimum() -> None:
    objective, (deep, hill, poor), _ = wells()
    assert objective.value([deep]) < objective.value([poor]) - 0.9
    for start in (poor, 0.5 * (hill + poor), poor + 0.4):
        found = fastgd.minimize(objective, [start], optimizer=SGD(0.1), max_epochs=300, tol=None)
        # A step leaves at most 1 - 0.1 * F'' of the way at the bottom, F'' = 12 w^2 - 4 = 6.4.
        assert found.x[0] == pytest.approx(poor, abs=1e-12)


def test_single_terms_lead_out_of_it() -> None:
    """Some terms slope down to the left everywhere; a run of steps on one of them leads over the hill."""
    objective, (deep, hill, poor), pulls = wells()
    steep = int(pulls.argmax())
    w = np.linspace(hill, poor, 200)
    assert all(objective.grad([x], [steep])[0] > 0.0 for x in w)
    run = fastgd.minimize(
        objective, [poor], optimizer=SGD(0.1), batch_size=1, order=[steep] * 6, max_epochs=1, tol=None
    )
    assert run.x[0] < hill
    home = fastgd.minimize(objective, run.x, optimizer=SGD(0.05), max_epochs=300, tol=None)
    assert home.x[0] == pytest.approx(deep, abs=1e-12)


def test_stochastic_descent_leaves_it_and_comes_to_rest_in_the_deeper_one() -> None:
    objective, (deep, hill, poor), _ = wells()
    ends = [
        fastgd.minimize(
            objective,
            [poor],
            optimizer=SGD(Cosine(0.1, t_max=20 * N_TERMS)),
            batch_size=1,
            max_epochs=20,
            tol=None,
            random_state=seed,
        ).x[0]
        for seed in range(10)
    ]
    # Were it even chances to leave, nine or more of ten would have had one of 1 %.
    assert np.sum(np.array(ends) < hill) >= 9
    assert np.median(np.abs(np.array(ends) - deep)) < 0.01


# ------------------------------------------------------------------------------------------------------- the perceptron


def test_the_perceptron_rule_is_stochastic_descent_and_bounded_in_its_mistakes() -> None:
    """Novikoff: at most (R / margin)^2 mistakes, with the margin of any line that separates the classes."""
    X = load_iris().data
    # Whole millimetres, of which sums are exact; setosa and the others in turn.
    X = np.hstack([np.rint(10.0 * X), np.full((150, 1), 10.0)])[np.arange(150).reshape(3, 50).T.ravel()]
    y = np.tile([1, -1, -1], 50)
    w, n_mistakes, last = np.zeros(5), 0, 1
    while last:
        last = 0
        for x, sign in zip(X, y, strict=True):
            if sign * (w @ x) <= 0.0:
                w += sign * x
                last += 1
        n_mistakes += last
    objective = fastgd.LinearObjective(X, y, loss="perceptron", fit_intercept=False)
    found = fastgd.minimize(objective, optimizer=SGD(1.0), batch_size=1, shuffle=False, max_epochs=100, tol=None)
    np.testing.assert_array_equal(found.x, w)
    assert (found.fun, found.grad_norm) == (0.0, 0.0)
    margin = float((y * (X @ found.x)).min() / np.linalg.norm(found.x))
    assert margin > 0.0
    assert 0 < n_mistakes <= float((X**2).sum(axis=1).max()) / margin**2
