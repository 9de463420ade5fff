"""The k nearest neighbours vote: a recipe without training, that keeps all data and pays for each prediction.

With k = 1 every training row is its own neighbour, so that mistakes on them tell nothing; on held-out rows few
neighbours are best here, and many blur the classes.
"""

import time

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_digits

import fastgd
from fastgd.neighbors import KNeighborsClassifier

lesson = lecture.begin(__doc__)

data = load_digits()
X = data.data.astype(np.uint8)  # 8 x 8 pixels from 0 to 16, as bytes
order = np.random.default_rng(0).permutation(len(X))
train, test = order[:1000], order[1000:]
y = data.target

ks = (1, 3, 5, 10, 20, 50, 100, 200)
mistakes = {"training rows": [], "held-out rows": []}
for k in ks:
    model = KNeighborsClassifier(n_neighbors=k).fit(X[train], y[train])
    for name, rows in (("training rows", train), ("held-out rows", test)):
        mistakes[name].append(float(np.mean(model.predict(X[rows]) != y[rows])))
lecture.table(
    ["mistakes, k =", *map(str, ks)],
    [[name, *(f"{share:.1%}" for share in shares)] for name, shares in mistakes.items()],
)

softmax = fastgd.LinearObjective(X[train], y[train], loss="multinomial", alpha=1e-3, standardize=True)
begin = time.perf_counter()
coef, intercept = softmax.raw_coef(fastgd.minimize(softmax, max_epochs=100).x)
trained = time.perf_counter()
linear = float(np.mean((X[test] @ coef.T + intercept).argmax(axis=1) != y[test]))
predicted = time.perf_counter()
model = KNeighborsClassifier(n_neighbors=1).fit(X[train], y[train])
fitted = time.perf_counter()
model.predict(X[test])
times = np.diff([begin, trained, predicted, fitted, time.perf_counter()]) * 1e3
print(f"{linear:.1%} mistakes by a linear model that was trained on the same rows; milliseconds to fit and to predict:")
print(f"linear {times[0]:.1f} and {times[1]:.1f}, neighbours {times[2]:.1f} and {times[3]:.1f}.\n")
train_share, test_share = (np.array(shares) for shares in mistakes.values())
lesson.holds("with k = 1 there are no mistakes on training rows", train_share[0] == 0.0)
lesson.holds("but on held-out ones", test_share[0] > 0.0)
lesson.holds("few neighbours make few mistakes on these, less than 3 %", test_share[:3].max() < 0.03)
lesson.holds("200 make more than 3 times as many", test_share[-1] > 3.0 * test_share[:3].max())
lesson.holds("training rows promise less than there are, for small k", np.all(train_share[:3] < test_share[:3]))
lesson.holds("the best k beats the linear model", test_share.min() < linear)


def draw(figure):
    left, right = figure.subfigures(1, 2, width_ratios=[1.3, 1.0])
    axes = left.subplots()
    for (name, shares), color, line in zip(mistakes.items(), (lecture.BLUE, lecture.RED), ("s--", "o-"), strict=True):
        axes.plot(ks, 100.0 * np.array(shares), line, color=color, label=name)
    axes.axhline(100.0 * linear, color="0.5", linestyle=":", label="linear model, held-out rows")
    axes.set(title="Mistakes", xlabel="neighbours, k", ylabel="mistakes (%)", xscale="log")
    axes.set_xticks(ks, map(str, ks))
    axes.minorticks_off()
    axes.legend()
    # Held-out rows that the nearest neighbour decides wrongly, beside it.
    near = model.kneighbors(X[test], n_neighbors=3, return_distance=False)
    wrong = np.flatnonzero(model.predict(X[test]) != y[test])[:3]
    panels = right.subplots(3, 4)
    for row, i in zip(panels, wrong, strict=True):
        for place, j in zip(row, [test[i], *train[near[i]]], strict=True):
            place.imshow(data.images[j], cmap="gray_r")
            place.set(xticks=[], yticks=[])
            place.set_title(f"a {y[j]}", fontsize=10, loc="center")
            place.grid(False)
            place.spines[:].set_visible(False)
    for place, name in zip(panels[-1], ["held out", "nearest", "second", "third"], strict=True):
        place.set_xlabel(name)
    right.suptitle("Mistakes and their neighbours", fontsize=12)


lesson.end(draw, size=(10.0, 4.4))
