"""Perceptrons of the core give what their twins give, and the same bits on every SIMD level and any number of threads.

Every level is a process of its own, as ``FASTGD_SIMD`` is read once; `_mlp_parity` says what is tried there.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import _design
import _mlp_parity
import _program
import numpy as np
import pytest

import fastgd
from fastgd import _core, reference
from fastgd.reference import ACTIVATIONS
from fastgd.reference.activations import RECTIFIERS

LEVELS = fastgd.simd_levels()


@functools.cache
def report(level: str) -> dict[str, Any]:
    """What `_mlp_parity` found on the level."""
    found: dict[str, Any] = _program.run("_mlp_parity.py", timeout=900.0, FASTGD_SIMD=level, OPENBLAS_NUM_THREADS="1")
    assert found["level"] == level
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_the_core_agrees_with_its_twin(level: str) -> None:
    found = report(level)
    assert found["n_cases"] == len(_mlp_parity.cases())
    assert found["failures"] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_every_level_gives_the_same_bits(level: str) -> None:
    assert report(level)["digest"] == report(LEVELS[0])["digest"]


def test_every_pair_of_circumstances_is_tried() -> None:
    factors = {**_mlp_parity.CROSSED, **_mlp_parity.DEALT}
    tried = set().union(*map(_design.pairs_of, _mlp_parity.cases()))
    assert tried == _design.all_pairs(factors)


CASE: dict[str, Any] = {
    "activation": "gelu",
    "loss": "multinomial",
    "storage": "float32",
    "hidden": (33, 17),
    "weight": "zeros",
    "outputs": "few",
    "columns": "N+1",
    "n_rows": 129,
    "layout": "plain",
    "alpha": 0.125,
    "dropout": 0.25,
    "rows": "all",
    "labels": "indices",
}


@pytest.mark.parametrize("part", ["column", "unit", "slope"])
def test_an_error_of_any_kind_is_noticed(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself: what a mistake in a tail or a formula does is more than its bound."""
    # Bounds of float32 let pass what a formula is wrong by in the fourth digit.
    storage = "float64" if part == "slope" else "float32"
    problem = _mlp_parity.make_problem({**CASE, "storage": storage}, tmp_path)
    right = _mlp_parity.compare(problem)
    assert right.excess <= 1.0
    assert right.threads_agree
    if part == "column":
        problem.twin.X[:, -1] = 0.0
    elif part == "unit":
        whole = problem.twin.unpack

        def without_one(w: np.ndarray) -> Any:
            coefs, intercepts = whole(w)
            return [coef * (np.arange(len(coef)) != 32)[:, None] for coef in coefs], intercepts

        monkeypatch.setattr(problem.twin, "unpack", without_one)
    else:
        exact = ACTIVATIONS["gelu"]
        monkeypatch.setitem(ACTIVATIONS, "gelu", lambda z: (exact(z)[0], exact(z)[1] * (1.0 + 1e-11)))
    assert _mlp_parity.compare(problem).excess > 1.0


@pytest.mark.parametrize("storage", ["float64", "float32", "uint8", "csr_float32_int64"])
@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_thousands_of_rows(activation: str, storage: str, tmp_path: Path) -> None:
    """More than a block of 1024 rows for each of 7 threads would be; sums of blocks are added in order."""
    case = {**CASE, "activation": activation, "storage": storage, "n_rows": 7169, "hidden": (17, 5), "columns": "N-1"}
    outcome = _mlp_parity.compared(case, tmp_path)
    assert outcome.excess <= 1.0
    assert outcome.threads_agree


@pytest.mark.parametrize("storage", ["float64", "bfloat16", "csr_float64_int32"])
def test_layers_that_are_wide_for_a_team(storage: str, tmp_path: Path) -> None:
    case = {**CASE, "activation": "tanh", "storage": storage, "hidden": (301, 130), "n_rows": 203, "columns": "P+1"}
    outcome = _mlp_parity.compared(case, tmp_path)
    assert outcome.excess <= 1.0
    assert outcome.threads_agree


@pytest.mark.parametrize("storage", ["float64", "float32"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_at_0_are_the_twins(activation: str, storage: str) -> None:
    """Where all arguments are exactly 0, on the kinks of the rectified ones."""
    X = np.random.default_rng(0).normal(size=(9, 5)).astype(storage)
    ours, twin = (
        kind(X, X[:, 0] + 3.0, hidden_layer_sizes=(3,), activation=activation, loss="squared_error")
        for kind in (fastgd.MLPObjective, reference.MLPObjective)
    )
    w = twin.pack([np.zeros((5, 3)), np.ones((3, 1))], [np.zeros(3), np.zeros(1)])
    gradient, expected = ours.grad(w), twin.grad(w)
    np.testing.assert_allclose(gradient, expected, rtol=32 * np.finfo(storage).eps, atol=0.0)
    assert np.any(expected[:18]) == (activation != "relu")


# ------------------------------------------------------------------------------------------------------- random numbers


@pytest.mark.parametrize("method", [None, "he", "glorot"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initial_parameters_are_the_twins(activation: str, method: str | None) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 13)), [0, 1, 2, 1]
    for sizes in ((), (1,), (7, 5), (3, 1, 2)):
        for seed in (0, 1, 2**64 - 1):
            ours, twin = (
                kind(X, y, hidden_layer_sizes=sizes, activation=activation)
                for kind in (fastgd.MLPObjective, reference.MLPObjective)
            )
            np.testing.assert_array_equal(ours.initial(seed, method), twin.initial(seed, method))


@pytest.mark.parametrize("dropout", [0.0, 1e-9, 0.1, 0.5, 0.999999])
def test_dropout_masks_are_the_twins(dropout: float) -> None:
    for n_units in (1, 3, 16, 17, 65):
        for key in ((0, 0, 0), (2**64 - 1, 2**40, 3)):
            ours = _core.dropout_mask(*key, 9, n_units, dropout)
            np.testing.assert_array_equal(ours, reference.mlp.dropout_mask(*key, 9, n_units, dropout))


def test_activations_are_the_twins() -> None:
    assert {name: info["he"] for name, info in _core.activations().items()} == {
        name: name in RECTIFIERS for name in ACTIVATIONS
    }
