"""Local descent with periodic averaging: each chunk goes its own way for some epochs, then all go on from the mean."""

from __future__ import annotations

import time
from collections import ChainMap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _core
from .._estimators.problem import seed_of
from .._estimators.stopping import EpochEnd
from .._outcome import refuse_nonfinite
from .._plan import make_plan
from .._rate import with_rate
from .._run import Model, check_together, run
from ..objectives.chunked import add_up, weight_of
from ..result import History, Result
from ._blocks import threads_here
from ._cluster import RETRIES, at, gathered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._plan import Plan
    from ..objectives import DataObjective
    from ..objectives.chunked import Nodes
    from ._blocks import Chunks
    from ._table import Objectives, Table

    Floats = NDArray[np.float64]

# Steps made, loss and rate of the last epoch, and the lengths of what follows: the parameters, and the arrays that
# `fastgd._core.DescentState` is made of.
_N_HEAD, _N_PARTS = 3, 5


class State(NamedTuple):
    """Where all chunks go on: the means of their parameters and of what their optimisers know."""

    x: Floats
    epoch: int = 0
    step: int = 0
    parts: tuple[Floats, ...] = ()
    loss: float = np.nan
    lr: float = np.nan


def descend(
    objectives: list[DataObjective],
    chunks: Chunks,
    estimator: Any,
    state: State,
    lr: float | None,
    n_epochs: int,
    seed: int,
    n_threads: int | None,
) -> Nodes:
    """Go on by so many epochs on each chunk; what comes of it, times the chunk's weight, is added up."""
    leaves = {}
    for objective, number, place in zip(objectives, chunks.numbers, chunks.places, strict=True):
        of_chunk = int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])
        plan = _plan(estimator, objective, n_epochs, of_chunk, threads_here(n_threads))
        model = _model(estimator, objective, state.x, lr, of_chunk)
        check_together(objective, model, plan)
        resume = _core.DescentState((state.epoch, state.step, *state.parts)) if state.parts else None
        outcome = run(objective, [model], plan, resume=resume)
        try:
            refuse_nonfinite(objective, outcome)
        except ValueError as error:
            raise ValueError(f"chunk {number}: {error}") from None
        if outcome["status"][0] == "diverged":
            raise ValueError(
                f"Floating-point under-/overflow occurred: {type(estimator).__name__} diverged on chunk {number}; take "
                "a smaller learning rate, or scale X with StandardScaler"
            )
        _, step, *parts = outcome["state"].parts()
        arrays = [outcome["x"][0], *parts]
        head = [step, outcome["history"]["loss"][-1, 0], outcome["history"]["lr"][-1, 0], *map(len, arrays)]
        leaves[0, place] = weight_of(objective) * np.concatenate([head, *arrays])
    return add_up(leaves, chunks.n_places)


def _mean(nodes: Nodes, weight: float, epoch: int) -> State:
    (sums,) = nodes.values()
    means = sums / weight
    step, loss, lr = means[:_N_HEAD]
    # Lengths are means of equals.
    lengths = np.rint(means[_N_HEAD : _N_HEAD + _N_PARTS]).astype(int)
    x, *parts = np.split(means[_N_HEAD + _N_PARTS :], np.cumsum(lengths)[:-1])
    return State(x, epoch, round(float(step)), tuple(parts), float(loss), float(lr))


def _plan(estimator: Any, objective: DataObjective, n_epochs: int, seed: int, n_threads: int | None) -> Plan:
    rows = estimator._batch_rows(objective._n_present)
    options: dict[str, Any] = {
        "max_epochs": n_epochs,
        "tol": None,
        "shuffle": bool(estimator.shuffle),
        "random_state": seed,
    }
    return make_plan(objective, batch_size=rows, n_threads=n_threads, **options)._replace(
        evaluate=False, grad_norm=False
    )


def _model(estimator: Any, objective: DataObjective, x: Floats, lr: float | None, seed: int) -> Model:
    return Model(x, estimator._make_optimizer(), objective.alpha, objective.l1_ratio, lr, init_seed=seed)


def choose_rate(objective: DataObjective, estimator: Any, x: Floats, seed: int) -> float | None:
    """What ``"auto"`` stands for on a chunk, None where the rate is given."""
    plan = _plan(estimator, objective, 1, seed, None)
    return with_rate(objective, _model(estimator, objective, x, None, seed), plan).lr


def average(
    estimator: Any, table: Table, objectives: Objectives, start: Floats, n_threads: int | None
) -> tuple[Result, EpochEnd]:
    """Rounds of local descent, each from the mean of the last one's, until the mean loss has settled."""
    seed, every = seed_of(estimator.random_state), int(estimator.sync_every)
    client, began = table.client, time.perf_counter()
    end = EpochEnd(estimator, lambda x: None, None, None, 0)
    rounds: list[tuple[float, ...]] = []
    state = State(start)
    status = "max_epochs"
    try:
        rate = client.submit(choose_rate, objectives.first(), estimator, start, seed, key=table.key("rate"))
        (lr,) = gathered(client, [rate])
        while state.epoch < estimator.max_iter:
            n_epochs = min(every, estimator.max_iter - state.epoch)
            tasks = [
                client.submit(
                    descend,
                    held,
                    chunks,
                    estimator,
                    state,
                    lr,
                    n_epochs,
                    seed,
                    n_threads,
                    key=table.key("descent", len(rounds), worker),
                    retries=RETRIES,
                    **at(address),
                )
                for worker, (address, held, chunks) in enumerate(objectives.on_workers())
            ]
            nodes = add_up(ChainMap(*gathered(client, tasks)), len(objectives))
            state = _mean(nodes, objectives.weight, state.epoch + n_epochs)
            seconds = time.perf_counter() - began
            rounds.append((state.epoch - 1, state.step, state.loss, state.lr, np.nan, seconds))
            if not end(*_told(state, len(rounds), seconds)):
                status = "callback"
                break
    except KeyboardInterrupt:
        status = "interrupted"
    columns = np.array(rounds, dtype=np.float64).reshape(-1, 6).T
    history = History(columns[0].astype(np.int64), columns[1].astype(np.int64), *columns[2:])
    message = f"local descent with the mean of {len(objectives)} chunks every {every} epochs: {status}"
    result = Result(
        x=state.x,
        fun=state.loss,
        grad_norm=np.nan,
        lr=state.lr,
        n_epochs=state.epoch,
        n_steps=state.step,
        success=status == "callback",
        status=status,
        message=message,
        history=history,
    )
    return result, end


def _told(state: State, n_rounds: int, seconds: float) -> tuple[Any, ...]:
    return n_rounds - 1, state.step, np.array([state.loss]), np.array([state.lr]), seconds, lambda: state.x[np.newaxis]
