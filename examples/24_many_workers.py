"""Rows on many workers: exact rounds have the bits of one machine, and rounds of averages need fewer of them.

Where rows are spread over workers, a step that all rows in one place would make costs a round: parameters go out, sums
come back. Its bits depend on where the rows are cut, not on who has them. A round in which each worker descends by
itself, in mini-batches, before the mean of all is taken, comes further, but not to the minimum of all rows.
"""

import _lecture as lecture
import dask.array as da
import numpy as np
from distributed import Client

import fastgd.dask
from fastgd.linear_model import LogisticRegression

N, D, N_CHUNKS, ALPHA = 8_000, 30, 8, 1e-4


def rows():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(N, D)) * np.geomspace(1.0, 0.1, D)
    return X, X @ generator.normal(size=D) + 0.5 * generator.logistic(size=N) > 0.0


def on_workers(n_workers, **params):
    """The classifier, fitted to chunks of the rows that so many workers have."""
    X, y = (da.from_array(array, chunks=(N // N_CHUNKS, *array.shape[1:])) for array in rows())
    options = {"alpha": ALPHA, "tol": None, "random_state": 0, "n_iter_no_change": 100, **params}
    with Client(n_workers=n_workers, processes=False, threads_per_worker=1, dashboard_address=":0") as client:
        return fastgd.dask.SGDClassifier("log_loss", client=client, **options).fit(X, y)


def main():
    lesson = lecture.begin(__doc__)
    X, y = rows()
    least = LogisticRegression(C=1.0 / (ALPHA * N), tol=1e-10, max_iter=1000).fit(X, y)
    margins = np.where(y, 1.0, -1.0) * least.decision_function(X)
    minimum = np.logaddexp(0.0, -margins).mean() + 0.5 * ALPHA * np.sum(least.coef_**2)

    steps = {"optimizer": "sgd", "learning_rate": "constant"}
    fits = {
        "exact, gradient descent": on_workers(2, **steps, eta0=2.0, max_iter=30),
        "exact, L-BFGS": on_workers(2, optimizer="lbfgs", max_iter=30),
        "mean of 8 descents": on_workers(2, **steps, eta0=0.5, batch_size=16, sync_every=1, max_iter=30),
    }
    above = {name: np.array(fit.loss_curve_) - minimum for name, fit in fits.items()}
    counted = (1, 3, 10, 30)
    print(f"Loss above the minimum of all {N:,} rows, in {N_CHUNKS} chunks on two workers:\n")
    lecture.table(
        ["rounds", *above],
        [[str(n), *(f"{curve[min(n, len(curve)) - 1]:.1e}" for curve in above.values())] for n in counted],
    )
    of_one, of_four = (on_workers(n, optimizer="lbfgs", max_iter=30).coef_ for n in (1, 4))
    of_two = fits["exact, L-BFGS"].coef_
    lesson.holds(
        "one, two and four workers find the same bits", of_one.tobytes() == of_two.tobytes() == of_four.tobytes()
    )
    descent, newton, mean = above.values()
    lesson.holds("after three rounds means are ahead of exact gradient descent", mean[2] < 0.5 * descent[2])
    lesson.holds(
        "after thirty L-BFGS is a thousand times closer to the minimum than they are", newton[-1] < mean[-1] / 1e3
    )

    def draw(figure):
        axes = figure.subplots()
        styles = zip(above.items(), (lecture.RED, lecture.BLUE, lecture.GREEN), ("--", "-", ":"), strict=True)
        for (name, curve), color, line in styles:
            axes.semilogy(np.arange(1, len(curve) + 1), np.maximum(curve, 1e-16), line, color=color, label=name)
        axes.set(title="Logistic regression on two workers", xlabel="rounds", ylabel="loss above the minimum")
        axes.legend()

    lesson.end(draw)


if __name__ == "__main__":
    main()
