"""Stochastic descent, a row a step, on a table that stays in the second-level cache.

fastgd's time is that of its epochs in `Result.history.seconds`, without the pass over all rows that gives `Result.fun`
at the end; the peers' is the wall time of their call, over enough epochs for scikit-learn's checks not to matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import agreement
import data
import descent
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
_AT_LEAST = {"SGDClassifier": 5.0, "numba": 3.0}


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
            for peer in rivals:
                yield report.compare(title, 1, seconds, [peer.name], _AT_LEAST.get(peer.name))


def _descend(objective: fastgd.LinearObjective, n_epochs: int, shuffle: bool) -> fastgd.Result:
    optimizer = fastgd.optimizers.SGD(lr=_LR)
    return descent.run(objective, optimizer, n_epochs=n_epochs, batch_size=1, shuffle=shuffle, random_state=SEED)


def _seconds(objective: fastgd.LinearObjective, n_epochs: int, shuffle: bool) -> float:
    return descent.seconds(_descend(objective, n_epochs, shuffle))


def _check(objective: fastgd.LinearObjective, X: data.Floats, y: data.Floats, rivals: list[peers.Peer]) -> None:
    own = _descend(objective, 1, shuffle=False)
    step_error = _LR * float(agreement.rounding(X.dtype, X.shape[1], 1.0))
    tolerance = agreement.descent_rounding(X.dtype, own.n_steps, own.x, step_error)
    for peer in rivals:
        theirs = peer.build("sgd", X, y, _LR, 1, False)()
        agreement.check(
            f"{peer.name}: the end of an epoch", float(np.linalg.norm(np.asarray(theirs) - own.x)), tolerance
        )
