"""Files of our own: JSON and arrays in one ``.npz``, written whole or not at all, read without pickle."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Path = str | os.PathLike[str]


class Broken(Exception):
    """What is wrong with a file; who reads it turns it into a ValueError that names the file."""


class FileFormat(NamedTuple):
    """A zip archive of NumPy arrays, the first of which is ``header``: JSON text as bytes.

    Nothing in it is executed when it is read. The archive's checksums tell of bits that have changed.
    """

    name: str
    version: int
    entries: tuple[str, ...]

    def header(self, fastgd_version: str) -> dict[str, Any]:
        """What every header says."""
        return {"format": self.name, "version": self.version, "fastgd_version": fastgd_version}

    def read(self, stream: IO[bytes]) -> dict[str, npt.NDArray[Any]]:
        """All entries; raises `Broken`."""
        try:
            with zipfile.ZipFile(stream) as archive:
                found = sorted(archive.namelist())
                if found != sorted(f"{entry}.npy" for entry in self.entries):
                    raise Broken(f"it should hold {', '.join(self.entries)}, but holds {', '.join(found) or 'nothing'}")
                return {entry: _read_array(entry, archive.read(f"{entry}.npy")) for entry in self.entries}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise Broken(f"the zip archive is damaged or is none ({error})") from None

    def parse_header(self, raw: npt.NDArray[Any]) -> dict[str, Any]:
        """The header of the entry of that name; raises `Broken`."""
        if raw.dtype != np.uint8 or raw.ndim != 1:
            raise Broken(f"entry 'header' must be a uint8 vector, not {raw.dtype} of shape {raw.shape}")
        try:
            header = json.loads(raw.tobytes().decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Broken(f"entry 'header' is not UTF-8 JSON ({error})") from None
        if not isinstance(header, dict) or header.get("format") != self.name:
            raise Broken(f"entry 'header' does not say format {self.name!r}")
        if header.get("version") != self.version:
            raise Broken(
                f"version {header.get('version')!r} of the format is unknown, {self.version} is known;"
                f" it was written by fastgd {header.get('fastgd_version', '(not said)')}"
            )
        return header


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a file beside `path`, bring it to the disk, then give it the name `path`."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as stream:
            write(stream)
        return
    folder, base = os.path.split(target)
    temporary = os.path.join(folder, f".{base}.{os.getpid()}.tmp")
    try:
        with open(temporary, "xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order and dtype of the array in a ``.npy`` stream, left at its first byte of data."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"npy version {version[0]}.{version[1]} holds no plain numbers; 1.0 and 2.0 can be read")
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which are never loaded")
    return shape, fortran, dtype


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_array(entry: str, data: bytes) -> npt.NDArray[Any]:
    stream = io.BytesIO(data)
    try:
        shape, fortran, dtype = npy_header(stream)
    except ValueError as error:
        raise Broken(f"entry {entry!r}: {error}") from None
    expected, present = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if expected != present:
        raise Broken(f"entry {entry!r} of shape {shape} and dtype {dtype} needs {expected} bytes, {present} are there")
    array: npt.NDArray[Any] = np.frombuffer(data, dtype, offset=stream.tell()) if present else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
