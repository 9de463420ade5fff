"""Optimisers: a function that makes the first state, and one that maps gradient and state to the next parameters.

No state is hidden: ``state = init(w, **params)``, then ``w, state = update(grad, state, w, step, **params)`` a step,
and ``solution(state, w)`` to report. `OPTIMIZERS` has them by name.

=======================  =====================  ==================================================================
module                   names                  l1 norm
=======================  =====================  ==================================================================
`sgd`                    sgd                    soft threshold of the step's length, gain of momentum included
`barzilai_borwein`       barzilai_borwein       soft threshold of the step's rate
`asgd`                   asgd                   soft threshold of the learning rate
`adagrad`                adagrad                soft threshold of every parameter's own rate
`adadelta`               adadelta               refused
`rmsprop`                rmsprop                soft threshold of every parameter's own rate; refused with momentum
`adam`                   adam, adamw, nadam     refused
`lion`                   lion                   refused
`ftrl`                   ftrl                   closed form
`schedule_free`          schedule_free_sgd,     refused
                         schedule_free_adamw
`prodigy`                prodigy                refused
`dog`                    dog                    soft threshold of the step's rate
`polyak_sgd`             polyak_sgd             the same
`finite_sum`             saga, svrg             soft threshold of the learning rate
=======================  =====================  ==================================================================

Where the objective has its minimum, the gradient of its smooth part is not 0 but ``-l1 sign(w)``. A step of the new
gradient times a positive rate, followed by the soft threshold of that rate, leaves these parameters where they are, as
does a velocity of such gradients with the threshold of their sum; steps of other kinds do not, and their optimisers
refuse an l1 norm.
"""

from __future__ import annotations

from . import (
    adadelta,
    adagrad,
    adam,
    asgd,
    barzilai_borwein,
    dog,
    finite_sum,
    ftrl,
    lion,
    polyak_sgd,
    prodigy,
    rmsprop,
    schedule_free,
    sgd,
)
from ._interface import Optimizer, Step

__all__ = ["OPTIMIZERS", "Optimizer", "Step", "get_optimizer"]

NO_L1_MEAN = (
    "its step follows a mean of gradients, so a soft threshold of the same rate would stop it away from the minimum"
)
NO_L1_RATES = "its rates grow for as long as gradients are not 0, which with an l1 norm they are not at the minimum"
NO_L1_SIGN = "its steps have one size whatever the gradient, so no soft threshold would leave the minimum where it is"
NO_L1_ELSEWHERE = "its gradient is taken at other parameters than those that a soft threshold would act on"

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(sgd.sgd_init, sgd.sgd_update),
    "asgd": Optimizer(asgd.asgd_init, asgd.asgd_update, solution=asgd.asgd_solution),
    "adagrad": Optimizer(adagrad.adagrad_init, adagrad.adagrad_update),
    "adadelta": Optimizer(adadelta.adadelta_init, adadelta.adadelta_update, NO_L1_RATES),
    "rmsprop": Optimizer(rmsprop.rmsprop_init, rmsprop.rmsprop_update, NO_L1_MEAN, ("momentum",)),
    "adam": Optimizer(adam.adam_init, adam.adam_update, NO_L1_MEAN),
    "adamw": Optimizer(adam.adam_init, adam.adamw_update, NO_L1_MEAN),
    "nadam": Optimizer(adam.nadam_init, adam.nadam_update, NO_L1_MEAN),
    "lion": Optimizer(lion.lion_init, lion.lion_update, NO_L1_SIGN),
    "ftrl": Optimizer(ftrl.ftrl_init, ftrl.ftrl_update),
    "schedule_free_sgd": Optimizer(
        schedule_free.schedule_free_init,
        schedule_free.schedule_free_sgd_update,
        NO_L1_ELSEWHERE,
        solution=schedule_free.schedule_free_solution,
    ),
    "schedule_free_adamw": Optimizer(
        schedule_free.schedule_free_init,
        schedule_free.schedule_free_adamw_update,
        NO_L1_ELSEWHERE,
        solution=schedule_free.schedule_free_solution,
    ),
    "prodigy": Optimizer(prodigy.prodigy_init, prodigy.prodigy_update, NO_L1_MEAN),
    "dog": Optimizer(dog.dog_init, dog.dog_update),
    "barzilai_borwein": Optimizer(
        barzilai_borwein.barzilai_borwein_init, barzilai_borwein.barzilai_borwein_update, ends_with_best=True
    ),
    "polyak_sgd": Optimizer(polyak_sgd.polyak_sgd_init, polyak_sgd.polyak_sgd_update),
    "saga": Optimizer(sgd.sgd_init, sgd.sgd_update, estimator=finite_sum.SAGA),
    "svrg": Optimizer(sgd.sgd_init, sgd.sgd_update, estimator=finite_sum.SVRG),
}
"""Optimisers by name."""


def get_optimizer(name: str) -> Optimizer:
    """Return the optimiser of that name, or raise ValueError."""
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {sorted(OPTIMIZERS)}, got {name!r}")
    return OPTIMIZERS[name]
