"""One rate for all parameters crawls along a valley; momentum and rates of each parameter's own go through it.

The same loss and start for each optimiser, each with the best of the same rates: all that differs is how a gradient
becomes a step. Which rates are good, and how far a wrong one is off, is what a sweep and a range test show.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastgd
from fastgd.optimizers import SGD, Adagrad, Adam

lesson = lecture.begin(__doc__)

# Is a tumour benign, by mean texture and mean concave points, the latter in a unit in which it hardly varies?
data = load_breast_cancer()
X = data.data[:, [1, 7]]
X = (X - X.mean(axis=0)) / X.std(axis=0) * [1.0, 0.1]
objective = fastgd.LinearObjective(X, data.target, loss="log_loss", alpha=1e-4, fit_intercept=False)
least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=200, tol=None).fun
start = np.array([6.0, 6.0])
STEPS = 60
RATES = np.geomspace(0.01, 100.0, 25)
KINDS = {"SGD": SGD, "SGD, momentum": lambda lr: SGD(lr, momentum=0.9, nesterov=True), "Adagrad": Adagrad, "Adam": Adam}

paths, above, best = {}, {}, {}
for name, make in KINDS.items():
    fits = fastgd.sweep(
        objective, grid={"lr": RATES.tolist()}, optimizer=make("auto"), w0=start, max_epochs=STEPS, tol=None
    )
    best[name] = float(RATES[np.nanargmin(fits.fun)])
    # What descent would do alone, step by step.
    steps = fastgd.trace(objective, start, optimizer=make(best[name]), max_epochs=STEPS, tol=None)
    paths[name] = np.array([step.w for step in steps])
    above[name] = objective.value(paths[name][-1]) - least
lecture.table(
    [f"after {STEPS} steps on all rows", "best of 25 rates", "loss above the minimum"],
    [[name, best[name], above[name]] for name in KINDS],
)
for name in ("SGD, momentum", "Adagrad", "Adam"):
    lesson.holds(f"{name} ends at less than a fifth of what SGD leaves", above[name] < 0.2 * above["SGD"])

momenta = [0.0, 0.5, 0.8, 0.9, 0.95]
grid = {"lr": RATES[6:22:3].tolist(), "momentum": momenta}
both = fastgd.sweep(objective, grid=grid, optimizer=SGD("auto"), w0=start, max_epochs=STEPS, tol=None)
chosen = both.best_params
best_pair = f"a rate of {chosen['lr']:.3g} with momentum {chosen['momentum']}"
print(f"\nOf {len(both.fun)} pairs in one sweep the best is {best_pair}.")
lesson.holds("the best pair has momentum", chosen["momentum"] > 0.0)
curve = fastgd.find_lr(objective, optimizer="adam")


def draw(figure):
    axes = figure.subplots(2, 2)
    fastgd.plot.trajectory(objective, paths, ax=axes[0, 0])
    axes[0, 0].set(title="Four ways", xlabel="coefficient of texture", ylabel="coefficient of concave points")
    runs = {
        name: fastgd.minimize(objective, start, optimizer=make(best[name]), max_epochs=STEPS, tol=None)
        for name, make in KINDS.items()
    }
    fastgd.plot.history(runs, ax=axes[0, 1])
    axes[0, 1].set_title("Loss on the way")
    fastgd.plot.sweep(both, y="momentum", ax=axes[1, 0])
    fastgd.plot.lr_curve(curve, ax=axes[1, 1])


lesson.end(draw, size=(12.0, 9.0))
