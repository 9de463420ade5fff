"""Stochastic descent, a row a step, on a table that stays in the second-level cache.

fastgd's time is that of its epochs in `Result.history.seconds`, without the pass over all rows that gives `Result.fun`
at the end; the peers' is the wall time of their call, over enough epochs for scikit-learn's checks not to matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import agreement
import data
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

import fastgd

_SHAPE = (2_000, 100)
_EPOCHS = 200
_SMALL_EPOCHS = 2
_LR = 0.01  # below 2 / L: L is at most a quarter of the largest squared norm of a row, of about 100
_AT_LEAST = {"SGDClassifier": 5.0, "numba": 3.0, "Vowpal Wabbit": None}


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    X = data.normal(rng, _SHAPE, np.float32)
    y = data.labels(rng, X)
    objective = fastgd.LinearObjective(X, y, loss="log_loss")
    rivals = peers.offering("sgd")
    n_epochs = _SMALL_EPOCHS if setting.small else _EPOCHS
    # One step waits for another: there is nothing for a second thread to do.
    with machine.threads(1, rivals):
        _check(objective, X, y, rivals)
        for shuffle in (False, True):
            contestants: rounds.Contestants = {"fastgd": partial(_seconds, objective, n_epochs, shuffle)}
            for peer in rivals:
                descend = peer.build("sgd", X, y, _LR, n_epochs, shuffle)
                contestants[peer.name] = rounds.clocked(descend)
            seconds = rounds.medians(contestants, setting.rounds)
            title = f"per_sample {X.shape[0]} x {X.shape[1]} {X.dtype}, {'shuffled' if shuffle else 'in order'}"
            for name, at_least in _AT_LEAST.items():
                if name in seconds:
                    yield report.compare(title, 1, seconds, [name], at_least)
                else:
                    yield report.unmeasured(title, 1, f"{name} is not installed")


def _descend(objective: fastgd.LinearObjective, n_epochs: int, shuffle: bool) -> fastgd.Result:
    return fastgd.minimize(
        objective,
        optimizer=fastgd.optimizers.SGD(lr=_LR),
        batch_size=1,
        max_epochs=n_epochs,
        tol=None,
        shuffle=shuffle,
        random_state=SEED,
    )


def _seconds(objective: fastgd.LinearObjective, n_epochs: int, shuffle: bool) -> float:
    return float(_descend(objective, n_epochs, shuffle).history.seconds[-1])


def _check(objective: fastgd.LinearObjective, X: data.Floats, y: data.Floats, rivals: list[peers.Peer]) -> None:
    own = _descend(objective, 1, shuffle=False)
    step_error = _LR * float(agreement.rounding(X.dtype, X.shape[1], 1.0))
    tolerance = agreement.descent_rounding(X.dtype, own.n_steps, own.x, step_error)
    for peer in rivals:
        theirs = peer.build("sgd", X, y, _LR, 1, False)()
        agreement.check(
            f"{peer.name}: the end of an epoch", float(np.linalg.norm(np.asarray(theirs) - own.x)), tolerance
        )
