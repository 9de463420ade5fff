"""To learn a density is to make the examples likely: the loss is -log q(z).

One Gaussian has a closed form, and descent comes to it. A mixture of Gaussians has none; the textbook's algorithm, EM,
goes through all rows for every step. Descent learns it from ten rows at a time, as from a stream, and as well.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

import fastgd
from fastgd.optimizers import Adam
from fastgd.schedules import Cosine

lesson = lecture.begin(__doc__)

data = load_iris()
Z = data.data[:, 2:]  # length and width of the petals, in cm
order = np.random.default_rng(0).permutation(len(Z))
train, test = Z[order[:100]], Z[order[100:]]
REG = 1e-3

gaussian = fastgd.GaussianObjective(train, reg_covar=REG)
one = fastgd.minimize(gaussian, optimizer="lbfgs", max_epochs=200, tol=None, gtol=1e-9)
found = gaussian.unpack(one.x)
covariance = np.linalg.inv(found.precision_cholesky @ found.precision_cholesky.T)
away = max(
    np.abs(found.mean - train.mean(axis=0)).max(),
    np.abs(covariance - np.cov(train.T, bias=True) - REG * np.eye(2)).max(),
)
lesson.holds(f"a Gaussian by descent has the mean and covariance of the rows ({away:.0e} apart)", away < 1e-6)

mixture = fastgd.GaussianMixtureObjective(train, 3, reg_covar=REG)
batch = fastgd.sweep(mixture, grid={"init_seed": [*range(8)]}, optimizer="lbfgs", max_epochs=300, tol=1e-8).best
EPOCHS = 300
path = [mixture.initial()]
stream = fastgd.minimize(
    mixture,
    optimizer=Adam(Cosine(0.05, t_max=10 * EPOCHS)),
    batch_size=10,
    max_epochs=EPOCHS,
    tol=None,
    callbacks=lambda info: path.append(info.x),
)
em = GaussianMixture(3, n_init=8, random_state=0, reg_covar=REG).fit(train)


def losses(objective_of: type, w: np.ndarray, *n_components: int) -> list[float]:
    """Mean -log q of the training rows and of the held-out ones."""
    return [-float(objective_of(rows, *n_components).score_samples(w).mean()) for rows in (train, test)]


table = {
    "one Gaussian": losses(fastgd.GaussianObjective, one.x),
    "three, all rows a step, best of 8 starts": losses(fastgd.GaussianMixtureObjective, batch.x, 3),
    "three, ten rows a step": losses(fastgd.GaussianMixtureObjective, stream.x, 3),
    "three, by EM, best of 8 starts": [-em.score(train), -em.score(test)],
}
print()
lecture.table(
    ["mean of -log q(z), of petals of irises", "training rows", "held-out rows"],
    [[name, *row] for name, row in table.items()],
)
gauss, all_rows, ten_rows, by_em = (row[1] for row in table.values())
lesson.holds("a mixture is better by more than 0.3, on held-out rows too", max(all_rows, ten_rows) < gauss - 0.3)
lesson.holds("ten rows at a time come within 0.02 of EM on these", abs(ten_rows - by_em) < 0.02)
lesson.holds("and all rows by L-BFGS, too", abs(all_rows - by_em) < 0.02)
component = mixture.predict_proba(stream.x).argmax(axis=1)
species = data.target[order[:100]]
alike = np.mean([np.bincount(species[component == k]).max() / max((component == k).sum(), 1) for k in range(3)])
lesson.holds(f"nobody named the species, and components are of one by {alike:.0%}", alike > 0.9)


def draw(figure):
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.0, 1.15, 1.0])
    a, b = np.meshgrid(np.linspace(0.4, 7.6, 150), np.linspace(-0.3, 2.9, 150))
    grid = np.stack([a.ravel(), b.ravel()], axis=1)
    densities = (
        fastgd.GaussianObjective(grid).score_samples(one.x),
        fastgd.GaussianMixtureObjective(grid, 3).score_samples(stream.x),
    )
    for axes, density, title in zip((left, middle), densities, ("One Gaussian", "A mixture of three"), strict=True):
        filled = axes.contourf(
            a,
            b,
            density.reshape(a.shape),
            levels=[-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 4],
            cmap="cividis",
            extend="min",
        )
        axes.plot(*train.T, "o", color="white", markeredgecolor="black", markeredgewidth=0.5, markersize=3.5)
        axes.set(title=title, xlabel="petal length (cm)", ylabel="petal width (cm)")
        axes.grid(False)
    figure.colorbar(filled, ax=middle, label="log q(z)", ticks=[-12, -8, -4, -2, 0, 2, 4])
    right.plot(
        [losses(fastgd.GaussianMixtureObjective, w, 3)[1] for w in path], color=lecture.BLUE, label="ten rows a step"
    )
    right.axhline(by_em, color=lecture.RED, linestyle="--", label="EM")
    right.axhline(gauss, color="0.5", linestyle=":", label="one Gaussian")
    right.set(title="Held-out rows, on the way", xlabel="epochs", ylabel="mean of -log q(z)")
    right.legend()


lesson.end(draw, size=(12.0, 3.9))
