"""``fastgd convert``: a data file as arrays in a folder, for many epochs on what is larger than memory."""

from __future__ import annotations

import argparse
import os
from typing import Any

from fastgd.cli import readers, sources
from fastgd.data import convert

Commands = Any


def add_parser(commands: Commands) -> None:
    """Add ``convert`` to the command line."""
    parser = commands.add_parser(
        "convert",
        help="write a data file as mapped arrays, for fits on data larger than memory",
        description="Read a data file block by block and write its rows into a folder of .npy files: X.npy and y.npy, "
        "or data.npy, indices.npy, indptr.npy, shape.npy and y.npy for svmlight.",
        epilog="fastgd train OUT --max-memory SIZE learns from the folder; in Python it is fastgd.data.converted(OUT). "
        "Names of columns are not kept. Exit status: 0 done, 2 bad arguments or a bad file, 130 interrupted; then "
        "nothing is written.",
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument("file", metavar="IN", help="the data: csv, svmlight, npy, parquet or arrow")
    parser.add_argument("out", metavar="OUT", help="the folder to write, which must not exist")
    parser.add_argument("--target", metavar="COLUMN", help="as in fastgd train")
    parser.add_argument("--weights", metavar="COLUMN", help="a column of sample weights; npy: also a .npy file")
    parser.add_argument("--format", choices=sources.FORMATS, help="default: from the suffix of IN")
    parser.add_argument(
        "--dtype",
        choices=("uint8", "float16", "float32", "float64"),
        help="of the features; default: uint8 where all are whole numbers from 0 to 255, else float32",
    )
    parser.add_argument(
        "--max-memory", metavar="SIZE", default="256MB", help="what may be held of the file (default %(default)s)"
    )
    readers.add_layout_options(parser)


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd convert``."""
    request = readers.Request(
        path=args.file,
        target=args.target,
        weights=args.weights,
        ignore=tuple(args.ignore),
        delimiter=args.delimiter,
        header=args.header,
    )
    opened = sources.open_source(request, args.format, args.max_memory)
    try:
        convert(opened.source, args.out, dtype=args.dtype)
    except TypeError as error:
        raise readers.BadFile(str(error)) from None
    written = sources.open_source(readers.Request(args.out), None, args.max_memory).source
    size = sum(os.path.getsize(os.path.join(args.out, name)) for name in os.listdir(args.out))
    kind = "CSR " if written.is_sparse else ""
    print(f"{args.out}: {written.n_samples} rows, {written.n_features} features, {kind}{written.dtype}, {size} bytes")
    return 0
