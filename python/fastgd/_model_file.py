"""Linear models as files: JSON and arrays in one ``.npz``, written whole or not at all, read without pickle.

A model file is a zip archive of three NumPy arrays: ``header`` (JSON text as bytes), ``coef`` of shape
``(n_outputs, n_features)`` and ``intercept`` of shape ``(n_outputs,)``. Nothing in it is executed when it is read,
and every field is checked before it is used.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ._losses import LOG_LINK

FORMAT_NAME = "fastgd-model"
FORMAT_VERSION = 1

Path = str | os.PathLike[str]
Label = str | int | float
FloatArray = npt.NDArray[np.floating[Any]]

_ENTRIES = ("header", "coef", "intercept")
_BLOCK_BYTES = 1 << 22


class _Broken(Exception):
    """What is wrong with a model file; `load` turns it into a ValueError that names the file."""


@dataclass(frozen=True)
class Model:
    """A trained linear model and what is needed to use it.

    Attributes
    ----------
    loss, loss_params
        Name and parameters of the loss it was trained with.
    coef : array of shape (n_outputs, n_features)
    intercept : array of shape (n_outputs,)
    classes : list or None
        The labels in the order of the scores; None for regression.
    feature_names : list of str or None
        Names of the columns of X, where the training data had them.
    training : dict
        What was trained and how it ended: plain JSON values.
    fastgd_version : str
        The version that trained it.
    """

    loss: str
    coef: FloatArray
    intercept: FloatArray
    loss_params: dict[str, float] = field(default_factory=dict)
    classes: list[Label] | None = None
    feature_names: list[str] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    fastgd_version: str = ""

    @property
    def n_features(self) -> int:
        return int(self.coef.shape[1])

    @property
    def n_outputs(self) -> int:
        return int(self.coef.shape[0])

    def raw_blocks(self, X: npt.NDArray[Any]) -> Iterator[FloatArray]:
        """Yield ``X @ coef.T + intercept`` in blocks of rows, so that X may be larger than the memory."""
        rows = max(1, _BLOCK_BYTES // (self.n_features * self.coef.itemsize))
        for begin in range(0, X.shape[0], rows):
            yield np.asarray(X[begin : begin + rows]) @ self.coef.T + self.intercept

    def raw(self, X: npt.NDArray[Any]) -> FloatArray:
        """Scores of shape (n_samples, n_outputs)."""
        return np.concatenate([np.empty((0, self.n_outputs), self.coef.dtype), *self.raw_blocks(X)])

    def class_index(self, raw: FloatArray) -> npt.NDArray[np.intp]:
        """The index of the class that the scores speak for; the first of equals, as in ``argmax``."""
        return (raw[:, 0] > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)

    def mean(self, raw: FloatArray) -> FloatArray:
        """The predicted value of a regression: the scores, through ``exp`` where the loss has a log link."""
        values = raw[:, 0] if raw.shape[1] == 1 else raw
        return np.exp(values) if self.loss in LOG_LINK else values


def save(path: Path, model: Model) -> None:
    """Write `model` to `path`: either the whole file or, on any failure, nothing new at all."""
    header = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "loss": model.loss,
        "loss_params": model.loss_params,
        "classes": model.classes,
        "feature_names": model.feature_names,
        "n_features": model.n_features,
        "fastgd_version": model.fastgd_version,
        "training": model.training,
    }
    coef, intercept = (np.ascontiguousarray(a, a.dtype.newbyteorder("<")) for a in (model.coef, model.intercept))
    try:
        _check(header, coef, intercept)
        text = json.dumps(header, allow_nan=False, ensure_ascii=False).encode()
    except (_Broken, TypeError, ValueError) as error:
        raise ValueError(f"the model cannot be saved to {os.fspath(path)}: {error}") from None
    raw = np.frombuffer(text, np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, header=raw, coef=coef, intercept=intercept))


def load(path: Path) -> Model:
    """Read a model file, checking everything in it; a `ValueError` says what is wrong."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as stream:
            arrays = _read_entries(stream)
        header = _parse_header(arrays["header"])
        coef, intercept = arrays["coef"], arrays["intercept"]
        _check(header, coef, intercept)
    except _Broken as error:
        raise ValueError(f"{name} is not a usable model file: {error}") from None
    return Model(
        loss=header["loss"],
        coef=coef,
        intercept=intercept,
        loss_params=header["loss_params"],
        classes=header["classes"],
        feature_names=header["feature_names"],
        training=header["training"],
        fastgd_version=header["fastgd_version"],
    )


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


def _read_entries(stream: IO[bytes]) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(stream) as archive:
            found = sorted(archive.namelist())
            if found != sorted(f"{entry}.npy" for entry in _ENTRIES):
                raise _Broken(f"it should hold {', '.join(_ENTRIES)}, but holds {', '.join(found) or 'nothing'}")
            return {entry: _read_array(entry, archive.read(f"{entry}.npy")) for entry in _ENTRIES}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _Broken(f"the zip archive is damaged or is none ({error})") from None


def _read_array(entry: str, data: bytes) -> npt.NDArray[Any]:
    stream = io.BytesIO(data)
    try:
        shape, fortran, dtype = npy_header(stream)
    except ValueError as error:
        raise _Broken(f"entry {entry!r}: {error}") from None
    expected, present = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if expected != present:
        raise _Broken(f"entry {entry!r} of shape {shape} and dtype {dtype} needs {expected} bytes, {present} are there")
    array: npt.NDArray[Any] = np.frombuffer(data, dtype, offset=stream.tell()) if present else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def _parse_header(raw: npt.NDArray[Any]) -> dict[str, Any]:
    if raw.dtype != np.uint8 or raw.ndim != 1:
        raise _Broken(f"entry 'header' must be a uint8 vector, not {raw.dtype} of shape {raw.shape}")
    try:
        header = json.loads(raw.tobytes().decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Broken(f"entry 'header' is not UTF-8 JSON ({error})") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT_NAME:
        raise _Broken(f"entry 'header' does not say format {FORMAT_NAME!r}")
    if header.get("version") != FORMAT_VERSION:
        raise _Broken(
            f"version {header.get('version')!r} of the format is unknown, {FORMAT_VERSION} is known;"
            f" it was written by fastgd {header.get('fastgd_version', '(not said)')}"
        )
    return header


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check(header: dict[str, Any], coef: npt.NDArray[Any], intercept: npt.NDArray[Any]) -> None:
    """Raise `_Broken` unless the header's fields have their types and agree with the arrays and each other."""
    for key, kind in _HEADER_TYPES.items():
        if key not in header:
            raise _Broken(f"the header lacks {key!r}")
        if not isinstance(header[key], kind) or isinstance(header[key], bool):
            raise _Broken(f"the header's {key!r} has the wrong type: {header[key]!r:.60}")
    for key, value in header["loss_params"].items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _Broken(f"the header's loss parameter {key!r} must be a number, not {value!r:.60}")
    for name, array, ndim in (("coef", coef, 2), ("intercept", intercept, 1)):
        if array.dtype not in (np.dtype("<f4"), np.dtype("<f8")):
            raise _Broken(f"{name} must be float32 or float64, not {array.dtype}")
        if array.ndim != ndim or 0 in array.shape:
            raise _Broken(f"{name} must have {ndim} axes and at least one entry, not shape {array.shape}")
        if not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise _Broken(f"{name} holds {array[place]} at index {place}")
    if coef.dtype != intercept.dtype:
        raise _Broken(f"coef is {coef.dtype}, intercept {intercept.dtype}; they must agree")
    if coef.shape[0] != intercept.shape[0]:
        raise _Broken(f"coef has {coef.shape[0]} outputs, intercept {intercept.shape[0]}")
    if coef.shape[1] != header["n_features"]:
        raise _Broken(f"the header says {header['n_features']} features, coef has {coef.shape[1]}")
    _check_names(header, coef.shape[0])


def _check_names(header: dict[str, Any], n_outputs: int) -> None:
    names, classes = header["feature_names"], header["classes"]
    if names is not None:
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise _Broken("the header's feature names must be distinct strings")
        if len(names) != header["n_features"]:
            raise _Broken(f"the header has {len(names)} feature names for {header['n_features']} features")
    if classes is None:
        return
    if not any(all(type(label) is kind for label in classes) for kind in (str, int, float)):
        raise _Broken("the header's classes must be all strings, all integers or all floats")
    if len(set(classes)) != len(classes):
        raise _Broken("the header's classes must be distinct")
    if len(classes) != max(2, n_outputs):
        raise _Broken(f"the header has {len(classes)} classes, coef {n_outputs} outputs")


_HEADER_TYPES: dict[str, tuple[type, ...]] = {
    "loss": (str,),
    "loss_params": (dict,),
    "classes": (list, type(None)),
    "feature_names": (list, type(None)),
    "n_features": (int,),
    "fastgd_version": (str,),
    "training": (dict,),
}
