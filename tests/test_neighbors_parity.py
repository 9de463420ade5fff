"""The search for neighbours finds those of its twin, to the bit, on every SIMD level and for every number of threads.

Every level is a process of its own, as ``FASTGD_SIMD`` is read once; `_neighbors_parity` says what is tried there.
"""

from __future__ import annotations

import functools
from typing import Any

import _design
import _neighbors_parity
import _program
import pytest

import fastgd

LEVELS = fastgd.simd_levels()


@functools.cache
def report(level: str) -> dict[str, Any]:
    """What `_neighbors_parity` found on the level."""
    found: dict[str, Any] = _program.run(
        "_neighbors_parity.py", timeout=900.0, FASTGD_SIMD=level, OPENBLAS_NUM_THREADS="1"
    )
    assert found["level"] == level
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_the_neighbours_are_those_of_the_twin(level: str) -> None:
    found = report(level)
    assert found["n_cases"] == len(_neighbors_parity.cases())
    assert found["failures"] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_every_level_gives_the_same_bits(level: str) -> None:
    assert report(level)["digest"] == report(LEVELS[0])["digest"]


def test_every_pair_of_circumstances_is_tried() -> None:
    factors = {**_neighbors_parity.CROSSED, **_neighbors_parity.DEALT}
    tried = set().union(*map(_design.pairs_of, _neighbors_parity.cases()))
    assert tried == _design.all_pairs(factors)
