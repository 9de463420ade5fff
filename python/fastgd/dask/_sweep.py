"""A grid of configurations in parts, one a worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from .. import _sweep as local
from .. import _validation as check
from .._grid import check_grid, values_of
from .._plan import check_objective
from .._run import check_start
from .._sweep_result import SweepResult
from ..optimizers import get_optimizer
from ._blocks import threads_here
from ._cluster import RETRIES, client_of, gathered

if TYPE_CHECKING:
    from distributed import Client
    from numpy.typing import ArrayLike, NDArray

    from .._plan import Objective
    from ..result import Result

    # Of each key of a grid, which of its values belong to a part.
    Part = dict[str, NDArray[np.intp]]


def sweep(
    objective: Objective,
    w0: ArrayLike | None = None,
    *,
    grid: Mapping[str, Iterable[Any]],
    cv: int | None = None,
    client: Client | None = None,
    n_threads: int | None = None,
    **options: Any,
) -> SweepResult:
    """Minimise with every configuration of a grid, spread over the workers of a cluster.

    The grid is cut into as many parts as there are workers, and each worker goes through the data once for all models
    of its part, as `fastgd.sweep` does. The results are those of `fastgd.sweep` in one process, to the bit.

    Parameters
    ----------
    objective : LinearObjective, MLPObjective, GaussianObjective, GaussianMixtureObjective or FunctionObjective
        What is minimised. It is sent to each worker once, with its data.
    w0, grid, cv
        As in `fastgd.sweep`.
    client : distributed.Client, optional
        The cluster; the current client's by default.
    n_threads : int, optional
        Threads on each worker; those of the worker by default.
    **options
        The other options of `fastgd.sweep`, but for ``halving``, ``checkpoint`` and ``progress``. A time limit is that
        of each worker.

    Returns
    -------
    SweepResult
        As that of `fastgd.sweep`.

    Raises
    ------
    TypeError, ValueError
        As `fastgd.sweep`; there is no client.
    ModuleNotFoundError
        A worker does not have fastgd, and is named.

    See Also
    --------
    fastgd.sweep
    """
    check_objective(objective, "sweep")
    for name in ("halving", "checkpoint", "progress"):
        if options.get(name):
            raise ValueError(f"{name} must be left at its default on a cluster, got {check.shown(options[name])}")
    start = None if w0 is None else check_start(objective, w0)
    values = (
        {key: values_of(f"grid[{key!r}]", given) for key, given in grid.items()} if isinstance(grid, Mapping) else grid
    )
    settings = check_grid(objective, get_optimizer(options.get("optimizer", "sgd")), start, values)
    cluster = client_of(client)
    shape = [len(given) for given in values.values()]
    parts = _parts({key: np.arange(len(given)) for key, given in values.items()}, len(cluster.nthreads()))
    (everywhere,) = cluster.scatter([objective], broadcast=True, hash=False)
    token = uuid4().hex[:8]
    tasks = [
        cluster.submit(
            _sweep_part,
            everywhere,
            w0,
            {key: [values[key][i] for i in chosen] for key, chosen in part.items()},
            cv,
            n_threads,
            options,
            key=f"fastgd-sweep-{token}-{number}",
            retries=RETRIES,
        )
        for number, part in enumerate(parts)
    ]
    results: list[Any] = [None] * prod(shape)
    held_out: list[Any] = [None] * prod(shape)
    for part, (found, losses) in zip(parts, gathered(cluster, tasks), strict=True):
        places = np.ravel_multi_index(np.ix_(*part.values()), shape).ravel().tolist()
        for place, of_setting, loss in zip(places, found, losses, strict=True):
            results[place], held_out[place] = of_setting, loss
    k = 0 if cv is None else cv

    def refit(at: int) -> Result:
        alone = {key: [value] for key, value in settings[at].items()}
        return local.sweep(objective, w0, grid=alone, n_threads=n_threads, **options).results[0]

    losses_of_all = None if cv is None else np.concatenate(held_out)
    return SweepResult(settings, [result for of_setting in results for result in of_setting], losses_of_all, k, refit)


def _parts(grid: Part, n_parts: int) -> list[Part]:
    """The grid in at most so many parts, each the product of some values: the largest is halved again and again."""
    parts = [grid]
    while len(parts) < n_parts:
        largest = max(parts, key=lambda part: prod(map(len, part.values())))
        longest = max(largest, key=lambda key: len(largest[key]))
        if len(largest[longest]) == 1:
            break
        parts = [part for part in parts if part is not largest]
        parts += [{**largest, longest: half} for half in np.array_split(largest[longest], 2)]
    return parts


def _sweep_part(
    objective: Objective, w0: Any, grid: dict[str, list[Any]], cv: int | None, n_threads: int | None, options: Any
) -> tuple[list[list[Result]], list[Any]]:
    """For each setting the results of its folds, and their held-out losses."""
    found = local.sweep(objective, w0, grid=grid, cv=cv, n_threads=threads_here(n_threads), **options)
    k = max(found._k, 1)
    results = [found.results[at : at + k] for at in range(0, len(found.results), k)]
    losses = [None] * len(results) if found._held_out is None else list(found._held_out.reshape(-1, k))
    return results, losses
