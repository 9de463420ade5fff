"""What a reader of files may do with any bytes at all: the table that `fuzz_readers` fuzzes and `test_readers` replays.

A reader gives what its caller can use, or raises a `ValueError` that names the file. The first byte of an input chooses
one of the reader's calls, the others are the file.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

import fastgd
from fastgd import _model_file
from fastgd.cli import predict, readers, svmlight_file
from fastgd.cli.readers import Request, read
from fastgd.optimizers import Adam

# Between the entries of a model file, of which `pack` makes the archive: no fuzzer would find their checksums.
SEPARATOR = b"\0|\0"
DATA = {"data.csv": "a,b\n1,2\n3,-4\n", "data.svm": "0 1:1 2:2\n", "data.npy": np.array([[1.0, 2.0], [3.0, -4.0]])}


class Call(NamedTuple):
    """One way to read a file whose name ends in `suffix`; `made` turns the fuzzer's bytes into the file's."""

    suffix: str
    read: Callable[[Path], object]
    made: Callable[[bytes], bytes] = bytes


@contextlib.contextmanager
def low_limits() -> Iterator[None]:
    """Limits that few bytes reach, so that files are tried on both sides of them and none takes long."""
    with mock.patch.object(svmlight_file, "_DENSE_BYTES", 1 << 16), mock.patch.object(readers, "_MOST_EXPANSION", 20):
        yield


def table(path: Path, **request: Any) -> None:
    """Read a data file, which must give finite targets and weights, one a row."""
    found = read(Request(str(path), **request), None)
    n_rows, n_columns = found.X.shape
    assert n_rows > 0
    assert n_columns > 0
    assert found.X.dtype.kind in "fiub"
    # The array of a .npy file is taken as it is: what uses it checks its numbers.
    assert path.suffix == ".npy" or np.isfinite(found.X).all()
    for vector in (found.y, found.weights):
        assert vector is None or vector.shape == (n_rows,)
        assert vector is None or vector.dtype.kind in "UO" or np.isfinite(vector.astype(np.float64)).all()
    assert found.feature_names is None or len(found.feature_names) == n_columns


def model(path: Path) -> None:
    """Load a model, which must come back unchanged from a file of its own, and predict with it."""
    loaded = _model_file.load(path)
    copy = path.with_name("copy")
    _model_file.save(copy, loaded)
    again = _model_file.load(copy)
    assert repr(again) == repr(loaded)
    for name in ("coef", "intercept"):
        assert getattr(again, name).tobytes() == getattr(loaded, name).tobytes()
    for name in DATA:
        arguments = {"ignore": [], "delimiter": None, "header": "auto", "format": None, "scores": True}
        data = path.with_name(name)
        try:
            predict.run(argparse.Namespace(model=path, file=str(data), out="/dev/null", **arguments))
        except ValueError as error:
            if not any(str(file) in str(error) for file in (path, data)):
                raise


def descend(checkpoint: Path, max_epochs: int) -> fastgd.Result:
    objective = fastgd.LinearObjective(np.arange(12.0).reshape(6, 2) / 8.0, [0, 1, 1, 0, 1, 0])
    kept = fastgd.Checkpoint(checkpoint, every=2)
    return fastgd.minimize(
        objective, optimizer=Adam(0.125), batch_size=4, max_epochs=max_epochs, tol=None, checkpoint=kept
    )


def resumed(path: Path) -> None:
    """Go on from a checkpoint, which must come to the end of the run."""
    found = descend(path, 3)
    assert found.x.shape == (3,)


@functools.cache
def good_checkpoint() -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.ckpt"
        descend(path, 2)
        with np.load(path) as arrays:
            return dict(arrays)


def patched(entry: str, patches: bytes) -> bytes:
    """A good checkpoint of this version, in whose entry each three bytes, a place and a value, replace one."""
    arrays = good_checkpoint()
    changed = arrays[entry].copy()
    for low, high, value in zip(patches[::3], patches[1::3], patches[2::3], strict=False):
        changed[(low + 256 * high) % len(changed)] = value
    stream = io.BytesIO()
    np.savez(stream, **{**arrays, entry: changed})
    return stream.getvalue()


def pack(entries: bytes) -> bytes:
    """The archive of a model's entries; the header is its text alone."""
    header, *arrays = entries.split(SEPARATOR, 2)
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(header, np.uint8))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, entry in zip(("header", "coef", "intercept"), (stream.getvalue(), *arrays), strict=False):
            file.writestr(f"{name}.npy", entry)
    return archive.getvalue()


def ways(suffix: str, *requests: dict[str, Any]) -> list[Call]:
    return [Call(suffix, functools.partial(table, **request)) for request in requests]


READERS: dict[str, list[Call]] = {
    "csv": [
        *ways(
            ".csv",
            {"target": "0"},
            {"target": "-1", "labels": True},
            {"target": "a", "weights": "1"},
            {"target": "y", "labels": False, "ignore": ("0",)},
            {"target": "0", "header": "yes", "delimiter": ";"},
            {"n_features": 2, "features": ["a", "b"]},
            {"n_features": 2, "header": "no"},
        ),
        *ways(".tsv", {"target": "1"}),
        *ways(".csv.gz", {"target": "0"}),
        *ways(".csv.bz2", {"target": "0"}),
    ],
    "svmlight": [
        *ways(".svm", {}, {"n_features": 3, "layout": {"first_index": 1}}, {"n_features": 3}),
        *ways(".svm.gz", {}),
        *ways(".svm.bz2", {}),
    ],
    "npy": ways(".npy", {"target": "0"}, {"target": "-1", "weights": "0"}, {"n_features": 2}),
    "model": [Call(".fastgd", model), Call(".fastgd", model, pack)],
    "checkpoint": [
        Call(".ckpt", resumed, functools.partial(patched, "state")),
        Call(".ckpt", resumed, functools.partial(patched, "header")),
    ],
}


def accepts(calls: list[Call], data: bytes, folder: Path) -> bool:
    """Whether the reader took the file; all that it must not do is raised, warnings included."""
    call = calls[(data[0] if data else 0) % len(calls)]
    path = folder / f"input{call.suffix}"
    path.write_bytes(call.made(data[1:]))
    with warnings.catch_warnings():
        # Others are NumPy's about headers as they were written once, which it can read.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            call.read(path)
        except ValueError as error:
            if str(path) not in str(error):
                raise
            return False
    return True


def prepare(folder: Path) -> None:
    """Lay down the good files that models are applied to."""
    for name, data in DATA.items():
        if isinstance(data, str):
            (folder / name).write_text(data)
        else:
            np.save(folder / name, data)
