"""Objectives that went through pickle, as to another process, have the same bits."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import fastgd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
X[RNG.random(X.shape) < 0.4] = 0.0
CLASS = RNG.integers(0, 3, size=60)
WEIGHT = np.where(np.arange(60) % 7 == 0, 0.0, RNG.uniform(0.5, 2.0, size=60))


def half_square(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 0.5 * (raw - y) ** 2, raw - y


def mean_of_squares(w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
    difference = w - X[rows]
    return float(0.5 * (difference**2).sum(axis=1).mean()), difference.mean(axis=0)


MAKERS: dict[str, Callable[[], Any]] = {
    "columns moved and scaled": lambda: fastgd.LinearObjective(
        X, CLASS, loss="multinomial", alpha=0.1, l1_ratio=0.5, sample_weight=WEIGHT, standardize=True
    ),
    "float32, an offset": lambda: fastgd.LinearObjective(
        X.astype(np.float32), X[:, 0], loss="huber", loss_params={"epsilon": 0.3}, offset=X[:, 1]
    ),
    "rows apart": lambda: fastgd.LinearObjective(np.repeat(X, 2, axis=0)[::2], CLASS > 0),
    "sparse": lambda: fastgd.LinearObjective(scipy.sparse.csr_array(X), CLASS > 0, sample_weight=WEIGHT),
    "the share of mistakes": lambda: fastgd.LinearObjective(X, CLASS > 0, loss="zero_one"),
    "a loss of one's own": lambda: fastgd.LinearObjective(X, X[:, 0], loss=half_square),
    "a network": lambda: fastgd.MLPObjective(X, CLASS, hidden_layer_sizes=(7, 4), activation="gelu", dropout=0.2),
    "a function": lambda: fastgd.FunctionObjective(mean_of_squares, jac=True, n_params=5, n_samples=60),
}


@pytest.mark.parametrize("name", MAKERS)
def test_objectives_stay_what_they_are(name: str) -> None:
    objective = MAKERS[name]()
    w = np.linspace(-1.0, 1.0, objective.n_params)
    objective.value(w)
    for other in (pickle.loads(pickle.dumps(objective)), copy.copy(objective), copy.deepcopy(objective)):
        assert other.value(w) == objective.value(w)
        assert other.value(w, [3, 1, 3]) == objective.value(w, [3, 1, 3])
        if name != "the share of mistakes":
            np.testing.assert_array_equal(other.grad(w), objective.grad(w))
            runs = [
                fastgd.minimize(one, w, optimizer=fastgd.optimizers.SGD(0.01), batch_size=7, max_epochs=2)
                for one in (objective, other)
            ]
            np.testing.assert_array_equal(runs[0].x, runs[1].x)
        if name != "a function":
            assert repr(other) == repr(objective)
            assert other.loss_params == objective.loss_params
            with pytest.raises(AttributeError, match=r"alpha of an? .* is fixed"):
                other.alpha = 2.0


def test_what_a_copy_evaluates_is_its_own() -> None:
    """Bounds and scales are found in the data, once, and must not outlive them."""
    objective = fastgd.LinearObjective(X, CLASS > 0, standardize=True)
    other = pickle.loads(pickle.dumps(objective))
    np.testing.assert_array_equal(other.feature_scales, objective.feature_scales)
    assert not other.feature_scales.flags.writeable
    assert "_core" not in objective.__getstate__()
    assert len(pickle.dumps(objective)) < X.nbytes + CLASS.size * 8 + 4096


def test_objectives_go_to_another_process() -> None:
    objective = MAKERS["a network"]()
    w = objective.initial(0)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(objective.value, (w,)) == objective.value(w)


def test_a_loss_that_cannot_be_pickled_says_so() -> None:
    objective = fastgd.LinearObjective(X, X[:, 0], loss=lambda y, raw: half_square(y, raw))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(objective)
