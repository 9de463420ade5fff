"""``fastgd bench``: what a run prints, writes and returns, and that no time stands beside a result that is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_terminal import Outcome

import fastgd
from fastgd import _core

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "bench" / "python"
ONE = ("--small", "--only", "full_batch", "--threads", "1")

# The command line, with something of the suite replaced before it runs.
PLANTED = """
import sys
sys.path.insert(0, {suite!r})
{plant}
from fastgd import cli
sys.exit(cli.main(["bench", *sys.argv[1:]]))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finish(process: subprocess.Popen[str]) -> Outcome:
    out, err = process.communicate(timeout=120)
    return Outcome(process.returncode, out, err)


def start(*command: object) -> subprocess.Popen[str]:
    """The suite has modules of common names and chooses kernels: a process of its own."""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *map(str, command)], stdout=pipe, stderr=pipe, text=True)


def bench(*words: object, plant: str = "") -> Outcome:
    return finish(start("-c", PLANTED.format(suite=str(SUITE), plant=plant), *words))


def table(text: str) -> list[list[str]]:
    """The rows of the table that a run prints, without head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"][2:]


def results(out: str = "fastgd_bench") -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(Path(out, "results.json").read_text(encoding="utf-8"))
    return kept


class TestRun:
    def test_table_results_and_picture(self) -> None:
        outcome = bench(*ONE)
        assert (outcome.status, outcome.err) == (0, "")
        rows = table(outcome.out)
        kept = results()["rows"]["full_batch"]
        assert [row[0] for row in rows] == [row["problem"] for row in kept]
        measured = [row for row in kept if row["seconds"]]
        assert len(measured) >= 6  # three shapes in two types
        assert all(row["seconds"].keys() >= {"fastgd", "NumPy"} for row in measured)
        for row in measured:
            beside = min(time for name, time in row["seconds"].items() if row["rival"].startswith(name))
            assert row["ratio"] == pytest.approx(beside / row["seconds"]["fastgd"])
        picture = Path("fastgd_bench", "full_batch.svg").read_text(encoding="utf-8")
        assert {"fastgd", "NumPy", "threads: 1"} <= set(re.findall(r">([^<>]+)</text>", picture))
        assert all(row["problem"] in picture for row in measured)
        assert sorted(path.name for path in Path("fastgd_bench").iterdir()) == ["full_batch.svg", "results.json"]
        assert outcome.out.endswith("\nresults.json and pictures are in fastgd_bench\n")
        assert results()["status"] == 0

    def test_what_an_earlier_run_has_left_stays(self) -> None:
        for out in ("fastgd_bench", "fastgd_bench_2"):
            assert bench("--small", "--only", "overhead").status == 0
            assert results(out)["rows"].keys() == {"overhead"}

    def test_what_it_was_measured_on_and_what_is_missing_is_said(self) -> None:
        outcome = bench("--small", "--only", "overhead", "to_optimum", "wheel_size", "--threads", "1")
        kept = results()
        for name in kept["absent"]:
            assert f"not here, so not compared: {name}" in outcome.out
        assert any(name.startswith("limits of the machine") for name in kept["absent"])
        assert f"SIMD level {fastgd.simd_level()}" in kept["about"]["fastgd"]
        assert fastgd.__version__ in kept["about"]["fastgd"]
        beside = {row[0]: row[3] for row in table(outcome.out)}
        assert beside["wheel_size"] == "not measured: no --wheel was given"
        assert any(problem.startswith("drawn like ijcnn1 ") for problem in beside)

    def test_a_clone_runs_the_same(self) -> None:
        outcome = finish(start(SUITE, "--small", "--only", "overhead", "--out", "clone"))
        assert (outcome.status, outcome.err) == (0, "")
        assert [row[0] for row in table(outcome.out)] == ["overhead of value_and_grad, 1 x 10"]
        assert results("clone")["small"] is True

    def test_a_lower_simd_level_is_the_one_that_runs_and_lowers_the_goals(self) -> None:
        level = fastgd.simd_levels()[-1]
        outcome = bench(*ONE, "--simd", level)
        assert outcome.status == 0, outcome.err
        assert f"SIMD level {level}," in outcome.out
        goals = {row[5] for row in table(outcome.out)} - {""}
        assert ">= 1.87" in goals  # 0.85 of 2.2
        assert ">= 2.2" not in goals

    @pytest.mark.parametrize("level, goals", [("avx512", ["0.8", "0.8"]), ("avx2", ["0.68", "0.8"])])
    def test_a_goal_that_holds_everywhere_is_the_same_on_every_simd_level(self, level: str, goals: list[str]) -> None:
        plant = f"""
import fastgd, problems, report
fastgd.simd_level = lambda: {level!r}
problems.rows = lambda name, setting: (
    report.compare("one", 1, {{"fastgd": 1.0, "other": 2.0}}, ["other"], 0.8, everywhere=everywhere)
    for everywhere in (False, True)
)
"""
        outcome = bench("--small", "--only", "contention", plant=plant)
        assert [row[5] for row in table(outcome.out)] == [f">= {goal}" for goal in goals]

    def test_memory_is_drawn_too(self) -> None:
        plant = """
import problems, report
row = report.Row("a fit", 1, own="2 MB", ratio=2.0, bytes={"fastgd": 2e6, "somebody": 4e6})
problems.rows = lambda name, setting: [row]
"""
        assert bench("--small", "--only", "memory", plant=plant).status == 0
        texts = re.findall(r">([^<>]+)</text>", Path("fastgd_bench", "memory.svg").read_text(encoding="utf-8"))
        assert {"memory: memory, and how many times that of fastgd", "2 MB", "4 MB, 2.00"} <= set(texts)


class TestDisagreement:
    # What NumPy computes, and a little beside it.
    WRONG = """
import peers.with_numpy as peer
right = peer.log_loss
def log_loss(X, y, n_threads):
    function = right(X, y, n_threads)
    return lambda w: (function(w)[0] * 1.001, function(w)[1])
peer.log_loss = log_loss
"""

    def test_names_the_peer_and_goes_on_with_the_other_problems(self) -> None:
        outcome = bench("--small", "--only", "full_batch", "overhead", plant=self.WRONG)
        assert outcome.status == 1
        assert re.search(r"^fastgd bench: error: full_batch: NumPy: loss differs", outcome.err, re.MULTILINE)
        assert "Traceback" not in outcome.err
        rows = table(outcome.out)
        assert [row[0] for row in rows] == ["full_batch", "overhead of value_and_grad, 1 x 10"]
        assert rows[0][3].startswith("not measured: NumPy: loss differs")
        assert not any(row["seconds"] for row in results()["rows"]["full_batch"])
        assert not Path("fastgd_bench", "full_batch.svg").exists()
        assert results()["status"] == 1

    def test_any_other_error_is_shown_and_named_and_the_other_problems_go_on(self) -> None:
        plant = """
import problems
measured = problems.rows
def rows(name, setting):
    return measured(name, setting) if name == "overhead" else iter([1 / 0])
problems.rows = rows
"""
        outcome = bench("--small", "--only", "full_batch", "overhead", plant=plant)
        assert outcome.status == results()["status"] == 3
        assert "Traceback" in outcome.err
        assert "fastgd bench: error: full_batch: it failed with ZeroDivisionError\n" in outcome.err
        rows = table(outcome.out)
        assert [row[0] for row in rows] == ["full_batch", "overhead of value_and_grad, 1 x 10"]
        assert rows[0][3] == "not measured: it failed with ZeroDivisionError"


class TestRefusals:
    @pytest.mark.parametrize(
        "words, message",
        [
            (["--only", "nothing"], "--only: invalid choice: 'nothing'"),
            (["--threads", "0"], "--threads must be at least 1, not 0"),
            (["--threads", "many"], "--threads: invalid int value: 'many'"),
            (["--rounds", "3"], "--rounds must be at least 7, not 3"),
            (["--simd", "sse9"], "--simd: invalid choice: 'sse9'"),
            (["--limits", "none.so"], "--limits: there is no file none.so"),
            (["--wheel", "none.whl"], "--wheel: there is no file none.whl"),
            (["--data", "none"], f"--data: there is no file {Path('none', 'load.py')}"),
            (["--out", "full"], "--out full: the folder holds files already"),
            (["--out", "full/mine"], "--out full/mine: File exists"),
            (["--speed"], "unrecognized arguments: --speed"),
        ],
    )
    def test_arguments(self, words: list[str], message: str) -> None:
        Path("full").mkdir()
        Path("full", "mine").write_text("mine", encoding="utf-8")
        outcome = bench(*words)
        assert (outcome.status, outcome.out) == (2, "")
        assert "usage: fastgd bench" in outcome.err
        assert message in outcome.err
        assert [path.name for path in Path().iterdir()] == ["full"]
        assert Path("full", "mine").read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize("package", ["sklearn", "threadpoolctl"])
    def test_a_missing_package_is_named(self, package: str) -> None:
        outcome = bench(*ONE, plant=f"sys.modules[{package!r}] = None")
        assert (outcome.status, outcome.out) == (2, "")
        name = {"sklearn": "scikit-learn"}.get(package, package)
        assert f'{name} not found; install what this needs with: pip install "fastgd[bench]"' in outcome.err
        assert list(Path().iterdir()) == []


class TestLimits:
    """A library that is not the one of limits, and is one of them out of date for all one can tell."""

    OTHER = Path(_core.__file__)

    def test_one_that_is_named_is_refused(self) -> None:
        outcome = bench(*ONE, "--limits", self.OTHER)
        assert (outcome.status, outcome.out) == (2, "")
        assert f"--limits {self.OTHER}: no library of limits, or an old one" in outcome.err
        assert list(Path().iterdir()) == []

    def test_one_that_happens_to_be_there_is_not_used_and_the_run_says_so(self) -> None:
        path = Path("build", "gcc", "libfastgd_limits.so")
        path.parent.mkdir(parents=True)
        shutil.copy(self.OTHER, path)
        outcome = bench("--small", "--only", "overhead")
        assert outcome.status == 0
        assert outcome.err.startswith(f"fastgd bench: note: {path} is not used: no library of limits, or an old one")
        assert f"not here, so not compared: limits of the machine (no {path} that can be used)" in outcome.out


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_in_a_descent_ends_the_run_and_writes_what_was_measured() -> None:
    plant = """
import fastgd, numpy, problems, report
measured = problems.rows
def rows(name, setting):
    yield from measured(name, setting)
    objective = fastgd.LinearObjective(numpy.eye(2), numpy.array([0, 1]))
    fastgd.minimize(objective, max_epochs=10**9, tol=None, callbacks=[lambda info: print("going", flush=True)])
    yield report.unmeasured("after the descent", None, "")
problems.rows = rows
"""
    process = start("-c", PLANTED.format(suite=str(SUITE), plant=plant), "--small", "--only", "overhead", "plane")
    assert process.stdout is not None
    while process.stdout.readline() != "going\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert outcome.status == 130
    assert outcome.err == "fastgd bench: note: interrupted; fastgd_bench holds what was measured up to then\n"
    assert [row["problem"] for row in results()["rows"].pop("overhead")] == ["overhead of value_and_grad, 1 x 10"]
    assert Path("fastgd_bench", "overhead.svg").exists()
    assert results()["status"] == 130


class TestTables:
    """Tables of a page, from the results of a run."""

    PAGE = "Head.\n\n<!-- bench: {} -->\nold\n<!-- /bench -->\n\nFoot.\n"

    def make(self, names: str, **changes: object) -> tuple[Outcome, str]:
        row = {"threads": 1, "target": "", "reached": None, "rival": "NumPy 2 ms", "ratio": 2.0, "seconds": {}}
        rows = {
            "slow": [{**row, "problem": "slow one", "own": "1 ms", "target": ">= 3", "reached": False}],
            "fast": [{**row, "problem": "fast one", "own": "1 ms", "target": ">= 2", "reached": True}],
        }
        run = {
            "date": "today",
            "about": {"machine": "a good one"},
            "absent": [],
            "rounds": 9,
            "small": False,
            "status": 0,
        }
        Path("results.json").write_text(json.dumps({**run, "rows": rows, **changes}), encoding="utf-8")
        Path("page.md").write_text(self.PAGE.format(names), encoding="utf-8")
        outcome = finish(start(SUITE / "table.py", "page.md", "results.json"))
        return outcome, Path("page.md").read_text(encoding="utf-8")

    def test_problems_of_a_section_come_in_its_order_and_missed_goals_are_bold(self) -> None:
        outcome, page = self.make("slow fast")
        assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
        assert [(row[0], row[4]) for row in table(page)] == [("slow one", "**2.00**"), ("fast one", "2.00")]
        assert "old" not in page
        assert "- machine: a good one" in page
        assert page.startswith("Head.\n\n<!-- bench: slow fast -->\n\n")
        assert page.endswith("\n\n<!-- /bench -->\n\nFoot.\n")

    def test_a_section_without_a_run_of_all_its_problems_stays(self) -> None:
        outcome, page = self.make("slow unheard_of")
        assert outcome.out == "no run has all of slow unheard_of: what stands there stays\n"
        assert page == self.PAGE.format("slow unheard_of")

    def test_a_section_of_which_a_run_has_no_row_stays(self) -> None:
        outcome, page = self.make("slow", rows={"slow": []})
        assert outcome.out == "no run has all of slow: what stands there stays\n"
        assert page == self.PAGE.format("slow")

    @pytest.mark.parametrize("status", [1, 3, 130])
    def test_runs_that_did_not_end_well_are_refused(self, status: int) -> None:
        outcome, page = self.make("slow", status=status)
        assert outcome.status == 1
        assert f"results.json (status {status}): a run that was cut off" in outcome.err
        assert page == self.PAGE.format("slow")

    def test_small_runs_have_no_figures(self) -> None:
        outcome, page = self.make("slow", small=True)
        assert outcome.status == 1
        assert "results.json: a run with --small has no figures" in outcome.err
        assert page == self.PAGE.format("slow")
