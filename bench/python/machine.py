"""What the figures were taken on, and one number of threads for everybody."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import peers
from threadpoolctl import threadpool_info, threadpool_limits

import fastgd


def blas() -> str:
    """Every BLAS that is loaded, by the package it came with, and the kernels it chose or was told to choose."""
    return ", ".join(
        f"{Path(pool['filepath']).parent.name}: {pool['internal_api']} {pool.get('version')} "
        f"with {pool.get('architecture', 'unnamed')} kernels"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )


def describe() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ}
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "fastgd": f"SIMD level {fastgd.simd_level()}, {fastgd.get_num_threads()} threads at most",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version}" for name, version in peers.versions().items()),
        "BLAS": blas() + "".join(f"; {name}={value} is set" for name, value in chosen.items()),
    }


@contextmanager
def threads(n: int, rivals: Iterable[peers.Peer]) -> Iterator[None]:
    """Limit fastgd, every BLAS and OpenMP that is loaded, and the peers that have threads of their own."""
    for peer in rivals:
        peer.limit_threads(n)
    with threadpool_limits(n), fastgd.threads(n):
        yield
