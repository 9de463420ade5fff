"""Schedules are PyTorch's schedulers, step for step."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _cases import AGREEMENT
from _peers import load

from fastgd import _core
from fastgd.schedules import (
    Cosine,
    CosineWarmRestarts,
    Exponential,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from fastgd.schedules._spec import stacked

N_STEPS = 200
LR = 0.3

Make = Callable[[Any, Any], Any]


@pytest.fixture
def torch() -> ModuleType:
    """PyTorch."""
    return load("torch")


def one_cycle(**options: Any) -> Make:
    """PyTorch's one-cycle scheduler without its cycle of the momentum."""
    return lambda scheduler, optimizer: scheduler.OneCycleLR(optimizer, LR, cycle_momentum=False, **options)


def warmed_up(inner: Make, steps: int, start_factor: float) -> Make:
    """PyTorch's way to say `Warmup`."""

    def make(scheduler: Any, optimizer: Any) -> Any:
        rise = scheduler.LinearLR(optimizer, start_factor=start_factor, total_iters=steps)
        return scheduler.SequentialLR(optimizer, [rise, inner(scheduler, optimizer)], milestones=[steps])

    return make


CASES: list[tuple[Schedule, Make]] = [
    (Step(LR, 30), lambda s, o: s.StepLR(o, 30)),
    (Step(LR, 7, gamma=0.8), lambda s, o: s.StepLR(o, 7, gamma=0.8)),
    (Exponential(LR, 0.97), lambda s, o: s.ExponentialLR(o, 0.97)),
    (Exponential(LR, 1.02), lambda s, o: s.ExponentialLR(o, 1.02)),
    (Polynomial(LR, 150), lambda s, o: s.PolynomialLR(o, 150)),
    (Polynomial(LR, N_STEPS, power=2.5), lambda s, o: s.PolynomialLR(o, N_STEPS, power=2.5)),
    (Cosine(LR, N_STEPS), lambda s, o: s.CosineAnnealingLR(o, N_STEPS)),
    (Cosine(LR, 30), lambda s, o: s.CosineAnnealingLR(o, 30)),
    (Cosine(LR, 45, eta_min=0.01), lambda s, o: s.CosineAnnealingLR(o, 45, eta_min=0.01)),
    (CosineWarmRestarts(LR, 30), lambda s, o: s.CosineAnnealingWarmRestarts(o, 30)),
    (CosineWarmRestarts(LR, 10, t_mult=2), lambda s, o: s.CosineAnnealingWarmRestarts(o, 10, T_mult=2)),
    (
        CosineWarmRestarts(LR, 9, t_mult=3, eta_min=0.02),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 9, T_mult=3, eta_min=0.02),
    ),
    (OneCycle(LR, N_STEPS), one_cycle(total_steps=N_STEPS)),
    (OneCycle(LR, N_STEPS, pct_start=0.45), one_cycle(total_steps=N_STEPS, pct_start=0.45)),
    (OneCycle(LR, N_STEPS, pct_start=0.0), one_cycle(total_steps=N_STEPS, pct_start=0.0)),
    (OneCycle(LR, N_STEPS, pct_start=1.0), one_cycle(total_steps=N_STEPS, pct_start=1.0)),
    (OneCycle(LR, N_STEPS, anneal_strategy="linear"), one_cycle(total_steps=N_STEPS, anneal_strategy="linear")),
    (OneCycle(LR, N_STEPS, div_factor=4.0), one_cycle(total_steps=N_STEPS, div_factor=4.0)),
    (OneCycle(LR, N_STEPS, final_div_factor=30.0), one_cycle(total_steps=N_STEPS, final_div_factor=30.0)),
    (OneCycle(LR, N_STEPS, three_phase=True), one_cycle(total_steps=N_STEPS, three_phase=True)),
    (
        OneCycle(LR, N_STEPS, 0.17, "linear", three_phase=True),
        one_cycle(total_steps=N_STEPS, pct_start=0.17, anneal_strategy="linear", three_phase=True),
    ),
    (Warmup(LR, 40), warmed_up(lambda s, o: s.ConstantLR(o, factor=1.0), 40, 1.0 / 3.0)),
    (Warmup(Cosine(LR, 150, 0.01), 25), warmed_up(lambda s, o: s.CosineAnnealingLR(o, 150, 0.01), 25, 1.0 / 3.0)),
    (Warmup(Exponential(LR, 0.97), 1, 0.1), warmed_up(lambda s, o: s.ExponentialLR(o, 0.97), 1, 0.1)),
    (Warmup(Step(LR, 30), 20, start_factor=0.01), warmed_up(lambda s, o: s.StepLR(o, 30), 20, 0.01)),
    (
        Warmup(CosineWarmRestarts(LR, 20, t_mult=2), 10, start_factor=1.0),
        warmed_up(lambda s, o: s.CosineAnnealingWarmRestarts(o, 20, T_mult=2), 10, 1.0),
    ),
]

# A loss that falls, is noisy, and stops falling.
LOSSES = [math.exp(-0.06 * epoch) + 0.02 * math.sin(5.0 * epoch) ** 2 + 0.1 for epoch in range(N_STEPS)]
PLATEAUS = [
    {},
    {"factor": 0.5},
    {"patience": 3},
    {"threshold": 0.02},
    {"threshold": 0.02, "threshold_mode": "abs"},
    {"patience": 2, "cooldown": 5},
    {"factor": 0.5, "patience": 2, "min_lr": 0.02},
    {"patience": 2, "eps": 0.05},
]


def peer_rates(torch: ModuleType, make: Make, losses: list[float] | None = None) -> list[float]:
    """What PyTorch's scheduler makes of an optimiser's rate."""
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=LR)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for step in range(N_STEPS):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if step + 1 < N_STEPS:
            scheduler.step(*([] if losses is None else [losses[step]]))
    return rates


@pytest.mark.parametrize("schedule, make", CASES, ids=[repr(schedule) for schedule, _ in CASES])
def test_step_for_step(torch: ModuleType, schedule: Schedule, make: Make) -> None:
    rates = [schedule(step) for step in range(N_STEPS)]
    np.testing.assert_allclose(rates, peer_rates(torch, make), rtol=AGREEMENT)


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_reduce_on_plateau(torch: ModuleType, options: dict[str, Any]) -> None:
    expected = peer_rates(torch, lambda s, o: s.ReduceLROnPlateau(o, **options), LOSSES)
    steps = np.arange(N_STEPS)
    spec = stacked([ReduceOnPlateau(LR, **options)._spec()])
    rates = _core.schedule_rates(spec, 1, steps, steps, np.array(LOSSES)[:, None])[:, 0]
    np.testing.assert_allclose(rates, expected, rtol=AGREEMENT)
    assert len(set(expected)) > 1
