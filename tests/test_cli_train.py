"""``fastgd train`` and ``fastgd predict``: what goes in by a file comes out as a model, and as predictions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _rounding import EPS64
from cli_terminal import Terminal, clouds, write_csv

import fastgd
from fastgd import _model_file
from fastgd.cli import train
from fastgd.reference import KINDS


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


def test_labels_survive_the_way_through_the_model(terminal: Terminal) -> None:
    X, y = clouds()
    names = np.array(["ænd", "both", "c 3"])[y]
    write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "kind": names})
    report = terminal.good("train", "t.csv", "--target", "kind", "--model", "m.npz", "--test-fraction", "0.25")
    assert report.value("data").startswith("t.csv: 300 rows, 2 features")
    assert report.value("loss").startswith("multinomial (chosen")
    assert "mini-batch" in report.value("mode")
    assert float(report.value("test accuracy").split()[0]) > 0.95
    assert report.value("test accuracy").endswith("(75 rows)")
    assert report.value("train accuracy").endswith("(225 rows)")
    model = _model_file.load("m.npz")
    assert (model.classes, model.feature_names) == (["both", "c 3", "ænd"], ["a", "b"])
    # Other columns, in another order: they are found by name.
    write_csv("p.csv", {"b": X[:, 1], "id": ["row"] * 300, "a": X[:, 0]})
    header, *lines = terminal.good("predict", "p.csv", "--model", "m.npz").out.splitlines()
    assert header == "prediction"
    assert np.mean(np.array(lines) == names) > 0.95
    terminal.good("predict", "p.csv", "--model", "m.npz", "--out", "o.csv", "--scores")
    header, *lines = Path("o.csv").read_text(encoding="utf-8").splitlines()
    assert header == "prediction,score_both,score_c 3,score_ænd"
    scores = np.array([line.split(",")[1:] for line in lines], float)
    np.testing.assert_allclose(scores, X @ model.coef.T + model.intercept, rtol=1e-12)


@pytest.mark.parametrize(
    "values, loss",
    [
        (["no", "yes"], "log_loss"),
        ([-1, 1], "log_loss"),
        ([2.5, 3.5], "log_loss"),
        ([3, 5, 9], "multinomial"),
        (np.linspace(0, 1, 50), "squared_error"),
        ([0.5, 1, 2], "squared_error"),
        (range(40), "squared_error"),
    ],
)
def test_the_loss_follows_from_the_target(terminal: Terminal, values: Any, loss: str) -> None:
    y = [values[i % len(values)] for i in range(60)]
    write_csv("t.csv", {"a": np.arange(60) / 60, "y": y})
    report = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--epochs", 2)
    assert report.value("loss").split()[0] == loss
    classes = _model_file.load("m").classes
    assert classes == (None if loss == "squared_error" else sorted(values))
    predicted = terminal.good("predict", "t.csv", "--model", "m").out.splitlines()[1:]
    assert len(predicted) == 60
    assert classes is None or set(predicted) <= set(map(str, classes))


@pytest.mark.parametrize("loss", sorted(KINDS))
def test_every_loss(terminal: Terminal, loss: str) -> None:
    X, y = clouds()
    write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "y": y + 1})
    report = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--loss", loss)
    model = _model_file.load("m")
    assert (model.loss, "chosen" in report.value("loss")) == (loss, False)
    predicted = np.array(terminal.good("predict", "t.csv", "--model", "m").out.splitlines()[1:], float)
    if KINDS[loss] == "regression":
        assert model.classes is None
        shown = float(report.value("train R2").split()[0])
        assert shown == pytest.approx(1 - np.mean((y + 1 - predicted) ** 2) / np.var(y), abs=1e-4)
    else:
        assert model.classes == [1, 2, 3]
        assert float(report.value("train accuracy").split()[0]) == round(float(np.mean(predicted == y + 1)), 4) > 0.9


def test_it_is_what_python_does(terminal: Terminal) -> None:
    X, y = clouds(n_classes=2)
    np.save("x.npy", X)
    np.save("y.npy", y)
    words = ["--alpha", "0.01", "--l1-ratio", "0.5", "--batch-size", "16", "--lr", "0.1", "--momentum", "0.5"]
    words += ["--epochs", "7", "--seed", "3", "--tol", "none", "--schedule", "inverse_scaling", "--power-t", "0.25"]
    words += ["--loss", "modified_huber"]
    report = terminal.good("train", "x.npy", "--target", "y.npy", "--model", "m", *words)
    objective = fastgd.LinearObjective(X, y, loss="modified_huber", alpha=0.01, l1_ratio=0.5)
    result = fastgd.minimize(
        objective,
        optimizer=fastgd.optimizers.SGD(fastgd.schedules.InverseScaling(0.1, power_t=0.25), momentum=0.5),
        batch_size=16,
        max_epochs=7,
        tol=None,
        random_state=3,
    )
    coef, intercept = objective.unpack(result.x)
    model = _model_file.load("m")
    np.testing.assert_array_equal(model.coef, coef)
    np.testing.assert_array_equal(model.intercept, intercept)
    assert float(report.value("objective")) == pytest.approx(result.fun, rel=1e-5)
    assert report.value("epochs").startswith(f"7 ({result.n_steps} updates")
    assert model.training["objective"] == result.fun


def test_the_report_and_the_model_tell_why_this_rate(terminal: Terminal) -> None:
    X, y = clouds(n_classes=2)
    np.save("x.npy", X)
    np.save("y.npy", y)
    report = terminal.good("train", "x.npy", "--target", "y.npy", "--model", "m", "--batch-size", "full")
    why = _model_file.load("m").training["lr_reason"]
    assert " = 1/L with L = 0.25 * " in why
    assert report.value("learning rate").endswith(f", from the data: {why}")
    report = terminal.good("train", "x.npy", "--target", "y.npy", "--model", "m", "--lr", "0.1")
    assert (report.value("learning rate"), _model_file.load("m").training["lr_reason"]) == ("0.1", "")


def test_equal_commands_make_equal_files(terminal: Terminal) -> None:
    X, y = clouds(2000)
    write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "y": y})
    for name, threads in (("one", 1), ("two", 2), ("seven", 7)):
        terminal.good("train", "t.csv", "--target", "y", "--model", name, "--threads", threads, "--seed", 5)
    assert Path("one").read_bytes() == Path("two").read_bytes() == Path("seven").read_bytes()
    terminal.good("train", "t.csv", "--target", "y", "--model", "other", "--seed", 6)
    assert not np.array_equal(_model_file.load("other").coef, _model_file.load("one").coef)


def test_bytes_reach_the_objective_as_they_lie_in_the_file(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Spy(fastgd.LinearObjective):
        def __init__(self, X: Any, y: Any, **keywords: Any) -> None:
            seen.append(X)
            super().__init__(X, y, **keywords)

    X, y = clouds()
    np.save("x.npy", np.concatenate([y[:, None], X * 20 + 128], axis=1).astype(np.uint8))
    monkeypatch.setattr(train.fastgd, "LinearObjective", Spy)
    report = terminal.good("train", "x.npy", "--target", "0", "--model", "m", "--test-fraction", "0.2")
    assert isinstance(seen[0], np.memmap)
    assert (seen[0].dtype, seen[0].strides) == (np.uint8, (3, 1))
    assert report.value("data").endswith("uint8")
    assert _model_file.load("m").coef.shape == (3, 2)
    terminal.good("predict", "x.npy", "--model", "m", "--ignore", "0")


def test_held_out_rows_leave_no_trace(terminal: Terminal) -> None:
    X, y = clouds()
    held_out = np.random.default_rng(4).permutation(300)[:60]
    words = ["--target", "y", "--test-fraction", "0.2", "--seed", "4", "--batch-size", "16"]
    write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "y": y})
    first = terminal.good("train", "t.csv", "--model", "first", *words)
    y[held_out] = (y[held_out] + 1) % 3
    write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "y": y})
    second = terminal.good("train", "t.csv", "--model", "second", *words)
    np.testing.assert_array_equal(_model_file.load("first").coef, _model_file.load("second").coef)
    assert first.value("train accuracy") == second.value("train accuracy")
    assert float(first.value("test accuracy").split()[0]) > 0.9
    assert float(second.value("test accuracy").split()[0]) < 0.1


def test_weights_count_as_rows(terminal: Terminal) -> None:
    X, y = clouds(50)
    times = np.arange(50) % 3
    write_csv("w.csv", {"a": X[:, 0], "w": times, "b": X[:, 1], "y": y})
    write_csv("r.csv", {"a": np.repeat(X[:, 0], times), "b": np.repeat(X[:, 1], times), "y": np.repeat(y, times)})
    np.save("w.npy", times)
    options = ["--target", "y", "--batch-size", "full", "--lr", "0.2", "--tol", "none", "--epochs", 30]
    by_column = terminal.good("train", "w.csv", "--weights", "w", "--model", "column", *options)
    terminal.good("train", "w.csv", "--ignore", "w", "--weights", "w.npy", "--model", "file", *options)
    repeated = terminal.good("train", "r.csv", "--model", "repeated", *options)
    np.testing.assert_array_equal(_model_file.load("column").coef, _model_file.load("file").coef)
    np.testing.assert_allclose(
        _model_file.load("column").coef, _model_file.load("repeated").coef, rtol=1e-9, atol=1e-12
    )
    assert by_column.value("train accuracy").split()[0] == repeated.value("train accuracy").split()[0]


def test_svmlight(terminal: Terminal) -> None:
    X, y = clouds(n_classes=2)
    lines = (f"{2 * label - 1} 1:{a} 2:{b}\n" for (a, b), label in zip(X, y, strict=True))
    Path("t.svm").write_text("".join(lines), encoding="utf-8")
    report = terminal.good("train", "t.svm", "--model", "m")
    assert "made dense" in report.err
    assert report.value("target").endswith("2 classes: -1, 1")
    predicted = terminal.good("predict", "t.svm", "--model", "m").out.split()[1:]
    assert np.mean(np.array(predicted, int) == 2 * y - 1) > 0.95


def test_loss_parameters_reach_loss_and_model(terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    write_csv("t.csv", {"a": rng.normal(size=500), "y": rng.normal(size=500)})
    options = ["--target", "y", "--model", "m", "--loss", "quantile", "--batch-size", "full", "--epochs", 2000]
    terminal.good("train", "t.csv", *options, "--loss-param", "quantile=0.9", "--lr", "0.05")
    model = _model_file.load("m")
    assert model.loss_params == {"quantile": 0.9}
    assert model.intercept[0] == pytest.approx(1.28, abs=0.2)


def test_notes_on_scale_and_on_an_early_end(terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=200), rng.normal(size=200)
    write_csv("t.csv", {"a": a, "tall one": 1e6 * b, "y": a + b})
    report = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--epochs", 1)
    assert re.search(r"'tall one' is 1e\+06 times as large as 'a'.*try --standardize", report.err)
    write_csv("t.csv", {"a": a, "b": b, "y": a + b})
    report = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--epochs", 3)
    assert "more --epochs" in report.err
    report = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--epochs", 500, "--batch-size", 4)
    assert "note" not in report.err


def test_a_model_of_standardised_columns_is_for_the_columns_as_they_are(terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 400))
    columns = {"a": a - 5.0, "tall one": 1e6 * b + 3e6}
    write_csv("t.csv", {**columns, "y": a + b})
    options = ["--target", "y", "--model", "m", "--test-fraction", "0.25", "--batch-size", "full", "--tol", "none"]
    report = terminal.good("train", "t.csv", *options, "--standardize")
    assert report.value("data").endswith(", standardised")
    assert "note" not in report.err
    assert float(report.value("test R2").split()[0]) > 0.999
    model = _model_file.load("m")
    assert model.training["standardize"]
    # Steps of 1/L leave a tenth of the way where two columns hardly correlate: a hundred of them all but rounding.
    np.testing.assert_allclose(model.coef, [[1.0, 1e-6]], rtol=64 * EPS64)
    write_csv("p.csv", columns)
    predicted = terminal.good("predict", "p.csv", "--model", "m").out.split()[1:]
    # Beside the coefficients the intercept is rounded, which is -2: the columns' means times them.
    np.testing.assert_allclose(np.array(predicted, float), a + b, atol=64 * EPS64 * 8.0)
    assert "--standardize" in terminal.good("train", "t.csv", *options, "--epochs", 1).err


def test_progress_goes_to_standard_error(terminal: Terminal) -> None:
    X, y = clouds()
    write_csv("t.csv", {"a": X[:, 0], "y": y})
    quiet = terminal.good("train", "t.csv", "--target", "y", "--model", "m", "--tol", "none", "--epochs", 3)
    loud = terminal.good(
        "train", "t.csv", "--target", "y", "--model", "m", "--tol", "none", "--epochs", 3, "--progress"
    )
    assert len(loud.err) > len(quiet.err)
    assert re.sub(r"[\d.]+ s", "", loud.out) == re.sub(r"[\d.]+ s", "", quiet.out)


@pytest.mark.parametrize(
    "layout, message",
    [
        ([1], "the layout of its training data must be an object"),
        ({"delimiter": ",;"}, "its delimiter must be one ASCII character, not ',;'"),
        ({"first_index": "x"}, "its first index must be 0 or 1, not 'x'"),
    ],
)
def test_a_model_whose_layout_is_none_is_refused(terminal: Terminal, layout: Any, message: str) -> None:
    write_csv("t.csv", {"a": [1, 2]})
    model = _model_file.Model("squared_error", np.ones((1, 1)), np.zeros(1), training={"layout": layout})
    _model_file.save("m.npz", model)
    refused = terminal("predict", "t.csv", "--model", "m.npz")
    assert refused.status == 2
    assert f"m.npz: {message}" in refused.err


def test_a_prediction_beyond_float64_is_named_and_not_printed(terminal: Terminal) -> None:
    write_csv("t.csv", {"a": [1, 1000]})
    _model_file.save("m.npz", _model_file.Model("poisson", np.ones((1, 1)), np.zeros(1)))
    refused = terminal("predict", "t.csv", "--model", "m.npz")
    assert refused.status == 2
    assert "t.csv: the prediction of row 1 (counted from 0) is not finite: its score, 1000.0, is too large for exp" in (
        refused.err
    )
