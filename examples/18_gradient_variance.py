"""The gradient of a mini-batch is that of all rows plus noise, and the noise falls with the size of the batch.

Its mean is right. Its variance is sigma²/n for n rows drawn with replacement, with sigma² that of single rows. Where
epochs go through all N rows in a new order, as they usually do, it is (N - n)/(N - 1) times that: 0 for all rows.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_digits

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

X, y = load_digits(return_X_y=True)
X, y = X[:1024] / 16.0, y[:1024]
N = len(X)
objective = fastgd.LinearObjective(X, y, loss="multinomial")
w = np.random.default_rng(0).normal(size=objective.n_params) / 10.0
full = objective.grad(w)
sigma2 = float(np.mean([np.sum((objective.grad(w, [i]) - full) ** 2) for i in range(N)]))
SIZES = (1, 4, 16, 64, 256, 512)
rng = np.random.default_rng(1)


def drawn(n: int) -> np.ndarray:
    """Gradients of 250 batches of n rows, each row drawn from all."""
    return np.array([objective.grad(w, rng.integers(0, N, n)) for _ in range(250)])


def shuffled(n: int) -> np.ndarray:
    """Gradients of the first steps of 250 descents, which go through the rows in 250 orders."""
    descents = (fastgd.trace(objective, w, optimizer=SGD(1.0), batch_size=n, random_state=seed) for seed in range(250))
    return np.array([next(steps).gradient for steps in descents])


KINDS = {"drawn": (drawn, lambda n: sigma2 / n), "shuffled": (shuffled, lambda n: sigma2 / n * (N - n) / (N - 1))}
variances, errors = {}, {}
for name, (batches, theory) in KINDS.items():
    squares = {n: np.sum((batches(n) - full) ** 2, axis=1) for n in SIZES}
    variances[name] = np.array([squares[n].mean() for n in SIZES])
    errors[name] = np.array([squares[n].std(ddof=1) / np.sqrt(250) for n in SIZES])
    expected = np.array([theory(n) for n in SIZES])
    lecture.table(
        [f"rows, {name}", "variance of the gradient", "standard error of that", "theory"],
        list(zip(map(str, SIZES), variances[name], errors[name], expected, strict=True)),
    )
    away = np.max(np.abs(variances[name] - expected) / errors[name])
    lesson.holds(f"{name}: no further from the theory than 4 standard errors ({away:.1f} at most)", away < 4.0)
    print()
noise = {n: np.sqrt(sigma2 / n) / np.linalg.norm(full) for n in (1, 32, 1024)}
print(
    "Noise of a drawn batch by the length of the gradient: "
    + ", ".join(f"{r:.2f} for {n} rows" for n, r in noise.items())
)
lesson.holds("a batch of all rows has none", np.sum((shuffled(N)[0] - full) ** 2) < 1e-25 * sigma2)


def draw(figure):
    axes = figure.subplots()
    n = np.geomspace(1, 1000, 200)
    axes.plot(n, KINDS["drawn"][1](n), "--", color=lecture.RED, linewidth=1.2, label="sigma²/n")
    axes.plot(n, KINDS["shuffled"][1](n), "-", color=lecture.BLUE, linewidth=1.2, label="sigma²/n (N - n)/(N - 1)")
    for name, color, marker in (("drawn", lecture.RED, "o"), ("shuffled", lecture.BLUE, "s")):
        axes.errorbar(
            SIZES, variances[name], 2.0 * errors[name], fmt=marker, color=color, markersize=5, capsize=3, label=name
        )
    axes.set(
        title="Variance of a mini-batch's gradient",
        xlabel="rows a batch, n (of N = 1,024)",
        ylabel="mean squared distance to the gradient",
        xscale="log",
        yscale="log",
    )
    axes.legend()


lesson.end(draw, size=(7.0, 4.6))
