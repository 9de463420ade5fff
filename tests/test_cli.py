"""The command line: what it prints, writes, refuses and returns."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_terminal import Terminal, clouds, module, write_csv

import fastgd
from fastgd import _model_file


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


def test_info(terminal: Terminal) -> None:
    text = terminal.good("info").out
    for title in ("SIMD level", "threads", "OpenMP runtime"):
        assert re.search(rf"^{title} +\S", text, re.MULTILINE)
    report = json.loads(terminal.good("info", "--json").out)
    assert report["simd_level"] == fastgd.simd_level()
    assert report["simd_levels"] == fastgd.simd_levels()
    assert report["threads"] == fastgd.get_num_threads()
    assert all(value and value in text for value in report["config"].values())


def test_module_and_help() -> None:
    for words in (
        ["--help"],
        ["info", "--help"],
        ["demo", "--help"],
        ["train", "--help"],
        ["predict", "--help"],
        ["convert", "--help"],
        ["bench", "--help"],
    ):
        process = module(*words)
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "")
        assert out.startswith("usage: fastgd")
    for words in ([], ["fly"], ["train"], ["predict", "x.csv"]):
        process = module(*words)
        out, err = process.communicate()
        assert (process.returncode, out) == (2, "")
        assert "usage: fastgd" in err


class TestDemo:
    def test_table_picture_and_next_steps(self, terminal: Terminal) -> None:
        out = terminal.good("demo", "--epochs", 3).out
        picture = Path("fastgd_demo.png").read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
        assert width >= 1200
        assert height >= 600
        rows = {name: re.search(rf"^{name} .*$", out, re.MULTILINE) for name in ("batch", "mini-batch", "stochastic")}
        updates = {name: int(found.group().split()[3]) for name, found in rows.items() if found}
        assert updates == {"batch": 3, "mini-batch": 3 * 45, "stochastic": 3 * 1438}
        snippet = "\n".join(line.strip() for line in out.split("in Python:\n")[1].splitlines())
        terminal._capsys.readouterr()
        exec(snippet, {})
        assert float(terminal._capsys.readouterr().out.split()[-1]) < 1.0

    def test_each_way_goes_down_and_smaller_batches_faster(self, terminal: Terminal) -> None:
        lines = terminal.good("demo", "--epochs", 20, "--out", "p.svg").out.splitlines()
        table = [line.split() for line in lines if re.match(r"(batch|mini-batch|stochastic) ", line)]
        losses = [float(row[6]) for row in table]
        assert 2.31 > losses[0] > losses[1] > losses[2] > 0
        assert all(float(row[-2]) > 80 for row in table)
        # The model has seen the training rows alone.
        assert float(table[2][7]) > float(table[2][9])
        assert Path("p.svg").read_text(encoding="utf-8").startswith("<?xml")

    def test_the_seed_decides(self, terminal: Terminal) -> None:
        def numbers(seed: int) -> list[str]:
            out = terminal.good("demo", "--epochs", 2, "--seed", seed).out
            rows = [line.split() for line in out.splitlines() if re.match(r"(batch|mini-batch|stochastic) ", line)]
            return [cell for row in rows for cell in row[:4] + row[6:]]

        assert numbers(1) == numbers(1) != numbers(2)

    @pytest.mark.parametrize("package", ["sklearn.datasets", "matplotlib"])
    def test_a_missing_package_is_named(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, package: str
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        outcome = terminal("demo")
        assert outcome.status == 2
        assert 'pip install "fastgd[demo]"' in outcome.err
        assert list(Path().iterdir()) == []

    @pytest.mark.parametrize("out", ["picture.doc", "missing/picture.png"])
    def test_a_picture_that_cannot_be_written_is_refused_first(self, terminal: Terminal, out: str) -> None:
        outcome = terminal("demo", "--out", out)
        assert (outcome.status, outcome.out) == (2, "")
        assert f"--out {out}" in outcome.err


class TestRefusals:
    @pytest.fixture(autouse=True)
    def files(self, terminal: Terminal) -> None:
        X, y = clouds(60)
        write_csv("t.csv", {"a": X[:, 0], "b": X[:, 1], "y": y, "s": np.array(["u", "v", "w"])[y]})
        terminal.good("train", "t.csv", "--target", "y", "--ignore", "s", "--model", "m.npz")
        self.model = Path("m.npz").read_bytes()

    def refused(self, terminal: Terminal, *words: object) -> str:
        """The message; nothing is printed to standard output, nothing written, and an older model stays as it is."""
        before = sorted(path.name for path in Path().iterdir())
        outcome = terminal(*words)
        assert (outcome.status, outcome.out) == (2, "")
        assert "Traceback" not in outcome.err
        assert sorted(path.name for path in Path().iterdir()) == before
        assert Path("m.npz").read_bytes() == self.model
        return outcome.err

    @pytest.mark.parametrize(
        "words, message",
        [
            (["--alpha", "-1"], "alpha"),
            (["--alpha", "x"], "--alpha"),
            (["--l1-ratio", "2"], "l1_ratio"),
            (["--batch-size", "0"], "batch_size"),
            (["--batch-size", "some"], "--batch-size"),
            (["--lr", "0"], "lr"),
            (["--lr", "fast"], "--lr"),
            (["--momentum", "1"], "momentum"),
            (["--epochs", "0"], "max_epochs"),
            (["--seed", "-1"], "--seed"),
            (["--threads", "0"], "n_threads"),
            (["--tol", "maybe"], "--tol"),
            (["--loss", "unheard_of"], "--loss"),
            (["--loss", "zero_one"], "--loss"),
            (["--loss", "huber", "--loss-param", "delta=1"], "delta"),
            (["--loss", "huber", "--loss-param", "epsilon"], "NAME=VALUE"),
            (["--loss", "gamma"], "y must be > 0"),
            (["--power-t", "0.5"], "--power-t belongs to --schedule inverse_scaling"),
            (["--schedule", "inverse_scaling"], "needs a number in --lr"),
            (["--test-fraction", "1"], "--test-fraction"),
            (["--test-fraction", "0.001"], "leaves 60 to train on, 0 to test on"),
            (["--weights", "a"], "sample_weight"),
            (["--weights", "none"], "--weights 'none' is no column"),
            (["--delimiter", "ab"], "--delimiter"),
            (["--format", "sas"], "--format"),
            (["--format", "parquet"], "parquet files are read with --max-memory"),
            (["--format", "npy"], "not a usable .npy file"),
            (["--target", "s", "--loss", "squared_error"], r"column 4 \('s'\): '[uvw]' is not a number"),
            (["--model", "missing/m.npz"], "the folder .*missing does not exist"),
            (["--model", "."], "is a folder"),
            (["--model", "t.csv"], "would overwrite the data"),
        ],
    )
    def test_arguments(self, terminal: Terminal, words: list[str], message: str) -> None:
        options = {"--target": "y", "--ignore": "s", "--model": "m.npz"} | dict(
            zip(words[::2], words[1::2], strict=True)
        )
        if options["--target"] == "s":
            options["--ignore"] = "y"
        assert re.search(message, self.refused(terminal, "train", "t.csv", *sum(options.items(), ())))

    def test_files(self, terminal: Terminal) -> None:
        options = ["--target", "y", "--model", "m.npz"]
        assert "none.csv: No such file" in self.refused(terminal, "train", "none.csv", *options)
        assert "--target is needed" in self.refused(terminal, "train", "t.csv", "--model", "m.npz")
        message = self.refused(terminal, "train", "t.csv", *options)
        assert "t.csv, line 2, column 4 ('s')" in message
        Path("cut.csv").write_text("a,b,y\n1,2,0\n3,4,1\n5", encoding="utf-8")
        assert "cut.csv, line 4, column 2: 1 cell where 3" in self.refused(terminal, "train", "cut.csv", *options)
        np.save("x.npy", np.array([[1.0, 0.0], [np.nan, 1.0], [3.0, 0.0]]))
        message = self.refused(terminal, "train", "x.npy", "--target", "1", "--model", "m.npz")
        assert re.search(r"nan.*(\[1, 0\]|row 1)", message)
        write_csv("one.csv", {"a": [1, 2], "y": [7, 7]})
        assert "one value only, 7" in self.refused(terminal, "train", "one.csv", *options)

    def test_predictions(self, terminal: Terminal) -> None:
        def message(*words: object, model: str = "m.npz") -> str:
            return self.refused(terminal, "predict", *words, "--model", model, "--out", "o.csv")

        assert "none.npz: No such file" in message("t.csv", model="none.npz")
        assert "t.csv is not a usable model file" in message("t.csv", model="t.csv")
        write_csv("p.csv", {"a": [1], "c": [2]})
        assert "columns that the model was trained on are missing: 'b'" in message("p.csv")
        Path("p.csv").write_text("1,2,3\n", encoding="utf-8")
        assert "3 columns, the model needs 2" in message("p.csv")
        np.save("x.npy", np.array([[1.0, 2.0], [3.0, np.inf]]))
        assert "row 1, column 1 (counted from 0): inf is not finite" in message("x.npy")
        model = _model_file.load("m.npz")
        odd = _model_file.Model("from_the_future", model.coef, model.intercept, classes=model.classes)
        _model_file.save("odd.npz", odd)
        assert "its loss 'from_the_future' is unknown" in message("t.csv", model="odd.npz")
        assert not Path("o.csv").exists()

    def test_a_model_that_diverges_is_marked(self, terminal: Terminal) -> None:
        rng = np.random.default_rng(0)
        a = rng.normal(size=200)
        write_csv("d.csv", {"a": 100 * a, "y": a})
        words = ["--target", "y", "--model", "d.npz", "--lr", "1e9", "--epochs", "2000", "--batch-size", "full"]
        outcome = terminal("train", "d.csv", *words)
        assert outcome.status == 1
        assert "diverged" in outcome.err
        assert _model_file.load("d.npz").training["status"] == "diverged"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
class TestSignals:
    def test_ctrl_c_while_training_writes_the_best_model_so_far(self, tmp_path: Path) -> None:
        X, y = clouds(20_000)
        np.save(tmp_path / "x.npy", X)
        np.save(tmp_path / "y.npy", y)
        words = ["--target", "y.npy", "--model", "m.npz", "--epochs", "100000000", "--tol", "none", "--progress"]
        process = module("train", "x.npy", *words, cwd=tmp_path)
        assert process.stderr is not None
        assert process.stderr.read(1)  # training has begun: progress shows
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "interrupted: m.npz holds the best model up to then" in err
        assert "Traceback" not in err
        assert "interrupted" in out
        model = _model_file.load(tmp_path / "m.npz")
        assert model.training["status"] == "interrupted"
        assert np.mean(model.class_index(model.raw(X)) == y) > 0.9

    def test_ctrl_c_while_reading_writes_nothing(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "t.csv")
        process = module("train", "t.csv", "--target", "y", "--model", "m.npz", cwd=tmp_path)
        with open(tmp_path / "t.csv", "w", encoding="utf-8"):
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err.strip() == "fastgd train: note: interrupted; nothing was written"
        assert not (tmp_path / "m.npz").exists()

    def test_a_reader_that_goes_away_is_no_error(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.ones((200_000, 2)))
        model = _model_file.Model("squared_error", np.ones((1, 2)), np.zeros(1))
        _model_file.save(tmp_path / "m", model)
        with module("predict", "x.npy", "--model", "m", cwd=tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "prediction\n"
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == ""
            assert process.wait(60) == 1
