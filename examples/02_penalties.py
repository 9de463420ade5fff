"""What is known beforehand is a further term of the loss: small coefficients (l2), or few of them (l1).

As its strength alpha grows, l2 shrinks the coefficients and leaves all of them at work; l1 makes ever more of them
exactly 0. All strengths of both are one sweep, in the same passes over the data.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_diabetes

import fastgd

lesson = lecture.begin(__doc__)

data = load_diabetes()
y = (data.target - data.target.mean()) / data.target.std()
objective = fastgd.LinearObjective(data.data, y, loss="squared_error", standardize=True)
alphas = np.logspace(-3, 1, 25)

# L-BFGS comes to the minimum itself, also where the l1 norm has its kinks.
found = fastgd.sweep(
    objective,
    grid={"l1_ratio": [0.0, 1.0], "alpha": alphas.tolist()},
    optimizer=fastgd.optimizers.LBFGS(),
    max_epochs=1000,
    tol=None,
    gtol=1e-8,
)
l2, l1 = found.x[:, :-1].reshape(2, len(alphas), -1)

# Each penalty's own norm.
norm_l2, norm_l1 = np.linalg.norm(l2, axis=1), np.abs(l1).sum(axis=1)
zeros_l2, zeros_l1 = (l2 == 0.0).sum(axis=1), (l1 == 0.0).sum(axis=1)
lecture.table(
    ["alpha", "l2: Euclidean norm", "zeros of 10", "l1: sum of magnitudes", "zeros of 10"],
    list(zip(alphas, norm_l2, zeros_l2, norm_l1, zeros_l1, strict=True))[::3],
)
lesson.holds("the stronger l2, the smaller its norm", np.all(np.diff(norm_l2) < 0.0))
lesson.holds("the stronger l1, the smaller its norm", np.all(np.diff(norm_l1) <= 1e-6))
lesson.holds("l2 leaves no coefficient at 0", zeros_l2.max() == 0)
strong = np.searchsorted(alphas, 0.1)
lesson.holds(
    f"l1 makes {zeros_l1[strong]} of 10 exactly 0 at alpha = 0.1, in the end all",
    5 < zeros_l1[strong] < zeros_l1[-1] == 10,
)


def draw(figure):
    named = {
        "bmi": (lecture.BLUE, "-"),
        "s5": (lecture.RED, "--"),
        "bp": (lecture.GREEN, "-."),
        "s1": (lecture.PURPLE, ":"),
    }
    axes = figure.subplots(1, 2, sharey=True)
    for one, paths, title in zip(axes, (l2, l1), ("l2: all shrink", "l1: one after the other is 0"), strict=True):
        for name, path in zip(data.feature_names, paths.T, strict=True):
            color, line = named.get(name, ("0.6", "-"))
            one.plot(
                alphas, path, line, color=color, label=name if name in named else None, lw=2 if name in named else 1
            )
        one.set(title=title, xlabel="strength of the penalty, alpha", xscale="log")
    axes[0].plot([], [], color="0.6", lw=1, label="six others")
    axes[0].set_ylabel("coefficient (standardised feature)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)


lesson.end(draw)
