"""Raw scores of new rows, beside scikit-learn's predictions: a large table, and one row at a time."""

from __future__ import annotations

import timeit
from collections.abc import Iterator
from importlib.util import find_spec

import agreement
import data
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

from fastgd._scores import raw_scores

_SHAPE, _SMALL_SHAPE = (1_000_000, 100), (2_000, 100)
_CALLS, _SMALL_CALLS = 2_000, 20
_AT_LEAST = 2.0


def rows(setting: Setting) -> Iterator[report.Row]:
    if find_spec("sklearn") is None:
        yield report.unmeasured("predict", None, "scikit-learn is not installed")
        return
    from sklearn.linear_model import SGDClassifier

    rng = np.random.default_rng(SEED)
    X = data.normal(rng, _SMALL_SHAPE if setting.small else _SHAPE, np.float32)
    model = SGDClassifier().fit(X[:1000], data.labels(rng, X)[:1000])
    coef, intercept = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    labels = model.classes_

    def predict(rows: data.Floats) -> data.Floats:
        found: data.Floats = labels.take((raw_scores(rows, coef, intercept)[:, 0] > 0).view(np.uint8))
        return found

    # A score within rounding of 0 may have either sign.
    differing = float((predict(X) != model.predict(X)).mean())
    agreement.check("SGDClassifier: share of other predictions", differing, 1e-4)
    row = X[:1]
    for threads in setting.threads:
        with machine.threads(threads, peers.offering("sgd")):
            contestants = {
                "fastgd": rounds.clocked(predict, X),
                "SGDClassifier.predict": rounds.clocked(model.predict, X),
            }
            seconds = rounds.medians(contestants, setting.rounds)
        yield report.compare(
            f"predict {X.shape[0]} x {X.shape[1]} {X.dtype}", threads, seconds, ["SGDClassifier.predict"], _AT_LEAST
        )
    n_calls = _SMALL_CALLS if setting.small else _CALLS
    one = {
        "fastgd": lambda: timeit.timeit(lambda: raw_scores(row, coef, intercept), number=n_calls) / n_calls,
        "SGDClassifier.predict": lambda: timeit.timeit(lambda: model.predict(row), number=n_calls) / n_calls,
    }
    seconds = rounds.medians(one, setting.rounds)
    yield report.compare(f"scores of 1 x {X.shape[1]}", None, seconds, ["SGDClassifier.predict"], _AT_LEAST)
