"""Sources that pyarrow reads: Arrow, Parquet and CSV files hold what was written, and are told where they are bad."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _program
import numpy as np
import pytest
import scipy.sparse
from _peers import load
from _real_sources import images_are_told_apart, incomes_are_told_apart
from sklearn.datasets import dump_svmlight_file

from fastgd.data import ArrowSource, CsvSource, ParquetSource, Source, SvmlightSource
from fastgd.linear_model import SGDClassifier, SGDRegressor

N, D = 1000, 4
NAMES = [f"x{j}" for j in range(D)]
GROUP = 150


def some_rows(dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)).astype(dtype)
    return X, X @ np.arange(D) + 0.1 * rng.normal(size=N)


def table(X: np.ndarray, y: Any, **more: Any) -> Any:
    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    return load("pyarrow").table({"y": y, **columns, **more})


def group(of: Any) -> int:
    return max(GROUP, of.num_rows // 20)


def write_arrow(path: Path, of: Any) -> Path:
    pa = load("pyarrow")
    with load("pyarrow.ipc").new_file(path, of.schema) as file:
        file.write_table(of.combine_chunks(), max_chunksize=group(of))
    assert pa
    return path


def write_parquet(path: Path, of: Any) -> Path:
    load("pyarrow.parquet").write_table(of, path, row_group_size=group(of))
    return path


def write_csv(path: Path, of: Any) -> Path:
    load("pyarrow.csv").write_csv(of, path)
    return path


def write_gz(path: Path, of: Any) -> Path:
    plain = write_csv(path, of).read_bytes()
    compressed = path.with_suffix(".csv.gz")
    compressed.write_bytes(gzip.compress(plain))
    return compressed


Write = Callable[[Path, Any], Path]
FORMATS: dict[str, tuple[Any, Write]] = {
    "arrow": (ArrowSource, write_arrow),
    "parquet": (ParquetSource, write_parquet),
    "csv": (CsvSource, write_csv),
    "csv.gz": (CsvSource, write_gz),
}
formats = pytest.mark.parametrize("kind, write", FORMATS.values(), ids=FORMATS)


def refit(source: Source, X: np.ndarray, y: np.ndarray, kind: Any = SGDRegressor) -> Any:
    """The model of a source, which is that of its rows in an array."""
    options: dict[str, Any] = {"shuffle": False, "max_iter": 2, "tol": None, "batch_size": 8}
    model, whole = kind(**options).fit(source), kind(**options).fit(X, y)
    np.testing.assert_array_equal(model.coef_, whole.coef_)
    assert model.coef_.dtype == whole.coef_.dtype
    return model


@formats
def test_a_fit_on_files_is_one_on_their_rows(kind: Any, write: Write, tmp_path: Path) -> None:
    X, y = some_rows()
    paths = [write(tmp_path / f"{i}", table(X[rows], y[rows])) for i, rows in enumerate([slice(400), slice(400, N)])]
    source = kind(paths, "y", max_memory="50KB")
    assert source.feature_names == tuple(NAMES)
    model = refit(source, X, y)
    assert model.feature_names_in_.tolist() == NAMES
    assert source.n_parts == (2 if kind is CsvSource else 3 + 4)
    shuffled = [SGDRegressor(random_state=0, max_iter=2, tol=None, n_threads=t).fit(source).coef_ for t in (1, 2)]
    np.testing.assert_array_equal(*shuffled)
    assert not np.array_equal(shuffled[0], model.coef_)


@formats
def test_columns_labels_and_weights(kind: Any, write: Write, tmp_path: Path) -> None:
    X, y = some_rows()
    labels = np.where(y > 0.0, "up", "down")
    path = write(tmp_path / "rows", table(X, labels, s=np.arange(N) % 2, note=["-"] * N))
    source = kind(path, "y", columns=["x3", "x1"], sample_weight="s", max_memory="50KB")
    model = SGDClassifier(shuffle=False, max_iter=1, tol=None).fit(source)
    known = SGDClassifier(shuffle=False).partial_fit(X[1::2, [3, 1]], labels[1::2], classes=["up", "down"])
    np.testing.assert_array_equal(model.coef_, known.coef_)
    assert model.classes_.tolist() == ["down", "up"]


@formats
def test_rows_come_in_groups_that_a_cache_holds(
    kind: Any, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastgd.data._tables._CACHED_BYTES", 1)
    monkeypatch.setattr("fastgd.data._tables._FEWEST_ROWS", 7)
    X, y = some_rows()
    weight = np.arange(N) % 3
    blocks = list(kind(write(tmp_path / "rows", table(X, y, s=weight)), "y", sample_weight="s"))
    assert max(len(block.y) for block in blocks) == 7
    for place, expected in enumerate((X, y, weight)):
        np.testing.assert_array_equal(np.concatenate([block[place] for block in blocks]), expected)


@pytest.mark.parametrize("kind, write", [FORMATS[name] for name in ("arrow", "parquet", "csv")])
@pytest.mark.filterwarnings("ignore:.*has not converged", "ignore:X does not have valid feature names")
def test_real_data(kind: Any, write: Write, tmp_path: Path) -> None:
    def make(X: np.ndarray, y: np.ndarray) -> Source:
        path = write(tmp_path / f"{X.shape[1]} columns", table(X.astype(np.float32), y))
        return kind(path, "y", max_memory="4MB")

    images_are_told_apart(make, 6_000)
    incomes_are_told_apart(make)


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "bool", "int32"])
@pytest.mark.parametrize("name", ["arrow", "parquet"])
def test_types_are_kept(name: str, dtype: str, tmp_path: Path) -> None:
    kind, write = FORMATS[name]
    X = np.random.default_rng(0).integers(0, 2, (N, D)).astype(dtype)
    y = X.astype(float).sum(axis=1)
    refit(kind(write(tmp_path / "rows", table(X, y)), "y", max_memory="50KB"), X, y)


def test_a_folder_and_labels_of_a_dictionary(tmp_path: Path) -> None:
    X, y = some_rows()
    pa = load("pyarrow")
    labels = np.where(y > 0.0, "up", "down")
    (tmp_path / "b").mkdir()
    write_parquet(tmp_path / "a.parquet", table(X[:300], pa.array(labels[:300]).dictionary_encode()))
    write_parquet(tmp_path / "b" / "0.parquet", table(X[300:], pa.array(labels[300:]).dictionary_encode()))
    source = ParquetSource(tmp_path, "y")
    assert source.n_samples == N
    refit(source, X, labels, SGDClassifier)


def test_csv_without_names_in_float32(tmp_path: Path) -> None:
    X, y = some_rows(np.float32)
    path = tmp_path / "rows.csv"
    lines = [
        ";".join([repr(float(value)) for value in row] + [repr(target)])
        for row, target in zip(X, y.tolist(), strict=True)
    ]
    path.write_text("\n".join(lines))
    refit(CsvSource(path, "t", dtype="float32", delimiter=";", column_names=[*NAMES, "t"]), X, y)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("name", ["arrow", "parquet", "csv.gz"])
def test_a_file_that_is_cut_off(name: str, share: float, tmp_path: Path) -> None:
    kind, write = FORMATS[name]
    path = write(tmp_path / "rows", table(*some_rows()))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    bytes_of_it = "" if name == "csv.gz" else f" file, got {int(share * len(whole))} bytes"
    with pytest.raises(ValueError, match=rf"{path.name}.*{bytes_of_it}"):
        SGDRegressor(max_iter=1).fit(kind(path, "y"))


def test_svmlight_that_zstandard_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "rows.svm", tmp_path / "rows.svm.zst"
    X, y = some_rows()
    dump_svmlight_file(X, y, str(plain))
    whole = load("pyarrow").compress(plain.read_bytes(), codec="zstd", asbytes=True)
    packed.write_bytes(whole)
    read, expected = ([*SvmlightSource(path)] for path in (packed, plain))
    assert (scipy.sparse.vstack([b.X for b in read]) != scipy.sparse.vstack([b.X for b in expected])).nnz == 0
    np.testing.assert_array_equal(np.concatenate([b.y for b in read]), np.concatenate([b.y for b in expected]))
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"rows\.svm\.zst cannot be read"):
        SvmlightSource(packed)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.svm\.zst"):
        SvmlightSource(tmp_path / "nowhere.svm.zst")


def test_a_damaged_row_group_is_named_and_what_was_learned_is_kept(tmp_path: Path) -> None:
    X, y = some_rows()
    path = write_parquet(tmp_path / "rows", table(X, y))
    group = load("pyarrow.parquet").ParquetFile(path).metadata.row_group(4).column(0)
    offset = min(group.dictionary_page_offset or group.data_page_offset, group.data_page_offset)
    data = bytearray(path.read_bytes())
    data[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(data)
    model = SGDRegressor(max_iter=1, tol=None, shuffle=False)
    with pytest.raises(ValueError, match=rf"row group 4 of .*rows, from byte {offset} on, cannot be read: "):
        model.fit(ParquetSource(path, "y", max_memory="20KB"))
    assert 0 < model.t_ - 1 <= 4 * GROUP
    n_rows = int(model.t_ - 1)
    np.testing.assert_array_equal(model.coef_, SGDRegressor(shuffle=False).partial_fit(X[:n_rows], y[:n_rows]).coef_)


BAD_LINES = [
    ("1,2", "Expected 5 columns"),
    ("1,2,3,x,5", "invalid value 'x'"),
    ("1,,3,4,5", "column 'x0' must have no nulls, got one at row 9000 of .*rows"),
]


@pytest.mark.parametrize("line, message", BAD_LINES)
def test_a_bad_line_is_named_and_what_was_learned_is_kept(line: str, message: str, tmp_path: Path) -> None:
    X, y = some_rows()
    path = write_csv(tmp_path / "rows", table(np.tile(X, (10, 1)), np.tile(y, 10)))
    lines = path.read_text().splitlines()
    lines[9001] = line
    path.write_text("\n".join(lines))
    model = SGDRegressor(max_iter=1, tol=None, shuffle=False)
    with pytest.raises(ValueError, match=message):
        model.fit(CsvSource(path, "y", max_memory="50KB"))
    assert 0 < model.t_ - 1 <= 9000


@formats
def test_nulls_and_columns_that_are_no_numbers(kind: Any, write: Write, tmp_path: Path) -> None:
    X, y = some_rows()
    pa = load("pyarrow")
    path = write(tmp_path / "rows", table(X, y, z=pa.array([None if i == 777 else 1.0 for i in range(N)])))
    place = r"(777|27) of (record batch 5 of .*|row group 5 of .*|.*)rows"
    with pytest.raises(ValueError, match=f"column 'z' must have no nulls, got one at row {place}"):
        SGDRegressor(max_iter=1).fit(kind(path, "y"))
    path = write(tmp_path / "more", table(X, y, note=["-"] * N))
    with pytest.raises((TypeError, ValueError), match="more"):
        SGDRegressor(max_iter=1).fit(kind(path, "y"))


def test_lines_longer_than_a_block_of_a_small_budget(tmp_path: Path) -> None:
    names = ["y", *(f"column_number_{j}" for j in range(5000))]
    row = ",".join(["1.000000000000000000e+00"] * len(names))
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([",".join(names), *[row] * 30]))
    source = CsvSource(path, "y", max_memory="2MB")
    assert sum(len(block.y) for block in source) == 30
    assert source.n_features == 5000


@pytest.mark.parametrize("name", ["arrow", "parquet", "csv"])
def test_columns_of_the_same_name(name: str, tmp_path: Path) -> None:
    kind, write = FORMATS[name]
    pa = load("pyarrow")
    twice = pa.Table.from_arrays([pa.array([1.0, 2.0])] * 3, names=["y", "x0", "x0"])
    path = write(tmp_path / "rows", twice)
    with pytest.raises(ValueError, match=f"columns must name a column once, got 'x0', which 2 of {path} have"):
        kind(path, "y")
    other = write(tmp_path / "others", table(*some_rows()))
    with pytest.raises(ValueError, match="columns must name a column once, got 'x1', which the list has twice"):
        kind(other, "y", columns=["x1", "x1"])


@formats
def test_columns_that_are_not_there(kind: Any, write: Write, tmp_path: Path) -> None:
    X, y = some_rows()
    path, other = write(tmp_path / "a", table(X, y)), write(tmp_path / "b", table(X, y).drop_columns(["x1"]))
    with pytest.raises(ValueError, match=r"y must be a column of .*, one of 'y', 'x0', 'x1', 'x2', 'x3', got 'target'"):
        kind(path, "target")
    with pytest.raises(ValueError, match=r"columns must be among the other columns of .*, got 'y'"):
        kind(path, "y", columns=["x0", "y"])
    with pytest.raises(ValueError, match="x1"):
        kind([path, other], "y")
    with pytest.raises(FileNotFoundError):
        kind(tmp_path / "nowhere", "y")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells RssAnon")
def test_a_fit_on_parquet_holds_what_it_may(tmp_path: Path) -> None:
    rows, of_group, columns = 40_000, 10_000, 100
    X = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    path = tmp_path / "rows.parquet"
    written = load("pyarrow").table({"y": X[:, 0], **{f"x{j}": X[:, j] for j in range(columns)}})
    load("pyarrow.parquet").write_table(written, path, row_group_size=of_group, use_dictionary=False)
    found = _program.run("_source_memory.py", str(path), OPENBLAS_NUM_THREADS="1")
    small, large = (found["parquet"][budget]["peak"] for budget in ("4MB", "1GB"))
    # What pyarrow holds: up to three pages of each column, which here are all of it in a row group.
    assert small <= 4_000_000 + 3 * of_group * 4 * (columns + 1)
    assert large > 0.9 * rows * columns * 4 + 4_000_000
