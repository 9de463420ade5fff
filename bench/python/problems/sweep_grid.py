"""Rates and penalties by cross-validation: a grid of 12 with 5 folds, 60 models in the same passes.

Beside it the same 60 runs one by one, where the rows that a fold holds out weigh nothing, which gives the same bits;
the 60 runs on tables without these rows, whose making is not timed; and scikit-learn's search at as many epochs, with a
row a step, as it has no batches. All make what they return: fastgd also scores the rows held out.

On subsets rows come in another order: these runs' losses on the rows held out have to be near the sweep's, setting by
setting. A row a step leaves high rates far from the minimum, so of scikit-learn's only the best loss has to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV

import fastgd

_SHAPE = (49_990, 22)
_SMALL_ROWS = 500
_GRID = {"lr": [0.01, 0.03, 0.1, 0.3], "alpha": [1e-6, 1e-4, 1e-2]}
_FOLDS = 5
_RUN: dict[str, Any] = {"batch_size": 32, "max_epochs": 5, "tol": None, "random_state": SEED}
# The mean loss of a setting, which is log(2) before the descent and about 0.6 where it can end.
_LOSSES_MAY_DIFFER = 0.03
_AT_LEAST = {"runs with weights 0": 2.0, "runs on subsets": 2.0, "GridSearchCV": 20.0}


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    X = data.normal(rng, (_SMALL_ROWS if setting.small else _SHAPE[0], _SHAPE[1]), np.float32)
    y = data.labels(rng, X)
    objective = fastgd.LinearObjective(X, y)
    fold = np.asarray(fastgd._folds.make_folds(objective, _FOLDS, SEED))
    settings = [(lr, alpha) for lr in _GRID["lr"] for alpha in _GRID["alpha"]]

    def alone(objectives: list[fastgd.LinearObjective]) -> list[Any]:
        return [
            fastgd.minimize(one, optimizer=fastgd.optimizers.SGD(settings[at // _FOLDS][0]), **_RUN).x
            for at, one in enumerate(objectives)
        ]

    weighted, subsets = (
        [make(alpha, fold == held_out) for _, alpha in settings for held_out in range(_FOLDS)]
        for make in (
            lambda alpha, out: fastgd.LinearObjective(X, y, alpha=alpha, sample_weight=np.where(out, 0.0, 1.0)),
            lambda alpha, out: fastgd.LinearObjective(X[~out], y[~out], alpha=alpha),
        )
    )
    for n_threads in setting.threads:
        with machine.threads(n_threads, []):
            search = GridSearchCV(
                SGDClassifier(
                    loss="log_loss", learning_rate="constant", max_iter=_RUN["max_epochs"], tol=None, random_state=SEED
                ),
                {"eta0": _GRID["lr"], "alpha": _GRID["alpha"]},
                cv=_FOLDS,
                scoring="neg_log_loss",
                refit=False,
                n_jobs=n_threads,
            )
            found = fastgd.sweep(objective, grid=_GRID, cv=_FOLDS, **_RUN)
            agreement.check("runs with weights 0", np.stack(alone(weighted)) - found.x, 0.0)
            assert found.scores is not None
            of_sweep, of_subsets = found.scores["mean"], _held_out(X, y, fold, alone(subsets))
            agreement.check("runs on subsets: losses", of_subsets - of_sweep, _LOSSES_MAY_DIFFER)
            of_sweep_itself = _held_out(X, y, fold, found.x)
            size = agreement.rounding(np.float32, len(X), 1.0 + of_sweep)
            agreement.check("values at the sweep's ends: losses", of_sweep_itself - of_sweep, size)
            best = -search.fit(X, y).best_score_
            agreement.check("GridSearchCV: the best loss", best - of_sweep.min(), _LOSSES_MAY_DIFFER)
            seconds = rounds.medians(
                {
                    "fastgd": rounds.clocked(lambda: fastgd.sweep(objective, grid=_GRID, cv=_FOLDS, **_RUN)),
                    "runs with weights 0": rounds.clocked(alone, weighted),
                    "runs on subsets": rounds.clocked(alone, subsets),
                    "GridSearchCV": rounds.clocked(search.fit, X, y),
                },
                setting.rounds,
            )
        title = f"sweep of 12 x {_FOLDS} folds, {X.shape[0]} x {X.shape[1]}, 5 epochs"
        for name, at_least in _AT_LEAST.items():
            yield report.compare(title, n_threads, seconds, [name], at_least, everywhere=name != "GridSearchCV")


def _held_out(X: data.Floats, y: data.Floats, fold: data.Ints, ends: Any) -> data.Floats:
    """The mean loss of each setting, over the folds, on the rows that its models have not seen."""
    unseen = [fastgd.LinearObjective(X[fold == held_out], y[fold == held_out]) for held_out in range(_FOLDS)]
    values = [unseen[at % _FOLDS].value(x) for at, x in enumerate(ends)]
    return np.reshape(values, (-1, _FOLDS)).mean(axis=1)
