"""The learning rate is hard to choose: one for all parameters, given in advance, by a schedule that cannot adapt.

Features of very different size need rates of very different size. The best single rate is too small for most of them,
and so is the best schedule. Adaptive optimisers give each parameter a rate of its own; standardising makes one rate fit
all; and lr="auto" takes rates from the data. Every curve of rates is one sweep.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_wine

import fastgd
from fastgd.optimizers import SGD, Adagrad, Adam
from fastgd.schedules import Cosine

lesson = lecture.begin(__doc__)

# Three cultivars of wine by 13 measurements, whose standard deviations go from 0.12 to 314.
X, y = load_wine(return_X_y=True)
raw = fastgd.LinearObjective(X, y, loss="multinomial")
standard = fastgd.LinearObjective(X, y, loss="multinomial", standardize=True)
STEPS = 300
RATES = np.geomspace(1e-7, 10.0, 25)
KINDS = {
    "SGD": (raw, SGD(), RATES),
    "SGD, cosine schedule": (raw, SGD(), [Cosine(lr, t_max=STEPS) for lr in RATES]),
    "Adagrad": (raw, Adagrad(), RATES),
    "Adam": (raw, Adam(), RATES),
    "SGD, standardised": (standard, SGD(), RATES),
}
sweeps = {
    name: fastgd.sweep(objective, grid={"lr": list(rates)}, optimizer=optimizer, max_epochs=STEPS, tol=None)
    for name, (objective, optimizer, rates) in KINDS.items()
}
losses = {name: found.fun for name, found in sweeps.items()}
best = {name: float(fun.min()) for name, fun in losses.items()}
auto = {
    name: fastgd.minimize(objective, optimizer=optimizer, max_epochs=STEPS, tol=None)
    for name, objective, optimizer in (
        ("SGD", raw, SGD("auto")),
        ("Adagrad", raw, Adagrad("auto")),
        ("Adam", raw, Adam("auto")),
        ("SGD, standardised", standard, SGD("auto")),
    )
}
lecture.table(
    [f"loss after {STEPS} batch steps", "with the best of 25 rates", "which is", 'with lr="auto"'],
    [
        [name, best[name], float(RATES[np.argmin(losses[name])]), auto[name].fun if name in auto else "-"]
        for name in KINDS
    ],
)
print(f"At first it is log 3 = {np.log(3.0):.4f}.\n")
lesson.holds("the best single rate leaves more than half of the loss", best["SGD"] > 0.5 * np.log(3.0))
lesson.holds("so does the best cosine schedule", best["SGD, cosine schedule"] > 0.5 * np.log(3.0))
for name in ("Adagrad", "Adam"):
    lesson.holds(f"{name} leaves less than a third of that", best[name] < best["SGD"] / 3.0)
lesson.holds("standardised, one rate does for all", best["SGD, standardised"] < 0.01)
lesson.holds(
    'lr="auto" is better than the best single rate, on both',
    all(auto[name].fun < best[name] for name in ("SGD", "SGD, standardised")),
)
lesson.holds(
    "with which Adagrad and Adam leave less than half of that, too",
    max(auto[name].fun for name in ("Adagrad", "Adam")) < 0.5 * best["SGD"],
)


def draw(figure):
    left, right = figure.subplots(1, 2, sharey=True)
    looks = dict(
        zip(
            KINDS,
            [
                (lecture.RED, "-"),
                (lecture.ORANGE, "--"),
                (lecture.PURPLE, ":"),
                (lecture.BLUE, "-."),
                (lecture.GREEN, "-"),
            ],
            strict=True,
        )
    )
    for name, (color, line) in looks.items():
        left.plot(RATES, losses[name], line, color=color, label=name)
        history = sweeps[name].results[int(np.argmin(losses[name]))].history
        right.plot(history.step, history.loss, line, color=color)
        if name in ("Adagrad", "Adam"):
            left.plot(auto[name].lr, auto[name].fun, "*", color=color, markersize=12)
    left.plot([], "*", color="0.4", markersize=12, label='lr="auto"')
    left.axhline(np.log(3.0), color="0.5", linewidth=1)
    left.set(
        title=f"After {STEPS} steps, by rate",
        xlabel="learning rate",
        ylabel="loss",
        xscale="log",
        yscale="log",
        ylim=(3e-4, 300),
    )
    right.set(title="On the way, with the best rate", xlabel="steps", xscale="log")
    figure.legend(loc="outside lower center", ncols=6, fontsize=10)


lesson.end(draw)
