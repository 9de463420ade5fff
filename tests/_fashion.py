"""Softmax on the images of fashion_mnist, given as the bytes they are, in a process of its own.

python tests/_fashion.py FOLDER     prints accuracies and, on Linux, anonymous memory as JSON; FOLDER holds load.py
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import _memory
import numpy as np

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling

# Pixels go up to 255, so rates are small: of about one over the mean square of a row.
SCHEDULE = InverseScaling(8e-6)
BATCH_SIZE = 128
MAX_EPOCHS = 10


def load(folder: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("load", folder / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data: dict[str, Any] = module.load("fashion_mnist")
    return data


def fit(X: np.ndarray, y: np.ndarray, max_epochs: int) -> tuple[fastgd.LinearObjective, fastgd.Result]:
    objective = fastgd.LinearObjective(X, y, loss="multinomial", n_classes=10)
    optimizer = SGD(SCHEDULE, momentum=0.9, nesterov=True)
    return objective, fastgd.minimize(
        objective, optimizer=optimizer, batch_size=BATCH_SIZE, max_epochs=max_epochs, tol=None
    )


def accuracy(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    scores = fastgd.LinearObjective(X, y, loss="multinomial", n_classes=10).decision_function(w)
    return float(np.mean(scores.argmax(axis=1) == y))


def memory(X: np.ndarray, y: np.ndarray) -> dict[str, int]:
    """The peak of the whole fit, and that of an epoch on a float copy."""
    fit(X[:2000], y[:2000], 1)
    with _memory.Peak() as peak:
        _, result = fit(X, y, MAX_EPOCHS)
    with _memory.Peak() as peak_of_copy:
        fit(X.astype(np.float32), y, 1)
    promised = _memory.promised(X, len(result.x), BATCH_SIZE, fastgd.get_num_threads())
    return {"peak": peak.bytes, "looks": peak.looks, "promised": promised, "peak_of_copy": peak_of_copy.bytes}


def main() -> None:
    data = load(Path(sys.argv[1]))
    X, y = data["X_train"], data["y_train"]
    objective, result = fit(X, y, MAX_EPOCHS)
    report = {
        "shape": X.shape,
        "dtype": str(X.dtype),
        "is_as_given": bool(np.shares_memory(objective._matrix.view, X)),
        "n_epochs": result.n_epochs,
        "train": accuracy(X, y, result.x),
        "test": accuracy(data["X_test"], data["y_test"], result.x),
        "memory": memory(X, y) if sys.platform == "linux" else None,
    }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
