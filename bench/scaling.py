"""What a round of descent on many workers costs: a model, a simulation that it is held to, and what both say.

    python bench/scaling.py              the tables of docs/scaling.md, with what this machine measures
    python bench/scaling.py --measured   measures nothing: with the figures of that page

Seconds, bytes and bytes a second throughout. Exit status 1 where the model is off by more than an eighth.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

WORKERS = (2, 4, 10, 32, 100, 316, 1000)
N_EVALUATIONS = 100
TOLERANCE = 0.125


@dataclass(frozen=True)
class Cluster:
    """What workers, their network and their client can do.

    speed: what a worker reads of its rows, in memory, by a pass that makes loss and gradient.
    latency, bandwidth: of a message between the client and a worker.
    each: what the client, of which there is one, spends on a worker in a round.
    start: of a round, whatever its size.
    spread: standard deviation of the logarithm of a worker's slowness from round to round.
    slow_share, slow_factor: how often a worker is held up, and what that multiplies its time by.
    """

    speed: float = 4.1e9
    latency: float = 5e-4
    bandwidth: float = 1.25e9
    each: float = 2.5e-3
    start: float = 8e-3
    spread: float = 0.1
    slow_share: float = 0.0
    slow_factor: float = 3.0


@dataclass(frozen=True)
class Problem:
    """Rows of `row_bytes`, and the float64 numbers that a round moves to each worker and back."""

    n_rows: float
    row_bytes: float
    n_params: float

    @property
    def data_bytes(self) -> float:
        return self.n_rows * self.row_bytes

    @property
    def message_bytes(self) -> float:
        return 8.0 * self.n_params


@dataclass(frozen=True)
class Round:
    """The parts of a round's time."""

    start: float
    questions: float
    answers: float
    latency: float

    @property
    def total(self) -> float:
        return self.start + self.questions + self.answers + self.latency


# ---- the model


def slowest(cluster: Cluster, n_workers: int) -> float:
    """The expected slowness of the slowest of so many workers: E max of p lognormals by Blom's quantile, or held up."""
    quantile = statistics.NormalDist().inv_cdf((n_workers - 0.375) / (n_workers + 0.25)) if n_workers > 1 else 0.0
    usual = math.exp(cluster.spread * quantile)
    any_slow = 1.0 - (1.0 - cluster.slow_share) ** n_workers
    n_slow = max(1.0, cluster.slow_share * n_workers)
    of_slow = statistics.NormalDist().inv_cdf((n_slow - 0.375) / (n_slow + 0.25)) if n_slow > 1.0 else 0.0
    held_up = max(usual, cluster.slow_factor * math.exp(cluster.spread * of_slow))
    return any_slow * held_up + (1.0 - any_slow) * usual


def message(cluster: Cluster, problem: Problem) -> float:
    """What the client spends on a question or an answer, which are as many numbers."""
    return cluster.each / 2.0 + problem.message_bytes / cluster.bandwidth


def model(cluster: Cluster, problem: Problem, n_workers: int) -> Round:
    """T(p) = t_0 + 2 L + p h + max(p h, s(p) n b / (p B)), with h = tau / 2 + 8 P / W.

    The client asks all workers one after another; then it waits for the slowest, while it takes the answers of others.
    """
    messages = n_workers * message(cluster, problem)
    compute = slowest(cluster, n_workers) * problem.data_bytes / (n_workers * cluster.speed)
    return Round(cluster.start, messages, max(messages, compute), 2.0 * cluster.latency)


def best_workers(cluster: Cluster, problem: Problem) -> float:
    """From here on another worker costs the client more than it saves: p h = n b / (p B)."""
    return math.sqrt(problem.data_bytes / (cluster.speed * message(cluster, problem)))


# ---- the simulation


def simulate(cluster: Cluster, problem: Problem, n_workers: int, rng: np.random.Generator) -> float:
    """One round, event by event: a client asks worker after worker, then takes the answers as they come."""
    half = message(cluster, problem)
    asked = cluster.start + half * np.arange(1, n_workers + 1) + cluster.latency
    slowness = np.exp(cluster.spread * rng.standard_normal(n_workers))
    slowness[rng.random(n_workers) < cluster.slow_share] *= cluster.slow_factor
    answered = asked + slowness * problem.data_bytes / (n_workers * cluster.speed) + cluster.latency
    # It has asked all of them before it takes the first answer.
    now = cluster.start + half * n_workers
    for answer in np.sort(answered):
        now = max(now, float(answer)) + half
    return now


def simulated(cluster: Cluster, problem: Problem, n_workers: int, n_rounds: int = 200) -> float:
    rng = np.random.default_rng(n_workers)
    return statistics.fmean(simulate(cluster, problem, n_workers, rng) for _ in range(n_rounds))


# ---- what is measured here


def measured_speed(n_rows: int = 100_000, n_features: int = 1000) -> float:
    """Bytes a second of loss and gradient over float32 rows, on all threads."""
    import fastgd

    rng = np.random.default_rng(0)
    X = rng.random((n_rows, n_features), dtype=np.float32)
    objective = fastgd.LinearObjective(X, rng.integers(0, 2, n_rows), loss="log_loss")
    w = objective.initial(0)
    times = []
    for _ in range(9):
        began = time.perf_counter()
        objective.value_and_grad(w)
        times.append(time.perf_counter() - began)
    return X.nbytes / statistics.median(times)


def measured_rounds(workers: Sequence[int] = (1, 2, 4), n_rounds: int = 200) -> tuple[float, float]:
    """Seconds of a round of `fastgd.dask` over next to no rows: of any round, and more for each worker."""
    import dask.array
    from distributed import Client, LocalCluster

    import fastgd.dask

    rounds = []
    for n in workers:
        with LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") as own, Client(own):
            X = dask.array.random.default_rng(0).normal(size=(200 * n, 20), chunks=(200, 20)).persist()
            y = X[:, 0].persist()

            def fit(n_epochs: int, X: Any = X, y: Any = y) -> float:
                model = fastgd.dask.SGDRegressor(learning_rate="constant", eta0=1e-3, max_iter=n_epochs, tol=None)
                began = time.perf_counter()
                model.fit(X, y)
                return time.perf_counter() - began

            fit(1)
            rounds.append(statistics.median((fit(n_rounds + 1) - fit(1)) / n_rounds for _ in range(3)))
    each, start = np.polyfit(workers, rounds, 1)
    return float(start), float(each)


# ---- tables


def seconds(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1.0 else f"{value:.3g} s"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def held_to_simulation(cluster: Cluster, problem: Problem) -> tuple[str, float]:
    """The table, and the largest error of the model as a share of what is simulated."""
    held_up = replace(cluster, slow_share=0.01)
    rows = []
    worst = 0.0
    for p in WORKERS:
        cells = [str(p)]
        for some in (cluster, held_up):
            found, expected = simulated(some, problem, p), model(some, problem, p).total
            cells += [seconds(expected), seconds(found), f"{expected / found:.2f}"]
            worst = max(worst, abs(expected / found - 1.0))
        rows.append(cells)
    head = ["workers", "model", "simulated", "ratio", "one in 100 held up: model", "simulated", "ratio"]
    return table(head, rows), worst


def parts(cluster: Cluster, problem: Problem, n_evaluations: int) -> str:
    rows = []
    for p in WORKERS:
        found = model(cluster, problem, p)
        whole = n_evaluations * found.total
        cells = [found.start, found.questions, found.answers, found.latency, found.total, whole]
        rows.append([str(p), *map(seconds, cells), f"{p * whole / 3600.0:.3g}"])
    head = ["workers", "start", "questions", "slowest worker, or answers", "latency", "a round"]
    return table([*head, f"{n_evaluations} rounds", "worker hours"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print the tables of docs/scaling.md.")
    parser.add_argument("--measured", action="store_true", help="take that page's figures in place of new ones")
    cluster = Cluster()
    if not parser.parse_args(arguments).measured:
        start, each = measured_rounds()
        cluster = replace(cluster, speed=measured_speed(), start=start, each=each)
    problem = Problem(n_rows=1e9, row_bytes=4e3, n_params=1001)
    small = Problem(n_rows=1e8, row_bytes=400, n_params=101)
    print(
        f"speed {cluster.speed / 1e9:.3g} GB/s, start {seconds(cluster.start)}, each worker {seconds(cluster.each)}\n"
    )
    errors = []
    for name, some in (("1e9 x 1,000 float32", problem), ("1e8 x 100 float32", small)):
        lines, error = held_to_simulation(cluster, some)
        errors.append(error)
        print(f"{name}\n\n{lines}")
    print(parts(cluster, problem, N_EVALUATIONS))
    network = replace(problem, n_params=1e7)
    for name, some in (
        ("float32", problem),
        ("float16", replace(problem, row_bytes=2e3)),
        ("uint8", replace(problem, row_bytes=1e3)),
        ("float32, 1e7 parameters", network),
    ):
        print(f"{name}: {best_workers(cluster, some):.0f} workers at most")
    return int(max(errors) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
