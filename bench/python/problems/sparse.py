"""Sparse rows: loss and gradient of all of them, and stochastic descent, a row a step.

Whole calls are timed: of descent, with the peers' checks of the rows and with fastgd's pass over all of them that gives
`Result.fun` at the end, over enough epochs for neither to matter much. The columns of a row are drawn evenly, which is
the hardest for caches: those of texts come back more often.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import agreement
import data
import descent
import machine
import numpy as np
import peers
import report
import rounds
import scipy.sparse
from setting import SEED, Setting

import fastgd

_ROWS, _COLUMNS = 200_000, 50_000
# So few columns that a small run, too, can tell a penalty from none.
_SMALL_ROWS, _SMALL_COLUMNS = 300, 200
_ENTRIES = {"pass": 87, "descent": 75}
_PASS_AT_LEAST = 1.5
_LR = 0.01
_EPOCHS, _SMALL_EPOCHS = 5, 2
_DESCENT_AT_LEAST = {"SGDClassifier": 3.0}
# An example of Vowpal Wabbit takes 32 KB, and see there for its penalty.
_MOST_ROWS = {"Vowpal Wabbit": 20_000}
_ALPHA, _ALPHAS = 1e-4, {"Vowpal Wabbit": 0.0}


def table(rng: np.random.Generator, n_rows: int, entries: int, n_columns: int = _COLUMNS) -> Any:
    """Columns in order, a few of them twice, as they fall."""
    columns = np.sort(rng.integers(0, n_columns, (n_rows, entries), dtype=np.int32), axis=1)
    values = rng.random(columns.size, dtype=np.float32)
    offsets = np.arange(0, columns.size + 1, entries, dtype=np.int32)
    return scipy.sparse.csr_matrix((values, columns.ravel(), offsets), (n_rows, n_columns))


def rows(setting: Setting) -> Iterator[report.Row]:
    shape = (_SMALL_ROWS, _SMALL_COLUMNS) if setting.small else (_ROWS, _COLUMNS)
    rng = np.random.default_rng(SEED)
    yield from _passes(setting, rng, *shape)
    yield from _descents(setting, rng, *shape)


def _passes(setting: Setting, rng: np.random.Generator, n_rows: int, n_columns: int) -> Iterator[report.Row]:
    X = table(rng, n_rows, _ENTRIES["pass"], n_columns)
    y = (rng.random(n_rows) < 0.5).astype(np.float32)
    w = data.parameters(rng, n_columns + 1, np.float32)
    own = fastgd.LinearObjective(X, y, loss="log_loss")
    rivals = peers.offering("sparse_log_loss")
    for n_threads in setting.threads:
        with machine.threads(n_threads, rivals):
            functions = {peer.name: peer.build("sparse_log_loss", X, y, n_threads) for peer in rivals}
            _check_passes(own, functions, X, w)
            as_float64 = w.astype(np.float64)
            contestants: rounds.Contestants = {"fastgd": rounds.clocked(own.value_and_grad, as_float64)}
            contestants |= {name: rounds.clocked(function, w) for name, function in functions.items()}
            seconds = rounds.medians(contestants, setting.rounds)
        title = f"sparse {n_rows} x {n_columns}, {_ENTRIES['pass']} a row, loss and gradient"
        yield report.compare(title, n_threads, seconds, [peer.name for peer in rivals], _PASS_AT_LEAST)


def _check_passes(own: fastgd.LinearObjective, functions: dict[str, Any], X: Any, w: data.Floats) -> None:
    value, grad = own.value_and_grad(w)
    # As for dense rows, but a column's sum has as many terms as the column has entries, most often few.
    entries = np.append(np.bincount(X.indices, minlength=X.shape[1]), X.shape[0])
    value_size = 1.0 + float(np.abs(own.decision_function(w)).mean())
    grad_size = np.append(np.asarray(X.sum(axis=0)).ravel() / X.shape[0], 1.0)
    tolerances = [float(agreement.rounding(np.float32, n + _ENTRIES["pass"], 1.0)) for n in entries.tolist()]
    for name, function in functions.items():
        theirs, their_grad = function(w)
        agreement.check(f"{name}: loss", theirs - value, agreement.rounding(np.float32, sum(X.shape), value_size))
        agreement.check(f"{name}: gradient", their_grad - grad, np.array(tolerances) * grad_size)


def _descents(setting: Setting, rng: np.random.Generator, n_rows: int, n_columns: int) -> Iterator[report.Row]:
    X = table(rng, n_rows, _ENTRIES["descent"], n_columns)
    n_epochs = _SMALL_EPOCHS if setting.small else _EPOCHS
    y = (rng.random(n_rows) < 0.5).astype(np.float32)
    for peer in peers.offering("sparse_sgd"):
        name, alpha = peer.name, _ALPHAS.get(peer.name, _ALPHA)
        rows, labels = X[: _MOST_ROWS.get(name)], y[: _MOST_ROWS.get(name)]
        title = f"sparse {rows.shape[0]} x {n_columns}, {_ENTRIES['descent']} a row, {n_epochs} epochs of rows"
        # scikit-learn gives the intercept of sparse rows a hundredth of the rate: so it is left out.
        objective = fastgd.LinearObjective(rows, labels, loss="log_loss", alpha=alpha, fit_intercept=False)
        with machine.threads(1, [peer]):
            descend = peer.build("sparse_sgd", rows, labels, _LR, alpha)
            own = _descend(objective, 1, False)
            step_error = _LR * float(agreement.rounding(np.float32, _ENTRIES["descent"], 1.0))
            tolerance = agreement.descent_rounding(np.float32, own.n_steps, own.x, step_error, shrinks=alpha > 0.0)
            error = float(np.linalg.norm(np.asarray(descend(1, False)) - own.x))
            agreement.check(f"{name}: the end of an epoch", error, tolerance)
            contestants: rounds.Contestants = {
                "fastgd": rounds.clocked(_descend, objective, n_epochs, True),
                name: rounds.clocked(descend, n_epochs, True),
            }
            seconds = rounds.medians(contestants, setting.rounds)
        yield report.compare(title, 1, seconds, [name], _DESCENT_AT_LEAST.get(name))


def _descend(objective: fastgd.LinearObjective, n_epochs: int, shuffle: bool) -> fastgd.Result:
    optimizer = fastgd.optimizers.SGD(lr=_LR)
    return descent.run(objective, optimizer, n_epochs=n_epochs, batch_size=1, shuffle=shuffle, random_state=SEED)
