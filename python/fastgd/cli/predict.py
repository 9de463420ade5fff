"""``fastgd predict``: apply a trained model to a file."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from typing import IO, Any

import fastgd
from fastgd import _model_file
from fastgd._model_file import Model
from fastgd._npz_file import write_atomically
from fastgd.cli import readers

Commands = Any


def add_parser(commands: Commands) -> None:
    """Add ``predict`` to the command line."""
    parser = commands.add_parser(
        "predict",
        help="apply a trained model to a file",
        description="Write one line a row, as CSV: the predicted class or value and, with --scores, what it came from.",
        epilog="Columns of a CSV file with a header are found by the names the model was trained on; others are left "
        "alone. In a file without a header every column is a feature, except those named by --ignore.",
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument("file", metavar="FILE", help="the data: csv, svmlight or npy")
    parser.add_argument("--model", required=True, metavar="MODEL", help="the file that fastgd train wrote")
    parser.add_argument("--out", metavar="OUT.csv", help="where to write (default: standard output)")
    parser.add_argument("--scores", action="store_true", help="also write the scores X @ coef.T + intercept")
    parser.add_argument("--format", choices=readers.FORMATS, help="default: from the suffix of FILE")
    readers.add_layout_options(parser)


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd predict``."""
    model = _model_file.load(args.model)
    if model.loss not in fastgd.losses():
        raise ValueError(
            f"{args.model}: its loss {model.loss!r} is unknown to this version; it needs {_version(model)}"
        )
    request = readers.Request(
        path=args.file,
        ignore=tuple(args.ignore),
        n_features=model.n_features,
        features=model.feature_names,
        delimiter=args.delimiter,
        header=args.header,
        layout=readers.check_layout(model.training.get("layout", {}), args.model),
    )
    table = readers.read(request, args.format)
    lines = _lines(model, args.file, table.X, args.scores)
    if args.out is None:
        csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
    else:
        write_atomically(args.out, lambda stream: _write(stream, lines))
    return 0


def _version(model: Model) -> str:
    return f"fastgd {model.fastgd_version}" if model.fastgd_version else "a later one"


def _write(stream: IO[bytes], lines: Iterator[list[Any]]) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    text.flush()
    text.detach()


def _lines(model: Model, path: str, X: readers.Array, scores: bool) -> Iterator[list[Any]]:
    """The lines of the output, header first, made block by block."""
    n_outputs = model.n_outputs
    columns = ["prediction"] if model.classes is not None or n_outputs == 1 else _numbered("prediction", n_outputs)
    if scores and n_outputs == 1:
        columns.append("score")
    elif scores:
        columns += _numbered("score", n_outputs) if model.classes is None else [f"score_{c}" for c in model.classes]
    yield columns
    row = 0
    for raw in model.raw_blocks(X):
        bad = readers.first_nonfinite(raw)
        if bad is not None:
            raise ValueError(f"{path}: {_nonfinite(X, row + bad[0])}")
        if model.classes is None:
            mean = model.mean(raw)
            mean = mean[:, None] if mean.ndim == 1 else mean
            bad = readers.first_nonfinite(mean)
            if bad is not None:
                raise ValueError(
                    f"{path}: the prediction of row {row + bad[0]} (counted from 0) is not finite: "
                    f"its score, {raw[bad]}, is too large for exp"
                )
            predictions = mean.tolist()
        else:
            predictions = [[model.classes[i]] for i in model.class_index(raw)]
        row += raw.shape[0]
        if not scores:
            yield from predictions
        else:
            yield from (a + b for a, b in zip(predictions, raw.tolist(), strict=True))


def _numbered(name: str, n: int) -> list[str]:
    return [f"{name}_{i}" for i in range(n)]


def _nonfinite(X: readers.Array, row: int) -> str:
    place = readers.first_nonfinite(X[row : row + 1])
    if place is None:
        return f"the score of row {row} (counted from 0) is not finite: its values are too large for the model"
    return f"row {row}, column {place[1]} (counted from 0): {X[row, place[1]]} is not finite"
