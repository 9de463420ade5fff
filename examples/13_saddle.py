"""Batch gradient descent may come to rest on a saddle: x² - y² from y = 0.

There the gradient (2x, -2y) has no part along y, so no step ever leaves the line, and the origin, where the gradient
is 0, is no minimum. A start a millionth beside the line leaves the saddle, and so does descent on one term a step.
"""

import _lecture as lecture
import numpy as np

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

saddle = fastgd.FunctionObjective(lambda w: (w[0] ** 2 - w[1] ** 2, np.array([2.0 * w[0], -2.0 * w[1]])), jac=True)

# The same function as the mean of two terms, x² - y² + y and x² - y² - y: single ones pull off the line.
SIGNS = np.array([1.0, -1.0])


def some(w, rows):
    """Mean of the terms, and its gradient."""
    pull = SIGNS[rows].mean()
    return w[0] ** 2 - w[1] ** 2 + pull * w[1], np.array([2.0 * w[0], -2.0 * w[1] + pull])


noisy = fastgd.FunctionObjective(some, jac=True, n_samples=2)


def descend(objective, start, n_steps, batch_size="full"):
    """The path of gradient descent with rate 0.1."""
    path = [np.array(start)]
    fastgd.minimize(
        objective,
        start,
        optimizer=SGD(0.1),
        batch_size=batch_size,
        max_epochs=n_steps,
        tol=None,
        callbacks=lambda info: path.append(info.x),
    )
    return np.array(path)


runs = {
    "from y = 0": (descend(saddle, [1.0, 0.0], 76), 1),
    "from y = 1e-6": (descend(saddle, [1.0, 1e-6], 76), 1),
    "from y = 0, one term a step": (descend(noisy, [1.0, 0.0], 14, batch_size=1), 2),
}
lecture.table(
    ["descent", "steps", "x", "y", "x² - y²", "length of the gradient"],
    [
        [name, (len(path) - 1) * a_pass, *path[-1], saddle.value(path[-1]), np.linalg.norm(saddle.grad(path[-1]))]
        for name, (path, a_pass) in runs.items()
    ],
)
rest = runs["from y = 0"][0]
lesson.holds("from y = 0 descent stays on the line, to the last bit", np.all(rest[:, 1] == 0.0))
lesson.holds("and comes to rest where the gradient is 0", np.linalg.norm(saddle.grad(rest[-1])) < 1e-6)
lesson.holds(
    "which is no minimum, as it is lower beside it", saddle.value(rest[-1] + [0.0, 1e-3]) < saddle.value(rest[-1])
)
for name in list(runs)[1:]:
    lesson.holds(f"{name} it leaves the saddle", saddle.value(runs[name][0][-1]) < -0.5)


def draw(figure):
    left = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    right = figure.add_subplot(1, 2, 2)
    fastgd.plot.loss_surface(saddle, [0.0, 0.0], extent=1.2, n=50, kind="3d", ax=left)
    fastgd.plot.trajectory(left, {name: path for name, (path, _) in runs.items()})
    left.view_init(elev=28, azim=-50)
    left.set(xlabel="x", ylabel="y", zlabel="")
    left.set_title("Paths on the surface, from the ring to the stars", loc="left")
    left.get_legend().remove()
    styles = [(lecture.BLUE, "o", "-"), (lecture.GREEN, "s", "--"), (lecture.RED, "^", "-.")]
    for (name, (path, a_pass)), (color, marker, line) in zip(runs.items(), styles, strict=True):
        heights = path[:, 0] ** 2 - path[:, 1] ** 2
        right.plot(np.arange(len(path)) * a_pass, heights, line, color=color, label=name)
        right.plot((len(path) - 1) * a_pass, heights[-1], marker, color=color, markersize=8)
    right.set(xlabel="steps", ylabel="height", title="Height on the way, with rate 0.1")
    right.legend(loc="upper right")


lesson.end(draw, size=(10.0, 4.4))
