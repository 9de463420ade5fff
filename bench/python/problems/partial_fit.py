"""A stream in pieces of 1000 rows, each learned from once by `SGDClassifier.partial_fit`; seconds are those of a piece.

Before that both go through all pieces in float64 and in the rows' own order, and have to end in the same place; then
each shuffles the rows of a piece, as it does by default, in float32.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import estimators
import machine
import peers
import report
import rounds
from setting import Setting

from .estimator_epoch import Table, check_ends, tables

_PIECE = 1_000
_PIECES, _SMALL_PIECES = 100, 3
_AT_LEAST = 3.0


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("estimators")
    n_pieces = _SMALL_PIECES if setting.small else _PIECES
    for table in tables(n_pieces * _PIECE):
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals):
                yield _compare(setting, table, rivals, n_threads)


def _compare(setting: Setting, table: Table, rivals: list[peers.Peer], n_threads: int) -> report.Row:
    exact, kinds = table.in_float64(), estimators.kinds("SGDClassifier", rivals)
    check_ends({who: _learned(kind(**table.params, shuffle=False), _cut(exact)) for who, kind in kinds.items()}, exact)
    pieces = _cut(table)

    def a_piece(kind: Any) -> float:
        begin = time.perf_counter()
        _learned(kind(**table.params), pieces)
        return (time.perf_counter() - begin) / len(pieces)

    seconds = rounds.medians({who: partial(a_piece, kind) for who, kind in kinds.items()}, setting.rounds)
    others = [who for who in kinds if who != "fastgd"]
    title = f"partial_fit of {_PIECE} rows, {table.storage} of {table.X.shape[1]}"
    return report.compare(title, n_threads, seconds, others, _AT_LEAST)


def _cut(table: Table) -> list[tuple[Any, Any]]:
    begins = range(0, len(table.y), _PIECE)
    return [(table.X[begin : begin + _PIECE], table.y[begin : begin + _PIECE]) for begin in begins]


def _learned(model: Any, pieces: list[tuple[Any, Any]]) -> Any:
    for X, y in pieces:
        model.partial_fit(X, y, classes=(0.0, 1.0))
    return model
