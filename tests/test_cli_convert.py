"""``fastgd convert``: a folder of arrays from a file, which ``fastgd train --max-memory`` learns the same from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_terminal import Terminal, clouds
from sklearn.datasets import dump_svmlight_file

from fastgd import _model_file


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


TRAIN = ["--model", "m", "--max-memory", "20KB", "--lr", 0.1, "--epochs", 3]


def test_columns_of_an_array(terminal: Terminal) -> None:
    X, y = clouds()
    np.save("t.npy", np.column_stack([y, X.round()]).astype(np.float64))
    out = terminal.good("convert", "t.npy", "rows", "--target", 0, "--dtype", "float16").out
    assert out.startswith("rows: 300 rows, 2 features, float16, ")
    np.testing.assert_array_equal(np.load("rows/X.npy"), X.round())
    np.testing.assert_array_equal(np.load("rows/y.npy"), y)
    report = terminal.good("train", "rows", *TRAIN)
    assert report.value("data") == "rows: 300 rows, 2 features, float16"
    assert report.value("target") == "y.npy, 3 classes: 0, 1, 2"
    predicted = terminal.good("predict", "rows/X.npy", "--model", "m").out.split()[1:]
    assert np.mean(np.array(predicted, int) == y) > 0.9


def test_sparse_rows_of_double_precision(terminal: Terminal) -> None:
    X, y = clouds(n_classes=2)
    dump_svmlight_file(X, y, "t.svm", zero_based=False)
    assert "CSR float64" in terminal.good("convert", "t.svm", "rows", "--dtype", "float64").out
    terminal.good("train", "rows", *TRAIN, "--batch-size", 1, "--seed", 2)
    assert _model_file.load("m").coef.dtype == np.float64
    terminal.good("convert", "t.svm", "single")
    assert np.load("single/data.npy").dtype == np.float32


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["t.npy", "there", "--target", 0], "path must be a folder that does not exist, got 'there'"),
        (["t.npy", "rows"], "--target is needed"),
        (["t.npy", "rows", "--target", 0, "--dtype", "uint8"], "X must hold numbers that uint8 holds, got"),
        (["there", "rows", "--target", 0], "--target has no meaning for a folder that fastgd convert wrote"),
        (["none.npy", "rows", "--target", 0], "none.npy: No such file"),
        (["t.npy", "none/rows", "--target", 0], "No such file"),
    ],
)
def test_what_is_refused(terminal: Terminal, words: list[object], message: str) -> None:
    X, y = clouds()
    np.save("t.npy", np.column_stack([y, X]))
    terminal.good("convert", "t.npy", "there", "--target", 0)
    outcome = terminal("convert", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert sorted(path.name for path in Path().iterdir()) == ["t.npy", "there"]
