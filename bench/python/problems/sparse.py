"""Sparse rows: loss and gradient of all of them, and stochastic descent, a row a step.

The columns of a row are drawn evenly, which is the hardest for caches: those of texts come back more often.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import agreement
import data
import machine
import numpy as np
import peers
import report
import rounds
import scipy.sparse
from setting import SEED, Setting

import fastgd

_ROWS, _COLUMNS = 200_000, 50_000
_SMALL_ROWS = 300
_ENTRIES = {"pass": 87, "descent": 75}
_PASS_AT_LEAST = 1.5
_LR = 0.01
# By peer: at most so many rows, the penalty, and the goal. An example of Vowpal Wabbit takes 32 KB, and see there for
# its penalty.
_DESCENTS = {"SGDClassifier": (_ROWS, 1e-4, 3.0), "Vowpal Wabbit": (20_000, 0.0, None)}


def table(rng: np.random.Generator, n_rows: int, entries: int) -> Any:
    """Columns in order, a few of them twice, as they fall."""
    columns = np.sort(rng.integers(0, _COLUMNS, (n_rows, entries), dtype=np.int32), axis=1)
    values = rng.random(columns.size, dtype=np.float32)
    offsets = np.arange(0, columns.size + 1, entries, dtype=np.int32)
    return scipy.sparse.csr_matrix((values, columns.ravel(), offsets), (n_rows, _COLUMNS))


def rows(setting: Setting) -> Iterator[report.Row]:
    n_rows = _SMALL_ROWS if setting.small else _ROWS
    rng = np.random.default_rng(SEED)
    yield from _passes(setting, rng, n_rows)
    yield from _descents(setting, rng, n_rows)


def _passes(setting: Setting, rng: np.random.Generator, n_rows: int) -> Iterator[report.Row]:
    X = table(rng, n_rows, _ENTRIES["pass"])
    y = (rng.random(n_rows) < 0.5).astype(np.float32)
    w = data.parameters(rng, _COLUMNS + 1, np.float32)
    own = fastgd.LinearObjective(X, y, loss="log_loss")
    rivals = peers.offering("sparse_log_loss")
    for n_threads in setting.threads:
        with machine.threads(n_threads, rivals):
            functions = {peer.name: peer.build("sparse_log_loss", X, y, n_threads) for peer in rivals}
            value, grad = own.value_and_grad(w)
            for name, function in functions.items():
                theirs, their_grad = function(w)
                tolerance = agreement.rounding(np.float32, n_rows, 1.0)
                agreement.check(f"{name}: loss", abs(theirs - value), tolerance)
                agreement.check(f"{name}: gradient", np.abs(their_grad - grad), np.full(len(w), tolerance))
            as_float64 = w.astype(np.float64)
            contestants: rounds.Contestants = {"fastgd": rounds.clocked(own.value_and_grad, as_float64)}
            contestants |= {name: rounds.clocked(function, w) for name, function in functions.items()}
            seconds = rounds.medians(contestants, setting.rounds)
        title = f"sparse {n_rows} x {_COLUMNS}, {_ENTRIES['pass']} a row, loss and gradient"
        yield report.compare(title, n_threads, seconds, [peer.name for peer in rivals], _PASS_AT_LEAST)


def _descents(setting: Setting, rng: np.random.Generator, n_rows: int) -> Iterator[report.Row]:
    X = table(rng, n_rows, _ENTRIES["descent"])
    y = (rng.random(n_rows) < 0.5).astype(np.float32)
    for name, (most_rows, alpha, at_least) in _DESCENTS.items():
        rows, labels = X[:most_rows], y[:most_rows]
        title = f"sparse {rows.shape[0]} x {_COLUMNS}, {_ENTRIES['descent']} a row, an epoch of rows"
        # scikit-learn gives the intercept of sparse rows a hundredth of the rate: so it is left out.
        objective = fastgd.LinearObjective(rows, labels, loss="log_loss", alpha=alpha, fit_intercept=False)
        rivals = [peer for peer in peers.offering("sparse_sgd") if peer.name == name]
        if not rivals:
            yield report.unmeasured(title, 1, f"{name} is not installed")
            continue
        with machine.threads(1, rivals):
            descend = rivals[0].build("sparse_sgd", rows, labels, _LR, alpha)
            own = _descend(objective, shuffle=False)
            step_error = _LR * float(agreement.rounding(np.float32, _ENTRIES["descent"], 1.0))
            tolerance = agreement.descent_rounding(np.float32, own.n_steps, own.x, step_error, shrinks=alpha > 0.0)
            error = float(np.linalg.norm(np.asarray(descend(False)) - own.x))
            agreement.check(f"{name}: the end of an epoch", error, tolerance)
            contestants: rounds.Contestants = {
                "fastgd": lambda of=objective: float(_descend(of, shuffle=True).history.seconds[-1]),
                name: rounds.clocked(descend, True),
            }
            seconds = rounds.medians(contestants, setting.rounds)
        yield report.compare(title, 1, seconds, [name], at_least)


def _descend(objective: fastgd.LinearObjective, shuffle: bool) -> fastgd.Result:
    return fastgd.minimize(
        objective,
        optimizer=fastgd.optimizers.SGD(lr=_LR),
        batch_size=1,
        max_epochs=1,
        tol=None,
        shuffle=shuffle,
        random_state=SEED,
    )
