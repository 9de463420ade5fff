"""The command line as its tests use it, and the small files that they give it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from fastgd import cli

Array = npt.NDArray[Any]


class Outcome(NamedTuple):
    status: int
    out: str
    err: str

    def value(self, title: str) -> str:
        """The value that the report shows under a title."""
        (line,) = (line for line in self.out.splitlines() if line.startswith(f"{title}  "))
        return line.removeprefix(title).strip()


class Terminal:
    """Runs the command line in this process, in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *words: object) -> Outcome:
        self._capsys.readouterr()
        status = cli.main([str(word) for word in words])
        shown = self._capsys.readouterr()
        return Outcome(status, shown.out, shown.err)

    def good(self, *words: object) -> Outcome:
        outcome = self(*words)
        assert outcome.status == 0, outcome.err
        return outcome


def clouds(n: int = 300, n_classes: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Well separated classes in the plane."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    angle = 2 * np.pi * y / n_classes
    return np.stack([np.cos(angle), np.sin(angle)], 1) * 2 + rng.normal(size=(n, 2)) / 2, y


def write_csv(path: str, columns: dict[str, Any]) -> None:
    rows = zip(*(map(str, column) for column in columns.values()), strict=True)
    Path(path).write_text("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")


def module(*words: object, **keywords: Any) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "fastgd", *map(str, words)]
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **keywords)
