"""Large data sets say the same many times. Batch descent pays for every repetition, stochastic descent does not.

Every row of a data set is there k times: the loss and its gradient are the same functions as before. A batch step
reads k times as many rows to get the same gradient; steps on single rows come to the same loss after as many as ever.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
once = fastgd.LinearObjective(X, y, loss="log_loss", alpha=0.01)
least = fastgd.minimize(once, optimizer="lbfgs", max_epochs=500, gtol=1e-9).fun
target = 1.1 * least
COPIES = (1, 2, 4, 8, 16, 32)
# A safe rate for a batch, 1/L, and for single rows.
curvature = 0.25 * np.linalg.eigvalsh(np.c_[X, np.ones(len(X))].T @ np.c_[X, np.ones(len(X))] / len(X))[-1] + 0.01
RATES = {"batch": 1.0 / curvature, "stochastic": 0.01}


def descend(kind: str, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows evaluated and the loss then, looked at on the way until it is at the target."""
    objective = fastgd.LinearObjective(np.tile(X, (copies, 1)), np.tile(y, copies), loss="log_loss", alpha=0.01)
    rng = np.random.default_rng(0)
    if kind == "batch":
        a_look, how = objective.n_samples, {"batch_size": "full"}
    else:
        # Single rows, drawn from all of them: nobody tells it which are the same.
        a_look, how = 50, {"batch_size": 1, "order": lambda epoch: rng.choice(objective.n_samples, 50)}
    loss = [once.value(objective.initial())]

    def look(info):
        loss.append(once.value(info.x))
        return loss[-1] <= target

    fastgd.minimize(objective, optimizer=SGD(RATES[kind]), max_epochs=5000, tol=None, callbacks=look, **how)
    return np.arange(len(loss)) * a_look, np.array(loss)


runs = {(kind, k): descend(kind, k) for kind in RATES for k in COPIES}
cost = {kind: [int(runs[kind, k][0][-1]) for k in COPIES] for kind in RATES}
print(f"Rows evaluated until the loss is {target:.4f}, 10 % above its minimum:\n")
lecture.table(["copies of each row", *map(str, COPIES)], [[f"{kind} descent", *rows] for kind, rows in cost.items()])
lesson.holds("both come to that loss", all(loss[-1] <= target for _, loss in runs.values()))
lesson.holds("k copies cost batch descent k times as much", cost["batch"] == [k * cost["batch"][0] for k in COPIES])
lesson.holds("and stochastic descent at most 1.5 times", max(cost["stochastic"]) <= 1.5 * min(cost["stochastic"]))
lesson.holds(
    f"with 32 copies it needs {cost['batch'][-1] / cost['stochastic'][-1]:.0f} times fewer rows",
    cost["batch"][-1] > 32 * cost["stochastic"][-1],
)


def draw(figure):
    left, right = figure.subplots(1, 2)
    looks = {"batch": (lecture.BLUE, "o"), "stochastic": (lecture.RED, "^")}
    for kind, (color, marker) in looks.items():
        for k, line in ((1, "-"), (8, "--"), (32, ":")):
            seen, loss = runs[kind, k]
            left.plot(seen[1:], loss[1:], line, color=color, label=f"{kind}, k = {k}")
        right.plot(COPIES, cost[kind], marker=marker, color=color, label=f"{kind} descent")
    left.axhline(target, color="0.5", linewidth=1)
    left.set(title="The way down", xlabel="rows evaluated", ylabel="loss of all rows", xscale="log", ylim=(0.08, 0.62))
    left.legend(fontsize=10, ncols=2, loc="upper right")
    right.set(title="To 10 % above the minimum", xlabel="copies of each row, k", ylabel="rows evaluated")
    right.set(xscale="log", yscale="log")
    right.set_xticks(COPIES, map(str, COPIES))
    right.minorticks_off()
    right.legend()


lesson.end(draw)
