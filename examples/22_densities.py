"""To learn a density is to make the examples likely: the loss is -log q(z).

One Gaussian has a closed form, and descent comes to it. A mixture of Gaussians has none; the textbook's algorithm, EM,
goes through all rows for every step. Descent also learns it online, from a stream, a few rows at a time, and as well.
"""

import _lecture as lecture
import numpy as np
import sklearn.mixture
from sklearn.datasets import load_iris

import fastgd
from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture
from fastgd.objectives import GaussianObjective

lesson = lecture.begin(__doc__)

data = load_iris()
Z = data.data[:, 2:]  # length and width of the petals, in cm
order = np.random.default_rng(0).permutation(len(Z))
train, test = Z[order[:100]], Z[order[100:]]
REG = 1e-3  # added to the variances, about the square of what the lengths are rounded to

# The estimator begins at the closed form, so descent is shown on its objective, from the standard normal density.
one = Gaussian(reg_covar=REG).fit(train)
objective = GaussianObjective(train, reg_covar=REG)
mean, covariance = train.mean(axis=0), np.cov(train.T, bias=True) + REG * np.eye(2)


def distance(w: np.ndarray) -> float:
    """Of the density with parameters w from the closed form."""
    location, factor = objective.unpack(w)
    found = np.linalg.inv(factor @ factor.T)
    return float(max(np.abs(location - mean).max(), np.abs(found - covariance).max()))


start = np.zeros(objective.n_params)
apart = distance(fastgd.minimize(objective, start, optimizer="lbfgs", max_epochs=200, tol=None).x)
lesson.holds(
    f"descent on a Gaussian ends at the mean and covariance of the rows, {apart:.0e} apart, from {distance(start):.1f}",
    apart < 1e-6 < 1.0 < distance(start),
)

batch = GaussianMixture(3, reg_covar=REG, random_state=0).fit(train)
em = sklearn.mixture.GaussianMixture(3, n_init=10, reg_covar=REG, random_state=0).fit(train)
# A stream of 20,000 examples, drawn from the training rows; it comes in pieces of 100, and is learned ten at a time.
online = GaussianMixture(3, reg_covar=REG, random_state=0, batch_size=10)
stream = np.random.default_rng(1).integers(0, len(train), size=(200, 100))
on_the_way = [-online.partial_fit(train[piece]).score(test) for piece in stream]

models = {
    "one Gaussian": one,
    "three, all rows a step": batch,
    "three, online": online,
    "three, by EM": em,
}
print()
lecture.table(
    ["mean of -log q(z), of petals of irises", "training rows", "held-out rows"],
    [[name, -model.score(train), -model.score(test)] for name, model in models.items()],
)
gauss, all_rows, a_few, by_em = (-model.score(test) for model in models.values())
lesson.holds("a mixture is better by more than 0.3, on held-out rows too", max(all_rows, a_few) < gauss - 0.3)
lesson.holds("descent on all rows is within 0.03 of EM on these", abs(all_rows - by_em) < 0.03)
lesson.holds("and so is descent on the stream", abs(a_few - by_em) < 0.03)
component, species = online.predict(train), data.target[order[:100]]
alike = np.mean([np.bincount(species[component == k]).max() / (component == k).sum() for k in range(3)])
lesson.holds(f"nobody named the species: components are of one by {alike:.0%}", alike > 0.9)


def draw(figure):
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.0, 1.15, 1.0])
    a, b = np.meshgrid(np.linspace(0.4, 7.6, 150), np.linspace(-0.3, 2.9, 150))
    grid = np.stack([a.ravel(), b.ravel()], axis=1)
    levels = [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 4]
    for axes, model, title in ((left, one, "One Gaussian"), (middle, online, "A mixture of three, online")):
        density = model.score_samples(grid).reshape(a.shape)
        filled = axes.contourf(a, b, density, levels=levels, cmap="cividis", extend="min")
        axes.plot(*train.T, "o", color="white", markeredgecolor="black", markeredgewidth=0.5, markersize=3.5)
        axes.set(title=title, xlabel="petal length (cm)", ylabel="petal width (cm)")
        axes.grid(False)
    figure.colorbar(filled, ax=middle, label="log q(z)", ticks=[-12, -8, -4, -2, 0, 2, 4])
    seen = np.arange(1, len(on_the_way) + 1) * stream.shape[1]
    right.plot(seen, on_the_way, color=lecture.BLUE, label="three, online")
    right.axhline(by_em, color=lecture.RED, linestyle="--", label="three, by EM")
    right.axhline(gauss, color="0.5", linestyle=":", label="one Gaussian")
    right.set(title="Held-out rows, on the way", xlabel="examples seen", ylabel="mean of -log q(z)", xscale="log")
    right.legend()


lesson.end(draw, size=(12.0, 3.9))
