"""Data files for the command line: what was read, which format, and what is wrong with a file that is not good."""

from __future__ import annotations

import argparse
import bz2
import gzip
import importlib
import io
import math
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, BinaryIO, Literal, cast

import numpy as np
import numpy.typing as npt

from fastgd._npz_file import npy_header

FORMATS = ("csv", "svmlight", "npy")

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".svm": "svmlight",
    ".svmlight": "svmlight",
    ".libsvm": "svmlight",
    ".npy": "npy",
}
_COMPRESSED = (".gz", ".bz2")
_BLOCK_BYTES = 1 << 24
# Of bzip2, 40 bytes can become 45 MB; of text, gzip makes no more than this.
_MOST_EXPANSION = 1000

Array = npt.NDArray[Any]


class MissingPackage(RuntimeError):
    """A package that only this part of the command line needs is not installed."""


class BadFile(ValueError):
    """A file that cannot be used; the text names the file and the place in it."""


@dataclass
class Table:
    """What a data file holds.

    Attributes
    ----------
    X : array of shape (n_samples, n_features)
        As it lies in the file where that is possible: a memory-mapped ``.npy`` keeps its dtype and is not copied.
    y : array of numbers or strings, or None when only features were asked for
    weights : array or None
    feature_names : list of str or None
    target_name : str
        How to call the target in a report.
    layout : dict
        What a reader must know to read another file in the same way; kept in the model.
    notes : list of str
        Remarks for the user.
    """

    X: Array
    y: Array | None = None
    weights: Array | None = None
    feature_names: list[str] | None = None
    target_name: str = "target"
    layout: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What to take from a data file.

    `target` is None when only features are wanted; `features` are then the names a model was trained on. `labels`
    says whether the target holds class labels (None: its first cell decides).
    """

    path: str
    target: str | None = None
    weights: str | None = None
    ignore: tuple[str, ...] = ()
    labels: bool | None = None
    n_features: int | None = None
    features: list[str] | None = None
    delimiter: str | None = None
    header: str = "auto"
    layout: dict[str, Any] = field(default_factory=dict)


def optional(module: str, what: str, extra: str) -> Any:
    """Import a module of an optional package, or say which extra brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = {"sklearn": "scikit-learn"}.get(module.partition(".")[0], module.partition(".")[0])
        raise MissingPackage(
            f'{what} needs {package} ({error}); install it with: pip install "fastgd[{extra}]"'
        ) from None


def guess_format(path: str) -> str:
    """The format that the suffix of a file name stands for."""
    name = PurePath(path)
    suffix = PurePath(name.stem).suffix if name.suffix.lower() in _COMPRESSED else name.suffix
    if suffix.lower() not in _SUFFIXES:
        raise BadFile(f"{path}: the suffix does not tell the format; give --format {'|'.join(FORMATS)}")
    return _SUFFIXES[suffix.lower()]


def read(request: Request, file_format: str | None) -> Table:
    """Read a data file in the given format, or in the one that its suffix stands for."""
    file_format = file_format or guess_format(request.path)
    try:
        if file_format == "csv":
            from fastgd.cli.csv_file import read_csv

            table = read_csv(request)
        elif file_format == "svmlight":
            from fastgd.cli.svmlight_file import read_svmlight

            table = read_svmlight(request)
        else:
            from fastgd.cli.npy_file import read_npy

            table = read_npy(request)
    except (EOFError, zlib.error, OSError) as error:
        # What the operating system refuses has a number; what decompressors do has none.
        if getattr(error, "errno", None) is not None:
            raise
        raise BadFile(f"{request.path}: the compressed data are damaged or cut off ({error})") from None
    table.layout["format"] = file_format
    if request.weights is not None and request.weights.endswith(".npy"):
        table.weights = read_npy_vector(request.weights, table.X.shape[0], "weights")
    for name, values in (("target", table.y), ("weight", table.weights)):
        if values is not None and values.dtype.kind == "f" and not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise BadFile(f"{request.path}: the {name} of row {row} (counted from 0) is {values[row]}")
    return table


def open_bytes(path: str) -> BinaryIO:
    """Open a file for reading, decompressed where its suffix says that it is compressed."""
    suffix = PurePath(path).suffix.lower()
    if suffix not in _COMPRESSED:
        return open(path, "rb")
    return cast(BinaryIO, io.BufferedReader(_Decompressed(path, gzip.open if suffix == ".gz" else bz2.open)))


class _Decompressed(io.RawIOBase):
    """The bytes of a compressed file, up to as many as a table of its size can be."""

    def __init__(self, path: str, unpack: Callable[[str, Literal["rb"]], Any]) -> None:
        self._path = path
        self._stream = unpack(path, "rb")
        self._left = _MOST_EXPANSION * os.path.getsize(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = int(self._stream.readinto(buffer))
        self._left -= n
        if self._left < 0:
            raise BadFile(
                f"{self._path}: decompressed, it is more than {_MOST_EXPANSION} times as large; "
                "if that is meant, decompress it first"
            )
        return n

    def close(self) -> None:
        self._stream.close()
        super().close()


def check_text(path: str) -> None:
    """Raise `BadFile` when the file is plainly not text: another format, or compressed under a plain name."""
    known = {
        b"\x93NUMPY": "it is a .npy file (--format npy)",
        b"PK\x03\x04": "it is a zip archive",
        b"\x1f\x8b": "it is compressed with gzip (name it with the suffix .gz)",
        b"BZh": "it is compressed with bzip2 (name it with the suffix .bz2)",
    }
    with open_bytes(path) as stream:
        start = stream.read(6)
    for magic, what in known.items():
        if start.startswith(magic):
            raise BadFile(f"{path}: not a text file, {what}")


def bad_encoding(path: str) -> BadFile:
    """The error for a file that is not UTF-8, with the place of its first wrong byte."""
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return BadFile(
                    f"{path}, line {number}, column {error.start + 1}: "
                    f"byte 0x{line[error.start]:02x} is not UTF-8 text (columns counted in bytes)"
                )
    return BadFile(f"{path}: not UTF-8 text")


def map_npy(path: str, what: str) -> Array:
    """Memory-map a ``.npy`` file after checking that it holds exactly the bytes its header promises."""
    with open(path, "rb") as stream:
        try:
            shape, fortran, dtype = npy_header(stream)
        except ValueError as error:
            raise BadFile(f"{path}: not a usable .npy file for {what}: {error}") from None
        offset, size = stream.tell(), os.fstat(stream.fileno()).st_size
    expected = offset + math.prod(shape) * dtype.itemsize
    if size != expected:
        state = "it is cut off" if size < expected else "more follows after the array"
        raise BadFile(
            f"{path}: an array of shape {shape} and dtype {dtype} needs {expected} bytes, "
            f"header included; the file has {size}: {state}"
        )
    if 0 in shape:
        raise BadFile(f"{path}: the array for {what} is empty, its shape is {shape}")
    array: Array = np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def read_npy_vector(path: str, n: int, what: str) -> Array:
    """Read a vector of `n` entries from a ``.npy`` file of its own."""
    array = map_npy(path, what)
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise BadFile(f"{path}: {what} must be a vector, not an array of shape {array.shape}")
    if array.shape[0] != n:
        raise BadFile(f"{path}: holds {array.shape[0]} {what}, the data have {n} rows")
    if array.dtype.kind not in "fiubU" or (what == "weights" and array.dtype.kind == "U"):
        raise BadFile(f"{path}: {what} of dtype {array.dtype} cannot be used; numbers are needed")
    return np.array(array)


def column_number(text: str, n_columns: int) -> int | None:
    """The column that an index stands for, counted from 0 or, when negative, from the end; None when it is no index."""
    try:
        index = int(text)
    except ValueError:
        return None
    return index % n_columns if -n_columns <= index < n_columns else None


def first_nonfinite(X: Array) -> tuple[int, int] | None:
    """Row and column of the first NaN or infinity, found in blocks of rows; None when there is none."""
    rows = max(1, _BLOCK_BYTES // max(1, X.shape[1] * X.itemsize))
    for begin in range(0, X.shape[0], rows):
        good = np.isfinite(X[begin : begin + rows])
        if not good.all():
            row, column = np.argwhere(~good)[0]
            return begin + int(row), int(column)
    return None


def keep_columns(data: Array, keep: list[int]) -> Array:
    """The columns `keep` (ascending) of `data`: a view where they are contiguous, moved together in place otherwise.

    A read-only array is copied instead.
    """
    first, last = keep[0], keep[-1]
    if last - first + 1 == len(keep):
        return data[:, first : last + 1]
    if not data.flags.writeable:
        return np.ascontiguousarray(data[:, keep])
    rows = max(1, _BLOCK_BYTES // (data.shape[1] * data.itemsize))
    for begin in range(0, data.shape[0], rows):
        data[begin : begin + rows, : len(keep)] = data[begin : begin + rows, keep]
    return data[:, : len(keep)]


def add_layout_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a file is laid out."""
    layout = parser.add_argument_group("layout of the file")
    layout.add_argument(
        "--ignore",
        metavar="COLUMN",
        action="append",
        default=[],
        help="csv, npy: a column to leave out, by name or index; may be repeated",
    )
    layout.add_argument(
        "--delimiter", metavar="CHARACTER", type=_delimiter, help="csv: default a comma, in .tsv files a tab"
    )
    layout.add_argument(
        "--header",
        choices=("auto", "yes", "no"),
        default="auto",
        help="csv: whether the first line holds names; auto: it does when no cell of it is a number",
    )


def check_layout(layout: object, path: str) -> dict[str, Any]:
    """What a model's file says of the layout that readers use, which anybody may have written."""
    if not isinstance(layout, dict):
        raise BadFile(f"{path}: the layout of its training data must be an object, not {layout!r:.60}")
    delimiter, first_index = layout.get("delimiter", ","), layout.get("first_index", 0)
    if not isinstance(delimiter, str) or not _is_delimiter(delimiter):
        raise BadFile(f"{path}: its delimiter must be one ASCII character, not {delimiter!r:.60}")
    if type(first_index) is not int or first_index not in (0, 1):
        raise BadFile(f"{path}: its first index must be 0 or 1, not {first_index!r:.60}")
    return layout


def _is_delimiter(text: str) -> bool:
    return len(text) == 1 and text not in '"\r\n' and text.isascii()


def _delimiter(text: str) -> str:
    text = "\t" if text in ("\\t", "tab") else text
    if not _is_delimiter(text):
        raise argparse.ArgumentTypeError(f"must be one ASCII character such as , or ; (or the word tab), not {text!r}")
    return text


def seed(text: str) -> int:
    """A seed from the command line."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2**64 - 1, not {text!r}")
    return int(text)
