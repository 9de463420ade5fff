"""Columns of a table, written into rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgd import _core

FLOATS = np.arange(3, dtype=np.float32)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8, np.int8, np.bool_])
@pytest.mark.parametrize("n_cols", [1, 7, 8, 9, 24, 101])
@pytest.mark.parametrize("n_rows", [0, 1, 5, 300])
def test_rows_are_those_of_stacked_columns(n_rows: int, n_cols: int, dtype: type) -> None:
    numbers = np.random.default_rng(0).integers(0, 100, size=(n_cols, n_rows + 2)).astype(dtype)
    columns = [column[1:-1] for column in numbers]
    guarded = np.full((n_rows + 2, n_cols), 3, dtype)
    _core.interleave(columns, guarded[1:-1])
    np.testing.assert_array_equal(guarded[1:-1], np.column_stack(columns))
    assert np.all(guarded[[0, -1]] == np.array(3, dtype))


def test_bits_are_kept() -> None:
    column = np.array([0x7FC01234, 0xFF812345, 0x80000000], np.uint32).view(np.float32)
    X = np.empty((3, 9), np.float32)
    _core.interleave([column] * 9, X)
    np.testing.assert_array_equal(X.view(np.uint32), np.column_stack([column.view(np.uint32)] * 9))


@pytest.mark.parametrize(
    ("columns", "X", "message"),
    [
        ([FLOATS], np.empty(3, np.float32), "two dimensions"),
        ([FLOATS], np.empty((3, 2), np.float32)[:, :1], "contiguous array of two"),
        ([FLOATS], np.empty((3, 2), np.float32), "as many columns"),
        ([FLOATS, FLOATS[:2]], np.empty((3, 2), np.float32), "each column must"),
        ([FLOATS, FLOATS[None]], np.empty((3, 2), np.float32), "each column must"),
        ([FLOATS, FLOATS.view(np.int32)], np.empty((3, 2), np.float32), "each column must"),
        ([np.zeros(6, np.float32)[::2]], np.empty((3, 1), np.float32), "each column must"),
        ([np.zeros(3, complex)], np.empty((3, 1), complex), "1, 2, 4 or 8 bytes"),
    ],
)
def test_what_is_no_column_is_refused_before_anything_is_read(columns: list[Any], X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.interleave(columns, X)


def test_rows_that_cannot_be_written_are_refused() -> None:
    X = np.zeros((3, 1), np.float32)
    X.flags.writeable = False
    with pytest.raises(ValueError, match="not writeable"):
        _core.interleave([FLOATS], X)
