"""fastgd's descent for a number of epochs, as it is checked and as it is timed beside peers."""

from __future__ import annotations

from typing import Any

import fastgd


def run(objective: Any, optimizer: fastgd.optimizers.Optimizer, *, n_epochs: int = 1, **how: Any) -> fastgd.Result:
    return fastgd.minimize(objective, optimizer=optimizer, max_epochs=n_epochs, tol=None, **how)


def seconds(result: fastgd.Result | fastgd.SweepResult) -> float:
    """Those of its epochs, without the pass over all rows that gives `Result.fun` at the end."""
    last = result if isinstance(result, fastgd.Result) else result.results[0]
    return float(last.history.seconds[-1])
