"""Time to within a thousandth and a millionth of the minimum of logistic regression with an l2 penalty, in float32.

Each contestant is given the fewest iterations that bring it there, and is then timed with them, from the arrays to the
parameters: the making of a `LinearObjective` counts, that of liblinear's rows, which are in float64, does not. How near
it came is computed in float64, beside the clock. Before that each has to show on some of the rows in float64 that it
does not settle elsewhere than at that minimum.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial

import agreement
import data
import drawn
import machine
import numpy as np
import peers
import report
import rounds
from setting import SEED, Setting

import fastgd

_REAL = ("ijcnn1", "adult")
_TARGETS = (1e-3, 1e-6)
_AT_LEAST = 2.0
_ITERATIONS = [*range(1, 11), 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 103, 124, 149, 179, 215, 258, 310]
# What takes longer has lost.
_PATIENCE = 4.0
_CHECKED_ROWS = 2_000
_CHECKED_ITERATIONS = (215, 310)
# Relative to the minimum: a wrong penalty or a penalised intercept costs more.
_SAME_MINIMUM = 1e-6
# Who is still so much nearer after more iterations is slow, not elsewhere.
_STILL_COMES_NEARER = 0.99

Solve = Callable[[int], data.Floats]


def tables(setting: Setting) -> Iterator[tuple[str, data.Floats, data.Floats]]:
    """Name, X and y as 0 and 1: two real ones, where they are, and one of columns that depend on each other."""
    most = _CHECKED_ROWS if setting.small else None
    for known in _REAL:
        found = drawn.real_or_drawn(known, setting)
        if found is not None:
            name, parts = found
            X, y = parts["X_train"][:most], parts["y_train"][:most]
            X = np.ascontiguousarray(X if isinstance(X, np.ndarray) else X.toarray(), np.float32)
            yield name, X, y.astype(np.float32)
    rng = np.random.default_rng(SEED)
    X = data.dependent(rng, (2_000 if setting.small else 200_000, 54), np.float32)
    yield "correlated", X, data.labels(rng, X)


def contestants(X: data.Floats, y: data.Floats, alpha: float, rivals: list[peers.Peer]) -> dict[str, Solve]:
    def own(n: int) -> data.Floats:
        objective = fastgd.LinearObjective(X, y, alpha=alpha)
        return fastgd.minimize(objective, optimizer="lbfgs", max_epochs=n, tol=None).x

    solvers: dict[str, Solve] = {"fastgd": own}
    for peer in rivals:
        solvers.update(peer.build("logistic", X, y, alpha))  # type: ignore[arg-type]
    return solvers


def excess_above_minimum(X: data.Floats, y: data.Floats, alpha: float) -> Callable[[data.Floats], float]:
    """How far parameters are above the minimum, relative to it."""
    objective = fastgd.LinearObjective(X.astype(np.float64), y, alpha=alpha)
    least = fastgd.minimize(objective, optimizer="lbfgs", max_epochs=1000, tol=None).fun
    return lambda w: (objective.value(np.asarray(w, np.float64)) - least) / least


def check_minima(X: data.Floats, y: data.Floats, rivals: list[peers.Peer]) -> None:
    """That no solver settles elsewhere."""
    X, y = X[:_CHECKED_ROWS].astype(np.float64), y[:_CHECKED_ROWS].astype(np.float64)
    alpha = 1.0 / len(y)
    excess = excess_above_minimum(X, y, alpha)
    for who, solve in contestants(X, y, alpha, rivals).items():
        before, after = (abs(excess(solve(n))) for n in _CHECKED_ITERATIONS)
        if not (after <= _SAME_MINIMUM or after < _STILL_COMES_NEARER * before):
            raise agreement.DisagreementError(f"{who} settles {after:.3g} of the minimum away from fastgd's")


def path(solve: Solve, excess: Callable[[data.Floats], float], end: float) -> Iterator[tuple[int, float, float]]:
    """Iterations, seconds of one run and excess, until that is at most `end` or patience ends."""
    for n_iterations in _ITERATIONS:
        begin = time.perf_counter()
        w = solve(n_iterations)
        seconds = time.perf_counter() - begin
        above = excess(w)
        yield n_iterations, seconds, above
        if above <= end or seconds > _PATIENCE:
            return


def rows(setting: Setting) -> Iterator[report.Row]:
    rivals = peers.offering("logistic")
    for name in _REAL:
        if drawn.real_or_drawn(name, setting) is None:
            yield report.unmeasured(f"{name}, to the minimum", None, f"no such table in {setting.data}")
    for (name, X, y), n_threads in itertools.product(tables(setting), setting.threads):
        alpha = 1.0 / len(y)
        if n_threads == setting.threads[0]:
            with machine.threads(n_threads, rivals):
                check_minima(X, y, rivals)
        with machine.threads(n_threads, rivals):
            excess = excess_above_minimum(X, y, alpha)
            solvers = contestants(X, y, alpha, rivals)
            paths = {who: list(path(solve, excess, min(_TARGETS))) for who, solve in solvers.items()}
            for target in _TARGETS:
                fewest = {
                    who: next((n for n, _, above in steps if above <= target), None) for who, steps in paths.items()
                }
                title = f"{name} {X.shape[0]} x {X.shape[1]}, to {target:g} of the minimum"
                if fewest["fastgd"] is None:
                    raise agreement.DisagreementError(f"{title}: fastgd does not reach it")
                for who in (who for who, n in fewest.items() if n is None):
                    yield report.unmeasured(title, n_threads, f"{who} does not reach it")
                timed = {who: rounds.clocked(partial(solvers[who], n)) for who, n in fewest.items() if n is not None}
                seconds = rounds.medians(timed, setting.rounds)
                others = [who for who in timed if who != "fastgd"]
                if others:
                    yield report.compare(title, n_threads, seconds, others, _AT_LEAST)
