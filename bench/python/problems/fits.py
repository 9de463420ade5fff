"""Estimators fitted to real tables, from arrays to a fitted model, beside estimators of the same names and parameters.

Their scores on the test rows have to agree before: closed forms up to rounding; logistic regression within half a
standard error of the accuracy, and its penalised loss of the training rows, in float64, within a thousandth; descent in
an order of its own within three; networks, which few epochs leave near starts of their own, within five.

Work is as equal as the parameters make it: who stops by itself, as logistic regression and descent without a number of
epochs do, stops by a measure of its own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import agreement
import drawn
import estimators
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting
from sklearn.exceptions import ConvergenceWarning

import fastgd

from .logistic_regression import value

_SMALL_ROWS = 1_000
# More of a table of images, or more epochs, would take minutes and say nothing else.
_ROWS = {"fashion_mnist": 10_000}


@dataclass(frozen=True)
class Case:
    table: str
    estimator: str
    params: dict[str, Any] = field(default_factory=dict)


_SGD = {"loss": "log_loss", "random_state": SEED}
CASES = (
    *(Case(table, kind) for table in ("california_housing", "abalone") for kind in ("Ridge", "LinearRegression")),
    *(Case(table, "LogisticRegression") for table in ("ijcnn1", "bank_marketing", "adult", "reuters")),
    *(Case(table, "SGDClassifier", _SGD) for table in ("ijcnn1", "bank_marketing", "adult", "reuters")),
    Case("higgs7k", "MLPClassifier", {"max_iter": 20, "random_state": SEED}),
    Case("fashion_mnist", "LogisticRegression", {"C": 0.01}),
    Case("fashion_mnist", "SGDClassifier", _SGD | {"max_iter": 1, "tol": None, "average": True}),
    Case("fashion_mnist", "MLPClassifier", {"max_iter": 5, "random_state": SEED}),
)
# In standard errors of the accuracy; closed forms in R2.
_MAY_DIFFER = {"LogisticRegression": 0.5, "SGDClassifier": 3.0, "MLPClassifier": 5.0}
# Rounding, times the square of how unlike in length the columns' directions are: up to 1e7.
_LOSS_MAY_DIFFER = 1e-3
_CLOSED_FORMS_MAY_DIFFER = 1e7 * np.finfo(np.float64).eps


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    for case in CASES:
        found = drawn.real_or_drawn(case.table, setting)
        if found is None:
            yield report.unmeasured(f"{case.estimator}, {case.table}", None, f"no such table in {setting.data}")
            continue
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals), warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                yield from _compare(setting, case, *found, rivals, n_threads)


def _compare(
    setting: Setting, case: Case, name: str, found: dict[str, Any], rivals: list[peers.Peer], n_threads: int
) -> Iterator[report.Row]:
    most = _SMALL_ROWS if setting.small else _ROWS.get(case.table)
    X, y, Z, targets = (found[part][:most] for part in ("X_train", "y_train", "X_test", "y_test"))
    X, Z = _scaled(X), _scaled(Z)
    title = f"{case.estimator}, {name} {X.shape[0]} x {X.shape[1]}"
    params = dict(case.params)
    if case.estimator == "SGDClassifier":
        # One model a class, which are all that it has for several threads.
        params["n_jobs"] = n_threads if len(np.unique(y)) > 2 else None
    models = {who: kind(**params) for who, kind in estimators.kinds(case.estimator, rivals).items()}
    if not _converges(models["fastgd"], X, y):
        title += ", fastgd stopped by max_iter"
    for peer in rivals:
        if peer.name in models and not peer.does_itself(models[peer.name].fit, X, y):
            del models[peer.name]
            yield report.unmeasured(title, n_threads, f"{peer.name} leaves it to scikit-learn")
    if case.estimator == "LogisticRegression":
        _check_losses(models, X, y)
    scores = {who: float(model.score(Z, targets)) for who, model in models.items()}
    own = scores["fastgd"]
    tolerance = float(_CLOSED_FORMS_MAY_DIFFER)
    if case.estimator in _MAY_DIFFER:
        tolerance = _MAY_DIFFER[case.estimator] * math.sqrt(own * (1.0 - own) / len(targets))
    for who, score in scores.items():
        agreement.check(f"{who}: the score of {case.estimator} on {case.table}", abs(score - own), tolerance)
    contestants = {who: rounds.clocked(model.fit, X, y) for who, model in models.items()}
    seconds = rounds.medians(contestants, setting.rounds)
    others = [who for who in models if who != "fastgd"]
    yield report.compare(title, n_threads, seconds, others, None)


def _converges(model: Any, X: Any, y: Any) -> bool:
    """Fit it; whether it stops by itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(X, y)
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def _check_losses(models: dict[str, Any], X: Any, y: Any) -> None:
    loss = "log_loss" if len(np.unique(y)) == 2 else "multinomial"
    alpha = 1.0 / (models["fastgd"].C * len(y))
    objective = fastgd.LinearObjective(X.astype(np.float64), y, loss=loss, alpha=alpha)
    own = value(objective, models["fastgd"])
    for who, model in models.items():
        agreement.check(f"{who}: the penalised loss", value(objective, model) - own, _LOSS_MAY_DIFFER * own)


def _scaled(X: Any) -> Any:
    """Bytes of pixels as fractions, which every contestant takes as they are."""
    return X / np.float32(255.0) if X.dtype == np.uint8 else X
