"""Every program in ``examples/`` bears its claim out, in a process of its own, without a warning."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
# Which need Dask, that of the site's environment: it runs them all.
ON_CLUSTERS = {path for path in EXAMPLES if "import dask" in path.read_text(encoding="utf-8")}
HAS_DASK = importlib.util.find_spec("distributed") is not None


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)


def test_numbers_leave_no_gap() -> None:
    assert [int(path.name[:2]) for path in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if HAS_DASK or path not in ON_CLUSTERS], ids=lambda path: path.stem
)
def test_claims_hold(path: Path) -> None:
    done = run(path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    claim = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert claim is not None
    assert done.stdout.startswith(claim)
    verdicts = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert "holds" in verdicts
    assert "FAILS" not in verdicts


LESSON = """
import _lecture
lesson = _lecture.begin("All numbers are below 2.")
lesson.holds("1 is", 1 < 2)
lesson.holds("3 is", {truth})
lesson.end(lambda figure: figure.subplots().plot([1, 3]))
"""


@pytest.mark.parametrize(("truth", "status", "verdict"), [("3 < 2", 1, "FAILS: 3 is"), ("3 > 2", 0, "holds: 3 is")])
def test_a_claim_that_fails_is_said_and_is_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: str, status: int, verdict: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{FOLDER}", prepend=":")
    lesson = tmp_path / "lesson.py"
    lesson.write_text(LESSON.format(truth=truth), encoding="utf-8")
    done = run(lesson, "--picture", str(tmp_path / "picture.svg"))
    assert done.returncode == status
    assert verdict in done.stdout.splitlines()
    assert (tmp_path / "picture.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("picture", "told"),
    [("picture.gif", "the suffix must be one of .png, .svg, .pdf"), ("no/folder.svg", "does not exist")],
)
def test_a_picture_that_cannot_be_written_is_refused_at_once(tmp_path: Path, picture: str, told: str) -> None:
    done = run(EXAMPLES[0], "--picture", str(tmp_path / picture))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
