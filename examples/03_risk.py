"""The expected risk is unknown; the mean loss over independent examples, the empirical risk, estimates it.

An interval says how well: of 100 such intervals 95 hold what they estimate. That is so for held-out rows. On the rows
that a model was fitted to the mean loss is too low, since the model was chosen for it.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
rng = np.random.default_rng(0)


def fit(train: np.ndarray) -> tuple[fastgd.LinearObjective, np.ndarray]:
    """A logistic regression on 80 rows, with a small penalty."""
    objective = fastgd.LinearObjective(X[train], y[train], loss="log_loss", alpha=0.01, standardize=True)
    return objective, fastgd.minimize(objective, max_epochs=200).x


# Thirty splits: the share of mistakes on the rows of the fit, and on all others.
inside, outside = [], []
for _ in range(30):
    train, others = np.split(rng.permutation(len(X)), [80])
    objective, w = fit(train)
    inside.append(fastgd.risk(objective, w, loss="zero_one"))
    outside.append(fastgd.risk(objective, w, X=X[others], y=y[others], loss="zero_one"))
means_inside, means_outside = (np.array([risk.mean for risk in risks]) for risks in (inside, outside))
print(f"The last of 30 splits:\n{inside[-1]}\n{outside[-1]}\n")
lecture.table(
    ["mistakes, over 30 splits", "least", "mean", "most"],
    [
        [name, *(f"{100 * share:.1f} %" for share in (means.min(), means.mean(), means.max()))]
        for name, means in (("on the 80 rows of the fit", means_inside), ("on 489 held-out rows", means_outside))
    ],
)
fewer = int((means_inside < means_outside).sum())
held = np.mean([risk.interval()[1] >= mean for risk, mean in zip(inside, means_outside, strict=True)])
lesson.holds(f"rows of the fit make believe that there are fewer, in {fewer} of 30 splits", fewer >= 27)
lesson.holds(f"and their intervals reach up to what held-out rows say in {held:.0%} of them only", held < 0.85)

# Now let the held-out rows be the world, of which one sees 100, drawn anew 2,000 times.
objective, w = fit(train)
expected = fastgd.risk(objective, w, X=X[others], y=y[others], loss="zero_one").mean
draws = [rng.choice(others, 100) for _ in range(2000)]
risks = [fastgd.risk(objective, w, X=X[rows], y=y[rows], loss="zero_one") for rows in draws]
intervals = np.array([risk.interval() for risk in risks])
covers = (intervals[:, 0] <= expected) & (expected <= intervals[:, 1])
mean = float(np.mean([risk.mean for risk in risks]))
print(f"\nOf 2,000 draws of 100 rows the mean risk is {mean:.4f}; the expected one is {expected:.4f}.")
lesson.holds("held-out rows estimate it without bias", abs(mean - expected) < 0.002)
lesson.holds(f"{covers.mean():.1%} of the 95 % intervals hold it", abs(covers.mean() - 0.95) <= 0.02)


def draw(figure):
    left, right = figure.subplots(1, 2, sharey=True)
    at = np.arange(1, 31)
    span = np.array([risk.interval() for risk in outside])
    left.vlines(at, 100 * span[:, 0], 100 * span[:, 1], color=lecture.BLUE)
    left.plot(at, 100 * means_outside, "s", color=lecture.BLUE, markersize=5, label="held-out rows, with 95 % interval")
    left.plot(at, 100 * means_inside, "o", color=lecture.RED, markersize=5, label="rows of the fit")
    left.set(title="Thirty fits to 80 rows", xlabel="split", ylabel="share of mistakes (%)")
    left.legend(loc="upper left", fontsize=10)
    at, span = np.arange(1, 61), 100 * intervals[:60]
    right.vlines(at[covers[:60]], *span[covers[:60]].T, color=lecture.BLUE, label="holds it")
    right.vlines(at[~covers[:60]], *span[~covers[:60]].T, color=lecture.RED, linestyle="--", label="misses it")
    right.axhline(100 * expected, color=lecture.BLACK, linewidth=1.5, label="expected risk")
    right.set(title="95 % intervals from 100 held-out rows", xlabel="draw")
    right.set_ylim(-0.5, 20)
    right.legend(loc="upper left", fontsize=10, ncols=3, columnspacing=1.0)


lesson.end(draw)
