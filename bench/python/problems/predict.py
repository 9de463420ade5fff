"""Predictions of `SGDClassifier` with the same coefficients: a large table, dense and sparse, and one row at a time."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import agreement
import data
import estimators
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

from problems import sparse

_SHAPE, _SMALL_SHAPE = (1_000_000, 100), (2_000, 100)
_SPARSE_ROWS, _SMALL_SPARSE_ROWS = 200_000, 300
_ENTRIES = 75
_CALLS, _SMALL_CALLS = 2_000, 20
_FITTED_ROWS = 300
_AT_LEAST = 2.0


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    rng = np.random.default_rng(SEED)
    dense = data.normal(rng, _SMALL_SHAPE if setting.small else _SHAPE, np.float32)
    csr = sparse.table(rng, _SMALL_SPARSE_ROWS if setting.small else _SPARSE_ROWS, _ENTRIES)
    for storage, X, at_least in (("dense", dense, _AT_LEAST), ("CSR", csr, None)):
        models = _fitted(rng, X, rivals)
        others = [who for who in models if who != "fastgd"]
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals):
                contestants = {who: rounds.clocked(model.predict, X) for who, model in models.items()}
                seconds = rounds.medians(contestants, setting.rounds)
            title = f"predict, {storage} {X.shape[0]} x {X.shape[1]}"
            yield report.compare(title, n_threads, seconds, others, at_least)
        n_calls = _SMALL_CALLS if setting.small else _CALLS
        one = {who: partial(_a_call, model.predict, X[:1], n_calls) for who, model in models.items()}
        seconds = rounds.medians(one, setting.rounds)
        yield report.compare(f"predict, {storage} 1 x {X.shape[1]}", None, seconds, others, at_least)


def _a_call(predict: Callable[[Any], Any], row: Any, n_calls: int) -> float:
    return timeit.timeit(lambda: predict(row), number=n_calls) / n_calls


def _fitted(rng: np.random.Generator, X: Any, rivals: list[peers.Peer]) -> dict[str, Any]:
    """Models that agree on the class of each row."""
    some = X[:_FITTED_ROWS]
    y = rng.random(some.shape[0]) < 0.5
    models = {
        who: kind(loss="log_loss").fit(some, y) for who, kind in estimators.kinds("SGDClassifier", rivals).items()
    }
    own = models["fastgd"]
    for who, model in models.items():
        model.coef_, model.intercept_ = own.coef_.copy(), own.intercept_.copy()
        # A score within rounding of 0 may have either sign.
        differing = float((model.predict(X) != own.predict(X)).mean())
        agreement.check(f"{who}: share of other predictions", differing, 1e-4)
    return models
