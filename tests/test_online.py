"""A learner that sees each row once ends where an epoch of stochastic descent over the same rows does."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from _optimizers import FULL_BATCH, STEPS, TUNED
from numpy.typing import NDArray

import fastgd
from fastgd import reference, schedules
from fastgd.online import Learner
from fastgd.optimizers import FTRL, SGD, Adagrad, Optimizer
from fastgd.reference import KINDS

N_ROWS, N_FEATURES = 60, 21
ONE_BY_ONE = [name for name in STEPS if name not in FULL_BATCH]
# What a step over the columns of a row alone may do.
LOCAL: list[Optimizer] = [SGD(0.1), Adagrad(0.1, initial_accumulator_value=0.25, lr_decay=0.01), FTRL(0.1)]


def some_data(loss: str, n_features: int = N_FEATURES, density: float = 1.0) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(N_ROWS, n_features)) * (rng.random((N_ROWS, n_features)) < density)
    score = X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=N_ROWS)
    if KINDS[loss] == "multiclass":
        return X, np.digitize(score, [-0.5, 0.5])
    return X, (score > 0).astype(int) if KINDS[loss] == "binary" else np.exp(0.3 * score)


def classes_of(loss: str) -> dict[str, Any]:
    return {"n_classes": 3} if KINDS[loss] == "multiclass" else {}


def parameters(learner: Learner) -> NDArray[np.float64]:
    return np.concatenate([learner.coef.ravel(), learner.intercept])


def learnt(learner: Learner, X: Any, y: Any) -> NDArray[np.float64]:
    for row, target in zip(X, y, strict=True):
        learner.update(row, target)
    return parameters(learner)


def one_epoch(X: Any, y: Any, optimizer: Optimizer, **of_objective: Any) -> fastgd.Result:
    objective = fastgd.LinearObjective(X, y, **of_objective)
    return fastgd.minimize(objective, optimizer=optimizer, batch_size=1, max_epochs=1, shuffle=False, tol=None)


@pytest.mark.parametrize("loss", fastgd.losses())
def test_every_loss_has_the_bits_of_an_epoch(loss: str) -> None:
    X, y = some_data(loss)
    result = one_epoch(X, y, SGD(0.05), loss=loss, alpha=0.01, l1_ratio=0.25, **classes_of(loss))
    learner = Learner(loss=loss, optimizer=SGD(0.05), alpha=0.01, l1_ratio=0.25, **classes_of(loss))
    assert learnt(learner, X, y).tobytes() == result.x.tobytes()
    assert learner.n_steps == result.n_steps == N_ROWS


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize("loss", ["log_loss", "multinomial"])
def test_every_optimizer_has_the_bits_of_an_epoch(name: str, loss: str) -> None:
    X, y = some_data(loss)
    result = one_epoch(X, y, TUNED[name], loss=loss, alpha=0.01, **classes_of(loss))
    learner = Learner(loss=loss, optimizer=TUNED[name], alpha=0.01, **classes_of(loss))
    assert learnt(learner, X, y).tobytes() == result.x.tobytes()


@pytest.mark.parametrize("name", ["sgd", "adam", "adagrad", "ftrl"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "multiclass_hinge"])
def test_the_reference_agrees(loss: str, name: str) -> None:
    X, y = some_data(loss)
    objective = reference.LinearObjective(X, y, loss=loss, alpha=0.01, **classes_of(loss))
    twin = reference.minimize(objective, optimizer=name, lr=0.02, batch_size=1, max_epochs=1, shuffle=False, tol=None)
    learner = Learner(loss=loss, optimizer=name, lr=0.02, alpha=0.01, **classes_of(loss))
    np.testing.assert_allclose(learnt(learner, X, y), twin.x, rtol=1e-11, atol=1e-13)


def test_one_against_the_rest_and_no_intercept() -> None:
    X, y = some_data("multinomial")
    result = one_epoch(X, y, SGD(0.05), loss="hinge", n_classes=3, fit_intercept=False)
    learner = Learner(loss="hinge", n_classes=3, optimizer=SGD(0.05), fit_intercept=False)
    assert learnt(learner, X, y)[:-3].tobytes() == result.x.tobytes()
    assert learner.intercept.tolist() == [0.0, 0.0, 0.0]


def test_rates_count_rows() -> None:
    X, y = some_data("log_loss")
    for lr in (
        schedules.InverseScaling(0.5, 0.5),
        schedules.Warmup(schedules.Constant(0.5), steps=9),
        lambda t: 1 / (t + 3),
    ):
        result = one_epoch(X, y, SGD(lr))
        assert learnt(Learner(lr=lr), X, y).tobytes() == result.x.tobytes()


def test_weights_count_and_a_row_of_weight_0_is_no_step() -> None:
    X, y = some_data("log_loss")
    weight = np.tile([0.5, 1.5, 1.0], N_ROWS // 3)
    objective = fastgd.LinearObjective(X, y, sample_weight=weight)
    result = fastgd.minimize(objective, optimizer=SGD(0.1), batch_size=1, max_epochs=1, shuffle=False, tol=None)
    learner = Learner(lr=0.1)
    for row, target, s in zip(X, y, weight, strict=True):
        learner.update(row, target, sample_weight=s)
        assert learner.update(row, 1 - target, 0.0) > 0.0
    assert parameters(learner).tobytes() == result.x.tobytes()
    assert learner.n_steps == N_ROWS


@pytest.mark.parametrize("name", ["sgd", "adagrad", "ftrl"])
def test_a_row_of_few_columns_and_weight_0_is_no_step(name: str) -> None:
    learner = Learner(optimizer=name, lr=0.1)
    learner.update(np.arange(100.0), 1)
    before = learner.coef.tobytes()
    assert learner.update(([7], [1.0]), 0, 0.0) > 0.0
    assert learner.n_steps == 1
    assert learner.coef.tobytes() == before


def test_the_loss_before_the_step_is_returned() -> None:
    X, y = some_data("squared_error")
    learner = Learner(loss="squared_error", lr=0.1, alpha=1.0)
    for row, target in zip(X, y, strict=True):
        expected = 0.5 * (learner.predict(row) - target) ** 2 if learner.n_steps else 0.5 * target**2
        assert learner.update(row, target, 0.25) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [1.0, np.linspace(0.0, 2.0, N_ROWS)], ids=["all alike", "one a row"])
def test_a_block_is_its_rows(weight: Any) -> None:
    X, y = some_data("multinomial")
    alone, block = (Learner(loss="multinomial", n_classes=3, optimizer="adam", lr=0.1) for _ in range(2))
    losses = [alone.update(*row) for row in zip(X, y, np.broadcast_to(weight, N_ROWS), strict=True)]
    np.testing.assert_array_equal(
        block.update(X[:7].astype(np.float64), y[:7], np.broadcast_to(weight, N_ROWS)[:7]), losses[:7]
    )
    np.testing.assert_array_equal(
        block.update(X[7:].tolist(), y[7:].tolist(), np.broadcast_to(weight, N_ROWS)[7:]), losses[7:]
    )
    assert parameters(block).tobytes() == parameters(alone).tobytes()
    assert block.predict(X) == [block.predict(row) for row in X]
    np.testing.assert_array_equal(block.decision_function(X), [block.decision_function(row) for row in X])
    np.testing.assert_allclose(block.predict_proba(X), [block.predict_proba(row) for row in X], rtol=1e-15)


def as_pair(row: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.flatnonzero(row)[::-1], row[np.flatnonzero(row)][::-1]


@pytest.mark.parametrize("optimizer", [*LOCAL, SGD(0.1, momentum=0.5), TUNED["adam"]], ids=repr)
@pytest.mark.parametrize("loss", ["log_loss", "multinomial"])
def test_sparse_rows_are_dense_ones_with_zeros(loss: str, optimizer: Optimizer) -> None:
    X, y = some_data(loss, 200, density=0.05)
    dense = Learner(loss=loss, optimizer=optimizer, **classes_of(loss))
    sparse = Learner(200, loss=loss, optimizer=optimizer, **classes_of(loss))
    np.testing.assert_allclose(learnt(sparse, map(as_pair, X), y), learnt(dense, X, y), rtol=1e-10, atol=1e-14)
    for row in X:
        np.testing.assert_allclose(
            sparse.decision_function(as_pair(row)), dense.decision_function(row), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("optimizer", LOCAL, ids=repr)
def test_columns_that_a_sparse_row_does_not_have_keep_their_weights(optimizer: Optimizer) -> None:
    learner = Learner(1000, optimizer=optimizer)
    learner.update(([3, 999], [1.0, 2.0]), 1)
    before = learner.coef[0]
    learner.update(([5, 999], [1.0, 2.0]), 0)
    changed = np.flatnonzero(learner.coef[0] != before)
    assert changed.tolist() == [5, 999]


@pytest.mark.parametrize("n_features", [5, 1000])
def test_indices_that_come_twice_add_up(n_features: int) -> None:
    twice, once = Learner(n_features), Learner(n_features)
    for y in (1, 0):
        twice.update(([3, 4, 3], [1.0, 2.0, 0.5]), y)
        once.update(([3, 4], [1.5, 2.0]), y)
    assert parameters(twice).tobytes() == parameters(once).tobytes()
    assert twice.decision_function(([4, 4], [1, 1])) == once.decision_function(([4], [2]))


@pytest.mark.parametrize("optimizer", [*LOCAL, *(TUNED[name] for name in ONE_BY_ONE)], ids=repr)
def test_names_may_come_at_any_time(optimizer: Optimizer) -> None:
    X, y = some_data("log_loss", 40)
    X[:20, 3:] = 0.0
    X[:40, 17:] = 0.0
    dense, named = Learner(optimizer=optimizer), Learner(optimizer=optimizer)
    dicts = [{f"f{j}": value for j, value in enumerate(row.tolist()) if value} for row in X]
    expected = learnt(dense, X, y)
    np.testing.assert_allclose(learnt(named, dicts, y), expected, rtol=1e-10, atol=1e-14)
    assert named.feature_names == [f"f{j}" for j in range(40)]
    assert named.n_features == 40


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda learner: pickle.loads(pickle.dumps(learner))])
@pytest.mark.parametrize("optimizer", ["adam", "asgd", "adagrad"])
def test_a_copy_goes_on_in_the_same_bits_and_alone(make: Any, optimizer: str) -> None:
    X, y = some_data("log_loss")
    dicts = [{f"f{j}": value for j, value in enumerate(row[: 5 + i % 16].tolist())} for i, row in enumerate(X)]
    learner = Learner(optimizer=optimizer, lr=0.1, classes=["no", "yes"])
    labels = np.array(["no", "yes"])[y].tolist()
    learnt(learner, dicts[:30], labels[:30])
    before = parameters(learner)
    other = make(learner)
    assert parameters(other).tobytes() == before.tobytes()
    end = learnt(other, dicts[30:], labels[30:])
    assert parameters(learner).tobytes() == before.tobytes()
    assert learnt(learner, dicts[30:], labels[30:]).tobytes() == end.tobytes()
    assert other.feature_names == learner.feature_names
    assert repr(other) == repr(learner) == f"Learner(optimizer={optimizer!r}, lr=0.1, classes=['no', 'yes'])"
    assert Learner(**other.get_params()).get_params() == learner.get_params()
