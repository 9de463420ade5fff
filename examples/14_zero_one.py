"""The share of mistakes is what one wants to be small, and its slope is 0 almost everywhere: no gradient to follow.

It is a staircase: constant until some example changes sides. So descent follows a surrogate, which lies above the 0-1
loss and has a slope: where it is small, mistakes are few.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
objectives = {name: fastgd.LinearObjective(X, y, loss=name) for name in ("zero_one", "hinge", "log_loss")}
mistakes = objectives["zero_one"]

# Central differences at random points, along random directions of length 1.
rng = np.random.default_rng(0)
points = rng.normal(size=(1000, mistakes.n_params))
directions = rng.normal(size=points.shape)
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
H = 1e-6
slopes = {
    name: np.array(
        [(one.value(w + H * v) - one.value(w - H * v)) / (2.0 * H) for w, v in zip(points, directions, strict=True)]
    )
    for name, one in objectives.items()
}
lecture.table(
    ["slope at 1,000 random points", "exactly 0 at", "median of its magnitude"],
    [[name, int((slope == 0.0).sum()), np.median(np.abs(slope))] for name, slope in slopes.items()],
)
lesson.holds("the 0-1 loss is flat at 99 % of them at least", np.mean(slopes["zero_one"] == 0.0) >= 0.99)
lesson.holds("its surrogates are flat nowhere", all(np.all(slopes[name] != 0.0) for name in ("hinge", "log_loss")))
try:
    fastgd.minimize(mistakes)
    refused = False
except ValueError as error:
    refused = True
    print("fastgd.minimize says: " + str(error).split(". ")[0])
lesson.holds("fastgd refuses to descend on it", refused)

found = fastgd.minimize(objectives["hinge"], points[0], max_epochs=2000, tol=None)
before, after = mistakes.value(points[0]), mistakes.value(found.x)
print(f"\nDescent on the hinge, from a random point, to a hinge loss of {found.fun:.3f}:")
print(f"{before:.1%} mistakes at first, {after:.1%} in the end.")
lesson.holds("the mistakes are no more than the surrogate says", after <= found.fun)
lesson.holds("and few", after < 0.03 < before)

# A walk that changes one coefficient.
walk = np.linspace(-4.0, 4.0, 4001)
steps = np.outer(walk, np.eye(mistakes.n_params)[0])
heights = {name: np.array([one.value(found.x + step) for step in steps]) for name, one in objectives.items()}
heights["log_loss"] /= np.log(2.0)
levels = len(np.unique(heights["zero_one"]))
print(f"\nAlong one coefficient, 4,001 points: {levels} values of the 0-1 loss.")
for name in ("hinge", "log_loss"):
    lesson.holds(f"{name} is above it everywhere", np.all(heights[name] >= heights["zero_one"] - 1e-12))


def draw(figure):
    looks = {
        "hinge": (lecture.BLUE, "--", "hinge"),
        "log_loss": (lecture.RED, "-.", "logistic, in bits"),
        "zero_one": (lecture.BLACK, "-", "0-1: share of mistakes"),
    }
    left, right = figure.subplots(1, 2)
    for name, (color, line, label) in looks.items():
        left.plot(walk, heights[name], line, color=color, label=label)
    near = (walk >= 1.5) & (walk <= 1.9)
    right.plot(walk[near], heights["zero_one"][near], color=lecture.BLACK, drawstyle="steps-post")
    left.axvspan(1.5, 1.9, color="0.85", zorder=0)
    left.set(title="Below its surrogates", xlabel="change of one coefficient", ylabel="mean loss", ylim=(0.0, None))
    right.set(title="The 0-1 loss in the grey strip", xlabel="change of one coefficient", ylabel="share of mistakes")
    left.legend(loc="upper center")


lesson.end(draw)
