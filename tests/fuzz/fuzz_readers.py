"""Fuzz one reader under atheris, guided by coverage: ``fuzz_readers.py READER [CORPUS...] [-runs=N]``.

What follows the name goes to libFuzzer. An input that breaks a promise is left as ``crash-*`` in the working folder:
it belongs into ``corpus/`` beside the mend.
"""

from __future__ import annotations

import importlib
import resource
import sys
import tempfile
from pathlib import Path

import atheris

# Some of them are imported with the first file only.
READING = ["fastgd.cli", "numpy.lib", "sklearn.datasets._svmlight_format_io", "zipfile"]
READING += [f"fastgd.cli.{name}" for name in ("csv_file", "npy_file", "svmlight_file")]

with atheris.instrument_imports(include=["fastgd", *READING]):
    for module in READING:
        importlib.import_module(module)
    import _readers

# Beside what is mapped when the first input comes. Some megabytes are enough for inputs of some kilobytes.
MEMORY = 1 << 29


def mapped() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def main() -> None:
    reader, *arguments = sys.argv[1:]
    calls = _readers.READERS[reader]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, _readers.low_limits():
        folder = Path(name)
        _readers.prepare(folder)
        _readers.accepts(calls, b"", folder)
        resource.setrlimit(resource.RLIMIT_AS, (mapped() + MEMORY,) * 2)
        limits = ["-timeout=10", "-rss_limit_mb=0", "-max_len=2048"]
        atheris.Setup([sys.argv[0], *limits, *arguments], lambda data: _readers.accepts(calls, data, folder) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
