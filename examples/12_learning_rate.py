"""Batch gradient descent reaches the minimum of a convex loss if its learning rate is below 2/L, and diverges beyond.

L is the largest curvature of the loss. Up to 1/L descent goes straight down, from there to 2/L it jumps from one side
of the valley to the other and still gets lower, and beyond 2/L each jump ends higher than it began.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_diabetes

import fastgd
from fastgd.optimizers import SGD

lesson = lecture.begin(__doc__)

# The progression of diabetes from two blood values, s4 and s5: a valley over two parameters.
data = load_diabetes()
X = data.data[:, [7, 8]] / data.data[:, [7, 8]].std(axis=0)
y = (data.target - data.target.mean()) / data.target.std()
objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=False)
hessian = X.T @ X / len(X)
minimum = np.linalg.solve(hessian, X.T @ y / len(X))
curvatures = np.linalg.eigvalsh(hessian)
L = curvatures[-1]
start = minimum + np.array([-0.3, 0.75])


def descend(lr: float) -> np.ndarray:
    """The start, and where each of 40 steps ends: (41, 2)."""
    path = [start]
    fastgd.minimize(
        objective, start, optimizer=SGD(lr), max_epochs=40, tol=None, callbacks=lambda info: path.append(info.x)
    )
    return np.array(path)


paths = {factor: descend(factor / L) for factor in (0.2, 1.0, 1.9, 2.05)}
excess = {
    factor: np.array([objective.value(w) for w in path]) - objective.value(minimum) for factor, path in paths.items()
}
print(f"The curvatures are {curvatures[0]:.3f} and {L:.3f}, which is L.\n")
lecture.table(
    ["rate", "loss above the minimum, start", "after 10 steps", "after 40"],
    [[f"{factor} / L", *above[[0, 10, 40]]] for factor, above in excess.items()],
)
for factor, above in excess.items():
    if factor < 2.0:
        lesson.holds(f"with {factor} / L every step lowers the loss", np.all(np.diff(above) < 0.0))
    else:
        lesson.holds(f"with {factor} / L it rises in the end, and is above the start", above[-1] > above[-2] > above[0])
lesson.holds(
    "below 2 / L it comes to 5 % or less", max(above[-1] / above[0] for above in list(excess.values())[:3]) < 0.05
)


def draw(figure):
    styles = [(lecture.GREEN, "s"), (lecture.BLUE, "o"), (lecture.ORANGE, "^"), (lecture.RED, "x")]
    left, right = figure.subfigures(1, 2, width_ratios=[1.3, 1.0])
    side = np.linspace(-0.95, 0.95, 96)
    a, b = minimum[0] + side, minimum[1] + side
    surface = [[objective.value([u, v]) - objective.value(minimum) for u in a] for v in b]
    curve = right.subplots()
    panels = left.subplots(2, 2, sharex=True, sharey=True)
    for axes, factor, (color, marker) in zip(panels.flat, paths, styles, strict=True):
        axes.contour(a, b, surface, levels=np.geomspace(0.002, 1.0, 9), colors="0.7", linewidths=0.8)
        axes.plot(*paths[factor].T, color=color, marker=marker, markersize=4, linewidth=1)
        axes.plot(*minimum, "*", color="black", markersize=9)
        axes.set(title=f"rate {factor} / L", xlim=(a[0], a[-1]), ylim=(b[0], b[-1]), aspect="equal")
        axes.grid(False)
        curve.plot(excess[factor], color=color, marker=marker, markersize=4, markevery=4, label=f"{factor} / L")
    left.supxlabel("coefficient of s4", fontsize=11)
    left.supylabel("coefficient of s5", fontsize=11)
    curve.set(
        title="Loss above the minimum", xlabel="steps", ylabel="loss above the minimum", yscale="log", ylim=(1e-6, 10)
    )
    curve.legend(title="learning rate", loc="lower left")


lesson.end(draw, size=(10.0, 5.4))
