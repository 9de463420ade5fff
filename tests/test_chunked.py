"""Rows in chunks: the same descent as on all of them in one array, in bits of its own."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import fastgd
from fastgd.objectives.chunked import add_up
from fastgd.optimizers import LBFGS, SGD

N, D = 1003, 7
EPS = np.finfo(np.float64).eps


def some_rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(N, D))
    scores = X @ generator.normal(size=D) + generator.normal(size=N)
    return X, scores, generator.uniform(0.5, 2.0, N)


def cut(n_chunks: int) -> list[slice]:
    ends = np.linspace(0, N, n_chunks + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]


def linear(rows: slice, **options: Any) -> fastgd.LinearObjective:
    X, scores, weight = some_rows()
    options = {"alpha": 1e-3, "sample_weight": weight[rows], "n_classes": 2, **options}
    return fastgd.LinearObjective(X[rows], scores[rows] > 0.0, **options)


def network(rows: slice) -> fastgd.MLPObjective:
    X, scores, weight = some_rows()
    kinds = np.digitize(scores, [-1.0, 1.0])[rows]
    return fastgd.MLPObjective(
        X[rows], kinds, hidden_layer_sizes=(5,), n_classes=3, alpha=1e-3, sample_weight=weight[rows]
    )


@pytest.mark.parametrize("n_chunks", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("make", [linear, network])
def test_value_and_gradient_are_those_of_all_rows(make: Any, n_chunks: int) -> None:
    whole, chunked = make(slice(None)), fastgd.ChunkedObjective([make(rows) for rows in cut(n_chunks)])
    w = whole.initial() + 0.1
    value, gradient = whole.value_and_grad(w)
    value_of_chunks, of_chunks = chunked.value_and_grad(w)
    # Each is a sum of as many terms, whose magnitudes add up to no more than those of rows and scores.
    bound = N * EPS * (1.0 + np.abs(some_rows()[0]).max() * (1.0 + np.abs(w).sum()))
    assert abs(value - value_of_chunks) <= bound
    assert np.abs(gradient - of_chunks).max() <= bound
    np.testing.assert_array_equal(chunked.initial(3), whole.initial(3))


def test_the_minimum_is_that_of_all_rows() -> None:
    options: dict[str, Any] = {"optimizer": LBFGS(), "max_epochs": 500, "tol": None}
    whole = fastgd.minimize(linear(slice(None)), **options)
    found = fastgd.minimize(fastgd.ChunkedObjective([linear(rows) for rows in cut(5)]), **options)
    assert found.status == "converged"
    assert abs(found.fun - whole.fun) <= 1e-12 * whole.fun


def test_batch_gradient_descent_is_that_on_all_rows() -> None:
    X, y, _ = some_rows()
    options: dict[str, Any] = {"optimizer": SGD(0.1, momentum=0.5), "max_epochs": 300, "tol": None}
    chunks = [fastgd.LinearObjective(X[rows], y[rows], loss="squared_error") for rows in cut(6)]
    found = fastgd.minimize(fastgd.ChunkedObjective(chunks), **options)
    whole = fastgd.minimize(fastgd.LinearObjective(X, y, loss="squared_error"), **options)
    assert np.abs(found.x - whole.x).max() <= 1e-12 * np.abs(whole.x).max()


def test_bits_are_those_of_a_binary_tree() -> None:
    chunks = [linear(rows) for rows in cut(5)]
    w = np.linspace(-1.0, 1.0, D + 1)
    weights = [chunk._weight.sum() for chunk in chunks]
    a, b, c, d, e = (W * chunk.grad(w) for W, chunk in zip(weights, chunks, strict=True))
    expected = (((a + b) + (c + d)) + e) / sum(weights)
    np.testing.assert_array_equal(fastgd.ChunkedObjective(chunks).grad(w), expected)


@pytest.mark.parametrize("n_chunks", range(1, 18))
def test_parts_of_the_tree_add_up_to_its_bits_wherever_they_are_added(n_chunks: int) -> None:
    generator = np.random.default_rng(n_chunks)
    nodes = {(0, i): generator.normal(size=(1, 3)) for i in range(n_chunks)}
    (expected,) = add_up(nodes, n_chunks).values()
    for n_places in (2, 3):
        place = generator.integers(0, n_places, n_chunks)
        parts = [
            add_up({(0, i): nodes[0, i] for i in np.flatnonzero(place == at).tolist()}, n_chunks)
            for at in range(n_places)
        ]
        (found,) = add_up({key: sums for part in parts for key, sums in part.items()}, n_chunks).values()
        np.testing.assert_array_equal(found, expected)


def test_many_models_are_evaluated_together() -> None:
    chunked = fastgd.ChunkedObjective([linear(rows) for rows in cut(3)])
    found = fastgd.sweep(chunked, grid={"lr": [0.1, 0.5, 2.0]}, max_epochs=20, tol=None)
    alone = fastgd.minimize(chunked, optimizer=SGD(0.5), max_epochs=20, tol=None)
    np.testing.assert_array_equal(found.x[1], alone.x)


def test_a_rate_too_large_is_tamed_as_on_all_rows() -> None:
    X, y, _ = some_rows()
    chunks = [fastgd.LinearObjective(1e3 * X[rows], y[rows], loss="squared_error") for rows in cut(3)]
    result = fastgd.minimize(fastgd.ChunkedObjective(chunks), optimizer=SGD(1.0), max_epochs=200, tol=None)
    assert np.isfinite(result.x).all()
    assert result.status == "diverged"


def test_nan_is_found_in_its_chunk() -> None:
    X, y, _ = some_rows()
    X[500, 3] = np.nan
    chunks = [fastgd.LinearObjective(X[rows], y[rows], loss="squared_error") for rows in cut(4)]
    with pytest.raises(ValueError, match="chunk 1: X must be finite, got nan in row 250, column 3"):
        fastgd.minimize(fastgd.ChunkedObjective(chunks), optimizer=SGD(0.1))


BAD: list[tuple[Any, type[Exception], str]] = [
    (list, ValueError, "chunks must hold at least one objective, got none"),
    (lambda: linear(slice(None)), TypeError, "chunks must be a sequence of LinearObjective or MLPObjective, got"),
    (lambda: [linear(slice(9)), 3], TypeError, r"chunks\[1\] must be a LinearObjective or an MLPObjective, got 3"),
    (
        lambda: [linear(slice(99)), network(slice(99))],
        ValueError,
        r"chunks\[1\] must be LinearObjective as chunks\[0\], got MLPObjective",
    ),
    (
        lambda: [linear(slice(99)), linear(slice(99), alpha=1.0)],
        ValueError,
        r"alpha of chunks\[1\] must be 0.001 as that of chunks\[0\], got 1.0",
    ),
    (lambda: [linear(slice(99), standardize=True)], ValueError, r"standardize of chunks\[0\] must be False"),
    (lambda: [linear(slice(99), l1_ratio=0.5)], ValueError, r"l1_ratio of chunks\[0\] must be 0: .*, got 0.5"),
]


@pytest.mark.parametrize("make, kind, message", BAD)
def test_what_does_not_add_up_is_refused(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        fastgd.ChunkedObjective(make())


def test_mini_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be 'full'"):
        fastgd.minimize(fastgd.ChunkedObjective([linear(slice(99))]), batch_size=8)
