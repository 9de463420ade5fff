"""Least squares has a closed form; gradient descent comes to the same coefficients, step by step.

Where columns depend on each other, many coefficients are equally good. The closed form then gives the shortest ones
and says the rank, and descent from 0, which never leaves the span of the rows, finds the same.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_diabetes

import fastgd
from fastgd.linear_model import LinearRegression
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

X, y = load_diabetes(return_X_y=True)
X = X / X.std(axis=0)
y = y - y.mean()


def descend(X: np.ndarray, lr: float | str, n_steps: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Batch descent from 0 on the squared error: the coefficients at the end, and after each step."""
    objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=False)
    path = [objective.initial()]
    result = fastgd.minimize(
        objective, optimizer=SGD(lr), max_epochs=n_steps, tol=None, callbacks=lambda info: path.append(info.x)
    )
    return result.x, path


exact = LinearRegression(fit_intercept=False, solver="closed_form").fit(X, y)
largest = np.linalg.eigvalsh(X.T @ X / len(X))[-1]
runs = {"constant rate 1/L": descend(X, 1.0 / largest, 3000), 'lr="auto"': descend(X, "auto", 600)}
distances = {
    name: np.linalg.norm(np.array(path) - exact.coef_, axis=1) / np.linalg.norm(exact.coef_)
    for name, (_, path) in runs.items()
}
rows = [[name, len(way) - 1, float(way[10]), float(way[100]), float(way[-1])] for name, way in distances.items()]
lecture.table(["distance to the closed form", "steps", "after 10", "after 100", "at the end"], rows)
lesson.holds("rank of the 10 columns: 10", exact.rank_ == 10)
lesson.holds('lr="auto" is at the closed form to 8 digits', distances['lr="auto"'][-1] < 1e-8)
lesson.holds("a constant rate comes nearer with every step", np.all(np.diff(distances["constant rate 1/L"]) < 0.0))

# An eleventh column that is the sum of two others.
X_dependent = np.hstack([X, X[:, [2]] + X[:, [3]]])
shortest = LinearRegression(fit_intercept=False, solver="closed_form").fit(X_dependent, y)
found, _ = descend(X_dependent, "auto", 600)
apart = np.linalg.norm(found - shortest.coef_) / np.linalg.norm(shortest.coef_)
print(f"\nWith a column that is the sum of two others: rank {shortest.rank_} of 11 columns.")
lesson.holds("the rank is still 10", shortest.rank_ == 10)
lesson.holds(f"descent from 0 finds the same shortest coefficients (relative distance {apart:.1e})", apart < 1e-8)
prediction = np.abs(X_dependent @ shortest.coef_ - X @ exact.coef_).max()
lesson.holds("and predictions are those without it", prediction < 1e-8 * np.abs(y).max())


def draw(figure):
    axes = figure.subplots()
    for (name, way), color, line in zip(distances.items(), (lecture.RED, lecture.BLUE), ("--", "-"), strict=True):
        axes.plot(np.arange(len(way)), way, line, color=color, label=name)
    axes.set(
        title="Descent comes to the closed form's coefficients",
        xlabel="steps",
        ylabel="relative distance to them",
        yscale="log",
    )
    axes.legend()


lesson.end(draw, size=(7.0, 4.2))
