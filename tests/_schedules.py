"""Schedules that several test files share: each with its defaults, and with each option away from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastgd import _core, schedules
from fastgd.schedules import (
    Constant,
    Cosine,
    CosineWarmRestarts,
    Exponential,
    InverseScaling,
    OneCycle,
    Optimal,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from fastgd.schedules._spec import stacked

EACH: list[Schedule] = [
    Constant(0.3),
    InverseScaling(0.3),
    InverseScaling(2.0, power_t=0.9),
    Optimal(1e-4),
    Optimal(0.03, t0=7.5),
    Step(0.3, 7),
    Step(0.3, 10, gamma=0.7),
    Exponential(0.3, 0.98),
    Exponential(1e-6, 1.05),
    Polynomial(0.3, 130),
    Polynomial(0.3, 200, power=0.9),
    Cosine(0.3, 70),
    Cosine(0.3, 50, eta_min=0.01),
    CosineWarmRestarts(0.3, 30),
    CosineWarmRestarts(0.3, 13, t_mult=2, eta_min=0.02),
    OneCycle(0.3, 150),
    OneCycle(0.3, 200, pct_start=0.45, div_factor=10.0, final_div_factor=50.0),
    OneCycle(0.3, 200, anneal_strategy="linear"),
    OneCycle(0.3, 190, pct_start=0.2, three_phase=True),
    OneCycle(0.3, 20, pct_start=0.05),
    OneCycle(0.3, 20, pct_start=0.0),
    OneCycle(0.3, 20, pct_start=1.0),
    Warmup(0.3, 20),
    Warmup(Cosine(0.3, 70), 40, start_factor=0.01),
    Warmup(ReduceOnPlateau(0.3), 1),
]
PLATEAUS = [
    ReduceOnPlateau(0.3),
    ReduceOnPlateau(0.3, factor=0.5, patience=2),
    ReduceOnPlateau(0.3, patience=1, threshold=0.05),
    ReduceOnPlateau(0.3, patience=1, threshold=0.05, threshold_mode="abs"),
    ReduceOnPlateau(0.3, patience=0, cooldown=3),
    ReduceOnPlateau(0.3, patience=0, factor=0.6, min_lr=0.1),
    ReduceOnPlateau(1e-7, patience=0, factor=0.5, eps=2e-8),
]
CLASSES: dict[str, type[Schedule]] = {
    name: getattr(schedules, name) for name in schedules.__all__ if name != "Schedule"
}


def rates(schedule: Schedule, steps: Any, epochs: Any = None, losses: Any = None) -> np.ndarray:
    """The core's rates at pairs of a step and an epoch."""
    steps = np.asarray(steps)
    epochs = np.zeros_like(steps) if epochs is None else np.asarray(epochs)
    return _core.schedule_rates(stacked([schedule._spec()]), 1, steps, epochs, losses)[:, 0]


def by_epoch(schedule: Schedule) -> Schedule:
    """The same schedule with the other unit, where it has one."""
    if "unit" not in schedule._names:
        return schedule
    inner = {"lr": by_epoch(schedule.lr)} if isinstance(getattr(schedule, "lr", 0), Schedule) else {}
    return type(schedule)(**{**schedule.get_params(deep=False), **inner, "unit": "epoch"})
