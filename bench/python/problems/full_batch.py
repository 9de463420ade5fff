"""Loss and gradient of all rows: memory is what limits them, so one pass should be more than twice two passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import agreement
import data
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

import fastgd

SHAPES = ((1_000_000, 64), (200_000, 512), (60_000, 784))
_SMALL_ROWS = 300
_OF_TWO_PASSES = 2.2
_OF_READ_LIMIT = {1: 0.70, 2: 0.75}

Function = Callable[[data.Floats], tuple[float, data.Floats]]


def shapes(setting: Setting) -> list[tuple[int, int]]:
    return [(_SMALL_ROWS if setting.small else n, d) for n, d in SHAPES]


def rows(setting: Setting) -> Iterator[report.Row]:
    for shape in shapes(setting):
        for dtype in (np.float32, np.float64):
            rng = np.random.default_rng(SEED)
            X = data.normal(rng, shape, dtype)
            y = data.labels(rng, X)
            w = data.parameters(rng, shape[1] + 1, dtype)
            for n_threads in setting.threads:
                yield from _compare(setting, X, y, w, n_threads)


def _compare(setting: Setting, X: data.Floats, y: data.Floats, w: data.Floats, n_threads: int) -> Iterator[report.Row]:
    own = fastgd.LinearObjective(X, y, loss="log_loss")
    rivals = peers.offering("log_loss")
    with machine.threads(n_threads, rivals):
        functions = {peer.name: peer.build("log_loss", X, y, n_threads) for peer in rivals}
        _check(own, functions, X, w)
        # fastgd takes parameters in float64 whatever the table is: the same numbers, converted once.
        as_float64 = w.astype(np.float64)
        contestants: rounds.Contestants = {"fastgd": rounds.clocked(own.value_and_grad, as_float64)}
        contestants |= {name: rounds.clocked(function, w) for name, function in functions.items()}
        limits = setting.limits
        if limits is not None:
            contestants["read limit"] = lambda: limits.read_seconds(X, n_threads)
        seconds = rounds.medians(contestants, setting.rounds)

    title = f"full_batch {X.shape[0]} x {X.shape[1]} {X.dtype}"
    two_pass = [peer.name for peer in rivals if not peer.fused]
    yield report.compare(title, n_threads, seconds, two_pass, _OF_TWO_PASSES if n_threads == 1 else None)
    fused = [peer.name for peer in rivals if peer.fused]
    if fused:
        yield report.compare(title, n_threads, seconds, fused, 1.0, everywhere=True)
    else:
        yield report.unmeasured(title, n_threads, "no fused peer is installed")
    if limits is not None:
        yield report.compare(title, n_threads, seconds, ["read limit"], _OF_READ_LIMIT.get(n_threads))
    else:
        yield report.unmeasured(title, n_threads, "no library of limits")


def _check(own: fastgd.LinearObjective, functions: dict[str, Function], X: data.Floats, w: data.Floats) -> None:
    value, grad = own.value_and_grad(w)
    n_terms = sum(X.shape)
    # Sums of |terms|: of the loss at most 1 + |raw| a row, of the gradient at most |x|, since |dloss/draw| <= 1.
    value_size = 1.0 + float(np.abs(own.decision_function(w)).mean())
    grad_size = np.append(np.sqrt(np.einsum("ij,ij->j", X, X) / len(X)), 1.0)
    for name, function in functions.items():
        their_value, their_grad = function(w)
        agreement.check(f"{name}: loss", abs(their_value - value), agreement.rounding(X.dtype, n_terms, value_size))
        agreement.check(f"{name}: gradient", np.abs(their_grad - grad), agreement.rounding(X.dtype, n_terms, grad_size))
