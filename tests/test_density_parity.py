"""Densities of the core give what their twins give, and the same bits on every SIMD level and any number of threads.

Every level is a process of its own, as ``FASTGD_SIMD`` is read once; `_density_parity` says what is tried there.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import _density_parity
import _design
import _program
import numpy as np
import pytest

import fastgd
from fastgd import reference

LEVELS = fastgd.simd_levels()


@functools.cache
def report(level: str) -> dict[str, Any]:
    """What `_density_parity` found on the level."""
    found: dict[str, Any] = _program.run(
        "_density_parity.py", timeout=600.0, FASTGD_SIMD=level, OPENBLAS_NUM_THREADS="1"
    )
    assert found["level"] == level
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_the_core_agrees_with_its_twin(level: str) -> None:
    found = report(level)
    assert found["n_cases"] == len(_density_parity.cases())
    assert found["failures"] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_every_level_gives_the_same_bits(level: str) -> None:
    assert report(level)["digest"] == report(LEVELS[0])["digest"]


def test_every_pair_of_circumstances_is_tried() -> None:
    factors = {**_density_parity.CROSSED, **_density_parity.DEALT}
    tried = set().union(*map(_design.pairs_of, _density_parity.cases()))
    assert tried == _design.all_pairs(factors)


CASE: dict[str, Any] = {
    "storage": "float32",
    "n_components": 3,
    "covariance_type": "full",
    "standardize": True,
    "n_features": 9,
    "n_rows": 65,
    "layout": "plain",
    "reg_covar": 0.01,
    "rows": "all",
}


@pytest.mark.parametrize("part", ["row", "column", "scale", "logits", "reg_covar"])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_an_error_of_any_kind_is_noticed(
    part: str, covariance_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison itself: what a mistake in a tail or a formula does is more than its bound."""
    problem = _density_parity.make_problem({**CASE, "covariance_type": covariance_type}, tmp_path)
    right = _density_parity.compare(problem)
    assert right.excess <= 1.0
    assert right.threads_agree
    twin = problem.twin
    if part == "row":
        twin.Z[-1] = twin.Z[-2]
    elif part == "column":
        twin.Z[:, -1] = twin.Z[:, -2]
    elif part == "scale":
        twin.scale[-1] *= 1.0 + 2.0**-10
    elif part == "logits":
        whole = twin.unpack
        monkeypatch.setattr(twin, "unpack", lambda w: whole(w)._replace(logits=whole(w).logits + np.eye(3)[0] / 256.0))
    else:
        twin.reg_covar *= 1.0 + 2.0**-6
    assert _density_parity.compare(problem).excess > 1.0


@pytest.mark.parametrize("storage", ["float64", "bfloat16"])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_thousands_of_rows(covariance_type: str, storage: str, tmp_path: Path) -> None:
    """More than a block of 1024 rows for each of 7 threads; and a batch too large to be one block."""
    case = {**CASE, "covariance_type": covariance_type, "storage": storage, "n_rows": 9000}
    for rows in ("all", "some"):
        outcome = _density_parity.compared({**case, "rows": rows}, tmp_path)
        assert outcome.excess <= 1.0
        assert outcome.threads_agree


def test_many_columns(tmp_path: Path) -> None:
    """Blocks have fewer rows then, and y is computed twice, as there is no room to keep it for all components."""
    case = {**CASE, "n_features": 203, "n_components": 5, "n_rows": 1500, "storage": "float64"}
    outcome = _density_parity.compared(case, tmp_path)
    assert outcome.excess <= 1.0
    assert outcome.threads_agree


@pytest.mark.parametrize("storage", ["float64", "float32", "uint8"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_initial_parameters_are_the_twins(covariance_type: str, standardize: bool, storage: str) -> None:
    rng = np.random.default_rng(0)
    Z = rng.integers(0, 200, size=(300, 3)).astype(storage)
    Z[:, 2] = 5
    for n_components in (1, 2, 5, 300):
        ours, twin = (
            kind(Z, n_components, covariance_type=covariance_type, standardize=standardize)
            for kind in (fastgd.GaussianMixtureObjective, reference.GaussianMixtureObjective)
        )
        for seed in (0, 1, 2**64 - 1):
            # Sums of so many terms above 0, in another order, and logarithms of them.
            bound = len(Z) * 2.0**-52
            np.testing.assert_allclose(ours.initial(seed), twin.initial(seed), rtol=bound, atol=bound)


def test_starts_from_many_rows_are_the_twins() -> None:
    Z = np.random.default_rng(0).normal(size=(70_001, 2)).astype(np.float32)
    ours, twin = (kind(Z, 7) for kind in (fastgd.GaussianMixtureObjective, reference.GaussianMixtureObjective))
    # Of the rows 2**15 are looked at.
    np.testing.assert_allclose(ours.initial(3), twin.initial(3), rtol=2.0**15 * 2.0**-52, atol=0.0)
