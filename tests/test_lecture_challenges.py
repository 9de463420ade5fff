"""What is hard about plain descent: one rate for all parameters, schedules that cannot adapt, and to choose a rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine

import fastgd
from fastgd.optimizers import SGD, Adagrad, Adam
from fastgd.schedules import Cosine

STEPS = 300
RATES = np.geomspace(1e-7, 10.0, 25)


def wine(standardize: bool = False) -> fastgd.LinearObjective:
    """13 measurements, whose standard deviations go from 0.12 to 314."""
    return fastgd.LinearObjective(*load_wine(return_X_y=True), loss="multinomial", standardize=standardize)


def least(objective: fastgd.LinearObjective, optimizer: Any, rates: Any) -> float:
    found = fastgd.sweep(objective, grid={"lr": list(rates)}, optimizer=optimizer, max_epochs=STEPS, tol=None)
    return float(np.nanmin(found.fun))


def test_no_single_rate_suits_features_of_all_sizes_and_one_of_each_does() -> None:
    single = least(wine(), SGD(), RATES)
    assert single > 0.5 * np.log(3.0)
    assert least(wine(), SGD(), [Cosine(lr, t_max=STEPS) for lr in RATES]) > 0.5 * np.log(3.0)
    for adaptive in (Adagrad(), Adam()):
        assert least(wine(), adaptive, RATES) < single / 3.0
    assert least(wine(standardize=True), SGD(), RATES) < 0.01


def test_a_schedule_does_not_know_what_it_meets() -> None:
    """A decreasing rate that is right for features of one size is useless for others, where "auto" is as good again."""
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rate = SGD(Cosine(0.5, t_max=STEPS))
    ends = {}
    for scale in (1.0, 1e-3):
        objective = fastgd.LinearObjective(scale * X, y, loss="multinomial", fit_intercept=False)
        for name, optimizer in (("given", rate), ("auto", SGD("auto"))):
            ends[name, scale] = fastgd.minimize(objective, optimizer=optimizer, max_epochs=STEPS, tol=None).fun
    assert ends["given", 1.0] < 0.05
    assert ends["given", 1e-3] > 0.9 * np.log(3.0)
    assert max(ends["auto", 1.0], ends["auto", 1e-3]) < 0.05


@pytest.mark.parametrize("optimizer", [SGD("auto"), Adagrad("auto"), Adam("auto")], ids=lambda one: type(one).__name__)
def test_rates_are_found_where_the_loss_is_not_convex(optimizer: Any) -> None:
    """Nobody chose a rate for this network, and not every rate would do."""
    X, y = load_wine(return_X_y=True)
    objective = fastgd.MLPObjective((X - X.mean(axis=0)) / X.std(axis=0), y, hidden_layer_sizes=(8,))
    found = fastgd.minimize(objective, optimizer=optimizer, max_epochs=STEPS, tol=None)
    slow = fastgd.minimize(objective, optimizer=type(optimizer)(float(found.lr) / 1000.0), max_epochs=STEPS, tol=None)
    assert found.fun < 0.1 * np.log(3.0)
    assert slow.fun > 3.0 * found.fun
