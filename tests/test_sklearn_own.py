"""scikit-learn's own tests of its estimators hold for ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_all_but_what_is_listed() -> None:
    pytest.importorskip("sklearn", minversion="1.9", reason="what is listed is of the tests of that version")
    script = Path(__file__).with_name("sklearn_own_tests.py")
    done = subprocess.run([sys.executable, str(script), "--tb=line"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_every_exception_has_its_reason() -> None:
    from sklearn_own_tests import EXCEPTIONS

    told = (Path(__file__).parents[1] / "docs" / "compatibility.md").read_text(encoding="utf-8")
    assert [name for name in EXCEPTIONS if f"`{name.split('[')[0].split('::')[-1]}`" not in told] == []
