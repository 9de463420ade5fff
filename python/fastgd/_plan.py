"""What all models of a run share, checked once for every function that descends."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import _validation as check
from ._losses import no_gradient
from .objectives import DataObjective, DensityObjective, FunctionObjective
from .objectives.beyond_gradient import DUAL_LOSSES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Objective = DataObjective | DensityObjective | FunctionObjective
    Order = NDArray[np.int64] | Callable[[int], NDArray[np.int64]] | None

_MAX_INT = 2**63 - 1


class Plan(NamedTuple):
    """The options of `fastgd.minimize` that do not differ between models. A batch size of 0 is all rows."""

    batch_size: int
    max_epochs: int
    tol: float | None
    n_iter_no_change: int
    shuffle: bool
    order: Order
    seed: int
    gtol: float | None
    gap_tol: float | None
    clip_value: float
    clip_norm: float
    time_limit: float | None
    n_threads: int
    lazy: bool = False
    # Whether the rows are a piece of a stream, on which a model only goes on.
    stream: bool = False
    # Whether the objective is evaluated at the end, in a pass over the data.
    evaluate: bool = True
    # Whether its gradient is, too.
    grad_norm: bool = True


def make_plan(
    objective: Objective,
    *,
    batch_size: int | str = "full",
    max_epochs: int = 100,
    tol: float | None = 1e-4,
    gtol: float | None = None,
    gap_tol: float | None = None,
    n_iter_no_change: int = 5,
    shuffle: bool = True,
    order: ArrayLike | Callable[[int], ArrayLike] | None = None,
    random_state: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    lazy: bool = False,
    time_limit: float | None = None,
    n_threads: int | None = None,
) -> Plan:
    """Check the options, alone and beside each other."""
    plan = Plan(
        batch_size=_check_batch_size(batch_size),
        max_epochs=check.integer("max_epochs", max_epochs, 1, _MAX_INT),
        tol=_optional("tol", tol, *check.NOT_NEGATIVE),
        n_iter_no_change=check.integer("n_iter_no_change", n_iter_no_change, 1, _MAX_INT),
        shuffle=check.boolean("shuffle", shuffle),
        order=_check_order(order, objective.n_samples),
        seed=check.seed("random_state", random_state),
        gtol=_optional("gtol", gtol, *check.NOT_NEGATIVE),
        gap_tol=_optional("gap_tol", gap_tol, *check.NOT_NEGATIVE),
        clip_value=_optional("clip_value", clip_value, *check.POSITIVE) or 0.0,
        clip_norm=_optional("clip_norm", clip_norm, *check.POSITIVE) or 0.0,
        lazy=check.boolean("lazy", lazy),
        time_limit=_optional("time_limit", time_limit, "a number of seconds > 0", lambda v: v > 0.0),
        n_threads=0 if n_threads is None else check.integer("n_threads", n_threads, 1, 2**31 - 1),
    )
    if plan.order is not None and plan.batch_size == 0:
        raise check.refuse("order", "None with batch_size='full', where every step takes all rows at once", order)
    if plan.gtol is not None and plan.batch_size != 0:
        raise check.refuse("gtol", "None but with batch_size='full': no other step knows the whole gradient", gtol)
    if plan.gap_tol is not None:
        if plan.batch_size != 0:
            raise check.refuse(
                "gap_tol", "None but with batch_size='full', whose epochs are worth a pass more", gap_tol
            )
        if not objective._has_gap or objective.alpha == 0.0:
            allowed = f"None but for a LinearObjective with alpha > 0 and one of the losses {', '.join(DUAL_LOSSES)}"
            raise check.refuse("gap_tol", allowed, gap_tol)
    if plan.lazy and not objective._moves_some(plan.batch_size):
        allowed = "False but for a LinearObjective of sparse rows, not standardised, and a batch_size from 1 to 4096"
        raise check.refuse("lazy", allowed, lazy)
    if plan.batch_size != 0 and isinstance(objective, FunctionObjective) and not objective._is_sum:
        raise ValueError(f"batch_size must be 'full' for a FunctionObjective without n_samples, got {batch_size!r}")
    return plan


def check_objective(objective: object, caller: str) -> None:
    """Refuse what cannot be minimised."""
    if not isinstance(objective, (DataObjective, DensityObjective, FunctionObjective)):
        allowed = (
            "a LinearObjective, an MLPObjective, a GaussianObjective, a GaussianMixtureObjective or a "
            "FunctionObjective of fastgd"
        )
        raise check.refuse("objective", allowed, objective, TypeError)
    if isinstance(objective, DataObjective) and not objective._loss.trainable:
        raise no_gradient(caller)


def _optional(name: str, value: object, allowed: str, holds: Callable[[float], bool]) -> float | None:
    return None if value is None else check.number(name, value, f"{allowed} or None", holds)


def _check_batch_size(batch_size: object) -> int:
    allowed = "an integer >= 1 or 'full'"
    if isinstance(batch_size, str):
        if batch_size != "full":
            raise check.refuse("batch_size", allowed, batch_size)
        return 0
    if isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool):
        if not 1 <= batch_size <= _MAX_INT:
            raise check.refuse("batch_size", allowed, batch_size)
        return int(batch_size)
    raise check.refuse("batch_size", allowed, batch_size, TypeError)


def _check_order(order: object, n_samples: int) -> Order:
    if order is None:
        return None
    if not callable(order):
        return check.row_indices("order", order, n_samples)

    @wraps(order)
    def checked(epoch: int) -> NDArray[np.int64]:
        return check.row_indices(f"order({epoch})", order(epoch), n_samples)

    return checked
