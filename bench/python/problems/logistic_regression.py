"""Time of LogisticRegression to scikit-learn's own final objective + 1e-6, from arrays to a fitted estimator.

scikit-learn's runs with its defaults, ours with the largest `tol` of a few that brings it there. Objectives and
gradients are computed in float64, beside the clock; both have to end where the gradient is as small as their tolerance
says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting
from sklearn.linear_model import LogisticRegression as Peer

import fastgd
from fastgd.linear_model import LogisticRegression

# Rows, features, classes, and whether the features depend on each other.
_SHAPES = (
    (100_000, 100, 2, False),
    (100_000, 100, 2, True),
    (200_000, 20, 2, False),
    (60_000, 784, 2, False),
    (50_000, 100, 10, False),
)
_TOLS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6)
_ABOVE = 1e-6
_AT_LEAST = 2.0
# Times the tolerance, in each of its entries. In float32 the objective is flat within its rounding before that.
_GRADIENT_AT_MOST = {np.float64: 1.5, np.float32: 10.0}


def table(n: int, d: int, n_classes: int, depend: bool, dtype: Any) -> tuple[data.Floats, data.Floats]:
    rng = np.random.default_rng(SEED)
    X = (data.dependent if depend else data.normal)(rng, (n, d), dtype)
    scores = X @ rng.normal(size=(d, n_classes)) * np.sqrt(2.0 / d) + rng.gumbel(size=(n, n_classes))
    return X, scores.argmax(axis=1)


def rows(setting: Setting) -> Iterator[report.Row]:
    for (n, d, n_classes, depend), dtype in itertools.product(_SHAPES, (np.float64, np.float32)):
        n_rows = n // 100 if setting.small else n
        X, y = table(n_rows, d, n_classes, depend, dtype)
        loss = "log_loss" if n_classes == 2 else "multinomial"
        exact = fastgd.LinearObjective(X.astype(np.float64), y, loss=loss, alpha=1.0 / n_rows)
        title = f"LogisticRegression, {n_rows} x {d} {np.dtype(dtype).name}, {n_classes} classes"
        title += ", dependent" if depend else ""
        for n_threads in setting.threads:
            with machine.threads(n_threads, []):
                peer = Peer(max_iter=10_000).fit(X, y)
                enough = value(exact, peer) + _ABOVE
                own = (LogisticRegression(tol=tol, max_iter=1000, n_threads=n_threads) for tol in _TOLS)
                fastest = next((one for one in own if value(exact, one.fit(X, y)) <= enough), None)
                if fastest is None:
                    raise agreement.DisagreementError(f"{title}: fastgd does not come to scikit-learn's objective")
                # It would come there at once if scikit-learn minimised something else.
                slope = exact.grad(flat(exact, peer))
                agreement.check("scikit-learn's gradient", slope, _GRADIENT_AT_MOST[dtype] * peer.tol)
                contestants = {
                    "fastgd": rounds.clocked(partial(fastest.fit, X, y)),
                    "scikit-learn": rounds.clocked(partial(peer.fit, X, y)),
                }
                seconds = rounds.medians(contestants, setting.rounds)
                yield report.compare(title, n_threads, seconds, ["scikit-learn"], _AT_LEAST)


def value(objective: fastgd.LinearObjective, fitted: Any) -> float:
    return objective.value(flat(objective, fitted))


def flat(objective: fastgd.LinearObjective, fitted: Any) -> data.Floats:
    return objective.pack(fitted.coef_.astype(np.float64), fitted.intercept_.astype(np.float64))
