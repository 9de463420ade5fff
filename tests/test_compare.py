"""bench/compare.py: programs in turns, ratios of what they print, and errors that say what is wrong.

The programs here are stand-ins with times of their own; that revisions build is what its users see.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def comparing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fastgd_bench_compare", ROOT / "bench" / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PROGRAM = """#!{python}
import json, re, sys
options = dict(option.split("=", 1) for option in sys.argv[1:])
times = {times}
names = [name for name in times if re.search(options["--benchmark_filter"], name)]
if "--benchmark_list_tests" in options:
    print(*(name + "\\n" for name in names), sep="", end="")
    raise SystemExit
with open({log!r}, "a") as log:
    print({letter!r}, end="", file=log)
rows = [dict(name=name, real_time=times[name][0], time_unit=times[name][1]) for name in names]
print(json.dumps(dict(benchmarks=rows)))
"""


def program(folder: Path, letter: str, times: dict[str, tuple[float, str]]) -> Path:
    path = folder / letter
    log = str(folder / "log")
    path.write_text(PROGRAM.format(python=sys.executable, times=times, log=log, letter=letter), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_what_both_have_is_compared_most_changed_first(comparing: ModuleType, tmp_path: Path) -> None:
    a = program(tmp_path, "a", {"k/same": (3.0, "us"), "k/a+": (1.0, "us"), "k/old": (1.0, "ns"), "other": (1.0, "ns")})
    b = program(tmp_path, "b", {"k/same": (3.0, "us"), "k/a+": (500.0, "ns"), "other": (9.0, "ns")})
    first, second = comparing.compare(a, b, "^k/", rounds=3, small=False)
    assert (first.name, first.a, first.b) == ("k/a+", [1000.0] * 3, [500.0] * 3)
    assert (first.low, first.ratio, first.high) == (0.5, 0.5, 0.5)
    assert (second.name, second.ratio) == ("k/same", 1.0)


def test_programs_take_turns(comparing: ModuleType, tmp_path: Path) -> None:
    a, b = (program(tmp_path, letter, {"k": (1.0, "ns")}) for letter in "ab")
    comparing.compare(a, b, "", rounds=4, small=False)
    assert (tmp_path / "log").read_text() == "abbaabba"


def test_a_filter_that_matches_nothing(comparing: ModuleType, tmp_path: Path) -> None:
    a, b = (program(tmp_path, letter, {"k": (1.0, "ns")}) for letter in "ab")
    with pytest.raises(SystemExit, match=r"--filter must match .*'x.*' matches 0 of A and 0 of B"):
        comparing.compare(a, b, "x.*", rounds=1, small=False)


@pytest.mark.parametrize("arguments, message", [(["--rounds", "0"], "--rounds"), (["--filter", "("], "--filter")])
def test_arguments_are_checked(
    comparing: ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        comparing.read_arguments(["A", "B", *arguments])
    assert f"{message} must be" in capsys.readouterr().err


# The number of values that are left out at each end, by the binomial distribution: with 9, one on each side of the
# median at most is less likely than 1 in 20, two are not.
@pytest.mark.parametrize("n, left_out", [(1, 0), (5, 0), (6, 0), (9, 1), (12, 2)])
def test_interval_of_a_median(comparing: ModuleType, n: int, left_out: int) -> None:
    values = [float((7 * i) % n) if n % 7 else float(i) for i in range(n)]
    assert comparing.interval(values) == (left_out, n - 1 - left_out)


def test_a_step_that_fails_shows_its_last_lines(comparing: ModuleType) -> None:
    noise = "print(*range(100), sep='\\n'); raise SystemExit('the reason')"
    with pytest.raises(SystemExit, match=r"(?s)^7\d\n.*99\nthe reason\nbuilding x failed$"):
        comparing.run_logged([sys.executable, "-c", noise], "building x", os.environ)


def test_a_program_that_fails_says_why(comparing: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(f"#!{sys.executable}\nraise SystemExit('no such level')\n", encoding="utf-8")
    path.chmod(0o755)
    with pytest.raises(SystemExit, match=r"(?s)no such level.*ended with status 1"):
        comparing.compare(path, path, "", rounds=1, small=False)


def test_times_of_all_turns_are_written(
    comparing: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = program(tmp_path, "a", {"k": (2.0, "us")})
    monkeypatch.setattr(comparing, "build", lambda *_: path)
    out = tmp_path / "times.json"
    monkeypatch.setattr(sys, "argv", ["compare.py", ".", ".", "--rounds", "2", "--json", str(out)])
    comparing.main()
    assert capsys.readouterr().out.splitlines()[1].split() == ["k", "2", "us", "2", "us", "1.000", "[1.000,", "1.000]"]
    (row,) = json.loads(out.read_text(encoding="utf-8"))["benchmarks"]
    assert (row["name"], row["a"], row["b"]) == ("k", [2000.0] * 2, [2000.0] * 2)
