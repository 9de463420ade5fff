"""An epoch of `SGDClassifier(loss="log_loss")`, a row a step, from arrays to a fitted estimator, dense and sparse.

Before that both make it in float64 over the rows as they are stored, and have to end in the same place; then each
shuffles them, in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

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

_ROWS, _SMALL_ROWS = 200_000, 1_000
_FEATURES = 100
_ENTRIES = 75
_LR = 0.01
_AT_LEAST = {"dense": 5.0, "CSR": 3.0}


class Table(NamedTuple):
    storage: str
    X: Any
    y: data.Floats
    # Of an SGDClassifier.
    params: dict[str, Any]
    n_terms: int

    def in_float64(self) -> Table:
        return self._replace(X=self.X.astype(np.float64))

    def title(self) -> str:
        return f"{self.storage} {self.X.shape[0]} x {self.X.shape[1]}"


def tables(n_rows: int) -> Iterator[Table]:
    rng = np.random.default_rng(SEED)
    params = {"loss": "log_loss", "learning_rate": "constant", "eta0": _LR, "random_state": SEED}
    X = data.normal(rng, (n_rows, _FEATURES), np.float32)
    yield Table("dense", X, data.labels(rng, X), params, _FEATURES)
    # scikit-learn gives the intercept of sparse rows a hundredth of the rate: so it is left out.
    params = params | {"fit_intercept": False}
    yield Table("CSR", sparse.table(rng, n_rows, _ENTRIES), (rng.random(n_rows) < 0.5) * 1.0, params, _ENTRIES)


def check_ends(models: dict[str, Any], table: Table) -> None:
    """That all models went the same way over the table's rows."""
    ends = {who: np.append(model.coef_, model.intercept_) for who, model in models.items()}
    dtype = table.X.dtype
    step_error = _LR * float(agreement.rounding(dtype, table.n_terms, 1.0))
    tolerance = agreement.descent_rounding(dtype, len(table.y), ends["fastgd"], step_error, shrinks=True)
    for who, end in ends.items():
        agreement.check(f"{who}: the end of an epoch", float(np.linalg.norm(end - ends["fastgd"])), tolerance)


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    for table in tables(_SMALL_ROWS if setting.small else _ROWS):
        params = table.params | {"max_iter": 1, "tol": None}
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals):
                models = {
                    who: kind(**params, shuffle=False)
                    for who, kind in estimators.kinds("SGDClassifier", rivals).items()
                }
                exact = table.in_float64()
                check_ends({who: model.fit(exact.X, exact.y) for who, model in models.items()}, exact)
                contestants = {
                    who: rounds.clocked(model.set_params(shuffle=True).fit, table.X, table.y)
                    for who, model in models.items()
                }
                seconds = rounds.medians(contestants, setting.rounds)
            others = [who for who in models if who != "fastgd"]
            title = f"SGDClassifier, an epoch, {table.title()}"
            yield report.compare(title, n_threads, seconds, others, _AT_LEAST[table.storage])
