"""What the machine can do at best: the library of bench/cpp/limits."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import numpy.typing as npt

import fastgd

DEFAULT = Path("build/gcc/libfastgd_limits.so")

# That of the functions that are called here: fastgd_limits_version of bench/cpp/limits/library.cpp.
_VERSION = 1
# Memory is read in order by pieces of this size, as bench/cpp does: how it is cut into rows does not matter to it.
_PIECE = 4096


class Limits:
    """Every loop of the library for one instruction set; each call runs all of them once."""

    def __init__(self, library: ctypes.CDLL, isa: str) -> None:
        integer, pointer = ctypes.c_int64, ctypes.c_void_p
        library.fastgd_limits_read.argtypes = [
            *(ctypes.c_char_p, pointer, integer, integer, integer, pointer, ctypes.c_int, ctypes.c_int, pointer)
        ]
        library.fastgd_limits_fma.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int, pointer]
        self._library, self._isa = library, isa.encode()
        self._n_reads = library.fastgd_limits_n_reads(self._isa)
        self._n_fma = library.fastgd_limits_n_fma(self._isa)
        if self._n_reads < 0:
            raise ValueError(f"the library of limits was built without {isa}")

    def read_seconds(self, X: npt.NDArray[np.generic], n_threads: int) -> npt.NDArray[np.float64]:
        """Seconds to read the whole of a table and do nothing with it."""
        assert X.flags.c_contiguous
        rates = np.empty(self._n_reads)
        n_pieces = X.nbytes // _PIECE
        self._library.fastgd_limits_read(
            self._isa, X.ctypes.data, n_pieces, _PIECE, _PIECE, None, n_threads, 1, rates.ctypes.data
        )
        return X.nbytes / rates

    def fma_seconds(self, n_flops: float, dtype: npt.DTypeLike, n_threads: int) -> npt.NDArray[np.float64]:
        """Seconds for so many multiplications and additions, in registers.

        That of one thread, divided: new threads begin on one processor, and are moved too late for so short a loop.
        """
        rates = np.empty(self._n_fma)
        self._library.fastgd_limits_fma(self._isa, np.dtype(dtype) == np.float64, 1, rates.ctypes.data)
        return n_flops / rates / n_threads


def load(path: Path) -> Limits:
    """The limits on the SIMD level that fastgd runs on; OSError or ValueError for a file that does not have them."""
    library = ctypes.CDLL(str(path.resolve()))
    version = library.fastgd_limits_version() if hasattr(library, "fastgd_limits_version") else None
    if version != _VERSION:
        has = "no library of limits, or an old one" if version is None else f"a library of limits of version {version}"
        raise ValueError(f"{has}; build version {_VERSION} with the C++ benchmarks")
    return Limits(library, fastgd.simd_level())
