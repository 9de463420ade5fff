"""Sources that are written once as mapped arrays: the same rows in compact types, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from _linear_data import numbers, three_classes

from fastgd.data import ChunkSource, CsrSource, NpySource, Source, SvmlightSource, convert, converted
from fastgd.linear_model import SGDClassifier, SGDRegressor

N, D = 300, 5


def chunks(X: Any, y: Any, *weight: Any) -> Source:
    rows = [slice(begin, begin + 90) for begin in range(0, N, 90)]
    return ChunkSource([tuple(part[some] for part in (X, y, *weight)) for some in rows])


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    weight = path / "sample_weight.npy"
    return np.load(path / "X.npy"), np.load(path / "y.npy"), np.load(weight) if weight.exists() else None


WHOLE = np.random.default_rng(0).integers(0, 256, (N, D))


def with_last(value: float, dtype: Any = np.float64) -> np.ndarray:
    X = WHOLE.astype(dtype)
    X[-1, -1] = value
    return X


STORED: dict[str, tuple[np.ndarray, Any, str]] = {
    "whole numbers": (WHOLE.astype(np.float64), None, "uint8"),
    "a half in the last row": (with_last(0.5), None, "float32"),
    "one above a byte": (with_last(256.0), None, "float32"),
    "one below": (with_last(-1.0), None, "float32"),
    "half precision": (with_last(0.5, np.float16), None, "float16"),
    "whole numbers of half precision": (WHOLE.astype(np.float16), None, "uint8"),
    "signed bytes": ((WHOLE - 128).astype(np.int8), None, "int8"),
    "truth values": (WHOLE > 100, None, "bool"),
    "float16 asked for": (with_last(0.1), "float16", "float16"),
    "float64 asked for": (with_last(0.1), "float64", "float64"),
    "uint8 asked for": (WHOLE.astype(np.float32), np.uint8, "uint8"),
}


@pytest.mark.parametrize("name", STORED)
def test_the_narrowest_type_that_holds_all_rows(name: str, tmp_path: Path) -> None:
    X, asked, dtype = STORED[name]
    y = np.arange(N)
    convert(chunks(X, y), tmp_path / "rows", dtype=asked)
    stored, targets, weight = read(tmp_path / "rows")
    assert (stored.dtype, weight) == (np.dtype(dtype), None)
    np.testing.assert_array_equal(stored, X.astype(dtype))
    np.testing.assert_array_equal(targets, y)
    assert sorted(os.listdir(tmp_path)) == ["rows"]


def test_labels_become_wider_and_weights_come_later(tmp_path: Path) -> None:
    y = np.array(["a", "b"])[np.arange(N) % 2].astype(object)
    y[-1] = "a long one"
    rows = [(WHOLE[:200], y[:200]), (WHOLE[200:200], y[:0]), (WHOLE[200:], y[200:], np.arange(100) / 7)]
    convert(ChunkSource(rows), tmp_path / "rows")
    _, labels, weight = read(tmp_path / "rows")
    assert labels.tolist() == y.tolist()
    np.testing.assert_array_equal(weight, np.append(np.ones(200), np.arange(100) / 7))


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_fit_on_what_was_converted(n_outputs: int, tmp_path: Path) -> None:
    X, y = numbers(N, D, outputs=n_outputs)
    X = X.astype(np.float32)
    convert(chunks(X, y, np.arange(N) % 3), tmp_path / "rows")
    source = converted(tmp_path / "rows", max_memory=30_000)
    assert isinstance(source, NpySource)
    options: dict[str, Any] = {"random_state": 0, "max_iter": 2, "tol": None}
    model = SGDRegressor(**options).fit(source)
    known = SGDRegressor(**options).fit(NpySource(X, y, sample_weight=np.arange(N) % 3, max_memory=30_000))
    np.testing.assert_array_equal(model.coef_, known.coef_)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sparse_rows(dtype: str, tmp_path: Path) -> None:
    X, y = three_classes(N, D)
    X[np.abs(X) < 0.8] = 0.0
    X[40:60] = 0.0
    csr = scipy.sparse.csr_array(X.astype(dtype))
    convert(chunks(csr, y), tmp_path / "rows", dtype=dtype)
    names = ("data", "indices", "indptr", "shape")
    data, indices, indptr, shape = (np.load(tmp_path / "rows" / f"{name}.npy") for name in names)
    assert (scipy.sparse.csr_array((data, indices, indptr), shape) != csr).nnz == 0
    source = converted(tmp_path / "rows", max_memory=10_000)
    assert isinstance(source, CsrSource)
    assert source.n_parts > 5
    blocks = [*source]
    assert (scipy.sparse.vstack([block.X for block in blocks]) != csr).nnz == 0
    np.testing.assert_array_equal(np.concatenate([block.y for block in blocks]), y)
    of_parts = [y for part in range(source.n_parts) for y, _ in source.read_targets(part)]
    np.testing.assert_array_equal(np.concatenate(of_parts), y)
    options: dict[str, Any] = {"shuffle": False, "max_iter": 2, "tol": None, "penalty": None}
    model, whole = SGDClassifier(**options).fit(source), SGDClassifier(**options).fit(csr, y)
    np.testing.assert_array_equal(model.coef_, whole.coef_)
    (first,) = source.read(0, N)
    assert source.place(1, 2).startswith(f"row {len(first.y) + 2} of ")


def test_svmlight_as_single_precision(tmp_path: Path) -> None:
    (tmp_path / "t.svm").write_text("1 1:0.1 3:2\n0\n1 2:7\n")
    convert(SvmlightSource(tmp_path / "t.svm"), tmp_path / "rows")
    (block,) = converted(tmp_path / "rows")
    assert block.X.dtype == np.float32
    np.testing.assert_array_equal(block.X.toarray(), np.array([[0.1, 0, 2], [0, 0, 0], [0, 7, 0]], np.float32))


REFUSED: list[tuple[Callable[[], Source], Any, str]] = [
    (lambda: chunks(with_last(np.nan), np.ones(N)), None, "that float32 holds, got nan at row 29 of chunk 3"),
    (lambda: chunks(with_last(1e300), np.ones(N)), None, r"that float32 holds, got 1e\+300 at row 29 of chunk 3"),
    (lambda: chunks(with_last(1e5), np.ones(N)), "float16", "that float16 holds, got 100000.0 at row 29 of chunk 3"),
    (lambda: chunks(with_last(0.5), np.ones(N)), "uint8", "that uint8 holds, got 0.5 at row 29 of chunk 3"),
    (lambda: chunks(WHOLE, np.ones(N)), "int64", "dtype must be one of uint8, float16, float32, float64, got 'int64'"),
    (lambda: chunks(scipy.sparse.csr_array(WHOLE * 1.0), np.ones(N)), "uint8", "dtype must be one of float32, float64"),
    (lambda: ChunkSource(iter([(WHOLE, np.ones(N))])), None, "source must be one that can be read twice"),
]


@pytest.mark.parametrize(("make", "dtype", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_is_refused_leaves_nothing(make: Any, dtype: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        convert(make(), tmp_path / "rows", dtype=dtype)
    assert os.listdir(tmp_path) == []


def test_targets_of_several_widths_are_refused(tmp_path: Path) -> None:
    X = np.zeros((100, 2))
    chunks = [(X, np.zeros((100, 3))), (X, np.zeros((100, 2)))]
    with pytest.raises(
        ValueError, match=r"y must have shape \(n_rows, 3\) everywhere, got \(100, 2\) at row 0 of chunk 1"
    ):
        convert(ChunkSource(chunks), tmp_path / "rows")
    assert not list(tmp_path.iterdir())


def test_other_errors(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    with pytest.raises(FileExistsError, match="path must be a folder that does not exist"):
        convert(chunks(WHOLE, np.ones(N)), tmp_path / "there")
    with pytest.raises(TypeError, match=r"source must be a source of fastgd\.data"):
        convert(WHOLE, tmp_path / "rows")  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="y must hold numbers or strings everywhere, got int64 and <U1 at row 0 of chunk 1"
    ):
        convert(ChunkSource([(WHOLE, np.arange(N)), (WHOLE, np.full(N, "a"))]), tmp_path / "rows")
    with pytest.raises(ValueError, match=r"path must be a folder that fastgd\.data\.convert has written"):
        converted(tmp_path)


def test_what_a_reader_raises_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[Any]:
        yield WHOLE, np.ones(N)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(ChunkSource(rows), tmp_path / "rows")
    assert os.listdir(tmp_path) == []


BROKEN: list[tuple[str, Any, str]] = [
    ("indptr", [0, 1, 2], "must hold the arrays of one CSR matrix"),
    ("indptr", [0, 3, 1, 3], "must hold ends of rows that ascend, got others from row 0 on"),
    ("indices", [0, 9, 1], "must hold columns from 0 to 2, got others from row 0 on"),
    ("data", [1, 2, 3], "must hold the arrays of one CSR matrix"),
    ("shape", [3], "must hold the arrays of one CSR matrix"),
]


@pytest.mark.parametrize(("name", "values", "message"), BROKEN)
def test_arrays_that_are_no_csr_matrix(name: str, values: list[int], message: str, tmp_path: Path) -> None:
    (tmp_path / "t.svm").write_text("1 1:0.1 3:2\n0\n1 2:7\n")
    convert(SvmlightSource(tmp_path / "t.svm"), tmp_path / "rows")
    np.save(tmp_path / "rows" / f"{name}.npy", np.array(values))
    with pytest.raises(ValueError, match=message):
        [*converted(tmp_path / "rows")]
