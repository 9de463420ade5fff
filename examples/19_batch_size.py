"""Mini-batches lie between: fewer updates than on single rows, fewer rows than all at once, and matrix operations.

The larger the batch, the better a step is, and the fewer of them lead to the same loss; but they read more rows. A row
costs the less time the more of them are taken together, so that the least time is in between. The time is printed
here, and not judged.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_digits

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

X, y = load_digits(return_X_y=True)
objective = fastgd.LinearObjective((X / 16.0).astype(np.float32), y, loss="multinomial", alpha=1e-3)
target = 1.1 * fastgd.minimize(objective, optimizer="lbfgs", max_epochs=1000, tol=None, gtol=1e-5).fun
SIZES = (1, 8, 32, 128, 1024, "full")
RATES = np.geomspace(0.03, 10.0, 11)


def epochs_to_target(result: fastgd.Result) -> float:
    """Epochs until the mean loss of one, with its updates on the way, is at the target."""
    below = np.flatnonzero(result.history.loss <= target)
    return below[0] if len(below) else np.inf


def fastest(size: int | str) -> tuple[float, int, int, float]:
    """The best of all rates, and with it the rows, updates and milliseconds to the target."""
    max_epochs = 100 if size in (1024, "full") else 25
    found = fastgd.sweep(objective, grid={"lr": RATES.tolist()}, batch_size=size, max_epochs=max_epochs, tol=None)
    epochs = [epochs_to_target(result) for result in found.results]
    best = int(np.argmin(epochs))
    runs = [
        fastgd.minimize(
            objective, optimizer=SGD(RATES[best]), batch_size=size, max_epochs=int(epochs[best]), tol=None, n_threads=1
        )
        for _ in range(5)
    ]
    seconds = np.median([run.history.seconds[-1] for run in runs])
    return RATES[best], len(X) * runs[0].n_epochs, runs[0].n_steps, 1e3 * seconds


runs = {size: fastest(size) for size in SIZES}
print(f"To a loss of {target:.3f}, 10 % above the minimum, each size with the best of {len(RATES)} rates:\n")
lecture.table(
    ["rows a batch", "rate", "updates", "rows read", "milliseconds", "nanoseconds a row"],
    [[str(size), rate, steps, rows, ms, 1e6 * ms / rows] for size, (rate, rows, steps, ms) in runs.items()],
)
rates, rows, updates, times = map(np.array, zip(*runs.values(), strict=True))
lesson.holds("the larger the batch, the fewer updates", np.all(np.diff(updates) < 0))
lesson.holds("from 8 rows on, the larger the batch, the more rows", np.all(np.diff(rows[1:]) >= 0))
lesson.holds("all rows at once read at least 5 times the rows that batches of 32 do", rows[-1] >= 5 * rows[2])
lesson.holds("larger batches bear larger rates", np.all(np.diff(rates) >= 0.0) and rates[-1] > 10.0 * rates[0])
print(f"The least time took {times.min():.2g} ms, with batches of {SIZES[int(np.argmin(times))]}.")


def draw(figure):
    axes = figure.subplots(1, 3)
    at = np.arange(len(SIZES))
    titles = ("Updates", "Rows read", "Time on one thread (ms)")
    for one, title, heights, color in zip(
        axes, titles, (updates, rows, times), (lecture.BLUE, lecture.GREEN, lecture.RED), strict=True
    ):
        one.plot(at, heights, "o-", color=color)
        one.set(title=title, xlabel="rows a batch", yscale="log")
        one.set_xticks(at, ["1", "8", "32", "128", "1024", "all"])
    figure.suptitle("To the same loss: softmax regression on 1,797 digits", fontsize=12)


lesson.end(draw, size=(11.0, 3.8))
