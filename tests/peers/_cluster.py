"""Clusters of worker processes on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from _peers import load


@contextlib.contextmanager
def cluster(n_workers: int) -> Iterator[Any]:
    """A client of a cluster of so many processes, each of one thread."""
    distributed = load("distributed")
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "worker_dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=n_workers, silence_logs=50, **options) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


def some_rows(n: int = 1200, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Features and scores with noise."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, d))
    return X, X @ generator.normal(size=d) + 0.5 + generator.normal(size=n)


def in_chunks(array: np.ndarray, n_chunks: int) -> Any:
    """A Dask array of so many chunks of rows, of about the same size."""
    sizes = [len(part) for part in np.array_split(np.arange(len(array)), n_chunks)]
    return load("dask.array").from_array(array, chunks=(tuple(sizes), *array.shape[1:]))
