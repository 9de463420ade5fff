"""``fastgd train --max-memory``: the fit of an estimator on a source, by the words of the command line."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_terminal import Terminal, clouds, module, write_csv
from sklearn.datasets import dump_svmlight_file
from sklearn.exceptions import ConvergenceWarning

from fastgd import _model_file
from fastgd.cli.train_source import _Followed
from fastgd.data import NpySource, Source, SvmlightSource
from fastgd.linear_model import SGDClassifier, SGDRegressor
from fastgd.optimizers import SGD

SMALL = "20KB"


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


class Expecting(NpySource):
    """Which writes down what it is asked to expect."""

    def expect(self, part: int) -> None:
        self.expected = [*vars(self).get("expected", []), part]


def test_the_disk_is_told_what_comes_next_and_a_look_is_no_epoch() -> None:
    source = Expecting(np.ones((1000, 4)), np.ones(1000), max_memory="20KB")
    followed = _Followed(source, 2, shows=False)
    next(iter(followed))
    assert followed._n_begun == 0
    SGDRegressor(max_iter=2, tol=None).fit(followed)
    assert followed._n_begun == 2 * source.n_parts
    assert len(source.expected) == 2 * (source.n_parts - 1)
    assert followed.block_rows == source.block_rows


def same_as(estimator: Any, source: Source) -> None:
    """The model file holds what an estimator learns from a source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(source)
    model = _model_file.load("m")
    np.testing.assert_array_equal(model.coef, np.atleast_2d(estimator.coef_))
    np.testing.assert_array_equal(model.intercept, estimator.intercept_)


def test_it_is_the_fit_on_a_source(terminal: Terminal) -> None:
    X, y = clouds()
    np.save("X.npy", X.astype(np.float32))
    np.save("y.npy", y)
    words = ["--target", "y.npy", "--model", "m", "--alpha", 0.01, "--l1-ratio", 0.5, "--epochs", 7, "--seed", 3]
    report = terminal.good("train", "X.npy", *words, "--max-memory", SMALL, "--lr", 0.1, "--momentum", 0.5)
    options: dict[str, Any] = {"penalty": "elasticnet", "alpha": 0.01, "l1_ratio": 0.5, "max_iter": 7, "tol": 1e-4}
    model = SGDClassifier(
        "multinomial", **options, random_state=3, batch_size=32, optimizer=SGD(0.1, momentum=0.5), n_threads=1
    )
    same_as(model, NpySource("X.npy", "y.npy", max_memory=SMALL))
    assert report.value("data") == "X.npy: 300 rows, 2 features, float32"
    assert report.value("target") == "y.npy, 3 classes: 0, 1, 2"
    assert report.value("train accuracy") == f"{model.score(X.astype(np.float32), y):.4f} (300 rows)"
    assert float(report.value("objective")) == pytest.approx(model.loss_curve_[-1], rel=1e-5)
    predicted = terminal.good("predict", "X.npy", "--model", "m").out.split()[1:]
    assert np.mean(np.array(predicted, int) == y) > 0.95


def test_numbers_in_columns_of_the_file(terminal: Terminal) -> None:
    X, _ = clouds()
    y = X @ [1.0, -2.0] + 1e6
    weights = np.arange(300) % 3 / 2
    np.save("t.npy", np.column_stack([weights, X, y]))
    words = ["--target", 3, "--weights", 0, "--model", "m", "--lr", 0.1, "--tol", "none", "--epochs", 20]
    report = terminal.good("train", "t.npy", *words, "--max-memory", SMALL)
    data = np.load("t.npy")
    model = SGDRegressor(alpha=0.0, max_iter=20, tol=None, random_state=0, batch_size=32, optimizer=SGD(0.1))
    same_as(model, NpySource(data[:, 1:3], y, sample_weight=weights, max_memory=SMALL))
    shown, rows = report.value("train R2").split(" ", 1)
    assert rows == "(300 rows, weighted)"
    assert float(shown) == pytest.approx(model.score(X, y, sample_weight=weights), abs=1e-4)
    assert "more than 20 different numbers" in report.value("loss")


@pytest.mark.parametrize("zero_based", [False, True])
def test_svmlight_stays_sparse(terminal: Terminal, zero_based: bool) -> None:
    X, y = clouds(n_classes=2)
    dump_svmlight_file(X, 2 * y - 1, "t.svm", zero_based=zero_based)
    report = terminal.good("train", "t.svm", "--model", "m", "--max-memory", SMALL, "--lr", 0.1, "--epochs", 5)
    options: dict[str, Any] = {"alpha": 0.0, "max_iter": 5, "random_state": 0, "batch_size": 32}
    same_as(SGDClassifier("log_loss", **options, optimizer=SGD(0.1)), SvmlightSource("t.svm", max_memory=SMALL))
    assert "made dense" not in report.err
    assert report.value("target").endswith("2 classes: -1, 1")
    predicted = terminal.good("predict", "t.svm", "--model", "m").out.split()[1:]
    assert np.mean(np.array(predicted, int) == 2 * y - 1) > 0.95


def test_it_ends_by_tol_and_shows_how_far_it_is(terminal: Terminal) -> None:
    X, _ = clouds()
    np.save("X.npy", X)
    np.save("y.npy", X[:, 0])
    words = ["train", "X.npy", "--target", "y.npy", "--model", "m", "--max-memory", SMALL, "--lr", 0.1]
    quiet = terminal.good(*words)
    loud = terminal.good(*words, "--progress")
    assert quiet.err == ""
    assert "epoch 1/100  " in loud.err
    assert " rows read (" in loud.err
    assert quiet.value("epochs").endswith("ended: converged")
    assert _model_file.load("m").training["epochs"] < 100


REFUSED = [
    (["X.npy", "--target", "y.npy", "--test-fraction", "0.1"], "--test-fraction needs all rows in memory"),
    (["X.npy", "--target", "y.npy", "--standardize"], "--standardize needs all rows in memory"),
    (["X.npy", "--target", "y.npy", "--batch-size", "full"], "batch_size must be a number of rows"),
    (["X.npy", "--target", "y.npy", "--batch-size", "9999"], "max_memory must be at least"),
    (["X.npy", "--target", "y.npy", "--max-memory", "much"], "max_memory must be a number of bytes >= 1"),
    (["X.npy"], "--target is needed"),
    (["X.npy", "--target", "9"], "--target '9' is no column"),
    (["three.npy", "--target", "1"], "the columns of features must be side by side"),
    (["nan.npy", "--target", "0"], "got nan in column 1 of row 3 of X"),
    (["t.svm", "--target", "0"], "--target has no meaning for the svmlight format"),
    (["bad.svm"], "bad.svm cannot be read: at byte 6"),
    (["none.csv", "--target", "a"], "none.csv: No such file"),
    (["t.csv", "--target", "a", "--weights", "y.npy"], "a file of weights goes with npy files alone"),
    (["X.txt", "--target", "a"], "the suffix does not tell the format"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_is_refused(terminal: Terminal, words: list[str], message: str) -> None:
    X, y = clouds()
    np.save("X.npy", X)
    np.save("y.npy", y)
    np.save("three.npy", np.column_stack([X[:, 0], y, X[:, 1]]))
    bad = np.column_stack([y, X])
    bad[3, 2] = np.nan
    np.save("nan.npy", bad)
    Path("t.svm").write_text("1 1:2\n")
    Path("bad.svm").write_text("1 1:2\n0 1:x\n")
    write_csv("t.csv", {"a": y, "b": y})
    memory = [] if "--max-memory" in words else ["--max-memory", SMALL]
    outcome = terminal("train", *words, *memory, "--model", "m")
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert not Path("m").exists()


def test_parquet_needs_a_budget(terminal: Terminal) -> None:
    outcome = terminal("train", "t.parquet", "--target", "a", "--model", "m")
    assert outcome.status == 2
    assert "t.parquet: parquet files are read with --max-memory, such as --max-memory 1GB" in outcome.err


def test_a_model_that_diverges_is_marked(terminal: Terminal) -> None:
    X, _ = clouds()
    np.save("X.npy", X)
    np.save("y.npy", X[:, 0])
    outcome = terminal("train", "X.npy", "--target", "y.npy", "--model", "m", "--max-memory", SMALL, "--lr", "1e9")
    assert outcome.status == 1
    assert "diverged" in outcome.err
    assert _model_file.load("m").training["status"] == "diverged"


@pytest.mark.parametrize("memory", [[], ["--max-memory", SMALL]])
def test_it_goes_on_from_a_checkpoint(terminal: Terminal, memory: list[str]) -> None:
    X, y = clouds()
    np.save("X.npy", X)
    np.save("y.npy", y)
    words = ["train", "X.npy", "--target", "y.npy", *memory, "--tol", "none"]
    terminal.good(*words, "--model", "whole", "--epochs", 6)
    terminal.good(*words, "--model", "half", "--epochs", 3, "--checkpoint", "c.ckpt")
    report = terminal.good(*words, "--model", "half", "--epochs", 6, "--checkpoint", "c.ckpt")
    assert report.value("epochs").startswith("6 (60 updates")
    assert Path("half").read_bytes() == Path("whole").read_bytes()
    other = terminal(*words, "--model", "other", "--epochs", 6, "--checkpoint", "c.ckpt", "--seed", 1)
    assert other.status == 2
    assert "c.ckpt is the checkpoint of another run" in other.err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_writes_the_model_so_far(tmp_path: Path) -> None:
    X, y = clouds(20_000)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    words = ["--target", "y.npy", "--model", "m", "--epochs", "100000000", "--tol", "none", "--progress"]
    process = module("train", "X.npy", *words, "--max-memory", "1MB", cwd=tmp_path)
    assert process.stderr is not None
    assert process.stderr.read(1)  # training has begun: progress shows
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: m holds the best model up to then" in err
    assert "Traceback" not in err
    model = _model_file.load(tmp_path / "m")
    assert model.training["status"] == "interrupted"
    assert np.mean(model.class_index(model.raw(X)) == y) > 0.9
