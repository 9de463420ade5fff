"""The range test of learning rates, for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from ._plan import check_objective, make_plan
from ._rate import RateCurve, default_rates, default_steps, range_test
from ._run import Model, check_start, check_together
from .optimizers import get_optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._plan import Objective
    from .optimizers import Optimizer

__all__ = ["RateCurve", "find_lr"]


def find_lr(
    objective: Objective,
    w0: ArrayLike | None = None,
    *,
    optimizer: str | Optimizer = "sgd",
    rates: ArrayLike | None = None,
    n_steps: int | None = None,
    batch_size: int | str = "full",
    random_state: int = 0,
    init_seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    n_threads: int | None = None,
) -> RateCurve:
    """Find a learning rate by a range test: a few steps from the same start with each of many rates.

    All rates descend side by side, in the same passes over the data and on the same batches, so the test is
    deterministic and costs little more than that of one rate. It chooses the smallest rate that brings 80 % of the
    largest decrease of the objective: nearly as fast as the fastest one, and further from divergence. It is what
    ``lr="auto"`` does for optimisers and objectives without a bound on the smoothness to go by.

    Parameters
    ----------
    objective : LinearObjective, MLPObjective, GaussianObjective, GaussianMixtureObjective or FunctionObjective
        What is minimised.
    w0 : array of shape (n_params,), optional
        Where all rates start; ``objective.initial(init_seed)`` by default.
    optimizer : str or an instance from fastgd.optimizers, default="sgd"
        The optimiser, whose own learning rate does not matter; not `LBFGS`, which has none.
    rates : array of shape (n_rates,), optional
        The rates to try, rising, above 0; by default three a decade from 1e-6 to 10.
    n_steps : int, optional
        Steps of each, at least 1; by default 16 on full batches, and 64 on others, but one epoch at most.
    batch_size, random_state, init_seed, clip_value, clip_norm, n_threads
        As in `fastgd.minimize`.

    Returns
    -------
    RateCurve
        ``best``, and the curve ``lr``, ``fun`` with ``start``, ``n_steps`` and ``reason``.

    Raises
    ------
    TypeError, ValueError
        As `fastgd.minimize`; and `rates` are not rising numbers above 0, or the optimiser has no rate.

    References
    ----------
    .. [1] L. N. Smith, "Cyclical learning rates for training neural networks", IEEE Winter Conference on Applications
       of Computer Vision, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    >>> fastgd.find_lr(objective, optimizer="adam", batch_size=20).best
    0.5
    """
    check_objective(objective, "find_lr")
    chosen = get_optimizer(optimizer)
    if not chosen._has_rate:
        raise ValueError(f"optimizer must have a learning rate, got {chosen!r}, which searches along lines")
    plan = make_plan(
        objective,
        batch_size=batch_size,
        random_state=random_state,
        clip_value=clip_value,
        clip_norm=clip_norm,
        n_threads=n_threads,
    )
    seed = check.seed("init_seed", init_seed)
    start = objective.initial(seed) if w0 is None else check_start(objective, w0)
    model = Model(start, chosen, objective.alpha, objective.l1_ratio, init_seed=seed)
    check_together(objective, model, plan)
    steps = default_steps(objective, plan) if n_steps is None else check.integer("n_steps", n_steps, 1)
    return range_test(objective, model, plan, default_rates() if rates is None else _check_rates(rates), steps)


def _check_rates(rates: Any) -> NDArray[np.float64]:
    given = check.finite("rates", check.real_array("rates", rates), np.float64)
    if given.ndim != 1 or given.size == 0 or given[0] <= 0.0 or np.any(np.diff(given) <= 0.0):
        raise ValueError(f"rates must be a 1-D array of rising numbers > 0, got {check.shown(rates)}")
    return given
