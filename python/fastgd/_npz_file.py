"""Files of our own: JSON and arrays in one ``.npz``, written whole or not at all, read without pickle."""

from __future__ import annotations

import io
import json
import math
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Path = str | os.PathLike[str]


# More than NumPy takes for a safe header of a .npy file, and as many axes as all its versions know.
_NPY_HEADER_BYTES = 1 << 14
_NPY_AXES = 32
# The last three are what zipfile lets through from the fields that it parses.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
)


class Broken(Exception):
    """What is wrong with a file; who reads it turns it into a ValueError that names the file."""


class FileFormat(NamedTuple):
    """A zip archive of NumPy arrays, the first of which is ``header``: JSON text as bytes.

    Nothing in it is executed when it is read. The archive's checksums tell of bits that have changed. Entries are
    stored as they are, not compressed, and no size is believed that the file does not have: reading takes memory of a
    few times its size.
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
                size = stream.seek(0, os.SEEK_END)
                for info in archive.infolist():
                    if info.compress_type != zipfile.ZIP_STORED or not info.file_size == info.compress_size <= size:
                        raise Broken(f"{info.filename} is compressed, or longer than the file; entries must be stored")
                return {entry: _read_array(entry, archive.read(f"{entry}.npy")) for entry in self.entries}
        except _ZIP_ERRORS as error:
            raise Broken(f"the zip archive is damaged or is none ({error})") from None

    def parse_header(self, raw: npt.NDArray[Any]) -> dict[str, Any]:
        """The header of the entry of that name; raises `Broken`."""
        if raw.dtype != np.uint8 or raw.ndim != 1:
            raise Broken(f"entry 'header' must be a uint8 vector, not {raw.dtype} of shape {raw.shape}")
        try:
            header = json.loads(raw.tobytes().decode())
            # Python also reads NaN, numbers beyond float64 and half characters, which could not be written again.
            as_json(header)
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


def as_json(header: object) -> bytes:
    """The text of a header."""
    return json.dumps(header, allow_nan=False, ensure_ascii=False).encode()


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
    begin = stream.tell()
    # NumPy would first take as much memory as the header is said to be long.
    start = io.BytesIO(stream.read(_NPY_HEADER_BYTES))
    version = np.lib.format.read_magic(start)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"npy version {version[0]}.{version[1]} holds no plain numbers; 1.0 and 2.0 can be read")
    try:
        shape, fortran, dtype = readers[version](start)
    except ValueError:
        raise
    except Exception as error:
        # Python's tokens and literals and NumPy's dtypes meet any text here, and raise whatever they like.
        raise ValueError(f"its header cannot be parsed ({type(error).__name__}: {error})") from None
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which are never loaded")
    if dtype.itemsize == 0 or dtype.fields is not None or dtype.subdtype is not None:
        raise ValueError(f"its entries are neither numbers nor strings, but of dtype {dtype}")
    size = math.prod(n for n in shape if n != 0) * dtype.itemsize
    if len(shape) > _NPY_AXES or min(shape, default=0) < 0 or size > sys.maxsize:
        raise ValueError(f"no array has the shape {shape}")
    stream.seek(begin + start.tell())
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
