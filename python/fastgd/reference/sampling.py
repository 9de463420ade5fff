"""The order of the rows: random numbers from a counter, a keyed permutation, and batches cut from it.

Nothing here has a state that advances: every number is a function of (seed, stream, epoch, block) alone, so an
epoch's order can be made in pieces, by any thread, ahead of use, or again after a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import IntArray

Order: TypeAlias = ArrayLike | Callable[[int], ArrayLike]
"""Row indices for every epoch, or a function ``epoch -> row indices``."""

PERMUTATION_STREAM = 0


def philox(seed: int, stream: int, epoch: int, block: int, part: int = 0, *, n_blocks: int = 1) -> NDArray[np.uint64]:
    """Return the random words of Philox4x64-10 for key (seed, stream) and counter (block, epoch, part, 0).

    Parameters
    ----------
    seed, stream, epoch, block, part : int
        64-bit words of key and counter.
    n_blocks : int
        How many blocks, of consecutive numbers from `block` on.

    Returns
    -------
    array of shape (4 n_blocks,), uint64
        Random words, four a block.

    References
    ----------
    J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
    International Conference for High Performance Computing, 2011.
    """
    # NumPy's generator adds 1 to its 256-bit counter before the first output.
    before = (block + (epoch << 64) + (part << 128) - 1) % (1 << 256)
    return np.random.Philox(key=seed + (stream << 64), counter=before).random_raw(4 * n_blocks)


def feistel_keys(seed: int, epoch: int) -> NDArray[np.uint32]:
    """Return the eight round keys of an epoch's permutation: the low halves of the words of blocks 0 and 1.

    Parameters
    ----------
    seed, epoch : int
        Seed of the run, and number of the epoch, counted from 0.

    Returns
    -------
    array of shape (8,), uint32
        Round keys.
    """
    words = np.concatenate([philox(seed, PERMUTATION_STREAM, epoch, block) for block in (0, 1)])
    return words.astype(np.uint32)


def mix(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Scramble 32-bit words, modulo 2**32, with the multiply-and-shift finaliser of MurmurHash3.

    Parameters
    ----------
    x : array of shape (...), uint32
        Words.

    Returns
    -------
    array of shape (...), uint32
        Scrambled words.

    References
    ----------
    A. Appleby, "MurmurHash3", 2011; the factor before it is 2**32 divided by the golden ratio.
    """
    x = x * np.uint32(0x9E3779B1)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def feistel(x: NDArray[np.uint64], bits: int, keys: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Permute the numbers below ``2**bits`` with a Feistel network of eight rounds.

    A round replaces one half of the bits by itself xor a function of the other half, which can be undone
    whatever the function is; so every round, and their chain, is a bijection.

    Parameters
    ----------
    x : array of shape (n,), uint64
        Numbers below ``2**bits``.
    bits : int
        At most 64; the low half has ``bits // 2`` of them.
    keys : array of shape (8,), uint32
        Round keys.

    Returns
    -------
    array of shape (n,), uint64
        Permuted numbers, below ``2**bits``.

    References
    ----------
    M. Luby and C. Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", SIAM Journal on
    Computing 17, 1988.
    """
    low_bits = bits // 2
    low_mask = np.uint32((1 << low_bits) - 1)
    high_mask = np.uint32((1 << (bits - low_bits)) - 1)
    low = x.astype(np.uint32) & low_mask
    high = (x >> np.uint64(low_bits)).astype(np.uint32)
    for even, odd in keys.reshape(4, 2):
        low = low ^ (mix(high ^ even) & low_mask)
        high = high ^ (mix(low ^ odd) & high_mask)
    return (high.astype(np.uint64) << np.uint64(low_bits)) | low.astype(np.uint64)


def permutation(n: int, seed: int, epoch: int) -> IntArray:
    """Return the order in which an epoch visits the rows, a permutation of ``0 .. n - 1``.

    A Feistel network permutes the numbers below the next power of two (at least 16).  A number that lands at
    `n` or above is sent through it again until it lands below: along the cycles of a permutation that ends, and
    no two numbers meet (cycle walking).

    Parameters
    ----------
    n : int
        Number of rows.
    seed, epoch : int
        Seed of the run, and number of the epoch, counted from 0.

    Returns
    -------
    array of shape (n,), int64
        Row indices.

    References
    ----------
    J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", Cryptographers' Track at the RSA Conference, 2002.
    """
    bits = max(4, (n - 1).bit_length())
    keys = feistel_keys(seed, epoch)
    x = feistel(np.arange(n, dtype=np.uint64), bits, keys)
    outside = x >= n
    while outside.any():
        x[outside] = feistel(x[outside], bits, keys)
        outside = x >= n
    return x.astype(np.int64)


def epoch_order(n: int, epoch: int, *, shuffle: bool = True, seed: int = 0, order: Order | None = None) -> IntArray:
    """Return the row indices of an epoch, in the order of their visit.

    Parameters
    ----------
    n : int
        Number of rows.
    epoch : int
        Number of the epoch, counted from 0.
    shuffle : bool
        Whether a new permutation is drawn each epoch; else rows come as they are stored.
    seed : int
        Seed of the run.
    order : array of int, or function epoch -> array of int, or None
        Given indices, of any length and with repeats, in place of both.

    Returns
    -------
    array, int64
        Row indices.
    """
    if order is None:
        return permutation(n, seed, epoch) if shuffle else np.arange(n)
    rows = np.asarray(order(epoch) if callable(order) else order, dtype=np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= n):
        raise ValueError(f"order must hold row indices from 0 to {n - 1}, got {rows.min()} to {rows.max()}")
    return rows


def batches(rows: IntArray, batch_size: int) -> Iterator[IntArray]:
    """Cut an epoch's row indices into consecutive batches; the last one may be smaller.

    Parameters
    ----------
    rows : array, int64
        Row indices in the order of their visit.
    batch_size : int
        Rows a batch, at least 1.

    Yields
    ------
    array of shape (batch_size,) or less, int64
        Row indices of a batch.
    """
    for begin in range(0, len(rows), batch_size):
        yield rows[begin : begin + batch_size]
