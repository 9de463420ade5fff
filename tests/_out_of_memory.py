"""Fits under limits of the address space, in a process of its own (Linux): prints what came of each, as JSON."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path

import numpy as np

import fastgd
from fastgd.optimizers import SGD

ROOMS = (0, 1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 200)  # in MB, beyond what the process has
TOO_WIDE = 20_000
EVERYTHING = resource.getrlimit(resource.RLIMIT_AS)


def address_space() -> int:
    """Bytes of this process's address space."""
    found = re.search(r"^VmSize:\s*(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise RuntimeError("no VmSize")
    return int(found[1]) * 1024


def small_fit(objective: fastgd.MLPObjective) -> bytes:
    """The bits of a fit on two threads, which takes about 50 MB."""
    result = fastgd.minimize(objective, optimizer=SGD(lr=0.1), batch_size=256, max_epochs=2, tol=None, n_threads=2)
    return result.x.tobytes()


def large_fit(X: np.ndarray, y: np.ndarray) -> None:
    """A network of 1.6 GB of parameters, of which a fit has several copies."""
    network = fastgd.MLPObjective(X, y, hidden_layer_sizes=(TOO_WIDE,) * 2, n_classes=2)
    fastgd.minimize(network, optimizer=SGD(lr=0.1), batch_size=64, max_epochs=1, n_threads=2)


def main() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((1000, 400)).astype(np.float32)
    y = (X[:, 0] > 0.0).astype(int)
    objective = fastgd.MLPObjective(X, y, hidden_layer_sizes=(400, 400), n_classes=2)
    expected = small_fit(objective)
    outcomes: dict[str, list[str]] = {"small": [], "large": [], "afterwards": []}

    def outcome(fit: str, error: type[BaseException] | None, bits: bytes | None) -> None:
        outcomes[fit].append(error.__name__ if error else "same bits" if bits == expected else "other bits")

    for room in ROOMS:
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + room * 2**20, EVERYTHING[1]))
        failed: type[BaseException] | None = None
        bits: bytes | None = None
        try:
            bits = small_fit(objective)
        except MemoryError as error:
            failed = type(error)
        outcome("small", failed, bits)
        failed = None
        try:
            large_fit(X, y)
        except MemoryError as error:
            failed = type(error)
        outcome("large", failed, None)
        resource.setrlimit(resource.RLIMIT_AS, EVERYTHING)
        outcome("afterwards", None, small_fit(objective))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
