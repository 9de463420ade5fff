"""The core gives what its twin gives, and the same bits on every SIMD level and for every number of threads.

Every level is a process of its own, as ``FASTGD_SIMD`` is read once; `_parity` says what is tried there.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import _design
import _parity
import _program
import numpy as np
import pytest

import fastgd

LEVELS = fastgd.simd_levels()


@functools.cache
def report(level: str) -> dict[str, Any]:
    """What `_parity` found on the level."""
    found: dict[str, Any] = _program.run("_parity.py", timeout=900.0, FASTGD_SIMD=level, OPENBLAS_NUM_THREADS="1")
    # Otherwise all that it says would be about another level.
    assert found["level"] == level
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_the_core_agrees_with_its_twin(level: str) -> None:
    found = report(level)
    assert found["n_cases"] == len(_parity.cases())
    assert found["failures"] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_every_level_gives_the_same_bits(level: str) -> None:
    assert report(level)["digest"] == report(LEVELS[0])["digest"]


def test_the_generic_level_is_among_them() -> None:
    assert LEVELS[-1] == "generic"


def test_every_pair_of_circumstances_is_tried() -> None:
    factors = {**_parity.CROSSED, **_parity.DEALT}
    tried = set().union(*map(_design.pairs_of, _parity.cases()))
    assert tried == _design.all_pairs(factors)
    crossed = {tuple(case[name] for name in _parity.CROSSED) for case in _parity.cases()}
    assert len(crossed) == len(_parity.cases()) == np.prod([len(levels) for levels in _parity.CROSSED.values()])


def test_an_error_of_either_kind_is_noticed(tmp_path: Path) -> None:
    """The comparison itself: a wrong number, as large as a lost column of a narrow type, is more than its bound."""
    wanted = {"storage": "float32", "columns": "N+1", "rows": "all"}.items()
    case = next(case for case in _parity.cases() if wanted <= case.items())
    problem = _parity.make_problem(case, tmp_path)
    right = _parity.compare(problem)
    assert right.excess <= 1.0
    assert right.threads_agree
    problem.twin.X[:, -1] = 0.0
    assert _parity.compare(problem).excess > 1.0
