"""What other code does to threads around a fit, each in a process of its own that may hang or die.

    python tests/_thread_programs.py NAME...  runs the functions of these names and prints what the last returns as JSON

The bits are those of four whole fits of `_fits`, so that every kind of team is in use: blocks of full batches, columns
of mini-batches, rows one by one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import _fits
import numpy as np

import fastgd

NAMES = (
    "py-f64-log_loss-full",
    "py-u8-multinomial-128-momentum",
    "py-f32-log_loss-ovr-32-nesterov",
    "py-f32-log_loss-rows",
)
Bits = list[str]
PATIENCE = 30  # seconds


def bits(n_threads: int | None) -> Bits:
    """What the fits give; None leaves the number of threads to fastgd."""
    found = []
    for name in NAMES:
        objective, options = _fits.FITS[name]()
        result = fastgd.minimize(objective, max_epochs=3, tol=None, random_state=5, n_threads=n_threads, **options)
        found.append(_fits.hash_of(result.x))
    return found


def in_child(work: Callable[[], Any]) -> Any:
    """What the work returns in a forked process, which dies if it hangs."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(PATIENCE)
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                json.dump(work(), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        sent = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise RuntimeError(f"the child hung, died or failed: {status}")
    return json.loads(sent)


def multiply(size: int = 400) -> float:
    """NumPy's BLAS, on its own threads."""
    a = np.ones((size, size))
    return float((a @ a)[0, 0])


# ---- the programs


def fork() -> dict[str, Any]:
    """Children of a process that has had teams, and grandchildren, and the parent afterwards."""
    before = bits(4)
    n_tasks = _fits.n_tasks()
    found = [before]
    for _ in range(3):
        found += in_child(lambda: [bits(4), bits(7), bits(1)])
    found += in_child(lambda: [bits(4), in_child(lambda: bits(5))])
    child_tasks = in_child(lambda: [_fits.n_tasks(), bits(4) and _fits.n_tasks()])
    return {"all": [*found, bits(4)], "n_tasks": n_tasks, "child_tasks": child_tasks}


def fork_during_a_fit() -> dict[str, Any]:
    """A child that is forked while another thread of the parent has a team; there nobody has it any more."""
    running, found = threading.Event(), []

    def epochs() -> Bits:
        objective, options = _fits.FITS[NAMES[1]]()
        result = fastgd.minimize(
            objective,
            max_epochs=10**6,
            tol=None,
            n_threads=4,
            time_limit=20.0,
            callbacks=lambda info: running.set() or len(found) == 3,
            **options,
        )
        return [result.status]

    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(epochs)
        running.wait(PATIENCE)
        for _ in range(3):
            found.append(in_child(lambda: [bits(4), _fits.n_tasks()]))
        status = fit.result(PATIENCE)
    return {"all": [*(one for one, _ in found), bits(4)], "child_tasks": [n for _, n in found], "status": status}


def many_children(method: str) -> dict[str, Any]:
    """A pool of multiprocessing, after the parent had a team."""
    before = bits(4)
    context = multiprocessing.get_context(method)
    with context.Pool(2, initializer=signal.alarm, initargs=(2 * PATIENCE,)) as pool:
        found = pool.map(bits, [1, 4, 7, 4], chunksize=1)
    return {"all": [before, *found, bits(4)]}


def pool_by_fork() -> dict[str, Any]:
    return many_children("fork")


def pool_by_spawn() -> dict[str, Any]:
    return many_children("spawn")


def pool_by_forkserver() -> dict[str, Any]:
    return many_children("forkserver")


def python_threads() -> dict[str, Any]:
    """Several fits at once, each of which would like a team."""
    alone = bits(4)
    together = threading.Barrier(3)

    def repeat(n_threads: int) -> list[Bits]:
        together.wait(PATIENCE)
        return [bits(n_threads) for _ in range(4)]

    with ThreadPoolExecutor(3) as pool:
        found = [one for many in pool.map(repeat, [4, 4, 2]) for one in many]
    return {"all": [alone, *found, bits(4)]}


def fit_in_a_callback() -> dict[str, Any]:
    """A fit between two epochs of another one, which is none the worse for it."""
    inner: list[Bits] = []
    outer = []
    for name in NAMES:
        objective, options = _fits.FITS[name]()
        result = fastgd.minimize(
            objective,
            max_epochs=3,
            tol=None,
            random_state=5,
            n_threads=4,
            callbacks=lambda info: inner.append(bits(4)),
            **options,
        )
        outer.append(_fits.hash_of(result.x))
    return {"all": [outer, *inner]}


def blas() -> dict[str, Any]:
    """NumPy's threads before, between and in children."""
    multiply()
    found = [bits(4)]
    multiply()
    for _ in range(2):
        found += in_child(lambda: [bits(4), multiply() and bits(4)])
    return {"all": [*found, bits(4)]}


def no_more_threads() -> dict[str, Any]:
    """The user may have no further process or thread; that does not bind the superuser, who becomes someone else."""
    import resource

    expected = _fits.golden_lines()
    # Nobody may not read the package, which loads its parts when they are asked for.
    bits(1)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        pass
    else:
        raise AssertionError("a thread could be started")
    return {"all": [[expected[name] for name in NAMES], bits(7), bits(2)], "n_tasks": _fits.n_tasks()}


def stacks() -> dict[str, Any]:
    """With 2 GB left, of which the environment may ask for more, or for what no stack is, a thread."""
    import resource

    import _out_of_memory

    resource.setrlimit(resource.RLIMIT_AS, (_out_of_memory.address_space() + 2**31, resource.RLIM_INFINITY))
    return {"all": [bits(3)], "n_tasks": _fits.n_tasks()}


def limits() -> dict[str, Any]:
    """The number of threads by default, and how many there are after fits with it."""
    return {"all": [bits(None)], "n_threads": fastgd.get_num_threads(), "n_tasks": _fits.n_tasks()}


def many_asked_for() -> dict[str, Any]:
    """More threads than there are processors."""
    _fits.fit(NAMES[0], 7)
    n_tasks = _fits.n_tasks()
    return {"all": [bits(7)], "n_threads": fastgd.get_num_threads(), "n_tasks": n_tasks}


def pool_limit() -> dict[str, Any]:
    """threadpoolctl's limit, while it lasts."""
    from threadpoolctl import threadpool_limits

    before = fastgd.get_num_threads()
    with threadpool_limits(1, user_api="openmp"):
        within = fastgd.get_num_threads()
        first = bits(None)
        n_tasks = _fits.n_tasks()
    return {"all": [first, bits(None)], "n_threads": [before, within, fastgd.get_num_threads()], "n_tasks": n_tasks}


def affinity_from_the_start() -> None:
    """One processor of those there are, for a process that has known no others."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.execv(sys.executable, [sys.executable, __file__, "limits"])


def affinity() -> dict[str, Any]:
    """One processor of those there are, for some time."""
    before = fastgd.get_num_threads()
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    within = fastgd.get_num_threads()
    first = bits(None)
    n_tasks = _fits.n_tasks()
    os.sched_setaffinity(0, processors)
    return {"all": [first, bits(None)], "n_threads": [before, within, fastgd.get_num_threads()], "n_tasks": n_tasks}


def many_children_in_turn() -> dict[str, Any]:
    """Rounds of a fit in the parent, then in a forked child; FASTGD_ROUNDS of them, 200 by default."""
    multiply()
    objective, options = _fits.FITS[NAMES[0]]()

    def fit() -> tuple[str, int]:
        result = fastgd.minimize(objective, max_epochs=1, tol=None, random_state=5, n_threads=4, **options)
        return _fits.hash_of(result.x), _fits.n_tasks()

    n_rounds = int(os.environ.get("FASTGD_ROUNDS", "200"))
    found = [fit()]
    for _ in range(n_rounds):
        found += [tuple(in_child(fit)), fit()]
    return {"n_rounds": n_rounds, "n_results": len({x for x, _ in found}), "least_tasks": min(n for _, n in found)}


def torch_products() -> float:
    """PyTorch's matrix products on its own threads, which its own children would wait for without an end."""
    import torch

    torch.set_num_threads(4)
    a = torch.ones(400, 400)
    return float((a @ a)[0, 0])


def pool_by_joblib(backend: str) -> dict[str, Any]:
    from joblib import Parallel, delayed

    before = bits(4)
    found = Parallel(n_jobs=2, backend=backend, timeout=2 * PATIENCE)(delayed(bits)(n) for n in [1, 4, 7, 4])
    return {"all": [before, *found, bits(4)]}


def joblib_loky() -> dict[str, Any]:
    return pool_by_joblib("loky")


def joblib_threading() -> dict[str, Any]:
    return pool_by_joblib("threading")


def joblib_multiprocessing() -> dict[str, Any]:
    return pool_by_joblib("multiprocessing")


def shared_estimators() -> dict[str, Any]:
    """One fitted estimator of every family, asked by several threads at once, from its first call on."""
    from fastgd import covariance, linear_model, mixture, neighbors, neural_network

    X = np.random.default_rng(0).normal(size=(3_000, 20))
    y = X[:, 0] > 0.0
    fitted = [
        (linear_model.SGDClassifier(loss="log_loss", max_iter=5, tol=None).fit(X, y), "predict_proba"),
        (linear_model.LogisticRegression().fit(X, y), "predict_proba"),
        (linear_model.Ridge().fit(X, X[:, 1]), "predict"),
        (linear_model.SGDOneClassSVM(max_iter=5, tol=None).fit(X), "decision_function"),
        (neural_network.MLPClassifier((16,), max_iter=2, tol=0.0).fit(X, y), "predict_proba"),
        (mixture.GaussianMixture(3, random_state=0).fit(X), "predict_proba"),
        (covariance.Gaussian().fit(X), "score_samples"),
        (neighbors.KNeighborsClassifier(5).fit(X, y), "predict_proba"),
    ]
    expected = [getattr(model, method)(X) for model, method in fitted]
    together = threading.Barrier(3)

    def ask(_: int) -> bool:
        together.wait(PATIENCE)
        return all(
            np.array_equal(getattr(model, method)(X), alone)
            for _ in range(10)
            for (model, method), alone in zip(fitted, expected, strict=True)
        )

    with ThreadPoolExecutor(3) as pool:
        return {"same": list(pool.map(ask, range(3)))}


def shared_objectives() -> dict[str, Any]:
    """Values, gradients and fits of the same objectives by several threads at once."""
    X = np.random.default_rng(0).normal(size=(4_000, 30)).astype(np.float32)
    objectives = [
        fastgd.LinearObjective(X, X[:, 0] > 0.0, standardize=True, alpha=1e-3),
        fastgd.MLPObjective(X, X[:, 0] > 0.0, hidden_layer_sizes=(16,)),
        fastgd.GaussianMixtureObjective(X, 3),
    ]

    def everything() -> Bits:
        found = []
        for objective in objectives:
            w = objective.initial(1)
            value, grad = objective.value_and_grad(w)
            fit = fastgd.minimize(objective, w, optimizer="sgd", batch_size=64, max_epochs=2, tol=None)
            found += [objective.value(w).hex(), value.hex(), _fits.hash_of(grad), _fits.hash_of(fit.x)]
        return found

    alone = everything()
    together = threading.Barrier(3)

    def repeat(_: int) -> bool:
        together.wait(PATIENCE)
        return all(everything() == alone for _ in range(5))

    with ThreadPoolExecutor(3) as pool:
        return {"same": list(pool.map(repeat, range(3)))}


def running_thread(*, daemon: bool) -> dict[str, Any]:
    """The main thread ends while this one descends."""
    running = threading.Event()
    objective, options = _fits.FITS[NAMES[1]]()
    options = {**options, "max_epochs": 10**9, "tol": None, "time_limit": 1.0 if not daemon else 60.0}
    fit = threading.Thread(
        target=lambda: fastgd.minimize(objective, callbacks=lambda info: running.set(), **options), daemon=daemon
    )
    fit.start()
    return {"running": running.wait(PATIENCE)}


def exit_beside_a_daemon() -> dict[str, Any]:
    return running_thread(daemon=True)


def exit_beside_a_waited_for() -> dict[str, Any]:
    return running_thread(daemon=False)


def small_problems() -> dict[str, Any]:
    """Fits that are over before a team would have met."""
    X = np.random.default_rng(0).normal(size=(200, 12))
    objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    for batch_size in ("full", 32, 1):
        fastgd.minimize(objective, batch_size=batch_size, max_epochs=3, n_threads=7)
        objective.value_and_grad(np.zeros(13))
    return {"n_tasks": _fits.n_tasks()}


def main() -> None:
    found = [globals()[name]() for name in sys.argv[1:]]
    json.dump(found[-1], sys.stdout)


if __name__ == "__main__":
    main()
