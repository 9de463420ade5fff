"""Files that sources read: svmlight, and what is said where pyarrow is missing."""

from __future__ import annotations

import bz2
import gzip
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from _linear_data import two_classes
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from fastgd.data import ArrowSource, CsvSource, ParquetSource, SvmlightSource
from fastgd.data import svmlight as module
from fastgd.data.npy import mapped
from fastgd.linear_model import SGDClassifier

N, D = 300, 30


def some_rows() -> tuple[Any, np.ndarray]:
    X, y = two_classes(N, D)
    X[np.abs(X) < 0.8] = 0.0
    # A line that is longer than a range of bytes, and lines without any entry.
    X[5] = 1 / 3
    X[6:9] = 0.0
    return scipy.sparse.csr_array(X), y


@pytest.mark.parametrize("zero_based", [True, False])
@pytest.mark.parametrize("n_bytes", [None, 97, 1 << 14])
def test_ranges_of_bytes_hold_every_line_once(
    n_bytes: int | None, zero_based: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = some_rows()
    path = tmp_path / "rows.svm"
    dump_svmlight_file(X, y, str(path), zero_based=zero_based)
    if n_bytes is None:
        # A range that ends with a line.
        n_bytes = len(path.read_bytes().splitlines(keepends=True)[0])
    whole, labels = load_svmlight_file(str(path), n_features=D, zero_based=zero_based)
    monkeypatch.setattr(module, "_LEAST_BYTES", n_bytes)
    source = SvmlightSource(path, max_memory=8 * 19 * n_bytes)
    assert (source.n_features, source.is_sparse) == (D, True)
    assert source.n_parts == -(-path.stat().st_size // n_bytes)
    read = [*source]
    assert (scipy.sparse.vstack([block.X for block in read]) != whole).nnz == 0
    np.testing.assert_array_equal(np.concatenate([block.y for block in read]), labels)


@pytest.mark.parametrize("zero_based, n_features, first_index", [(True, 6, 0), (False, 5, 1), ("auto", 5, 1)])
def test_columns_are_counted_from_where_they_are_said_to_begin(
    zero_based: Any, n_features: int, first_index: int, tmp_path: Path
) -> None:
    path = tmp_path / "rows.svm"
    path.write_text("1 1:2.0 5:3.0\n0 2:1.0\n")
    source = SvmlightSource(path, zero_based=zero_based)
    assert (source.n_features, source.first_index) == (n_features, first_index)
    (block,) = source
    assert block.X[[0]].indices.tolist() == [1 - first_index, 5 - first_index]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_fit_on_svmlight_files(dtype: str, tmp_path: Path) -> None:
    X, y = some_rows()
    paths = [tmp_path / f"{i}.svm" for i in range(2)]
    dump_svmlight_file(X[:120], y[:120], str(paths[0]), zero_based=False)
    dump_svmlight_file(X[120:], y[120:], str(paths[1]), zero_based=False)
    source = SvmlightSource(paths, n_features=D, zero_based=False, dtype=dtype, max_memory="50KB")
    options: dict[str, Any] = {"shuffle": False, "max_iter": 2, "tol": None, "penalty": None}
    options["learning_rate"] = "constant"
    model = SGDClassifier(**options).fit(source)
    read = [load_svmlight_file(str(path), n_features=D, zero_based=False, dtype=dtype) for path in paths]
    whole = SGDClassifier(**options).fit(
        scipy.sparse.vstack([X for X, _ in read]), np.concatenate([y for _, y in read])
    )
    assert model.coef_.tobytes() == whole.coef_.tobytes()
    assert model.coef_.dtype == dtype


def test_a_line_that_cannot_be_read_is_named_and_what_was_learned_is_kept(tmp_path: Path) -> None:
    X, y = some_rows()
    path = tmp_path / "rows.svm"
    dump_svmlight_file(X, y, str(path), zero_based=False)
    text = path.read_bytes()
    # Cut off within the column of an entry, as a full disk leaves it.
    end = text.rindex(b":") - 1
    path.write_bytes(text[:end])
    at = text[:end].rindex(b"\n") + 1
    with pytest.raises(ValueError, match=rf"rows\.svm cannot be read: at byte {at}: .* in the line "):
        SvmlightSource(path)
    source = SvmlightSource(path, n_features=D, zero_based=False, max_memory="100KB")
    model = SGDClassifier(shuffle=False, max_iter=1, tol=None)
    with pytest.raises(ValueError, match=rf"rows\.svm cannot be read: at byte {at}: "):
        model.fit(source, classes=[0.0, 1.0])
    assert 0 < model.t_ - 1 < N
    assert model.coef_.any()


@pytest.mark.parametrize("suffix, pack", [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_compressed_svmlight(suffix: str, pack: Any, tmp_path: Path) -> None:
    X, y = some_rows()
    plain, packed = tmp_path / "rows.svm", tmp_path / f"rows.svm.{suffix}"
    dump_svmlight_file(X, y, str(plain), zero_based=False)
    packed.write_bytes(pack(plain.read_bytes()))
    options: dict[str, Any] = {"shuffle": False, "max_iter": 2, "tol": None}
    model, expected = (
        SGDClassifier(**options).fit(SvmlightSource(path, max_memory="100KB")) for path in (packed, plain)
    )
    assert model.coef_.tobytes() == expected.coef_.tobytes()
    assert model.t_ == expected.t_


@pytest.mark.parametrize("suffix, pack", [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_a_compressed_file_that_is_cut_off_or_damaged(suffix: str, pack: Any, tmp_path: Path) -> None:
    X, y = some_rows()
    plain, packed = tmp_path / "rows.svm", tmp_path / f"rows.svm.{suffix}"
    dump_svmlight_file(X, y, str(plain), zero_based=False)
    text = plain.read_bytes()
    for whole in (pack(text)[:-9], text):
        packed.write_bytes(whole)
        with pytest.raises(ValueError, match=rf"rows\.svm\.{suffix} cannot be read from byte 0 of its text on: "):
            SvmlightSource(packed)
    at = text.index(b"\n", len(text) // 2) + 1
    packed.write_bytes(pack(text[:at] + b"1 2:three\n" + text[at:]))
    source = SvmlightSource(packed, n_features=D, zero_based=False, max_memory="100KB")
    model = SGDClassifier(shuffle=False, max_iter=1, tol=None)
    with pytest.raises(ValueError, match=rf"rows\.svm\.{suffix} cannot be read: at byte {at}: .* '1 2:three'"):
        model.fit(source, classes=[0.0, 1.0])
    assert 0 < model.t_ - 1 < N


@pytest.mark.parametrize("suffix, pack", [("svm", bytes), ("gz", gzip.compress), ("bz2", bz2.compress)])
def test_a_line_that_does_not_end_is_not_held(suffix: str, pack: Any, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    start, n_bytes = b"1 1:0.5\n", 1 << 25
    path.write_bytes(pack(start + bytes(n_bytes)))
    tracemalloc.start()
    with pytest.raises(
        ValueError, match=rf"{path.name} cannot be read: the line at byte \d+ goes on for more than 125000"
    ):
        SvmlightSource(path, max_memory="1MB")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 21


def test_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.svm").write_bytes(b"")
    with pytest.raises(ValueError, match="path must hold at least one row"):
        SvmlightSource(tmp_path / "empty.svm")
    with pytest.raises(ValueError, match="dtype must be float64 or float32, got int64"):
        SvmlightSource("rows.svm", dtype=np.int64)
    with pytest.raises(ValueError, match="zero_based must be True, False or 'auto', got 'no'"):
        SvmlightSource("rows.svm", zero_based="no")
    with pytest.raises(TypeError, match="path must be a path or a list of paths, got int"):
        SvmlightSource(3)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.svm"):
        SvmlightSource(tmp_path / "nowhere.svm")


@pytest.mark.parametrize("kind", [ArrowSource, ParquetSource, CsvSource])
def test_pyarrow_is_an_extra(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table"
    path.write_text("a,y\n1,2\n")
    for name in [name for name in sys.modules if name.startswith("pyarrow.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=rf"{kind.__name__} needs pyarrow: pip install 'fastgd\[arrow\]'"):
        kind(path, "y")


CORPUS = Path(__file__).resolve().parent / "fuzz" / "corpus"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["npy", "svmlight"])
def test_any_bytes_are_read_or_refused_by_name(kind: str, tmp_path: Path) -> None:
    """What a fuzzer found interesting for other readers of these formats."""
    path = tmp_path / "input"
    taken = {True: 0, False: 0}
    for found in sorted((CORPUS / kind).iterdir()):
        # The first byte of an input is not the file's.
        path.write_bytes(found.read_bytes()[1:])
        try:
            read = [*SvmlightSource(path)] if kind == "svmlight" else [mapped(path)]
            is_taken = bool(read)
        except ValueError as error:
            if str(path) not in str(error):
                raise
            is_taken = False
        taken[is_taken] += 1
    assert min(taken.values()) > 5
