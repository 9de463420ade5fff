"""A loss surface of 100 x 100 points of a linear model, beside a value at each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import agreement
import data
import machine
import numpy as np
import report
import rounds
from setting import SEED, Setting

import fastgd

_SHAPE, _SMALL_SHAPE = (60_000, 784), (2_000, 784)
_SIDE, _SMALL_SIDE = 100, 10
_CLASSES = 10
# Of the points, those that are evaluated one by one in a round, and in one call of `values`.
_SEPARATE, _TOGETHER = 20, 120
_AT_LEAST = 8.0


def surface(rng: np.random.Generator, n_params: int, side: int) -> tuple[data.Floats, data.Floats, data.Floats]:
    """An origin, two directions and the points of a grid; scores of bytes are of size 1."""
    w, *directions = rng.normal(size=(3, n_params)) / (255.0 * np.sqrt(n_params / _CLASSES))
    line = np.linspace(-1.0, 1.0, side)
    return w, np.stack(directions), np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)


def per_point(evaluate: Callable[[data.Floats], object], models: data.Floats, n_points: int) -> Callable[[], float]:
    """A contestant that evaluates some of the points, for the time that all would take."""

    def seconds() -> float:
        begin = time.perf_counter()
        evaluate(models)
        return (time.perf_counter() - begin) / len(models) * n_points

    return seconds


def rows(setting: Setting) -> Iterator[report.Row]:
    rng = np.random.default_rng(SEED)
    shape, side = (_SMALL_SHAPE, _SMALL_SIDE) if setting.small else (_SHAPE, _SIDE)
    bytes_ = data.table(shape, np.uint8)
    bytes_[...] = rng.integers(0, 256, shape, np.uint8)
    floats = data.table(shape, np.float32)
    floats[...] = bytes_
    y = rng.integers(0, _CLASSES, shape[0])
    for X in (bytes_, floats):
        objective = fastgd.LinearObjective(X, y, loss="multinomial")
        w, directions, points = surface(rng, objective.n_params, side)
        n_points = len(points)
        models = w + points[:: max(1, n_points // _TOGETHER)][:_TOGETHER] @ directions
        some = models[:_SEPARATE]
        on_plane = objective.plane(w, directions, points)[:: max(1, n_points // _TOGETHER)][: len(some)]
        expected = np.array([objective.value(v) for v in some])
        agreement.check("values at points", on_plane - expected, agreement.rounding(np.float32, shape[1], expected))
        for threads in setting.threads:
            with machine.threads(threads, []):
                contestants = {
                    "fastgd": rounds.clocked(objective.plane, w, directions, points),
                    "value": per_point(lambda of, f=objective: [f.value(v) for v in of], some, n_points),
                    "values": per_point(objective.values, models, n_points),
                }
                seconds = rounds.medians(contestants, setting.rounds)
            title = f"{side} x {side} points of {shape[0]} x {shape[1]} {X.dtype}"
            yield report.compare(title, threads, seconds, ["value"], _AT_LEAST, everywhere=True)
            yield report.compare(f"{title}, in passes of many", threads, seconds, ["values"], None)
