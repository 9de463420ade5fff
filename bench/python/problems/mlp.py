"""Steps of mini-batch descent on networks, every contestant from the same start in the same order of rows.

fastgd's time is that of an epoch in `Result.history.seconds`, without the pass over all rows that gives `Result.fun` at
the end; the peers' is the wall time of theirs. They compute no loss on the way, fastgd does. Before that all of them
make a few steps in float64, and have to end in the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import agreement
import data
import descent
import machine
import numpy as np
import peers
import report
import rounds
from network import Network
from setting import SEED, Setting

import fastgd

_CHECKED_STEPS = 20
# Float64's rounding, carried through the steps; a step left out or another formula is off by far more.
_AGREEMENT = 1e-9
_SMALL_STEPS = 2
_OF_ONE_THREAD = 1.6


@dataclass(frozen=True)
class Case:
    sizes: tuple[int, ...]
    batch_size: int
    n_steps: int
    optimizer: str
    lr: float
    # At least so many times as fast as a peer, and such a share of the peak on one thread.
    of_peers: Mapping[str, float] = field(default_factory=dict)
    of_peak: float | None = None
    of_one_thread: float | None = None


_WIDE = {"PyTorch": 1.5, "JAX": 1.0, "NumPy": 1.0}
CASES = (
    Case((784, 256, 10), 128, 100, "sgd", 0.01, _WIDE, 0.80, _OF_ONE_THREAD),
    Case((784, 256, 10), 128, 100, "adam", 1e-3, _WIDE, 0.75, _OF_ONE_THREAD),
    Case((784, 512, 512, 10), 256, 50, "sgd", 0.01, {"PyTorch": 1.2}),
    Case((784, 512, 512, 10), 256, 50, "adam", 1e-3, {"PyTorch": 1.2}),
    Case((20, 32, 1), 64, 1000, "sgd", 0.01, {"PyTorch": 50.0, "JAX": 2.5}),
)


def rows(setting: Setting) -> Iterator[report.Row]:
    for n_threads in setting.threads:
        rivals = peers.offering("mlp_epoch")
        for case in CASES:
            with machine.threads(n_threads, rivals):
                yield from _compare(setting, case, rivals, n_threads)


def make_problem(case: Case, n_steps: int, dtype: type) -> tuple[data.Floats, data.Ints, fastgd.MLPObjective]:
    rng = np.random.default_rng(SEED)
    X = data.uniform(rng, (n_steps * case.batch_size, case.sizes[0]), dtype)
    n_classes = max(case.sizes[-1], 2)
    y = (X @ rng.standard_normal((case.sizes[0], n_classes))).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)  # each class is there
    loss = "multinomial" if n_classes > 2 else "log_loss"
    hidden = case.sizes[1:-1]
    return X, y, fastgd.MLPObjective(X, y, hidden_layer_sizes=hidden, loss=loss, n_classes=n_classes)


def _descend(
    objective: fastgd.MLPObjective, network: Network, batch_size: int, order: data.Ints, n_threads: int
) -> fastgd.Result:
    kind = fastgd.optimizers.SGD if network.optimizer == "sgd" else fastgd.optimizers.Adam
    return descent.run(
        objective,
        kind(lr=network.lr),
        w0=network.start,
        batch_size=batch_size,
        order=order,
        n_threads=n_threads,
    )


def _epochs(
    case: Case, n_steps: int, dtype: type, rivals: list[peers.Peer], n_threads: int
) -> tuple[Network, Callable[[int], fastgd.Result], dict[str, Callable[[], data.Floats]]]:
    X, y, objective = make_problem(case, n_steps, dtype)
    network = Network(case.sizes, objective.initial(SEED), case.optimizer, case.lr)
    order = np.random.default_rng(SEED).permutation(len(y))
    of_peers: dict[str, Callable[[], data.Floats]] = {}
    for peer in rivals:
        of_peers |= peer.build("mlp_epoch", X, y, order, case.batch_size, network)
    return network, lambda threads: _descend(objective, network, case.batch_size, order, threads), of_peers


def _compare(setting: Setting, case: Case, rivals: list[peers.Peer], n_threads: int) -> Iterator[report.Row]:
    n_checked, n_steps = (_SMALL_STEPS, _SMALL_STEPS) if setting.small else (_CHECKED_STEPS, case.n_steps)
    network, own, of_peers = _epochs(case, n_checked, np.float64, rivals, n_threads)
    end = own(n_threads).x
    if np.abs(end - network.start).max() < 1e-4 * case.lr:
        raise agreement.DisagreementError("fastgd has made no step")
    for name, epoch in of_peers.items():
        tolerance = _AGREEMENT * float(np.abs(end).max())
        agreement.check(f"{name}: the end of {n_checked} steps", float(np.abs(epoch() - end).max()), tolerance)

    network, own, of_peers = _epochs(case, n_steps, np.float32, rivals, n_threads)
    contestants: rounds.Contestants = {"fastgd": lambda: descent.seconds(own(n_threads))}
    contestants |= {name: rounds.clocked(epoch) for name, epoch in of_peers.items()}
    if n_threads > 1:
        contestants["one thread"] = lambda: descent.seconds(own(1))
    limits = setting.limits
    if limits is not None:
        n_flops = n_steps * network.flops(case.batch_size)
        contestants["FMA peak"] = lambda: limits.fma_seconds(n_flops, np.float32, n_threads)
    for run in contestants.values():
        run()
    seconds = rounds.medians(contestants, setting.rounds)

    title = f"{network.name()}, {case.optimizer}, batch {case.batch_size}, {n_steps} steps"
    for peer in rivals:
        names = [name for name in of_peers if name.partition(",")[0] == peer.name]
        at_least = case.of_peers.get(peer.name)
        yield report.compare(title, n_threads, seconds, names, at_least, everywhere=at_least == 1.0)
    if n_threads > 1:
        yield report.compare(title, n_threads, seconds, ["one thread"], case.of_one_thread, everywhere=True)
    if limits is None:
        yield report.unmeasured(title, n_threads, "no library of limits")
    else:
        yield report.compare(title, n_threads, seconds, ["FMA peak"], case.of_peak if n_threads == 1 else None)
