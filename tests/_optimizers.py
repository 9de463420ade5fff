"""Every optimiser: its class, and a choice of parameters that takes it down a small problem."""

from __future__ import annotations

from typing import Any

from fastgd import _core, optimizers
from fastgd.optimizers import Optimizer

CLASSES: dict[str, type[Optimizer]] = {
    name: getattr(optimizers, name) for name in optimizers.__all__ if name != "Optimizer"
}
INFO: dict[str, dict[str, Any]] = {row["name"]: dict(row) for row in _core.optimizers()}
# Each with a learning rate, for features of size 1; all other parameters are the defaults.
TUNED: dict[str, Optimizer] = {
    found._core_name: found(lr=lr)
    for found, lr in {
        optimizers.SGD: 0.2,
        optimizers.BarzilaiBorwein: 0.2,
        optimizers.ASGD: 0.2,
        optimizers.ScheduleFreeSGD: 0.3,
        optimizers.Adagrad: 0.2,
        optimizers.Adadelta: 1.0,
        optimizers.RMSprop: 0.01,
        optimizers.Adam: 0.02,
        optimizers.AdamW: 0.02,
        optimizers.NAdam: 0.02,
        optimizers.ScheduleFreeAdamW: 0.02,
        optimizers.Lion: 0.005,
        optimizers.FTRL: 0.2,
        optimizers.Prodigy: 1.0,
        optimizers.DoG: 1.0,
        optimizers.PolyakSGD: 0.3,
        optimizers.SAGA: 0.1,
        optimizers.SVRG: 0.1,
    }.items()
} | {"lbfgs": optimizers.LBFGS()}
# With a table of the rows' derivatives.
FINITE_SUMS = [name for name, row in INFO.items() if row["finite_sums"]]
# For batches of all rows alone.
FULL_BATCH = [name for name, row in INFO.items() if row["full_batch"]]
# With a step for any gradient, of whatever function.
STEPS = [name for name in TUNED if name not in (*FINITE_SUMS, "lbfgs")]
