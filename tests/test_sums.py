"""Sums over rows lose no more than a block does, however many blocks there are; a nightly takes 10^8 rows."""

from __future__ import annotations

import _sums
import pytest


@pytest.mark.parametrize("n_rows", [_sums.BLOCK, 1_000_003])
def test_sums_lose_what_a_block_may(n_rows: int) -> None:
    for lost, allowed in zip(_sums.measure(n_rows), _sums.bounds(n_rows), strict=True):
        assert lost <= allowed


def test_a_running_sum_would_lose_more() -> None:
    """The bound is one: float32 alone does not keep it."""
    r = _sums.np.full(1_000_003, 3.0**11, _sums.np.float32)
    running = _sums.np.add.accumulate(r)[-1]
    exact = len(r) * 3.0**11
    assert abs(running - exact) / exact > _sums.bounds(len(r)).coef
