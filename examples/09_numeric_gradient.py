"""A numerical gradient is slow and approximate: it takes an evaluation or two a parameter, and its error has a floor.

A large step h leaves the remainder of Taylor's theorem, a small one the rounding of a difference, so that forward
differences have half of the digits at best and central ones two thirds. Complex steps have all of them, but need a
function of complex numbers. The analytic gradient has all, for the price of about one evaluation.
"""

import time

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
X = ((X - X.mean(axis=0)) / X.std(axis=0))[:200]
y = y[:200]
objective = fastgd.LinearObjective(X, y, loss="log_loss", fit_intercept=False)
signs = np.where(y == 1, 1.0, -1.0)
w = np.random.default_rng(0).normal(size=30) / 4.0
calls = [0]


def loss(w: np.ndarray) -> complex:
    """The same objective in NumPy, also of complex parameters."""
    calls[0] += 1
    return np.mean(np.log1p(np.exp(-signs * (X @ w))))


exact = objective.grad(w)
steps = np.logspace(-14, 0, 29)
errors, best, evaluations = {}, {}, {}
for method in ("forward", "central", "complex"):
    errors[method] = np.array(
        [np.abs(fastgd.numerical_grad(loss, w, method, h=h) - exact).max() / np.abs(exact).max() for h in steps]
    )
    calls[0] = 0
    chosen = fastgd.numerical_grad(loss, w, method)
    evaluations[method] = calls[0]
    best[method] = np.abs(chosen - exact).max() / np.abs(exact).max()


def seconds(call: object) -> float:
    """The least time of five calls."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


rows = [
    [method, evaluations[method], errors[method].min(), float(steps[errors[method].argmin()]), best[method]]
    for method in errors
]
lecture.table(["30 parameters", "evaluations", "least relative error", "at h =", "error with h by default"], rows)
numeric = seconds(lambda: fastgd.numerical_grad(objective, w))
analytic = seconds(lambda: objective.value_and_grad(w))
print(f"Central differences of fastgd's loss take {1e6 * numeric:.0f} µs, its gradient {1e6 * analytic:.0f} µs.\n")
eps = np.finfo(float).eps
lesson.holds(
    "forward differences take one evaluation a parameter, central ones two, and one more for the start",
    evaluations["forward"] == 31 and evaluations["central"] == 61,
)
lesson.holds(
    "complex steps take one a parameter, and at most 20 to see that they may", 30 < evaluations["complex"] <= 50
)
lesson.holds("forward differences have about half of 16 digits", 1e-10 < errors["forward"].min() < 1e-7)
lesson.holds(
    "central ones about two thirds", 1e-13 < errors["central"].min() < 1e-9 < errors["forward"][steps > 1e-2].min()
)
lesson.holds("complex steps have all, and so does the analytic gradient", errors["complex"].min() < 64 * eps)
for method, power in (("forward", 1), ("central", 2), ("complex", 2)):
    wide = (steps >= 1e-3) & (steps <= 1e-1)
    order = np.polyfit(np.log(steps[wide]), np.log(errors[method][wide]), 1)[0]
    lesson.holds(f"{method}: for large steps the error falls as h^{order:.2f}", abs(order - power) < 0.1)


def draw(figure):
    fastgd.plot.gradient_error(loss, w, objective.grad, h=steps, ax=figure.subplots())


lesson.end(draw, size=(7.0, 4.6))
