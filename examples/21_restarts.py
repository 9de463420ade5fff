"""Where a loss has many local minima, descent from one start ends in any of them; many starts are one sweep.

All starts descend side by side, in the same passes over the data, and the best end is kept. Once on a function with 32
minima, and once on a network of three hidden units, which from most starts does not learn what it could.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import make_moons

import fastgd
from fastgd.optimizers import SGD, Adam

lesson = lecture.begin(__doc__)


def styblinski_tang(W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A textbook's function of five variables, and its gradient, at many points (n, 5)."""
    return 0.5 * (W**4 - 16.0 * W**2 + 5.0 * W).sum(axis=1), 2.0 * W**3 - 16.0 * W + 2.5


function = fastgd.FunctionObjective(styblinski_tang, jac=True, batched=True)
starts = np.random.default_rng(0).uniform(-4.0, 4.0, size=(128, 5))
of_function = fastgd.sweep(function, grid={"w0": list(starts)}, optimizer=SGD(0.01), max_epochs=300, tol=None)
# Each variable has two minima, of which one is the better.
roots = np.sort(np.roots([2.0, 0.0, -16.0, 2.5]).real)
least = styblinski_tang(np.full((1, 5), roots[0]))[0][0]
depths = np.unique(of_function.fun.round(2))
share = np.mean(of_function.fun < least + 1e-3)
print(f"Styblinski and Tang's function in 5 dimensions, 128 starts: minima of depth {depths.tolist()}.")
lesson.holds("every start ends in a minimum", max(result.grad_norm for result in of_function.results) < 1e-6)
lesson.holds(f"one start finds the deepest with chance {share:.0%}", 0.0 < share < 0.2)
lesson.holds("128 starts find it", abs(of_function.best.fun - least) < 1e-6)

X, y = make_moons(400, noise=0.1, random_state=0)
network = fastgd.MLPObjective(X, y, hidden_layer_sizes=(3,), activation="relu", loss="log_loss", alpha=1e-4)
of_network = fastgd.sweep(network, grid={"init_seed": list(range(32))}, optimizer=Adam(0.05), max_epochs=500, tol=None)
order = np.argsort(of_network.fun)
best, typical = (of_network.x[order[i]] for i in (0, 16))


def mistakes(w: np.ndarray) -> float:
    """Share of rows on the wrong side."""
    return float(np.mean((network.decision_function(w) > 0.0) != y))


print("\nA network with 3 hidden units on two interleaved half circles, 32 random starts:\n")
lecture.table(
    ["start", "loss", "mistakes"],
    [["the best", of_network.best.fun, mistakes(best)], ["the median", of_network.fun[order[16]], mistakes(typical)]],
)
stuck = np.mean(of_network.fun > 5.0 * of_network.best.fun)
lesson.holds(f"{stuck:.0%} of the starts end at more than 5 times the best loss", stuck > 0.5)
lesson.holds(
    "the best of 32 makes next to no mistakes, the median one many", mistakes(best) < 0.01 < 0.05 < mistakes(typical)
)


def draw(figure):
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.25])
    left.plot(np.arange(1, 129), np.sort(of_function.fun), ".", color=lecture.BLUE)
    left.axhline(least, color="0.5", linewidth=1)
    left.set(title="A function of 5 variables", xlabel="starts, from the best", ylabel="value where it ends")
    middle.plot(np.arange(1, 33), of_network.fun[order], "o", color=lecture.BLUE, markersize=5)
    middle.plot([1, 17], of_network.fun[order[[0, 16]]], "o", color=lecture.RED, markersize=8, fillstyle="none", mew=2)
    middle.set(title="A network", xlabel="starts, from the best", ylabel="loss where it ends", ylim=(0.0, None))
    a, b = np.meshgrid(np.linspace(-1.5, 2.5, 160), np.linspace(-1.0, 1.5, 120))
    grid = np.stack([a.ravel(), b.ravel()], axis=1)
    everywhere = fastgd.MLPObjective(
        grid, np.arange(len(grid)) % 2, hidden_layer_sizes=(3,), activation="relu", loss="log_loss"
    )
    for w, line in ((best, "-"), (typical, "--")):
        right.contour(a, b, everywhere.decision_function(w).reshape(a.shape), [0.0], colors="black", linestyles=line)
    for label, color, marker in ((0, lecture.BLUE, "o"), (1, lecture.ORANGE, "s")):
        right.scatter(*X[y == label].T, s=8, color=color, marker=marker)
    right.plot([], "-", color="black", label="best start")
    right.plot([], "--", color="black", label="median start")
    right.set(title="Where the networks divide", xlabel="x0", ylabel="x1", ylim=(-1.0, 2.0))
    right.legend(loc="upper right", ncols=2, fontsize=10)


lesson.end(draw, size=(11.5, 4.0))
