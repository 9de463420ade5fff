"""Descent on one example at a time learns from a stream; it overshoots, and needs a rate that decreases.

Each example is learned from when it comes, and forgotten. Its gradient is not that of all: at the minimum of all rows
every step leads out of it. So with a constant rate the loss of all rows falls fast and then hovers above the minimum,
the higher the larger the rate. With a rate that decreases it goes on falling.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.online import Learner
from fastgd.schedules import InverseScaling

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
ALPHA = 0.01
all_rows = fastgd.LinearObjective(X, y, loss="log_loss", alpha=ALPHA)
best = fastgd.minimize(all_rows, optimizer="lbfgs", max_epochs=500, tol=None, gtol=1e-10)
least = best.fun

# From the minimum, a step on each of the rows by itself.
risen = {
    lr: np.array([all_rows.value(best.x - lr * all_rows.grad(best.x, [i])) - least for i in range(len(X))])
    for lr in (0.1, 0.01)
}
lesson.holds("from the minimum each single step overshoots: the loss of all rows rises", min(risen[0.1]) > 0.0)
ratio = risen[0.1].mean() / risen[0.01].mean()
lesson.holds(f"a rate 10 times as large overshoots by {ratio:.0f} times as much", 50.0 < ratio < 150.0)
print()

# The stream: 300,000 examples, each drawn from the rows.
stream = np.random.default_rng(0).integers(0, len(X), size=300_000)
looks = np.unique(np.geomspace(10, len(stream), 120).astype(int))
RATES = {"0.1": 0.1, "0.01": 0.01, "1 / t^0.6": InverseScaling(1.0, power_t=0.6)}


def learn(lr: object) -> np.ndarray:
    """How far the loss of all rows is above its minimum, after as many examples as `looks` says."""
    learner = Learner(X.shape[1], loss="log_loss", alpha=ALPHA, lr=lr)
    above, begin = [], 0
    for end in looks:
        learner.update(X[stream[begin:end]], y[stream[begin:end]])
        begin = end
        above.append(all_rows.value(all_rows.pack(learner.coef, learner.intercept)) - least)
    return np.array(above)


excess = {name: learn(lr) for name, lr in RATES.items()}
late = {name: float(above[looks >= 100_000].mean()) for name, above in excess.items()}
earlier = {name: float(above[(looks >= 30_000) & (looks < 100_000)].mean()) for name, above in excess.items()}
lecture.table(
    ["rate", "loss above its minimum after 1,000", "mean over 30,000 to 100,000", "over 100,000 to 300,000"],
    [[name, float(np.interp(1000, looks, excess[name])), earlier[name], late[name]] for name in RATES],
)
for name in ("0.1", "0.01"):
    lesson.holds(
        f"rate {name} hovers: the last two means differ by less than a factor 2", 0.5 < late[name] / earlier[name] < 2
    )
lesson.holds("the larger constant rate hovers higher, more than 5 times", late["0.1"] > 5.0 * late["0.01"])
lesson.holds("the decreasing rate goes on falling, to less than half", late["1 / t^0.6"] < 0.5 * earlier["1 / t^0.6"])
lesson.holds("and ends below both constant ones", late["1 / t^0.6"] < late["0.01"])

# What a learner sees of it: the loss of each example, before it learns from it.
learner = Learner(X.shape[1], loss="log_loss", alpha=ALPHA, lr=0.1)
seen = []
for i in stream[:3000]:
    score = learner.decision_function(X[i])
    seen.append(np.logaddexp(0.0, score if y[i] == 0 else -score))
    learner.update(X[i], y[i])
mean, deviation = np.mean(seen[1000:]), np.std(seen[1000:])
print(f"\nExamples 1,000 to 3,000 have losses of {mean:.3f} in the mean, with a standard deviation of {deviation:.3f}.")
lesson.holds("the loss of single examples fluctuates by more than its mean", deviation > mean)


def draw(figure):
    left, right = figure.subplots(1, 2)
    left.plot(seen, ".", color="0.6", markersize=3, label="single examples")
    window = np.convolve(seen, np.full(200, 1 / 200), mode="valid")
    left.plot(np.arange(199, 3000), window, color=lecture.RED, label="mean of the last 200")
    left.set(title="Loss of each example, rate 0.1", xlabel="examples seen", ylabel="loss before learning from it")
    left.set_ylim(0.0, 2.0)
    left.legend(markerscale=3, frameon=True, framealpha=1.0, edgecolor="none")
    looks_of = [(lecture.RED, "--"), (lecture.ORANGE, "-."), (lecture.BLUE, "-")]
    for (name, above), (color, line) in zip(excess.items(), looks_of, strict=True):
        right.plot(looks, above, line, color=color, label=f"rate {name}")
    right.set(
        title="Loss of all rows", xlabel="examples seen", ylabel="loss above its minimum", xscale="log", yscale="log"
    )
    right.legend()


lesson.end(draw)
