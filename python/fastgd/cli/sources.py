"""Data files that are read block by block, for the commands that take ``--max-memory``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from fastgd.cli import readers
from fastgd.cli.readers import BadFile, Request
from fastgd.data import ArrowSource, CsvSource, NpySource, ParquetSource, Source, SvmlightSource, converted
from fastgd.data.cache import is_converted

FORMATS = (*readers.FORMATS, "parquet", "arrow")

_SUFFIXES = {".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow"}
_TABLES = {"parquet": ParquetSource, "arrow": ArrowSource}


@dataclass
class Opened:
    """A source, and how its file is laid out.

    Attributes
    ----------
    source : Source
    target_name : str
        How to call the target in a report.
    feature_names : list of str or None
    layout : dict
        What a reader must know to read another file in the same way.
    """

    source: Source
    target_name: str
    feature_names: list[str] | None = None
    layout: dict[str, Any] = field(default_factory=dict)


def guess_format(path: str) -> str:
    """The format that the suffix of a file name stands for; a folder is one of Parquet files."""
    if os.path.isdir(path):
        return "parquet"
    return _SUFFIXES.get(PurePath(path).suffix.lower()) or readers.guess_format(path)


def open_source(request: Request, file_format: str | None, max_memory: str) -> Opened:
    """The source of a file in the given format, or in the one that its name stands for."""
    if file_format is None and os.path.isdir(request.path) and is_converted(request.path):
        return _converted(request, max_memory)
    file_format = file_format or guess_format(request.path)
    if file_format != "svmlight" and request.target is None:
        raise BadFile(f"--target is needed: the column of {request.path} to predict")
    if file_format != "npy" and request.weights is not None and request.weights.endswith(".npy"):
        raise BadFile(f"--weights {request.weights}: with --max-memory a file of weights goes with npy files alone")
    try:
        if file_format == "csv":
            opened = _csv(request, max_memory)
        elif file_format == "npy":
            opened = _npy(request, max_memory)
        elif file_format == "svmlight":
            opened = _svmlight(request, max_memory)
        else:
            opened = _table(request, file_format, max_memory)
    except (ImportError, TypeError) as error:
        kind = readers.MissingPackage if isinstance(error, ImportError) else BadFile
        raise kind(str(error)) from None
    opened.layout["format"] = file_format
    return opened


def _csv(request: Request, max_memory: str) -> Opened:
    from fastgd.cli.csv_file import find_layout

    readers.check_text(request.path)
    found = find_layout(request)
    names = found.names or [str(column) for column in range(found.n_columns)]
    assert found.target is not None
    features = [names[column] for column in found.features]
    source = CsvSource(
        request.path,
        names[found.target],
        columns=features,
        sample_weight=None if found.weights is None else names[found.weights],
        delimiter=found.delimiter,
        column_names=None if found.names else names,
        max_memory=max_memory,
    )
    target = repr(names[found.target]) if found.names else f"column {found.target}"
    return Opened(source, target, features if found.names else None, {"delimiter": found.delimiter})


def _npy(request: Request, max_memory: str) -> Opened:
    from fastgd.cli.npy_file import find_columns

    data = readers.map_npy(request.path, "the features")
    found = find_columns(request, data)
    keep = found.features
    if keep[-1] - keep[0] + 1 != len(keep):
        raise BadFile(
            f"{request.path}: with --max-memory the columns of features must be side by side; a target or weights "
            "between them belong into a .npy file of their own"
        )

    def vector(column: int | None, path: str | None) -> Any:
        return path if column is None else data[:, column]

    X = data[:, keep[0] : keep[-1] + 1]
    y, weight = vector(found.target, request.target), vector(found.weights, request.weights)
    # Errors name rows of the file where it is the source's own.
    whole = X.shape == data.shape
    source = NpySource(request.path if whole else X, y, sample_weight=weight, max_memory=max_memory)
    return Opened(source, found.target_name)


def _converted(request: Request, max_memory: str) -> Opened:
    _refuse_columns(request, "a folder that fastgd convert wrote")
    return Opened(converted(request.path, max_memory=max_memory), "y.npy", layout={"format": "npy"})


def _refuse_columns(request: Request, what: str) -> None:
    for option, value in (("--target", request.target), ("--ignore", request.ignore), ("--weights", request.weights)):
        if value:
            raise BadFile(f"{request.path}: {option} has no meaning for {what}, whose targets are known")


def _svmlight(request: Request, max_memory: str) -> Opened:
    _refuse_columns(request, "the svmlight format with --max-memory")
    readers.optional("sklearn.datasets", "reading the svmlight format", "sklearn")
    readers.check_text(request.path)
    source = SvmlightSource(request.path, max_memory=max_memory)
    return Opened(source, "first entry of each line", layout={"first_index": source.first_index})


def _table(request: Request, file_format: str, max_memory: str) -> Opened:
    columns = None
    if request.ignore:
        dataset = readers.optional("pyarrow.dataset", f"reading {file_format} files", "arrow")
        names = dataset.dataset(request.path, format=file_format).schema.names
        for name in request.ignore:
            if name not in names:
                raise BadFile(f"{request.path}: --ignore {name!r} is no column; columns: {', '.join(names):.400}")
        columns = [name for name in names if name not in {*request.ignore, request.target, request.weights}]
    assert request.target is not None
    kind = _TABLES[file_format]
    source = kind(request.path, request.target, columns=columns, sample_weight=request.weights, max_memory=max_memory)
    return Opened(source, repr(request.target), list(source.feature_names or ()))
