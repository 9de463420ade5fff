"""An analytic gradient is exact, fast, and easy to get wrong: so it is checked against a numerical one.

The hinge of many classes, sum over j != y of max(0, s_j - s_y + 1) with scores s = W x, has a gradient that is quickly
written by hand. A check names the coordinates in which it is wrong, and knows the kinks, where the slopes of both sides
differ and any value between them is right.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_wine

import fastgd

lesson = lecture.begin(__doc__)

X, y = load_wine(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
ALPHA = 2.0
objective = fastgd.LinearObjective(X, y, loss="multiclass_hinge", alpha=ALPHA, fit_intercept=False)


def by_hand(w: np.ndarray, forgets_to_count: bool = False) -> np.ndarray:
    """The gradient of the mean hinge plus the sum of w², one row after the other."""
    W = w.reshape(3, 13)
    gradient = np.zeros_like(W)
    for x, right in zip(X, y, strict=True):
        scores = W @ x
        violated = scores - scores[right] + 1.0 > 0.0
        violated[right] = False
        gradient[violated] += x
        # The right class loses once for every class that comes too near.
        gradient[right] -= x if forgets_to_count else violated.sum() * x
    return (gradient / len(X) + 2.0 * W).ravel()


def planted(w: np.ndarray) -> np.ndarray:
    """The right gradient, but for one coordinate, which is off by a millionth."""
    gradient = by_hand(w)
    gradient[17] += 1e-6
    return gradient


w = np.random.default_rng(0).normal(size=39) / 4.0
checks = {
    "right": fastgd.check_grad(objective, w, grad=by_hand),
    "one planted error": fastgd.check_grad(objective, w, grad=planted),
    "without the count": fastgd.check_grad(objective, w, grad=lambda w: by_hand(w, forgets_to_count=True)),
}
for name, found in checks.items():
    print(f"{name}: " + "\n".join(repr(found).splitlines()[:5]) + "\n")

apart = np.abs(by_hand(w) - objective.grad(w)).max()
lesson.holds(f"the gradient by hand is fastgd's, but for rounding ({apart:.0e})", apart < 1e-14)
lesson.holds("it passes the check", checks["right"].ok)
found = checks["one planted error"]
lesson.holds(
    f"the check finds the planted error, at {found.place}, and no other", found.wrong.nonzero()[0].tolist() == [17]
)
lesson.holds("and says how large it is", abs(found.max_error - 1e-6) < 1e-8)
found = checks["without the count"]
lesson.holds(f"a count that was forgotten makes {found.wrong.sum()} of 39 coordinates wrong", found.wrong.sum() > 30)

# A kink: one row, whose scores are such that the hinge just begins.
one = fastgd.LinearObjective([[1.0]], [0], loss="multiclass_hinge", n_classes=2, fit_intercept=False)
kink = fastgd.check_grad(one, [1.0, 0.0])
print(f"\nWhere s_0 - s_1 = 1: {kink}\n")
lesson.holds("at a kink the slope of either side is right, and it is said", kink.ok and bool(kink.at_kink.all()))


def draw(figure):
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (name, found) in zip(panels, checks.items(), strict=True):
        ratio = np.maximum(found.difference / found.tolerance, 1e-4).reshape(3, 13)
        image = axes.imshow(np.log10(ratio), cmap="cividis", vmin=-4, vmax=7, aspect="auto")
        row, column = np.nonzero(found.wrong.reshape(3, 13))
        axes.plot(column, row, "x", color="black")
        axes.set(
            title=f"{name}: {found.wrong.sum()} of 39 wrong (x)", ylabel="class", yticks=range(3), xticks=range(13)
        )
        axes.grid(False)
    panels[-1].set_xlabel("feature")
    bar = figure.colorbar(image, ax=panels, label="difference by its tolerance", ticks=[-4, -2, 0, 2, 4, 6])
    bar.ax.set_yticklabels(["1e-4", "1e-2", "1", "100", "1e4", "1e6"])


lesson.end(draw, size=(8.0, 5.4))
