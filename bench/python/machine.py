"""What the figures were taken on, and one number of threads for everybody."""

from __future__ import annotations

import os
import platform
import subprocess
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


def processor() -> str:
    """The name that Linux knows the processor by, or the kind of it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def version() -> str:
    """fastgd's, with the commit where the package lies in a clone: an installed one does not know its own."""
    package = Path(fastgd.__file__)
    words = ("git", "-C", str(package.parent))
    try:
        subprocess.run([*words, "ls-files", "--error-unmatch", package.name], check=True, capture_output=True)
        commit = subprocess.run([*words, "describe", "--always", "--dirty"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return fastgd.__version__
    return f"{fastgd.__version__} at {commit.stdout.strip()}"


def describe() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ}
    return {
        "machine": f"{processor()}, {os.cpu_count()} processors",
        "fastgd": f"{version()}, SIMD level {fastgd.simd_level()}, {fastgd.get_num_threads()} threads at most",
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
