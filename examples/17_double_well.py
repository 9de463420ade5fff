"""Stochastic descent can leave a poor minimum in which batch descent stays.

The loss is the mean of fifty terms. It has two wells, the right one the poorer, and both descents start in that. To
all terms together its bottom is level, so that batch descent rests there. Single terms pull to either side, and some
of their steps lead over the hill. With a rate that decreases, descent then comes to rest in the deeper well.
"""

import _lecture as lecture
import numpy as np

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Cosine

lesson = lecture.begin(__doc__)

N_TERMS, EPOCHS, RATE = 50, 40, 0.1
pulls = np.random.default_rng(0).normal(size=N_TERMS)
pulls = 2.5 * (pulls - pulls.mean()) / pulls.std()


def mean_of_terms(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient of the mean of some terms, (w² - 1)² + w / 2 + pull * w each."""
    x, slope = w[0], 0.5 + pulls[rows].mean()
    return (x**2 - 1.0) ** 2 + slope * x, np.array([4.0 * x * (x**2 - 1.0) + slope])


wells = fastgd.FunctionObjective(mean_of_terms, jac=True, n_samples=N_TERMS)
deep, hill, poor = np.sort(np.roots([4.0, 0.0, -4.0, 0.5]).real)


def descend(batch_size: int | str, seed: int = 0) -> np.ndarray:
    """Where each epoch ends, from the bottom of the poorer well."""
    path = [poor]
    rate = Cosine(RATE, t_max=EPOCHS, unit="epoch")
    fastgd.minimize(
        wells,
        [poor],
        optimizer=SGD(rate),
        batch_size=batch_size,
        max_epochs=EPOCHS,
        tol=None,
        random_state=seed,
        callbacks=lambda info: path.append(info.x[0]),
    )
    return np.array(path)


batch = descend("full")
stochastic = np.array([descend(1, seed) for seed in range(20)])
n_left = int((stochastic[:, -1] < hill).sum())
bottoms = [f"at w = {w:.3f} with loss {wells.value([w]):.3f}" for w in (deep, poor)]
print(f"The wells are {bottoms[0]} and {bottoms[1]}.\n")
lecture.table(
    ["descent from the poorer well", "ends in the deeper", "mean loss at the end"],
    [
        ["batch", f"{int(batch[-1] < hill)} of 1", wells.value([batch[-1]])],
        ["one term a step, 20 orders", f"{n_left} of 20", np.mean([wells.value([w]) for w in stochastic[:, -1]])],
    ],
)
lesson.holds("batch descent stays where it is", np.all(np.abs(batch - poor) < 1e-9))
lesson.holds("descent on single terms leaves in at least 18 of 20 orders", n_left >= 18)


def draw(figure):
    left, right = figure.subplots(1, 2)
    w = np.linspace(-1.7, 1.6, 200)
    left.plot(w, [wells.value([x]) for x in w], color=lecture.BLACK, label="mean of all terms")
    for row, label in ((int(pulls.argmin()), "two of the terms"), (int(pulls.argmax()), None)):
        left.plot(w, [wells.value([x], [row]) for x in w], ":", color="0.55", linewidth=1.5, label=label)
    left.plot(poor, wells.value([poor]), "o", color=lecture.BLUE, markersize=9, label="start, and end of batch descent")
    ends = stochastic[:, -1]
    left.plot(ends, [wells.value([x]) for x in ends], "^", color=lecture.RED, label="ends of 20 stochastic descents")
    left.set(title="The loss", xlabel="w", ylabel="loss", ylim=(-2, 5.5))
    left.legend(fontsize=9, loc="upper center", frameon=True, framealpha=1.0, edgecolor="none")
    for path in stochastic:
        right.plot(path, color=lecture.RED, linewidth=0.8, alpha=0.7)
    right.plot([], color=lecture.RED, label="stochastic")
    right.plot(batch, color=lecture.BLUE, label="batch")
    right.axhline(hill, color="0.5", linestyle="--", linewidth=1, label="top of the hill")
    right.set(title="The way, at a rate that decreases", xlabel="epochs", ylabel="w", ylim=(-1.8, 2.4))
    right.legend(loc="upper right", ncols=3, fontsize=9)


lesson.end(draw)
