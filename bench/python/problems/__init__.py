"""What is compared: one file a problem, each with a function `rows` that measures and yields rows of the table."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from report import Row
from setting import Setting

NAMES = (
    "full_batch",
    "storages",
    "denormals",
    "softmax",
    "per_sample",
    "sparse",
    "online",
    "estimator_epoch",
    "partial_fit",
    "fits",
    "plane",
    "predict",
    "sweep_grid",
    "sweep_models",
    "mlp",
    "mlp_starts",
    "mixture",
    "to_optimum",
    "logistic_regression",
    "neighbors",
    "contention",
    "overhead",
    "memory",
    "import_time",
    "wheel_size",
)


def rows(name: str, setting: Setting) -> Iterator[Row]:
    measured: Iterator[Row] = importlib.import_module(f"problems.{name}").rows(setting)
    return measured
