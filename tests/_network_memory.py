"""How much anonymous memory the fit of a network takes beside its data, as `_memory` measures it, a report as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import _memory
import numpy as np
from _memory import CLASSES, COLUMNS, THREADS, Data, Peak, size_of

import fastgd
from fastgd.optimizers import SGD, Adam, Optimizer

HIDDEN = (256,)
BATCH = 128
# Each with the number of arrays that its state takes.
OPTIMIZERS: dict[str, tuple[Optimizer, int]] = {
    "sgd": (SGD(lr=0.01), 0),
    "momentum": (SGD(lr=0.01, momentum=0.5), 1),
    "adam": (Adam(lr=1e-3), 2),
}
EPOCHS = 2


def promised(X: np.ndarray, n_params: int, n_slots: int) -> int:
    """In bytes: parameters, gradient and the optimiser's state, three times the units of a batch in float32.

    A parameter counts 8 bytes, as start and end of a run are float64. Beside that a fit takes what every one may take:
    a hundredth of the data, 16 bytes a row and two batches in float32.
    """
    rows, columns = X.shape
    network = 8 * n_params * (2 + n_slots) + 3 * BATCH * (sum(HIDDEN) + CLASSES) * 4
    return network + size_of(X) // 100 + 16 * rows + 2 * BATCH * columns * 4


def fit(data: Data, optimizer: Optimizer) -> fastgd.Result:
    """Softmax of a hidden layer, from the data as they are."""
    objective = fastgd.MLPObjective(data.X, data.y, hidden_layer_sizes=HIDDEN, n_classes=CLASSES)
    return fastgd.minimize(
        objective, optimizer=optimizer, batch_size=BATCH, max_epochs=EPOCHS, tol=None, n_threads=THREADS
    )


def measure(data: Data, name: str, *, copy: bool = False) -> dict[str, int]:
    """Peak and promise of one fit, with `copy` of one on a copy in floats, which must not happen."""
    optimizer, n_slots = OPTIMIZERS[name]
    with Peak() as peak:
        result = fit(data._replace(X=data.X.astype(np.float32)) if copy else data, optimizer)
    return {"peak": peak.bytes, "promised": promised(data.X, len(result.x), n_slots), "looks": peak.looks}


def main() -> None:
    X = _memory.make_data("uint8")
    data = Data(X, np.arange(len(X)) % CLASSES, np.ones(len(X)))
    report: dict[str, Any] = {"copy": COLUMNS * len(X) * 4, "fits": {}, "copies": {}}
    for name in OPTIMIZERS:
        # What a process takes once, for its first fit: threads and their stacks, modules, the allocator's arenas.
        fit(data.first(2 * BATCH), OPTIMIZERS[name][0])
        report["fits"][name] = measure(data, name)
        report["copies"][name] = measure(data, name, copy=True)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
