"""Estimators fitted to real tables, from arrays to a fitted model, beside estimators of the same names and parameters.

Their scores on the test rows have to agree before: closed forms up to rounding; logistic regression within half a
standard error of the accuracy, as each stops where its own measure of the gradient is small; descent in an order of its
own within three; networks, which few epochs leave near starts of their own, within five.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import agreement
import data
import estimators
import machine
import numpy as np
import peers
import report
import rounds
import scipy.sparse
from setting import SEED, Setting

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
_CLOSED_FORMS_MAY_DIFFER = 1e7 * np.finfo(np.float64).eps


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    if not rivals:
        yield report.unmeasured("fits", None, "no scikit-learn")
        return
    from sklearn.exceptions import ConvergenceWarning

    for case in CASES:
        found = data.real(setting.data, case.table)
        if found is None:
            yield report.unmeasured(f"{case.estimator}, {case.table}", None, f"no such table in {setting.data}")
            continue
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals), warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                yield _compare(setting, case, found, rivals, n_threads)


def _compare(
    setting: Setting, case: Case, found: dict[str, Any], rivals: list[peers.Peer], n_threads: int
) -> report.Row:
    most = _SMALL_ROWS if setting.small else _ROWS.get(case.table)
    X, y, Z, targets = (found[part][:most] for part in ("X_train", "y_train", "X_test", "y_test"))
    X, Z = _scaled(X), _scaled(Z)
    # What oneDAL has is for dense rows: the rest it leaves to scikit-learn.
    rivals = [peer for peer in rivals if not (peer.name == "sklearnex" and scipy.sparse.issparse(X))]
    models = {who: kind(**case.params).fit(X, y) for who, kind in estimators.kinds(case.estimator, rivals).items()}
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
    title = f"{case.estimator}, {case.table} {X.shape[0]} x {X.shape[1]}"
    return report.compare(title, n_threads, seconds, others, None)


def _scaled(X: Any) -> Any:
    """Bytes of pixels as fractions, which every contestant takes as they are."""
    return X / np.float32(255.0) if X.dtype == np.uint8 else X
