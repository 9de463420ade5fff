"""To learn is to choose a function f by a loss l(f, z): it says what a mistake costs.

Regression asks how far f(x) is from y, classification whether it is on y's side, a density how unlikely it finds z:
-log q(z), which for a Gaussian is the squared error and a constant. Whether f(x) is on y's side is the 0-1 loss; its
surrogates lie above it, so that a small one means few mistakes.
"""

import _lecture as lecture
import numpy as np

import fastgd

REGRESSION = {
    "squared_error": ("squared, (f(x) - y)² / 2", lecture.BLUE, "-"),
    "absolute_error": ("absolute, |f(x) - y|", lecture.RED, "--"),
    "huber": ("Huber, squared near 0", lecture.GREEN, "-."),
}
CLASSIFICATION = {
    "zero_one": ("0-1, is it wrong?", lecture.BLACK, "-"),
    "hinge": ("hinge", lecture.BLUE, "--"),
    "log_loss": ("logistic, in bits", lecture.RED, "-"),
    "squared_hinge": ("squared hinge", lecture.GREEN, "-."),
    "exponential": ("exponential", lecture.PURPLE, ":"),
}


def losses(name: str, y: float, scores: np.ndarray, **options: object) -> np.ndarray:
    """The loss of one example with target y as a function of its score: a model f(x) = w x, at x = 1."""
    example = fastgd.LinearObjective([[1.0]], [y], loss=name, fit_intercept=False, **options)
    return np.array([example.value([score]) for score in scores])


lesson = lecture.begin(__doc__)

errors = np.linspace(-3.0, 3.0, 601)
of_regression = {
    name: losses(name, 0.0, errors, loss_params={"epsilon": 1.0} if name == "huber" else None) for name in REGRESSION
}
scores = np.linspace(-2.5, 2.5, 1001)
of_classification = {name: losses(name, 1, scores, n_classes=2) for name in CLASSIFICATION}
of_classification["log_loss"] /= np.log(2.0)

# The density of a standard normal variable, of mean 0 and precision 1, at the same errors.
normal = fastgd.GaussianObjective(errors[:, None])
of_density = -normal.score_samples(normal.pack([0.0], [[1.0]]))

shown = [-2.0, -1.0, 0.0, 1.0, 2.0]
lecture.table(
    ["loss of an error f(x) - y of", *map(str, shown)],
    [
        *([REGRESSION[name][0], *np.interp(shown, errors, values)] for name, values in of_regression.items()),
        ["-log q of a standard normal", *np.interp(shown, errors, of_density)],
    ],
)
lecture.table(
    ["loss of a score y f(x) of", *map(str, shown)],
    [
        [CLASSIFICATION[name][0], *map(float, values[np.searchsorted(scores, shown)])]
        for name, values in of_classification.items()
    ],
)
mistakes = of_classification["zero_one"]
lesson.holds("the 0-1 loss is 1 for a score of the wrong sign, else 0", np.array_equal(mistakes, scores <= 0.0))
for name, values in of_classification.items():
    if name != "zero_one":
        lesson.holds(f"{CLASSIFICATION[name][0]} is nowhere below the 0-1 loss", np.all(values >= mistakes - 1e-12))
outlier, usual = of_regression["squared_error"][-1], of_regression["squared_error"][400]
lesson.holds(f"an error 3 times as large costs {outlier / usual:.3g} times as much squared", outlier > 8.99 * usual)
outlier, usual = of_regression["absolute_error"][-1], of_regression["absolute_error"][400]
lesson.holds(f"and {outlier / usual:.3g} times as much in magnitude", outlier < 3.01 * usual)
constant = of_density - of_regression["squared_error"]
lesson.holds(f"-log q is the squared error and {constant[0]:.4f}, half of log 2π", np.ptp(constant) < 1e-12)


def draw(figure):
    left, right = figure.subplots(1, 2)
    for name, (label, color, line) in REGRESSION.items():
        left.plot(errors, of_regression[name], line, color=color, label=label)
    left.plot(errors, of_density, ":", color=lecture.PURPLE, label="-log q, standard normal")
    for name, (label, color, line) in CLASSIFICATION.items():
        right.plot(scores, of_classification[name], line, color=color, label=label)
    left.set(title="Regression and densities", xlabel="error f(x) - y, or z", ylabel="loss", ylim=(-0.1, 6.6))
    right.set(title="Classification, y = 1 or -1", xlabel="score y f(x)", ylabel="loss", ylim=(-0.1, 5.0))
    left.legend(loc="upper center")
    right.legend(loc="upper right")


lesson.end(draw)
