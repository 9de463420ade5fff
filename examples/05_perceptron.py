"""The perceptron rule, an ad-hoc recipe, is stochastic gradient descent on a loss: max(0, -y f(x)), with rate 1.

It steps only where it is wrong, by y x. On classes that a line separates it makes at most (R / margin)² mistakes, with
R the length of the longest example, and then rests; on others it never does.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_iris

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

EPOCHS = 40


def rule(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The rule as textbooks have it: the coefficients, and the mistakes of each pass over the rows."""
    w, mistakes = np.zeros(X.shape[1]), []
    for _ in range(EPOCHS):
        wrong = 0
        for x, label in zip(X, y, strict=True):
            if label * (w @ x) <= 0.0:
                w += label * x
                wrong += 1
        mistakes.append(wrong)
    return w, mistakes


def descent(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Gradient descent with one row a step, in the same order."""
    objective = fastgd.LinearObjective(X, y, loss="perceptron", fit_intercept=False)
    return fastgd.minimize(objective, optimizer=SGD(1.0), batch_size=1, shuffle=False, max_epochs=EPOCHS, tol=None).x


# Length and width of petals in millimetres, and a constant: whole numbers, so that sums of them are exact.
data = load_iris()
species = {name: np.rint(data.data[data.target == i, 2:] * 10.0) for i, name in enumerate(data.target_names)}
found = {}
for one, other in (("setosa", "versicolor"), ("versicolor", "virginica")):
    # The two take turns.
    X = np.stack([species[one], species[other]], axis=1).reshape(-1, 2)
    X = np.hstack([X, np.full((len(X), 1), 10.0)])
    y = np.tile([-1, 1], 50)
    w, mistakes = rule(X, y)
    found[one, other] = w, mistakes
    print(f"{one} and {other}: {sum(mistakes)} mistakes in {EPOCHS} passes, {mistakes[-1]} in the last; w = {w}")
    lesson.holds("descent comes to the same w, to the last bit", np.array_equal(descent(X, y), w))
    if one == "setosa":
        margin = (y * (X @ w)).min() / np.linalg.norm(w)
        bound = (np.linalg.norm(X, axis=1).max() / margin) ** 2
        lesson.holds(f"the line separates them, with a margin of {margin:.2f} mm", margin > 0.0)
        lesson.holds(f"no more mistakes than (R / margin)² = {bound:.0f}", sum(mistakes) <= bound)
        lesson.holds("and it rests", mistakes[-1] == 0)
    else:
        lesson.holds("it never rests", min(mistakes) > 0)


def draw(figure):
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1.0])
    looks = {"setosa": (lecture.BLUE, "o"), "versicolor": (lecture.ORANGE, "s"), "virginica": (lecture.GREEN, "^")}
    for name, (color, marker) in looks.items():
        left.scatter(*species[name].T, s=22, color=color, marker=marker, label=name)
    length = np.array([0.0, 75.0])
    for ((one, other), (w, mistakes)), line in zip(found.items(), ("-", "--"), strict=True):
        left.plot(length, -(w[0] * length + 10.0 * w[2]) / w[1], line, color="black", linewidth=1.5)
        right.plot(np.arange(1, EPOCHS + 1), mistakes, line, marker=".", color="black", label=f"{one}, {other}")
    left.set(title="Where it ends", xlabel="petal length (mm)", ylabel="petal width (mm)", xlim=(5, 72), ylim=(-1, 27))
    left.legend(loc="lower right")
    right.set(title="Mistakes of each pass over 100 rows", xlabel="passes", ylabel="mistakes")
    right.legend()


lesson.end(draw)
