"""Files in the svmlight (libsvm) format: scikit-learn's parser; a second pass says where a bad file is bad."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastgd.cli.readers import BadFile, Request, Table, check_text, open_bytes, optional

# A line of some bytes can name any column. Beyond the first, zeros may take only so much more memory than entries.
_DENSE_BYTES = 1 << 28
_ZEROS_PER_ENTRY = 1000
_INDEX_DIGITS = 18


def read_svmlight(request: Request) -> Table:
    """Read an svmlight file and make it dense; the target is the first entry of each line."""
    if request.target is not None:
        raise BadFile(f"{request.path}: in the svmlight format each line begins with its target; leave --target out")
    if request.ignore:
        raise BadFile(f"{request.path}: --ignore is for csv and npy files")
    if request.weights is not None and not request.weights.endswith(".npy"):
        raise BadFile(f"{request.path}: the svmlight format has no column of weights; give them as a .npy file")
    check_text(request.path)
    datasets = optional("sklearn.datasets", "reading the svmlight format", "sklearn")
    # Counting from 0 here and shifting below keeps the choice, so that a later file is read as the training file was.
    try:
        with open_bytes(request.path) as stream:
            sparse, y = datasets.load_svmlight_file(stream, zero_based=True)
    except BadFile:
        raise
    except (ValueError, OverflowError) as error:
        raise _diagnose(request.path, str(error)) from None
    if sparse.shape[0] == 0:
        raise BadFile(f"{request.path}: the file holds no rows")
    if not (np.isfinite(sparse.data).all() and np.isfinite(y).all()):
        raise _diagnose(request.path, "a value is not finite")
    if sparse.nnz == 0 and request.n_features is None:
        raise BadFile(f"{request.path}: no line holds a feature")
    smallest, largest = (int(sparse.indices.min()), int(sparse.indices.max())) if sparse.nnz else (1, 0)
    offset = int(request.layout.get("first_index", smallest > 0))
    n_features = int(sparse.shape[1]) - offset if request.n_features is None else request.n_features
    if smallest < offset:
        raise BadFile(f"{request.path}: it counts features from 0, the file the model was trained on from 1")
    if largest - offset >= n_features:
        raise _too_many(request.path, n_features, offset)
    _check_density(request.path, sparse, n_features)
    sparse.resize(sparse.shape[0], n_features + offset)
    X = sparse[:, offset:].toarray()
    notes = [f"the sparse file was made dense: {X.nbytes / 2**20:.1f} MiB for {sparse.nnz} entries"]
    return Table(X=X, y=y, target_name="first entry of each line", layout={"first_index": offset}, notes=notes)


def _check_density(path: str, sparse: Any, n_features: int) -> None:
    size = sparse.shape[0] * n_features * sparse.dtype.itemsize
    if size > max(_DENSE_BYTES, sparse.data.nbytes * _ZEROS_PER_ENTRY):
        raise BadFile(
            f"{path}: made dense, {sparse.shape[0]} rows of {n_features} features take {size / 2**20:.3g} MiB for "
            f"{sparse.nnz} entries; more than {_ZEROS_PER_ENTRY} zeros an entry can be read up to "
            f"{_DENSE_BYTES >> 20} MiB only"
        )


def _too_many(path: str, n_features: int, offset: int) -> BadFile:
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            for token in line.split(b"#")[0].split()[1:]:
                index = token.split(b":")[0]
                if index.isdigit() and int(index) - offset >= n_features:
                    place = f"{path}, line {number}, column {line.index(token) + 1}"
                    return BadFile(f"{place}: feature {int(index)} is beyond the model's {n_features} features")
    return BadFile(f"{path}: more features than the model's {n_features}")


def _diagnose(path: str, message: str) -> BadFile:
    """Find the first bad entry; `message` is the parser's, for the case that this pass finds none."""
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            problem = _bad_entry(line)
            if problem:
                column, what = problem
                ends = "" if line.endswith(b"\n") else " (and no line ends after it: the file seems cut off)"
                return BadFile(f"{path}, line {number}, column {column}: {what}{ends}")
    return BadFile(f"{path}: {message}")


def _bad_entry(line: bytes) -> tuple[int, str] | None:
    """The column of characters, counted from 1, and the fault of the first bad entry of a line."""
    text = line.split(b"#")[0].decode("utf-8", "replace")
    column, previous = 0, -1
    for position, token in enumerate(text.split()):
        column = text.index(token, column)
        what = None
        if position == 0:
            what = _bad_number(token, "the target")
        elif token.startswith("qid:"):
            pass
        else:
            index, colon, value = token.partition(":")
            if not colon:
                what = f"{token[:40]!r} is not an entry INDEX:VALUE"
            elif not (index.isascii() and index.isdigit()):
                what = f"{index[:40]!r} is no feature index; those are whole numbers from 0 or 1"
            elif len(index) > _INDEX_DIGITS:
                what = f"feature {index[:40]}... has more than {_INDEX_DIGITS} digits"
            elif int(index) <= previous:
                what = f"feature {index} follows feature {previous}; indices must ascend"
            else:
                previous = int(index)
                what = _bad_number(value, f"the value of feature {index}")
        if what:
            return column + 1, what
        column += len(token)
    return None


def _bad_number(text: str, what: str) -> str | None:
    try:
        value = float(text)
    except ValueError:
        return f"{what}, {text[:40]!r}, is not a number"
    return None if math.isfinite(value) else f"{what}, {text}, is not finite"
