"""A stream in pieces of 1000 rows, each learned from once by `SGDClassifier.partial_fit`; seconds are those of a piece.

Before that both go through all pieces in the rows' own order, and have to end in the same place; then each shuffles the
rows of a piece, as it does by default.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
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
    if not rivals:
        yield report.unmeasured("partial_fit", None, "no scikit-learn")
        return
    n_pieces = _SMALL_PIECES if setting.small else _PIECES
    for table in tables(n_pieces * _PIECE):
        cuts = range(0, n_pieces * _PIECE, _PIECE)
        pieces = [(table.X[begin : begin + _PIECE], table.y[begin : begin + _PIECE]) for begin in cuts]
        for n_threads in setting.threads:
            with machine.threads(n_threads, rivals):
                yield _compare(setting, table, pieces, rivals, n_threads)


def _compare(setting: Setting, table: Table, pieces: list[Any], rivals: list[peers.Peer], n_threads: int) -> report.Row:
    def learned(kind: Any, **params: Any) -> Any:
        model = kind(**table.params, **params)
        for X, y in pieces:
            model.partial_fit(X, y, classes=(0.0, 1.0))
        return model

    def a_piece(kind: Any) -> float:
        begin = time.perf_counter()
        learned(kind)
        return (time.perf_counter() - begin) / len(pieces)

    found = estimators.kinds("SGDClassifier", rivals)
    check_ends({who: learned(kind, shuffle=False) for who, kind in found.items()}, table)
    seconds = rounds.medians({who: lambda kind=kind: a_piece(kind) for who, kind in found.items()}, setting.rounds)
    others = [who for who in found if who != "fastgd"]
    title = f"partial_fit of {_PIECE} rows, {table.storage} of {table.X.shape[1]}"
    return report.compare(title, n_threads, seconds, others, _AT_LEAST)
