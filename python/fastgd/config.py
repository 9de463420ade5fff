"""What the core runs on: SIMD level, threads, and how it was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _core
from . import _validation as check

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["get_num_threads", "set_num_threads", "show_config", "simd_level", "simd_levels", "threads"]

# What set_num_threads was last told; 0 leaves the number to the core, which reads the machine's limits anew.
_asked_for = 0


def simd_level() -> str:
    """Return the SIMD level in use.

    It is the best one that the machine has, unless the environment variable ``FASTGD_SIMD``, read once a process,
    names another. Results are the same to the bit on every level that has fused multiply-add.

    Returns
    -------
    str
        One of `simd_levels`.

    Raises
    ------
    ValueError
        ``FASTGD_SIMD`` names a level that does not exist or that this machine lacks.
    """
    return _core.simd_level()


def simd_levels() -> list[str]:
    """Return the SIMD levels that this machine can run, best first; the last, ``"generic"``, runs everywhere.

    Returns
    -------
    list of str
        Names that the environment variable ``FASTGD_SIMD`` may have.
    """
    return _core.simd_levels()


def get_num_threads() -> int:
    """Return the number of threads that is used where no ``n_threads`` is given.

    Without `set_num_threads` it is the least of OpenMP's own number (``OMP_NUM_THREADS``, threadpoolctl), the
    processors this process may run on, and its control group's quota.

    Returns
    -------
    int
        Number of threads, at least 1. Small problems use fewer. The number never changes a result.
    """
    return _core.max_threads()


def set_num_threads(n: int | None) -> None:
    """Set the number of threads of this process.

    Parameters
    ----------
    n : int or None
        Number of threads, at least 1. None: the default of `get_num_threads` again.

    Raises
    ------
    ValueError, TypeError
        `n` is not such a number.
    """
    global _asked_for
    _asked_for = 0 if n is None else check.integer("n", n, 1, 2**31 - 1)
    _core.set_num_threads(_asked_for)


class threads:
    """Use a number of threads within a ``with`` block, for the whole process; afterwards the former number again.

    Parameters
    ----------
    n : int
        Number of threads, at least 1.

    Raises
    ------
    ValueError, TypeError
        `n` is not such a number.

    Examples
    --------
    >>> import fastgd
    >>> with fastgd.threads(1):
    ...     fastgd.get_num_threads()
    1
    """

    def __init__(self, n: int) -> None:
        self.n = check.integer("n", n, 1, 2**31 - 1)
        self._before: list[int] = []

    def __enter__(self) -> None:
        self._before.append(_asked_for)
        set_num_threads(self.n)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        set_num_threads(self._before.pop() or None)


def describe() -> dict[str, str]:
    """What `show_config` prints, by title."""
    from importlib.metadata import version
    from platform import python_version

    import numpy as np

    return {
        "fastgd": version("fastgd"),
        "Python": python_version(),
        "NumPy": np.__version__,
        "SIMD level": simd_level(),
        "SIMD levels of this machine": ", ".join(simd_levels()),
        "threads": str(get_num_threads()),
        "OpenMP runtime": _core.openmp_runtime(),
        **{name.replace("_", " "): value for name, value in _core.build_info().items() if name != "version"},
    }


def show_config() -> None:
    """Print versions, SIMD level, threads, OpenMP runtime and build: what a bug report should hold."""
    items = describe()
    width = max(map(len, items))
    for title, value in items.items():
        print(f"{title:<{width}}  {value}")
