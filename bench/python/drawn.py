"""Small tables that are drawn where a real one is not at hand, so that what needs one does not go untried."""

from __future__ import annotations

from typing import Any, NamedTuple

import data
import numpy as np
import scipy.sparse
from setting import SEED, Setting


class _Kind(NamedTuple):
    n_features: int
    # 0 where the targets are numbers.
    n_classes: int
    # Of dense rows, uint8 or float64; "CSR" of sparse ones.
    storage: str = "float64"


# What real tables are like.
_KINDS = {
    "abalone": _Kind(8, 0),
    "adult": _Kind(124, 2, "CSR"),
    "bank_marketing": _Kind(51, 2),
    "california_housing": _Kind(13, 0),
    "fashion_mnist": _Kind(784, 10, "uint8"),
    "higgs7k": _Kind(28, 2),
    "ijcnn1": _Kind(22, 2),
    "reuters": _Kind(500, 10, "CSR"),
}
_DRAWN_ROWS = 1_000
_DRAWN_ENTRIES = 0.1


def real_or_drawn(name: str, setting: Setting) -> tuple[str, dict[str, Any]] | None:
    """A real table with its name; for small runs without it a drawn one, whose name says so."""
    found = data.real(setting.data, name)
    if found is None:
        return (f"drawn like {name}", _drawn(_KINDS[name])) if setting.small else None
    return name, found


def _drawn(kind: _Kind) -> dict[str, Any]:
    """As many test rows as others."""
    rng = np.random.default_rng(SEED)
    X: Any = rng.standard_normal((2 * _DRAWN_ROWS, kind.n_features))
    if kind.storage == "CSR":
        X *= rng.random(X.shape) < _DRAWN_ENTRIES
    scores = X @ rng.standard_normal((kind.n_features, max(kind.n_classes, 1)))
    scores += rng.standard_normal(scores.shape)
    y = scores.argmax(axis=1) if kind.n_classes else scores[:, 0]
    if kind.storage == "CSR":
        X = scipy.sparse.csr_matrix(X)
    elif kind.storage == "uint8":
        X = np.clip(128.0 + 40.0 * X, 0.0, 255.0).astype(np.uint8)
    train, test = slice(_DRAWN_ROWS), slice(_DRAWN_ROWS, None)
    return {"X_train": X[train], "y_train": y[train], "X_test": X[test], "y_test": y[test]}
