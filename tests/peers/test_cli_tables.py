"""The command line on files that pyarrow reads block by block: csv, parquet and arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _peers import load
from cli_terminal import Terminal

from fastgd import _model_file
from fastgd.data import ArrowSource, CsvSource, ParquetSource
from fastgd.linear_model import SGDClassifier
from fastgd.optimizers import SGD

N, D = 600, 3
NAMES = [f"x{j}" for j in range(D)]


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(N, D))
    columns = {"label": np.where(X[:, 0] > X[:, 1], "up", "down"), **{name: X[:, j] for j, name in enumerate(NAMES)}}
    table = load("pyarrow").table({**columns, "note": ["-"] * N})
    load("pyarrow.csv").write_csv(table, "t.csv")
    load("pyarrow.parquet").write_table(table, "t.parquet", row_group_size=100)
    Path("folder").mkdir()
    load("pyarrow.parquet").write_table(table, "folder/t.parquet", row_group_size=100)
    load("pyarrow.feather").write_feather(table, "t.feather", chunksize=100)
    return Terminal(tmp_path, capsys)


FILES = {"t.csv": CsvSource, "t.parquet": ParquetSource, "folder": ParquetSource, "t.feather": ArrowSource}


@pytest.mark.parametrize("file", FILES)
def test_train_is_the_fit_on_a_source(terminal: Terminal, file: str) -> None:
    words = ["--target", "label", "--ignore", "note", "--model", "m", "--lr", 0.1, "--epochs", 4]
    report = terminal.good("train", file, *words, "--max-memory", "50KB")
    source: Any = FILES[file](file, "label", columns=NAMES, max_memory="50KB")
    model = SGDClassifier(
        "log_loss", penalty=None, max_iter=4, tol=None, random_state=0, batch_size=32, optimizer=SGD(0.1)
    ).fit(source)
    trained = _model_file.load("m")
    np.testing.assert_array_equal(trained.coef, model.coef_)
    assert (trained.classes, trained.feature_names) == (["down", "up"], NAMES)
    assert float(report.value("train accuracy").split()[0]) > 0.95
    # The text file is one that is read for predictions, whatever the model is from.
    assert terminal.good("predict", "t.csv", "--model", "m").out.split()[0] == "prediction"


def test_csv_without_a_header_by_the_numbers_of_its_columns(terminal: Terminal) -> None:
    lines = Path("t.csv").read_text(encoding="utf-8").splitlines()[1:]
    Path("bare.csv").write_text("\n".join(lines).replace('"', ""), encoding="utf-8")
    words = ["--target", 0, "--ignore", -1, "--model", "m", "--lr", 0.1, "--epochs", 4, "--max-memory", "50KB"]
    assert terminal.good("train", "bare.csv", *words).value("target") == "column 0, 2 classes: down, up"
    bare = _model_file.load("m")
    terminal.good("train", "t.csv", *words)
    np.testing.assert_array_equal(bare.coef, _model_file.load("m").coef)
    assert bare.feature_names is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["t.parquet", "--target", "label", "--ignore", "other"], "--ignore 'other' is no column; columns: label, x0"),
        (["t.parquet", "--target", "label"], "columns must hold numbers, got string in column 'note' of t.parquet"),
        (["t.feather", "--target", "other"], "y must be a column of t.feather"),
        (["t.csv", "--target", "label"], "invalid value '-'"),
        (["cut.parquet", "--target", "label"], "cut.parquet must be a whole Parquet file, got 500 bytes"),
    ],
)
def test_what_is_refused(terminal: Terminal, words: list[str], message: str) -> None:
    Path("cut.parquet").write_bytes(Path("t.parquet").read_bytes()[:500])
    outcome = terminal("train", *words, "--max-memory", "50KB", "--model", "m")
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert not Path("m").exists()
