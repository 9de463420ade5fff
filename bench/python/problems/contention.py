"""Two threads beside somebody who takes a processor: a process that burns it, or a pool that spins after its last call.

A second thread may bring nothing there, but must not hurt: on all threads fastgd takes at most 1.25 times as long as on
one thread in the same place. Whole calls are timed, several a turn; pools are not given the time to settle.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import agreement
import data
import numpy as np
import report
import rounds
from setting import SEED, Setting

import fastgd

_SHAPE, _WIDE_SHAPE = (60_000, 784), (1_000_000, 100)
_SMALL_ROWS = 300
_N_CLASSES = 10
_MODELS = 60
_AT_LEAST = 1 / 1.25
# A product that takes a pool of threads some milliseconds.
_PRODUCT = 1024
# Ends with its parent, whatever happens to that.
_BURN = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
parent = os.getppid()
print(flush=True)
while os.getppid() == parent:
    sum(range(100_000))
"""


@dataclass(frozen=True)
class Work:
    title: str
    run: Callable[[], data.Array]
    # In a turn: the scheduler moves threads every few milliseconds, and a turn has to see many of its moves.
    calls: int


@contextmanager
def burners(processors: Iterable[int]) -> Iterator[None]:
    """A process on each of these processors that does nothing but keep it busy."""
    with ExitStack() as stack:
        for processor in processors:
            burner = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", _BURN, str(processor)], stdout=subprocess.PIPE)
            )
            stack.callback(burner.kill)
            assert burner.stdout is not None
            if not burner.stdout.readline():
                raise RuntimeError(f"nothing burns processor {processor}")
        yield


def rows(setting: Setting) -> Iterator[report.Row]:
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    n_threads = max(setting.threads)
    if len(processors) < 2 or n_threads < 2:
        yield report.unmeasured("contention", None, "it takes two processors and two threads")
        return
    todo = list(_works(setting))
    for work in todo:
        _check(work, n_threads)
    for burnt, at_least in ((processors[-1:], _AT_LEAST), (processors[-2:], None)):
        with burners(burnt):
            beside = "a burner" if len(burnt) == 1 else f"{len(burnt)} burners"
            for work in todo:
                yield _compare(setting, work, n_threads, beside, _nothing, at_least)
    for name, product in _products():
        for work in todo:
            yield _compare(setting, work, n_threads, f"after {name}'s product", product, _AT_LEAST)
    if find_spec("torch") is None:
        yield report.unmeasured("contention, after PyTorch's product", n_threads, "PyTorch is not installed")


def _works(setting: Setting) -> Iterator[Work]:
    rng = np.random.default_rng(SEED)
    X = data.uniform(rng, (_SMALL_ROWS if setting.small else _SHAPE[0], _SHAPE[1]), np.float32)
    scores = X @ rng.standard_normal((X.shape[1], _N_CLASSES), np.float32)
    classes = scores.argmax(axis=1)
    classes[:_N_CLASSES] = np.arange(_N_CLASSES)  # each class is there
    binary = fastgd.LinearObjective(X, scores[:, 0] > np.median(scores[:, 0]))
    softmax = fastgd.LinearObjective(X, classes, loss="multinomial", n_classes=_N_CLASSES)
    network = fastgd.MLPObjective(X, classes, hidden_layer_sizes=(256,), loss="multinomial", n_classes=_N_CLASSES)
    w = data.parameters(rng, binary.n_params, np.float64)
    wide = data.normal(rng, (_SMALL_ROWS if setting.small else _WIDE_SHAPE[0], _WIDE_SHAPE[1]), np.float32)
    scorer = fastgd.LinearObjective(wide, data.labels(rng, wide))
    w_wide = data.parameters(rng, scorer.n_params, np.float64)

    def value_and_grad() -> data.Array:
        value, grad = binary.value_and_grad(w)
        return np.append(grad, value)

    def sweep() -> data.Array:
        alphas = np.logspace(-6, -2, _MODELS).tolist()
        return fastgd.sweep(binary, grid={"alpha": alphas}, optimizer=_SGD, batch_size=128, **_RUN).x

    def lbfgs() -> data.Array:
        return fastgd.minimize(binary, optimizer="lbfgs", max_epochs=20, tol=None).x

    yield Work(f"value_and_grad, {X.shape[0]} x {X.shape[1]}", value_and_grad, 20)
    yield Work("softmax epoch, batch 128", partial(_epoch, softmax, 128), 10)
    yield Work("binary epoch, batch 128", partial(_epoch, binary, 128), 10)
    yield Work("binary epoch, a row a step", partial(_epoch, binary, 1), 10)
    yield Work("784-256-10 epoch, batch 128", partial(_epoch, network, 128), 1)
    yield Work(f"epoch of {_MODELS} models", sweep, 2)
    yield Work("LBFGS, 20 iterations", lbfgs, 1)
    yield Work(f"scores of {wide.shape[0]} x {wide.shape[1]}", lambda: scorer.decision_function(w_wide), 10)


_SGD = fastgd.optimizers.SGD(lr=1e-3)
_RUN: dict[str, Any] = {"max_epochs": 1, "tol": None, "random_state": SEED}


def _epoch(objective: fastgd.LinearObjective | fastgd.MLPObjective, batch_size: int) -> data.Array:
    return fastgd.minimize(objective, optimizer=_SGD, batch_size=batch_size, **_RUN).x


def _products() -> Iterator[tuple[str, Callable[[], object]]]:
    A = np.random.default_rng(SEED).standard_normal((_PRODUCT, _PRODUCT), np.float32)
    yield "NumPy", lambda: A @ A
    if find_spec("torch") is not None:
        import torch

        tensor = torch.from_numpy(A)
        yield "PyTorch", lambda: tensor @ tensor


def _nothing() -> None:
    pass


def _check(work: Work, n_threads: int) -> None:
    with fastgd.threads(1):
        alone = work.run()
    with fastgd.threads(n_threads):
        if not np.array_equal(work.run(), alone):
            raise agreement.DisagreementError(f"{work.title}: {n_threads} threads give other bits than one")


def _seconds(work: Work, n_calls: int, n_threads: int, before: Callable[[], object]) -> float:
    """The mean, not the median: a call that is held up now and then is what this is about."""
    total = 0.0
    with fastgd.threads(n_threads):
        for _ in range(n_calls):
            before()
            begin = time.perf_counter()
            work.run()
            total += time.perf_counter() - begin
    return total / n_calls


def _compare(
    setting: Setting, work: Work, n_threads: int, beside: str, before: Callable[[], object], at_least: float | None
) -> report.Row:
    n_calls = 1 if setting.small else work.calls
    contestants: rounds.Contestants = {
        "fastgd": partial(_seconds, work, n_calls, n_threads, before),
        "one thread": partial(_seconds, work, n_calls, 1, before),
    }
    seconds = rounds.medians(contestants, setting.rounds)
    return report.compare(f"{work.title}, {beside}", n_threads, seconds, ["one thread"], at_least)
