"""Data files on the command line: good ones are read whole, bad ones refused with the place of the first fault."""

from __future__ import annotations

import bz2
import gzip
import random
import re
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgd.cli import readers
from fastgd.cli.readers import BadFile, Request, Table, read

GOOD = "a,b,label\n1,2.5,x\n-3e1, 4 ,y\n5,6,x\n"


def table(path: Path, text: str | bytes, form: str | None = None, **request: Any) -> Table:
    """Write a file and read it."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(Request(str(path), **request), form)


def attempt(path: Path, **request: Any) -> Table | None:
    """The table in a file that may be bad; None when it is refused, which must name the file."""
    try:
        return read(Request(str(path), **request), None)
    except BadFile as error:
        if str(path) not in str(error):
            raise
        return None


def fault(path: Path, text: str | bytes, form: str | None = None, **request: Any) -> str:
    """The message that refuses a file."""
    with pytest.raises(BadFile) as caught:
        table(path, text, form, **request)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_whole(tmp_path: Path, end: str, mark: str) -> None:
    got = table(tmp_path / "t.csv", mark + GOOD.replace("\n", end), target="label")
    np.testing.assert_array_equal(got.X, [[1, 2.5], [-30, 4], [5, 6]])
    assert got.y is not None
    assert got.y.tolist() == ["x", "y", "x"]
    assert got.feature_names == ["a", "b"]


@pytest.mark.parametrize(
    "target, features", [("a", ["b", "c"]), ("b", ["a", "c"]), ("2", ["a", "b"]), ("-3", ["b", "c"])]
)
def test_any_column_can_be_the_target(tmp_path: Path, target: str, features: list[str]) -> None:
    got = table(tmp_path / "t.csv", "a,b,c\n1,2,3\n4,5,6\n", target=target)
    values = {"a": [1, 4], "b": [2, 5], "c": [3, 6]}
    (left,) = values.keys() - set(features)
    assert got.y is not None
    assert (got.y.tolist(), got.feature_names) == (values[left], features)
    np.testing.assert_array_equal(got.X, np.transpose([values[name] for name in features]))


def test_columns_can_be_ignored_and_be_weights(tmp_path: Path) -> None:
    text = "id,a,w,b,y\nrow one,1,0.5,2,0\nrow two,3,1.5,4,1\n"
    got = table(tmp_path / "t.csv", text, target="y", weights="w", ignore=("id",))
    np.testing.assert_array_equal(got.X, [[1, 2], [3, 4]])
    assert got.weights is not None
    assert got.weights.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    "text, request_, names",
    [
        ("1,2,x\n3,4,y\n", {"target": "2"}, None),
        ("0,1,target\n1,2,x\n3,4,y\n", {"target": "target"}, ["0", "1"]),
        ("0,1,2\n1,2,5\n3,4,5\n", {"target": "2"}, ["0", "1"]),
        ("2010,2011,y\n1,2,5\n3,4,5\n", {"target": "y"}, ["2010", "2011"]),
        ("a,b,y\n1,2,5\n", {"target": "y", "header": "yes"}, ["a", "b"]),
        ("1,2,5\n1,2,5\n", {"target": "5", "header": "yes"}, ["1", "2"]),
        ("0,1,2\n1,2,5\n", {"target": "2", "header": "no"}, None),
    ],
)
def test_a_header_is_found_where_there_is_one(
    tmp_path: Path, text: str, request_: dict[str, Any], names: list[str] | None
) -> None:
    got = table(tmp_path / "t.csv", text, **request_)
    assert got.feature_names == names
    assert got.X.shape[0] == text.count("\n") - (names is not None)


def test_quotes_delimiters_and_blank_lines(tmp_path: Path) -> None:
    text = '"a ""1""";b;"la\nbel"\n\n1;2;"x;\ny"\n\n3;4;z\n'
    got = table(tmp_path / "t.csv", text, target="2", delimiter=";")
    assert got.feature_names == ['a "1"', "b"]
    assert got.y is not None
    assert got.y.tolist() == ["x;\ny", "z"]
    tab = table(tmp_path / "t.tsv", "a\ty\n1\t2\n3\t4\n", target="y")
    np.testing.assert_array_equal(tab.X, [[1], [3]])


@pytest.mark.parametrize(
    "labels, expected",
    [(["1", "1.0", " 2"], [1.0, 1.0, 2.0]), (["01", "1", "2"], [1, 1, 2]), (["1_0", "2", "2"], ["1_0", "2", "2"])],
)
def test_labels_are_numbers_only_if_all_are(tmp_path: Path, labels: list[str], expected: list[Any]) -> None:
    text = "a,y\n" + "".join(f"1,{label}\n" for label in labels)
    got = table(tmp_path / "t.csv", text, target="y", labels=True)
    assert got.y is not None
    assert got.y.tolist() == expected


@pytest.mark.parametrize("suffix, pack", [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_files(tmp_path: Path, suffix: str, pack: Any) -> None:
    path = tmp_path / f"t.csv{suffix}"
    whole = pack(GOOD.encode() * 1)
    np.testing.assert_array_equal(table(path, whole, target="label").X[:, 1], [2.5, 4, 6])
    assert "cut off" in fault(path, whole[:-9], target="label")
    assert "compressed" in fault(tmp_path / "t.csv", whole, target="label")


BAD_CSV = [
    ("", "the file is empty"),
    ("a,b,y\n", "no rows follow the header on line 1"),
    ("a,b,y\n1,2,3\n1,2\n4,5,6\n", "line 3, column 3: 2 cells where 3 were expected$"),
    ("a,b,y\n1,2,3\n1,2,3,4\n", "line 3, column 4: 4 cells where 3 were expected$"),
    ("a,b,y\n1,2,3\n4,5", "line 3, column 3: 2 cells where 3 were expected; no line ends after it: .*cut off"),
    ("a,b,y\n1,2\n", "line 2, column 3: 2 cells, the header on line 1 has 3"),
    ("a,b,y\n1,2,3\n4,x,6\n", r"line 3, column 2 \('b'\): 'x' is not a number; .*: --ignore b$"),
    ("a b,c,y\n1,2,3\n4,,6\n", r"line 3, column 2 \('c'\): the cell is empty"),
    ("a b,c,y\nred,big,3\n", r"line 2, column 1 .*: --ignore 'a b' --ignore c$"),
    ("a,b,y\n1,2,3\n4,,6\n", r"line 3, column 2 \('b'\): the cell is empty"),
    ("a,b,y\n1,2,3\n4,nan,6\n", r"line 3, column 2 \('b'\): nan is not finite"),
    ("a,b,y\n1,2,3\n4,5,-inf\n", r"line 3, column 3 \('y'\): -inf is not finite"),
    ("a,b,y\n1,2,3\n4,5,abc\n", r"line 3, column 3 \('y'\): 'abc' is not a number$"),
    ("a,b,y\n1,2,n\n4,5,\n", r"line 3, column 3 \('y'\): the label is empty"),
    ("a,b,y\n\n1,2,3\n\n\n4,5_0,6\n", r"line 6, column 2 \('b'\): '5_0' is not a number"),
    ('a,b,y\n"1\n",2,3\n4,x,6\n', r"line 4, column 2 \('b'\): 'x'"),
    ('a,b,y\n1,2,3\n4,"5,6\n7,8,9\n', "line 3: a quoted cell is never closed; is the file cut off?"),
    ("a,a,y\n1,2,3\n", "line 1, column 2: the name 'a' stands in column 1 already"),
    (",a,y\n0,2,3\n", "line 1, column 1: the column has no name .*--ignore 0"),
    ("a;b;y\n1;2;3\n", "line 1: one column only, but it holds ';'; say --delimiter ';'"),
    ("1 1:0.5 3:2\n0 2:1\n", "line 1, column 1: this looks like the svmlight format"),
    ("y\n1\n2\n", "no column is left for the features"),
    ("a,b,c\n1,2,3\n", "--target 'y' is no column; columns: a, b, c"),
    (b"a,b,y\n1,2,3\n4,\xff5,6\n", r"line 3, column 3: byte 0xff is not UTF-8"),
    (b"a,b,y\n1,2,3\n4,5\x00,6\n", "line 3"),
    (b"\x93NUMPY\x01\x00v\x00{'descr'", r"it is a .npy file \(--format npy\)"),
    (b"PK\x03\x04", "it is a zip archive"),
]


@pytest.mark.parametrize("text, message", BAD_CSV)
def test_a_bad_csv_file_is_named_with_line_and_column(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert re.search(message, fault(tmp_path / "t.csv", text, target="y"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc/self/fd")
@pytest.mark.parametrize("text", ["a,y\n1\n", "a,y\n1,2\n1,x,3\n"])
def test_a_bad_csv_file_is_closed_while_its_error_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(BadFile) as caught:
        read(Request(str(path), target="y"), None)
    assert len(caught.traceback) > 2, "the frames that the error went through, and all that is in them"
    assert path not in [link.resolve() for link in Path("/proc/self/fd").iterdir()]


def test_a_csv_file_without_header_names_columns_by_number(tmp_path: Path) -> None:
    assert "line 2, column 1: 'x' is not a number; encode the column as numbers or leave out: --ignore 0" in fault(
        tmp_path / "t.csv", "1,2\nx,2\n", target="1"
    )
    assert "--target '7' is no column; the file has no header and 2 columns, counted from 0" in fault(
        tmp_path / "t.csv", "1,2\n3,2\n", target="7"
    )
    assert "different columns" in fault(tmp_path / "t.csv", "1,2,3\n", target="1", weights="1")


def test_a_csv_file_cut_anywhere_gives_its_whole_rows_or_a_message(tmp_path: Path) -> None:
    for size in range(len(GOOD)):
        path = tmp_path / "t.csv"
        path.write_bytes(GOOD.encode()[:size])
        got = attempt(path, target="label")
        assert got is None or got.X.tolist() == [[1, 2.5], [-30, 4], [5, 6]][: len(got.X)]


def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    chance = random.Random(0)
    files = {"t.csv": GOOD.encode(), "t.svm": b"1 1:2.5 3:1 # one\n-1 2:1e3\n1 qid:3 1:1 2:2\n"}
    for name, text in files.items():
        for _ in range(400):
            damaged = bytearray(text)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.choice(b'\x00\n\r",;:.-+eE0 9x\xff#_')
            path = tmp_path / name
            path.write_bytes(damaged)
            got = attempt(path, target="label" if name == "t.csv" else None)
            if got is not None:
                assert np.isfinite(got.X).all()
                assert got.y is not None
                assert len(got.y) == len(got.X)


def test_svmlight_counts_from_zero_or_one(tmp_path: Path) -> None:
    one = table(tmp_path / "t.svm", "1 1:2 3:4 # a comment\n-1 2:5\n\n")
    np.testing.assert_array_equal(one.X, [[2, 0, 4], [0, 5, 0]])
    assert one.y is not None
    assert (one.y.tolist(), one.layout["first_index"]) == ([1, -1], 1)
    zero = table(tmp_path / "t.svm", "1 0:2 2:4\n-1 1:5\n")
    np.testing.assert_array_equal(zero.X, one.X)
    # A later file is read as the first was, whatever its own smallest index.
    later = table(tmp_path / "t.svm", "0 1:7\n", layout=zero.layout, n_features=3)
    np.testing.assert_array_equal(later.X, [[0, 7, 0]])
    later = table(tmp_path / "t.svm", "0 2:7\n", layout=one.layout, n_features=3)
    np.testing.assert_array_equal(later.X, [[0, 7, 0]])
    assert "made dense" in one.notes[0]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "holds no rows"),
        ("1 1:2\nx 1:2\n", "line 2, column 1: the target, 'x', is not a number"),
        ("1 1:2\n1 1:2 2:x\n", "line 2, column 7: the value of feature 2, 'x', is not a number"),
        ("1 1:2\n1 1:2 2:nan\n", "line 2, column 7: the value of feature 2, nan, is not finite"),
        ("1 1:2\n1 3:2 2:1\n", "line 2, column 7: feature 2 follows feature 3; indices must ascend"),
        ("1 1:2\n1 a:2\n", "line 2, column 3: 'a' is no feature index"),
        ("1 1:2\n1 1:2 3", "line 2, column 7: '3' is not an entry INDEX:VALUE (and no line ends after it"),
        ("1 1:2\n1 1:2 3:", "line 2, column 7: the value of feature 3, '', is not a number (and no line ends after it"),
        ("a,b,c\n1,2,3\n", "line 1, column 1: the target, 'a,b,c', is not a number"),
    ],
)
def test_a_bad_svmlight_file_is_named_with_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    assert message in fault(tmp_path / "t.svm", text)


def test_svmlight_beyond_the_model_and_without_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = {"first_index": 1}
    assert "line 2, column 7: feature 4 is beyond the model's 3 features" in fault(
        tmp_path / "t.svm", "1 1:1\n1 2:1 4:1\n", layout=layout, n_features=3
    )
    assert "counts features from 0" in fault(tmp_path / "t.svm", "1 0:1\n", layout=layout, n_features=3)
    assert "leave --target out" in fault(tmp_path / "t.svm", "1 1:1\n", target="0")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(RuntimeError, match=r'pip install "fastgd\[sklearn\]"'):
        table(tmp_path / "t.svm", "1 1:1\n")


def test_zeros_of_a_sparse_file_take_no_more_memory_than_its_size_allows(tmp_path: Path) -> None:
    message = fault(tmp_path / "t.svm", f"1 1:1\n-1 {10**9}:1\n")
    assert "made dense, 2 rows of 1000000000 features take 1.53e+04 MiB for 2 entries" in message
    assert f"feature {'9' * 40}... has more than 18 digits" in fault(tmp_path / "t.svm", f"1 {'9' * 5000}:1\n")
    assert table(tmp_path / "t.svm", "1 1:1\n-1 1000000:1\n").X.shape == (2, 1_000_000)


def test_decompressed_data_do_not_grow_without_end(tmp_path: Path) -> None:
    bomb = bz2.compress(b"1,2\n" * (1 << 22))
    assert "decompressed, it is more than 1000 times as large" in fault(tmp_path / "t.csv.bz2", bomb, target="1")
    assert "decompressed, it is more than 1000 times" in fault(
        tmp_path / "t.svm.bz2", bz2.compress(b"1 1:1\n" * 999999)
    )
    assert "compressed data are damaged" in fault(tmp_path / "t.csv.bz2", b"BZh9" + bytes(40), target="1")


def test_a_long_label_is_as_long_in_its_own_row_alone(tmp_path: Path) -> None:
    long = "x" * 100_000
    tracemalloc.start()
    try:
        got = table(tmp_path / "t.csv", "a,y\n" + "1,u\n" * 1000 + f"1,{long}\n", target="y")
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    assert got.y is not None
    assert set(got.y) == {"u", long}


@pytest.mark.parametrize("dtype", ["u1", "i1", "f2", "f4", "f8", "?"])
def test_npy_files_are_mapped_as_they_are(tmp_path: Path, dtype: str) -> None:
    data = np.arange(12).reshape(4, 3).astype(dtype)
    np.save(tmp_path / "x.npy", data)
    np.save(tmp_path / "y.npy", np.array(["a", "b", "a", "b"]))
    got = read(Request(str(tmp_path / "x.npy"), target=str(tmp_path / "y.npy")), None)
    assert isinstance(got.X, np.memmap)
    assert got.X.dtype == data.dtype
    np.testing.assert_array_equal(got.X, data)
    assert got.y is not None
    assert got.y.tolist() == ["a", "b", "a", "b"]


@pytest.mark.parametrize("target, keep, mapped", [("0", [1, 2], True), ("-1", [0, 1], True), ("1", [0, 2], False)])
def test_npy_target_column(tmp_path: Path, target: str, keep: list[int], mapped: bool) -> None:
    data = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.save(tmp_path / "x.npy", data)
    got = read(Request(str(tmp_path / "x.npy"), target=target), None)
    np.testing.assert_array_equal(got.X, data[:, keep])
    assert got.X.dtype == np.uint8
    assert isinstance(got.X, np.memmap) == mapped == (got.notes == [])


def test_npy_in_the_other_byte_order_and_column_order(tmp_path: Path) -> None:
    data = np.asfortranarray(np.arange(12.0).reshape(4, 3).astype(">f8"))
    np.save(tmp_path / "x.npy", data)
    np.testing.assert_array_equal(read(Request(str(tmp_path / "x.npy"), target="0"), None).X, data[:, 1:])


def test_a_bad_npy_file_is_named_with_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.ones((100, 3)))
    whole = path.read_bytes()
    message = fault(path, whole[:-1], target="0")
    assert f"needs {len(whole)} bytes, header included; the file has {len(whole) - 1}: it is cut off" in message
    assert "more follows after the array" in fault(path, whole + b"\0", target="0")
    for size in range(130):
        fault(path, whole[:size], target="0")
    assert "not a usable .npy file" in fault(path, GOOD, target="0")
    np.save(path, np.array([{}], object), allow_pickle=True)
    assert "pickled Python objects, which are never loaded" in fault(path, path.read_bytes(), target="0")


@pytest.mark.parametrize(
    "array, request_, message",
    [
        (np.ones(3), {}, "rows and columns are needed"),
        (np.ones((0, 3)), {}, "is empty, its shape is (0, 3)"),
        (np.ones((3, 2), complex), {}, "dtype complex128 cannot be used"),
        (np.ones((3, 2)), {"target": "2"}, "--target '2' is no column; the array has 2, counted from 0"),
        (np.ones((3, 1)), {}, "no column is left"),
        (np.array([[np.nan, 1], [0, 1]]), {}, "the target of row 0 (counted from 0) is nan"),
        (np.ones((3, 2)), {"weights": "0"}, "different columns"),
    ],
)
def test_npy_arrays_that_cannot_be_used(tmp_path: Path, array: Any, request_: dict[str, Any], message: str) -> None:
    np.save(tmp_path / "x.npy", array)
    assert message in fault(tmp_path / "x.npy", (tmp_path / "x.npy").read_bytes(), **({"target": "0"} | request_))


def test_vectors_of_the_wrong_length_or_kind(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((4, 2)))
    for array, message in (
        (np.ones(3), "holds 3 weights, the data have 4 rows"),
        (np.ones((2, 2)), "must be a vector"),
    ):
        np.save(tmp_path / "w.npy", array)
        with pytest.raises(BadFile, match=message):
            read(Request(str(tmp_path / "x.npy"), target="0", weights=str(tmp_path / "w.npy")), None)


def test_blocks_of_rows_are_seamless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_BLOCK_BYTES", 100)
    data = np.arange(60.0).reshape(20, 3)
    np.testing.assert_array_equal(readers.keep_columns(data.copy(), [0, 2]), data[:, [0, 2]])
    assert readers.first_nonfinite(data) is None
    data[13, 1] = data[14, 0] = np.inf
    assert readers.first_nonfinite(data) == (13, 1)


def test_the_suffix_tells_the_format_or_the_message_does(tmp_path: Path) -> None:
    assert "give --format csv|svmlight|npy" in fault(tmp_path / "t.txt", GOOD, target="label")
    assert table(tmp_path / "t.txt", GOOD, "csv", target="label").X.shape == (3, 2)
