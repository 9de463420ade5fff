"""Cases that nobody chose have the same bits on every SIMD level and for any number of threads; see `_differential`.

``FASTGD_CASES`` says how many, ``FASTGD_SEED`` which.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import _differential
import _program
import numpy as np
import pytest

import fastgd

LEVELS = fastgd.simd_levels()
SEED = int(os.environ.get("FASTGD_SEED", "0"))
N_CASES = int(os.environ.get("FASTGD_CASES", "1000"))


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """What each level gave."""

    def report(level: str) -> Any:
        arguments = (str(SEED), str(N_CASES))
        environment = {"FASTGD_SIMD": level, "OPENBLAS_NUM_THREADS": "1"}
        return _program.run("_differential.py", *arguments, timeout=900.0 + N_CASES, **environment)

    with ThreadPoolExecutor() as pool:
        return dict(zip(LEVELS, pool.map(report, LEVELS), strict=True))


@pytest.mark.parametrize("level", LEVELS)
def test_no_case_fails(reports: dict[str, dict[str, Any]], level: str) -> None:
    assert reports[level]["level"] == level
    assert len(reports[level]["bits"]) == N_CASES
    assert reports[level]["failures"] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_every_level_gives_the_same_bits(reports: dict[str, dict[str, Any]], level: str) -> None:
    pairs = zip(reports[level]["bits"], reports[LEVELS[0]]["bits"], strict=True)
    different = [f"case {number} of seed {SEED}" for number, (a, b) in enumerate(pairs) if a != b]
    assert different == []


def test_special_numbers_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    denormal = _differential.as_dtype(_differential.special(rng, (999,), _differential.BANDS["denormal"]), np.float32)
    assert np.all(np.abs(denormal) < np.finfo(np.float32).tiny)
    assert np.mean(denormal != 0.0) > 0.8
    assert np.any(np.signbit(denormal) & (denormal == 0.0))
    huge = _differential.as_dtype(_differential.special(rng, (999,), _differential.BANDS["any64"]), np.float16)
    assert np.isfinite(huge).all()
    assert np.max(huge) == np.finfo(np.float16).max
