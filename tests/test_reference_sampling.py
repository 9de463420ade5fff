"""The NumPy twin's random numbers, permutations and batches are held to published answers and to plain integers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgd import reference
from fastgd.reference import sampling


def philox_by_hand(key: list[int], counter: list[int]) -> list[int]:
    for _ in range(10):
        low, high = counter[0] * 0xD2E7470EE14C6C93, counter[2] * 0xCA5A826395121157
        counter = [(high >> 64) ^ counter[1] ^ key[0], high % 2**64, (low >> 64) ^ counter[3] ^ key[1], low % 2**64]
        key = [(key[0] + 0x9E3779B97F4A7C15) % 2**64, (key[1] + 0xBB67AE8584CAA73B) % 2**64]
    return counter


def test_philox_is_philox() -> None:
    # The first known answer that its authors publish.
    published = [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    assert reference.philox(0, 0, 0, 0).tolist() == published
    for seed, stream, epoch, block in [(7, 1, 0, 0), (0, 0, 5, 1), (2**64 - 1, 1, 2**40, 2**63)]:
        words = reference.philox(seed, stream, epoch, block)
        assert words.dtype == np.uint64
        assert words.tolist() == philox_by_hand([seed, stream], [block, epoch, 0, 0])
    blocks = reference.philox(3, 4, 5, 6, 7, n_blocks=3)
    assert blocks.tolist() == [word for block in (6, 7, 8) for word in philox_by_hand([3, 4], [block, 5, 7, 0])]


def permutation_by_hand(n: int, seed: int, epoch: int) -> list[int]:
    bits = max(4, math.ceil(math.log2(n)))
    low_bits = bits // 2
    keys = [word % 2**32 for block in (0, 1) for word in philox_by_hand([seed, 0], [block, epoch, 0, 0])]

    def mix(x: int) -> int:
        for factor, shift in ((0x9E3779B1, 16), (0x85EBCA6B, 13), (0xC2B2AE35, 16)):
            x = x * factor % 2**32
            x ^= x >> shift
        return x

    def walk(x: int) -> int:
        low, high = x % 2**low_bits, x >> low_bits
        for j in range(0, 8, 2):
            low ^= mix(high ^ keys[j]) % 2**low_bits
            high ^= mix(low ^ keys[j + 1]) % 2 ** (bits - low_bits)
        x = high << low_bits | low
        return x if x < n else walk(x)

    return [walk(i) for i in range(n)]


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 31, 100, 1000, 1024, 1025])
def test_permutation_by_hand(n: int) -> None:
    for seed, epoch in [(0, 0), (0, 1), (12345, 6)]:
        order = reference.permutation(n, seed, epoch)
        assert order.dtype == np.int64
        assert order.tolist() == permutation_by_hand(n, seed, epoch)
        assert sorted(order.tolist()) == list(range(n))


@settings(max_examples=50, deadline=None)
@given(bits=st.integers(4, 64), seed=st.integers(0, 2**64 - 1), start=st.integers(0, 2**64 - 1))
def test_feistel_is_a_bijection_at_any_width(bits: int, seed: int, start: int) -> None:
    keys = sampling.feistel_keys(seed, 0)
    size = min(2**bits, 1000)
    x = (np.arange(size, dtype=np.uint64) + np.uint64(start % (2**bits - size + 1))) % np.uint64(2**64 - 1)
    y = sampling.feistel(x, bits, keys)
    assert len(np.unique(y)) == len(np.unique(x))
    assert int(y.max()) < 2**bits


def test_permutations_of_different_epochs_and_seeds_are_unrelated() -> None:
    n = 4096
    orders = [reference.permutation(n, seed, epoch) for seed, epoch in [(0, 0), (0, 1), (1, 0), (2**32, 0)]]
    orders.append(np.arange(n))
    for i, a in enumerate(orders):
        for b in orders[:i]:
            assert np.count_nonzero(a == b) < 10, "about one row is expected at the same place"
            assert abs(np.corrcoef(a, b)[0, 1]) < 5.0 / math.sqrt(n)


def test_orders_and_batches() -> None:
    assert sampling.epoch_order(5, 3, shuffle=False).tolist() == [0, 1, 2, 3, 4]
    assert sampling.epoch_order(5, 3, seed=8).tolist() == reference.permutation(5, 8, 3).tolist()
    assert sampling.epoch_order(5, 3, order=[4, 4, 0]).tolist() == [4, 4, 0]
    assert sampling.epoch_order(5, 3, order=lambda epoch: [epoch]).tolist() == [3]
    assert [batch.tolist() for batch in sampling.batches(np.arange(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    for outside in ([0, 5], [-1, 0]):
        with pytest.raises(ValueError, match="order"):
            sampling.epoch_order(5, 0, order=outside)
