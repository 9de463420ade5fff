"""Streams: predict, then learn, a row at a time, of 20 features that are not zero; seconds are those of one row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import agreement
import data
import numpy as np
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
_LOSSES = {"log_loss": "LogisticRegression", "squared_error": "LinearRegression"}


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    X = data.normal(rng, (_ROWS, _FEATURES), np.float64)
    labels = data.labels(rng, X) > 0
    names = [f"x{j}" for j in range(_FEATURES)]
    # As csv.DictReader makes them, and as json.loads does, with strings of their own.
    dicts = [dict(zip(names, row, strict=True)) for row in X.tolist()]
    own_names = [{f"x{j}": value for j, value in enumerate(row)} for row in X.tolist()]
    n_passes = _SMALL_PASSES if setting.small else _PASSES
    for loss, model in _LOSSES.items():
        title = f"online {loss}, {_FEATURES} features"
        if find_spec("river") is None:
            yield report.unmeasured(title, 1, "river is not installed")
            continue
        y: list[Any] = labels.tolist() if loss == "log_loss" else (X @ np.linspace(-1.0, 1.0, _FEATURES)).tolist()
        _check(loss, model, dicts, y)
        for kind, given in {"dicts": dicts, "dicts with names of their own": own_names, "arrays": list(X)}.items():
            learner, peer = Learner(loss=loss, lr=_LR), _river(model)
            # River has no arrays. The first row makes the weights.
            peer.learn_one(dicts[0], y[0])
            seconds = rounds.medians(
                {
                    "fastgd": _a_row(learner.predict, learner.update, given, y, n_passes),
                    "river": _a_row(
                        peer.predict_one, peer.learn_one, dicts if kind == "arrays" else given, y, n_passes
                    ),
                },
                setting.rounds,
            )
            yield report.compare(f"{title} as {kind}", 1, seconds, ["river"], _AT_LEAST)


def _river(model: str) -> Any:
    from river import linear_model, optim

    # Its squared loss is the whole square.
    lr = _LR / 2.0 if model == "LinearRegression" else _LR
    return getattr(linear_model, model)(optimizer=optim.SGD(lr), intercept_lr=lr)


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


def _check(loss: str, model: str, dicts: Sequence[dict[str, float]], y: Sequence[Any]) -> None:
    learner, peer = Learner(loss=loss, lr=_LR), _river(model)
    for x, target in zip(dicts, y, strict=True):
        learner.update(x, target)
        peer.learn_one(x, target)
    theirs = np.array([peer.weights[f"x{j}"] for j in range(_FEATURES)])
    step_error = _LR * float(agreement.rounding(np.float64, _FEATURES, 1.0))
    tolerance = agreement.descent_rounding(np.float64, learner.n_steps, learner.coef, step_error)
    agreement.check("river: the weights after all rows", float(np.linalg.norm(theirs - learner.coef[0])), tolerance)
