"""Rows that memory does not hold are shuffled in windows; a file sorted by label needs its parts shuffled, too.

A fit on a source holds a window of its rows, and permutes these. Where the parts of the source come in random order, a
window of a few of them is a fair sample, if a small one, and the fit is nearly as good as on all rows. Where rows only
come in the order of a sorted file, a window has few labels in it, and each drives out what was learned of the others.
"""

import _lecture as lecture
import numpy as np
from sklearn.datasets import load_digits

from fastgd.data import ChunkSource
from fastgd.linear_model import SGDClassifier

lesson = lecture.begin(__doc__)

X, y = load_digits(return_X_y=True)
X = (X / 16.0).astype(np.float32)
held_out = np.arange(len(X)) % 4 == 0
X_test, y_test = X[held_out], y[held_out]
by_label = np.argsort(y[~held_out], kind="stable")
X, y = X[~held_out][by_label], y[~held_out][by_label]
chunks = [(X[begin : begin + 20], y[begin : begin + 20]) for begin in range(0, len(X), 20)]
SIZES = ("30KB", "60KB", "120KB", "240KB", "480KB", "2MB")
options = {"learning_rate": "constant", "eta0": 0.1, "batch_size": 8, "max_iter": 5, "tol": None, "random_state": 0}


def accuracy(*data: object) -> float:
    return SGDClassifier("multinomial", **options).fit(*data).score(X_test, y_test)


of_all = accuracy(X, y)
of_parts = [accuracy(ChunkSource(chunks, max_memory=size)) for size in SIZES]
of_windows = [accuracy(ChunkSource(lambda: iter(chunks), max_memory=size)) for size in SIZES]
print(f"Accuracy after 5 epochs over {len(X):,} rows sorted by label; with all of them in memory {of_all:.3f}:\n")
lecture.table(
    ["max_memory", "parts in random order", "windows alone"],
    [list(row) for row in zip(SIZES, of_parts, of_windows, strict=True)],
)
lesson.holds("with parts in random order the smallest window loses less than 0.1", min(of_parts) > of_all - 0.1)
lesson.holds("windows alone lose more than 0.3 there", of_windows[0] < of_all - 0.3)
lesson.holds("the larger they are, the less", np.all(np.diff(of_windows) > 0))
lesson.holds("and nothing where all rows fit in one", of_windows[-1] > of_all - 0.01)


def draw(figure):
    axes = figure.subplots()
    at = np.arange(len(SIZES))
    axes.axhline(of_all, color=lecture.BLACK, linestyle=":", label="all rows in memory")
    axes.plot(at, of_parts, "o-", color=lecture.BLUE, label="parts in random order, and windows")
    axes.plot(at, of_windows, "s--", color=lecture.RED, label="windows alone")
    axes.set_xticks(at, SIZES)
    axes.set(title="Digits in a file sorted by label", xlabel="max_memory", ylabel="held-out accuracy")
    axes.legend()


lesson.end(draw)
