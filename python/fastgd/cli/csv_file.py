"""CSV files: NumPy's fast parser for good ones; a second, slow pass says where a bad one is bad."""

from __future__ import annotations

import csv
import io
import math
import re
import shlex
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from fastgd.cli.readers import (
    Array,
    BadFile,
    Request,
    Table,
    bad_encoding,
    check_text,
    column_number,
    first_nonfinite,
    keep_columns,
    open_bytes,
)

# A file whose only line is numbers 0, 1, 2, ... is taken for a header from this many columns on.
_COUNTING_HEADER = 3


@dataclass(frozen=True)
class Layout:
    """Where things are in a CSV file."""

    path: str
    delimiter: str
    names: list[str] | None
    first_row: list[str]
    skip_lines: int
    target: int | None
    weights: int | None
    features: list[int]
    labels: bool

    @property
    def n_columns(self) -> int:
        """Cells of a line."""
        return len(self.first_row)

    def column(self, index: int) -> str:
        """A column as messages name it: its position, counted from 1, and its name."""
        return f"column {index + 1}" + (f" ({self.names[index]!r})" if self.names else "")

    def numeric_columns(self) -> set[int]:
        """The columns whose cells must be finite numbers."""
        used = {*self.features, *(i for i in (self.target, self.weights) if i is not None)}
        return used - {self.target} if self.labels else used


def read_csv(request: Request) -> Table:
    """Read a CSV file; see `Request` for what is taken from it."""
    check_text(request.path)
    try:
        layout = find_layout(request)
        codes: dict[str, int] = {}
        data = _load(layout, codes)
    except UnicodeDecodeError:
        raise bad_encoding(request.path) from None
    y = weights = None
    if layout.target is not None:
        y = data[:, layout.target].copy()
        if layout.labels:
            y = label_array(list(codes))[y.astype(np.intp)]
    if layout.weights is not None:
        weights = data[:, layout.weights].copy()
    target_name = "" if layout.target is None else _name(layout, layout.target)
    return Table(
        X=keep_columns(data, layout.features),
        y=y,
        weights=weights,
        feature_names=[layout.names[i] for i in layout.features] if layout.names else None,
        target_name=target_name,
        layout={"delimiter": layout.delimiter},
    )


def label_array(labels: list[str]) -> Array:
    """Labels as the simplest of integers, floats and strings that holds them all."""
    for kind in (int, float):
        try:
            numbers = np.array([kind(_plain(label)) for label in labels], np.int64 if kind is int else np.float64)
        except (ValueError, OverflowError):
            continue
        return numbers
    # Not of one width: a single long label would be as long in every row.
    return np.array(labels, object)


def _name(layout: Layout, index: int) -> str:
    return repr(layout.names[index]) if layout.names else f"column {index}"


def _plain(text: str) -> str:
    """Refuse what Python takes for a number and files do not mean as one."""
    if "_" in text:
        raise ValueError(f"{text!r} is not a number")
    return text


def _number(text: str) -> float | None:
    try:
        return float(_plain(text.strip()))
    except ValueError:
        return None


def _records(path: str, delimiter: str) -> Generator[tuple[int, list[str]]]:
    """The records of a CSV file with the line each begins on; blank lines are left out."""
    with open_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        begin = 1
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cause = "a quoted cell is never closed; is the file cut off?" if "end of data" in str(error) else error
                raise BadFile(f"{path}, line {begin}: {cause}") from None
            if record:
                yield begin, record
            begin = reader.line_num + 1


def find_layout(request: Request) -> Layout:
    """Where the columns of a file are, by its first lines."""
    delimiter = request.delimiter or ("\t" if ".tsv" in PurePath(request.path).suffixes else None)
    delimiter = delimiter or str(request.layout.get("delimiter", ","))
    with closing(_records(request.path, delimiter)) as records:
        line, first = next(records, (0, None))
        if first is None:
            raise BadFile(f"{request.path}: the file is empty")
        if re.match(r"\S+ +(qid:\d+ +)?\d+:\S", delimiter.join(first)):
            raise BadFile(
                f"{request.path}, line {line}, column 1: this looks like the svmlight format (--format svmlight)"
            )
        if len(first) == 1 and delimiter == ",":
            for other in (";", "\t", "|"):
                if other in first[0]:
                    hint = "$'\\t'" if other == "\t" else f"'{other}'"
                    raise BadFile(
                        f"{request.path}, line {line}: one column only, but it holds {other!r}; say --delimiter {hint}"
                    )
        names = None
        skip = line - 1
        row: list[str] | None = first
        if _is_header(first, request):
            names = [cell.strip() for cell in first]
            _check_names(request.path, line, names)
            begin, row = next(records, (0, None))
            if row is None:
                raise BadFile(f"{request.path}: no rows follow the header on line {line}")
            skip = begin - 1
            if len(row) != len(first):
                column = min(len(row), len(first)) + 1
                raise BadFile(
                    f"{request.path}, line {begin}, column {column}: {_width(row)}, "
                    f"the header on line {line} has {len(first)}"
                )
    assert row is not None
    return _choose_columns(request, delimiter, names, row, skip)


def _is_header(first: list[str], request: Request) -> bool:
    if request.header != "auto":
        return request.header == "yes"
    cells = [cell.strip() for cell in first]
    names = {request.target, request.weights, *request.ignore, *(request.features or ())}
    if any(cell in names and _number(cell) is None for cell in cells):
        return True
    if all(_number(cell) is None or cell == str(i) for i, cell in enumerate(cells)):
        return any(_number(cell) is None for cell in cells) or len(cells) >= _COUNTING_HEADER
    return False


def _check_names(path: str, line: int, names: list[str]) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            raise BadFile(
                f"{path}, line {line}, column {index + 1}: the name {name!r} stands in column {seen[name] + 1} already;"
                " if this line holds data, say --header no"
            )
        seen[name] = index


def _choose_columns(
    request: Request, delimiter: str, names: list[str] | None, row: list[str], skip_lines: int
) -> Layout:
    n_columns = len(row)

    def find(text: str, option: str) -> int:
        if names and text in names:
            return names.index(text)
        index = column_number(text, n_columns)
        if index is None:
            have = ", ".join(names) if names else f"the file has no header and {n_columns} columns, counted from 0"
            raise BadFile(f"{request.path}: {option} {text!r} is no column; {'columns: ' if names else ''}{have:.400}")
        return index

    target = None if request.target is None else find(request.target, "--target")
    weights = None
    if request.weights is not None and not request.weights.endswith(".npy"):
        weights = find(request.weights, "--weights")
    dropped = {find(text, "--ignore") for text in request.ignore} | ({target, weights} - {None})
    if len(dropped) < len(request.ignore) + (target is not None) + (weights is not None):
        raise BadFile(f"{request.path}: --target, --weights and --ignore must name different columns")
    features = [index for index in range(n_columns) if index not in dropped]
    if request.n_features is not None:
        features = _model_columns(request, names, features)
    if not features:
        raise BadFile(f"{request.path}: no column is left for the features; is the delimiter {delimiter!r}?")
    for index in features:
        if names and names[index] == "" and request.features is None:
            raise BadFile(
                f"{request.path}, line 1, column {index + 1}: the column has no name (a row number, often); "
                f"leave it out with --ignore {index}, or name it"
            )
    labels = False
    if target is not None:
        labels = _number(row[target]) is None if request.labels is None else request.labels
    return Layout(request.path, delimiter, names, row, skip_lines, target, weights, features, labels)


def _model_columns(request: Request, names: list[str] | None, features: list[int]) -> list[int]:
    """The columns that a model's features are in: by name where both have names, else all that are not ignored."""
    if names and request.features:
        places = {name: index for index, name in enumerate(names)}
        missing = [name for name in request.features if name not in places]
        if missing:
            listed = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            raise BadFile(f"{request.path}: columns that the model was trained on are missing: {listed}")
        return [places[name] for name in request.features]
    if len(features) != request.n_features:
        raise BadFile(
            f"{request.path}: {len(features)} columns, the model needs {request.n_features}; "
            "leave the others out with --ignore COLUMN"
        )
    return features


def _load(layout: Layout, codes: dict[str, int]) -> Array:
    numeric = layout.numeric_columns()
    converters: dict[int | str, Callable[[str], float]] = {
        index: _anything for index in range(layout.n_columns) if index not in numeric
    }
    if layout.labels and layout.target is not None:

        def encode(cell: str) -> float:
            label = cell.strip()
            if not label:
                raise ValueError("empty label")
            return codes.setdefault(label, len(codes))

        converters[layout.target] = encode
    try:
        with open_bytes(layout.path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
            data: Array = np.loadtxt(
                stream,
                dtype=np.float64,
                delimiter=layout.delimiter,
                comments=None,
                encoding=None,
                quotechar='"',
                skiprows=layout.skip_lines,
                converters=converters or None,
                ndmin=2,
            )
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise _diagnose(layout, str(error)) from None
    if data.shape[1] != layout.n_columns:
        raise _diagnose(layout, f"{data.shape[1]} columns where {layout.n_columns} were expected")
    if first_nonfinite(data) is not None:
        raise _diagnose(layout, "a cell is not a finite number")
    return data


def _anything(cell: str) -> float:
    return 0.0


def _width(record: list[str]) -> str:
    return "1 cell" if len(record) == 1 else f"{len(record)} cells"


def _diagnose(layout: Layout, message: str) -> BadFile:
    """Find the first bad row or cell; `message` is NumPy's, for the case that this pass finds none."""
    last = None
    with closing(_records(layout.path, layout.delimiter)) as records:
        for line, record in records:
            if line <= layout.skip_lines:
                continue
            last = line
            place = f"{layout.path}, line {line}"
            if len(record) != layout.n_columns:
                column = min(len(record), layout.n_columns) + 1
                hint = ""
                if len(record) < layout.n_columns and _ends_here(layout.path, line):
                    hint = "; no line ends after it: the file seems cut off"
                return BadFile(
                    f"{place}, column {column}: {_width(record)} where {layout.n_columns} were expected{hint}"
                )
            problem = _bad_cell(layout, record)
            if problem:
                return BadFile(f"{place}, {problem}")
    return BadFile(f"{layout.path}, up to line {last}: {message}")


def _bad_cell(layout: Layout, record: list[str]) -> str | None:
    numeric = layout.numeric_columns()
    for index, cell in enumerate(record):
        if index == layout.target and layout.labels and not cell.strip():
            return f"{layout.column(index)}: the label is empty"
        if index not in numeric:
            continue
        if not cell.strip():
            return f"{layout.column(index)}: the cell is empty"
        value = _number(cell)
        if value is None:
            text = f"{layout.column(index)}: {cell[:60]!r} is not a number"
            return text if index not in layout.features else text + _advice(layout, record)
        if not math.isfinite(value):
            return f"{layout.column(index)}: {cell.strip()} is not finite"
    return None


def _advice(layout: Layout, record: list[str]) -> str:
    """What to do about text among the features: name every column that holds it, not only the first."""
    texts = [index for index in layout.features if _number(record[index]) is None]
    names = [layout.names[index] if layout.names and layout.names[index] else str(index) for index in texts]
    options = " ".join(f"--ignore {shlex.quote(name)}" for name in names)
    return f"; encode {'the column' if len(names) == 1 else 'such columns'} as numbers or leave out: {options}"


def _ends_here(path: str, line: int) -> bool:
    """Whether the file's last line is `line` and lacks its end."""
    with open_bytes(path) as stream:
        for number, text in enumerate(stream, 1):
            if number >= line and not text.endswith(b"\n"):
                return number == line
    return False
