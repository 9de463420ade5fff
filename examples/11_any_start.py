"""Descent begins anywhere and takes small steps. Where the loss is convex, every start comes to the same minimum.

Where it is not, each comes to a minimum near it, which depends on the start. The two losses here are those of a
logistic regression, and Himmelblau's function, which has four minima.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

# Convex: is a tumour benign, by its mean texture and mean concave points?
data = load_breast_cancer()
X = data.data[:, [1, 7]]
X = (X - X.mean(axis=0)) / X.std(axis=0)
convex = fastgd.LinearObjective(X, data.target, loss="log_loss", alpha=0.01, fit_intercept=False)


def himmelblau(w: np.ndarray) -> tuple[float, np.ndarray]:
    """The function, and its gradient."""
    x, y = w
    a, b = x**2 + y - 11.0, x + y**2 - 7.0
    return a**2 + b**2, np.array([4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b])


not_convex = fastgd.FunctionObjective(himmelblau, jac=True)

angles = 2.0 * np.pi * (np.arange(12) + 0.3) / 12
starts = 4.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def descend(objective: object, start: np.ndarray, lr: float) -> np.ndarray:
    """The start, and where each of 400 steps of batch gradient descent ends: (401, 2)."""
    path = [start]
    fastgd.minimize(
        objective, start, optimizer=SGD(lr), max_epochs=400, tol=None, callbacks=lambda info: path.append(info.x)
    )
    return np.array(path)


runs = {
    "convex": np.array([descend(convex, start, lr=4.0) for start in starts]),
    "not convex": np.array([descend(not_convex, start, lr=0.005) for start in starts]),
}
ends = {}
for (name, run), objective in zip(runs.items(), (convex, not_convex), strict=True):
    ends[name], counts = np.unique(run[:, -1].round(4), axis=0, return_counts=True)
    print(f"{name}: 12 starts end at")
    lecture.table(
        ["w0", "w1", "loss", "length of the gradient", "starts"],
        [
            [f"{w[0]:.4f}", f"{w[1]:.4f}", objective.value(w), np.linalg.norm(objective.grad(w)), count]
            for w, count in zip(ends[name], counts, strict=True)
        ],
    )
lesson.holds("convex: every start ends at one and the same minimum", len(ends["convex"]) == 1)
known = [[3.0, 2.0], [-2.8051, 3.1313], [-3.7793, -3.2832], [3.5844, -1.8481]]
lesson.holds("not convex: each ends at one of four", {*map(tuple, ends["not convex"])} == {*map(tuple, known)})


def draw(figure):
    colors = [lecture.BLUE, lecture.RED, lecture.GREEN, lecture.PURPLE]
    panels = figure.subplots(1, 2)
    side = np.linspace(-5.5, 5.5, 111)
    for axes, (name, run), objective in zip(panels, runs.items(), (convex, not_convex), strict=True):
        surface = np.array([[objective.value([u, v]) for u in side] for v in side])
        levels = np.quantile(surface, np.linspace(0.0, 0.97, 14)[1:])
        axes.contour(side, side, surface, levels=levels, colors="0.75", linewidths=0.8)
        for path in run:
            nearest = int(np.argmin(np.linalg.norm(ends[name] - path[-1], axis=1)))
            axes.plot(*path.T, color=colors[nearest], linewidth=1.4)
            axes.plot(*path[0], "o", color=colors[nearest], markersize=5)
        axes.plot(*ends[name].T, "*", color="black", markersize=12)
        axes.set(aspect="equal", xlim=(-5.5, 5.5), ylim=(-5.5, 5.5))
        axes.grid(False)
    panels[0].set(title="Convex: one minimum", xlabel="coefficient of texture", ylabel="coefficient of concave points")
    panels[1].set(title="Not convex: four", xlabel="w0", ylabel="w1")


lesson.end(draw, size=(9.0, 4.7))
