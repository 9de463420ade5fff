"""Probe random directions, go where it is better, repeat: that works, and is very ineffective.

Among n parameters a random direction has a cosine of about 1/√n to the best one, so that the evaluations it takes to
come down grow as n does. Gradient descent is told the direction, and takes as many in 1000 dimensions as in 2.
"""

import _lecture as lecture
import numpy as np

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

DIMENSIONS = (2, 5, 10, 30, 100, 300, 1000)
TARGET = 1e-2


def curvatures(n: int) -> np.ndarray:
    """Those of a valley among n parameters, f(w) = half the sum of c w²: alike but for a factor 5; f(1, ..., 1) = 1."""
    c = np.linspace(0.2, 1.0, n)
    return 2.0 * c / c.sum()


def first_below(losses: np.ndarray) -> int:
    """Evaluations until the loss is at the target; it has to come there."""
    reached = np.flatnonzero(losses <= TARGET)
    if not len(reached):
        raise SystemExit(f"{losses[-1]:.3g} after {len(losses)} evaluations is above the target of {TARGET}")
    return int(reached[0]) + 1


search, descent, curves = {}, {}, {}
for n in DIMENSIONS:
    c, start = curvatures(n), np.ones(n)
    objective = fastgd.FunctionObjective(lambda w, c=c: (0.5 * c @ w**2, c * w), jac=True)
    runs = [
        fastgd.random_search(objective, start, max_evals=25 * n + 300, random_state=seed).history.loss
        for seed in range(5 if n < 300 else 1)
    ]
    search[n] = int(np.median([first_below(losses) for losses in runs]))
    history = fastgd.minimize(objective, start, optimizer=SGD(1.0 / c.max()), max_epochs=50, tol=None).history
    descent[n] = first_below(history.loss)
    curves[n] = runs[0], history.loss

lecture.table(
    [f"evaluations to a loss of {TARGET}, from 1", "random search", "gradient descent", "search by dimensions"],
    [[f"{n} dimensions", search[n], descent[n], search[n] / n] for n in DIMENSIONS],
)
lesson.holds("gradient descent needs no more in 1000 dimensions than in 2, plus 5", descent[1000] <= descent[2] + 5)
growth = np.polyfit(np.log([10, 30, 100, 300, 1000]), np.log([search[n] for n in (10, 30, 100, 300, 1000)]), 1)[0]
lesson.holds(f"random search needs ever more: from 10 dimensions on as n to the power {growth:.2f}", 0.8 < growth < 1.2)
lesson.holds(f"in 1000 dimensions {search[1000] // descent[1000]:,} times as many", search[1000] > 500 * descent[1000])


def draw(figure):
    left, right = figure.subplots(1, 2)
    for n, line in ((10, "-"), (100, "--"), (1000, ":")):
        for losses, color in zip(curves[n], (lecture.RED, lecture.BLUE), strict=True):
            left.plot(np.arange(1, len(losses) + 1), losses, line, color=color)
        left.plot([], line, color="0.4", label=f"n = {n}")
    left.axhline(TARGET, color="0.5", linewidth=1)
    left.set(title="On the way", xlabel="evaluations", ylabel="loss", xscale="log", yscale="log", ylim=(1e-3, 8))
    left.legend(fontsize=10, loc="upper right", ncols=3)
    right.plot(DIMENSIONS, [search[n] for n in DIMENSIONS], "o-", color=lecture.RED, label="random search")
    right.plot(DIMENSIONS, [descent[n] for n in DIMENSIONS], "s-", color=lecture.BLUE, label="gradient descent")
    right.set(title=f"To a loss of {TARGET}", xlabel="dimensions, n", ylabel="evaluations", xscale="log", yscale="log")
    right.legend()


lesson.end(draw)
