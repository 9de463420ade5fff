"""Follow the slope: near w a function is f(w) + g·d plus a remainder that falls as the square of the step d.

So the gradient g tells what a small step changes, and of all directions of one length -g lowers f most: along a
direction at an angle to it the slope is -|g| cos(angle).
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
objective = fastgd.LinearObjective(X, y, loss="log_loss", alpha=0.01)
w = np.random.default_rng(0).normal(size=objective.n_params) / 4.0

taylor = fastgd.taylor_test(objective, w)
lecture.table(
    ["h", "|f(w + h d) - f(w)|", "less h g·d"],
    [[f"2^-{i}", taylor.remainder0[i], taylor.remainder1[i]] for i in range(0, 21, 4)],
)
lesson.holds(f"the change is of order h (fitted: {taylor.order0:.3f})", abs(taylor.order0 - 1.0) < 0.05)
lesson.holds(
    f"what the gradient leaves of it is of order h² (fitted: {taylor.order1:.3f})", abs(taylor.order1 - 2.0) < 0.05
)

steepest = fastgd.steepest(objective, w, n_directions=400)
print(f"\n{steepest}\n")
lesson.holds("of 400 directions none lowers f faster than -g", steepest.ok)
away = np.abs(steepest.decreases - steepest.grad_norm * steepest.cosines)
lesson.holds("each has the slope -|g| cos(angle)", np.all(away <= steepest.errors + 1e-9))

# The same on the way down: what a step was to bring, to first order, and what it brought.
print()
shares = {}
for lr in (1.0, 0.1, 0.01, 0.001):
    steps = list(fastgd.trace(objective, w, optimizer=SGD(lr), max_epochs=5, tol=None))
    shares[lr] = float(np.mean([step.actual_decrease / step.predicted_decrease for step in steps]))
lecture.table(
    ["learning rate", "decrease in 5 steps, as a share of that predicted"],
    [[lr, share] for lr, share in shares.items()],
)
lesson.holds("small steps bring what the gradient predicts", abs(shares[0.001] - 1.0) < 0.01)
lesson.holds("the smaller, the more exactly", np.all(np.diff(np.abs(np.array([*shares.values()]) - 1.0)) < 0.0))


def draw(figure):
    left, right = figure.subplots(1, 2)
    left.plot(taylor.h, taylor.remainder0, "o", color=lecture.RED, markersize=4, label="|f(w + h d) - f(w)|")
    left.plot(taylor.h, taylor.remainder1, "s", color=lecture.BLUE, markersize=4, label="the same less h g·d")
    h = np.array([1e-7, 1.0])
    left.plot(h, taylor.remainder0[10] / taylor.h[10] * h, "--", color="0.5", linewidth=1)
    left.plot(h, taylor.remainder1[10] / taylor.h[10] ** 2 * h**2, ":", color="0.5", linewidth=1.5)
    left.annotate("order h", (3e-10, 3e-8), color="0.4", fontsize=10)
    left.annotate("order h²", (1e-5, 1e-13), color="0.4", fontsize=10)
    left.set(title="Remainders", xlabel="h", ylabel="remainder", xscale="log", yscale="log", ylim=(1e-17, 10))
    left.legend(loc="upper left", fontsize=10)
    angles = np.degrees(np.arccos(np.clip(steepest.cosines, -1.0, 1.0)))
    wide = np.linspace(0.0, 180.0, 181)
    right.plot(wide, steepest.grad_norm * np.cos(np.radians(wide)), color="0.6", linewidth=1, label="|g| cos(angle)")
    right.plot(angles, steepest.decreases, ".", color=lecture.BLUE, label="random directions, by values")
    right.plot(0.0, steepest.decrease, "*", color=lecture.RED, markersize=12, label="-g")
    right.set(
        title="Decrease of f by unit length",
        xlabel="angle to -g (degrees)",
        ylabel="decrease",
        xticks=range(0, 181, 45),
    )
    right.legend(fontsize=10)


lesson.end(draw)
