"""Streams: predict, then learn, a row at a time, of 20 features that are not zero; seconds are those of one row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import agreement
import data
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

from fastgd.online import Learner

# Few enough to stay in cache, where a stream's row is that has just been made.
_ROWS = 500
_PASSES, _SMALL_PASSES = 20, 1
_FEATURES = 20
_LR = 0.01
_AT_LEAST = 10.0
_LOSSES = ("log_loss", "squared_error")


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    X = data.normal(rng, (_ROWS, _FEATURES), np.float64)
    labels = data.labels(rng, X) > 0
    names = [f"x{j}" for j in range(_FEATURES)]
    # As csv.DictReader makes them, and as json.loads does, with strings of their own.
    dicts = [dict(zip(names, row, strict=True)) for row in X.tolist()]
    own_names = [{f"x{j}": value for j, value in enumerate(row)} for row in X.tolist()]
    n_passes = _SMALL_PASSES if setting.small else _PASSES
    rivals = peers.offering("online")
    for loss in _LOSSES:
        title = f"online {loss}, {_FEATURES} features"
        if not rivals:
            yield report.unmeasured(title, 1, "no peer is installed")
        y: list[Any] = labels.tolist() if loss == "log_loss" else (X @ np.linspace(-1.0, 1.0, _FEATURES)).tolist()
        for peer in rivals:
            _check(loss, peer, dicts, y)
            for kind, given in {"dicts": dicts, "dicts with names of their own": own_names, "arrays": list(X)}.items():
                learner, model = Learner(loss=loss, lr=_LR), peer.build("online", loss, _LR)
                # The peer has no arrays. The first row makes the weights.
                model.learn_one(dicts[0], y[0])
                theirs = dicts if kind == "arrays" else given
                seconds = rounds.medians(
                    {
                        "fastgd": _a_row(learner.predict, learner.update, given, y, n_passes),
                        peer.name: _a_row(model.predict_one, model.learn_one, theirs, y, n_passes),
                    },
                    setting.rounds,
                )
                yield report.compare(f"{title} as {kind}", 1, seconds, [peer.name], _AT_LEAST)


def _a_row(
    predict: Callable[[Any], Any],
    learn: Callable[[Any, Any], Any],
    stream: Sequence[Any],
    y: Sequence[Any],
    n_passes: int,
) -> Callable[[], float]:
    def seconds() -> float:
        begin = time.perf_counter()
        for _ in range(n_passes):
            for x, target in zip(stream, y, strict=True):
                predict(x)
                learn(x, target)
        return (time.perf_counter() - begin) / (n_passes * len(y))

    return seconds


def _check(loss: str, peer: peers.Peer, dicts: Sequence[dict[str, float]], y: Sequence[Any]) -> None:
    learner, model = Learner(loss=loss, lr=_LR), peer.build("online", loss, _LR)
    predictions = []
    for x, target in zip(dicts, y, strict=True):
        predictions.append((float(learner.predict(x)), float(model.predict_one(x))))
        learner.update(x, target)
        model.learn_one(x, target)
    theirs = np.array([model.weights[f"x{j}"] for j in range(_FEATURES)])
    step_error = _LR * float(agreement.rounding(np.float64, _FEATURES, 1.0))
    tolerance = agreement.descent_rounding(np.float64, learner.n_steps, learner.coef, step_error)
    error = float(np.linalg.norm(theirs - learner.coef[0]))
    agreement.check(f"{peer.name}: the weights after all rows", error, tolerance)
    # Of a row, by as much as the weights times its length; classes are 0 and 1, and scores that near 0 improbable.
    sizes = np.linalg.norm([[*x.values(), 1.0] for x in dicts], axis=1)
    agreement.check(f"{peer.name}: predictions on the way", np.diff(predictions)[:, 0], tolerance * sizes)
