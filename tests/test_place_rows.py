"""Rows of a block, copied to where the order of their window has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgd import _core, reference

ROWS = np.zeros((4, 3), np.float32)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8])
@pytest.mark.parametrize("n_cols", [1, 3, 16, 100, 3000])
@pytest.mark.parametrize("n_rows", [1, 17, 600, 1300])
def test_rows_lie_in_the_order_of_the_twin(n_rows: int, n_cols: int, dtype: type) -> None:
    X = np.random.default_rng(0).integers(0, 200, size=(n_rows, n_cols + 2)).astype(dtype)[:, 1:-1]
    guarded = np.full((n_rows + 2, n_cols), 3, dtype)
    for begin in range(0, n_rows, 550):
        _core.place_rows(X[begin : begin + 550], begin, guarded[1:-1], 5, 7)
    np.testing.assert_array_equal(guarded[1:-1], X[reference.permutation(n_rows, 5, 7)])
    assert np.all(guarded[[0, -1]] == 3)


def test_rows_of_any_stride_are_placed_and_none_is_fine() -> None:
    X = np.arange(60, dtype=np.uint8).reshape(20, 3)
    for rows in (X[::-1], X[::3], X[:1], X[:0]):
        out = np.zeros(rows.shape, np.uint8)
        _core.place_rows(rows, 0, out, 1, 2)
        np.testing.assert_array_equal(out, rows[reference.permutation(len(rows), 1, 2)] if len(rows) else rows)


@pytest.mark.parametrize(
    ("X", "first", "out", "message"),
    [
        (ROWS, 0, np.zeros(12, np.float32), "out must be a contiguous array of two"),
        (ROWS, 0, np.zeros((4, 6), np.float32)[:, ::2], "out must be a contiguous array of two"),
        (ROWS[:, :2], 0, np.zeros((4, 3), np.float32), "rows like those of out"),
        (ROWS.astype(np.float64), 0, np.zeros((4, 3), np.float32), "rows like those of out"),
        (np.zeros((4, 6), np.float32)[:, ::2], 0, np.zeros((4, 3), np.float32), "side by side"),
        (ROWS[0], 0, np.zeros((4, 3), np.float32), "rows like those of out"),
        (ROWS, 1, np.zeros((4, 3), np.float32), "some of those of out"),
        (ROWS, -1, np.zeros((4, 3), np.float32), "some of those of out"),
        (ROWS, 2**63 - 1, np.zeros((4, 3), np.float32), "some of those of out"),
    ],
)
def test_what_has_no_place_is_refused_before_anything_is_written(X: Any, first: int, out: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.place_rows(X, first, out, 0, 0)
    assert not out.any()


def test_an_array_that_cannot_be_written_is_refused() -> None:
    out = np.zeros((4, 3), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="not writeable"):
        _core.place_rows(ROWS, 0, out, 0, 0)
