"""What a caller of minimize sees: the result and its message, rates, orders, callbacks, the bar, interruptions."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import sys
import threading
import time
import types
from typing import Any

import numpy as np
import pytest
from conftest import Data

import fastgd
from fastgd.optimizers import SGD
from fastgd.schedules import Constant, InverseScaling


def test_result(data: Data) -> None:
    objective = data.objective(alpha=0.01)
    result = fastgd.minimize(objective, optimizer=SGD(0.1), max_epochs=30, tol=None)
    assert (result.x.shape, result.x.dtype) == ((5,), np.float64)
    assert result.fun == pytest.approx(objective.value(result.x), rel=1e-13)
    assert result.grad_norm == pytest.approx(float(np.linalg.norm(objective.grad(result.x))), rel=1e-9)
    assert (result.status, result.success, result.n_epochs, result.n_steps) == ("max_epochs", True, 30, 30)
    assert (result.nit, result.nfev, result.njev) == (30, 30, 30)
    np.testing.assert_array_equal(result.jac, objective.grad(result.x))
    history = result.history
    for array in (history.epoch, history.step, history.loss, history.lr, history.grad_norm, history.seconds):
        assert array.shape == (30,)
    np.testing.assert_array_equal(history.epoch, np.arange(30))
    np.testing.assert_array_equal(history.step, np.arange(1, 31))
    assert history.loss[0] == pytest.approx(objective.value(np.zeros(5)), rel=1e-13)
    assert history.grad_norm[0] == pytest.approx(float(np.linalg.norm(objective.grad(np.zeros(5)))), rel=1e-9)
    assert np.all(np.diff(history.loss) < 0.0)
    assert np.all(np.diff(history.seconds) >= 0.0)


def test_result_prints_and_travels(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=3, tol=None)
    lines = [line.split(":")[0].strip() for line in repr(result).splitlines()]
    assert lines == [
        *("x", "fun", "grad_norm", "lr", "n_epochs", "n_steps", "success", "status", "message", "history", "lr_reason")
    ]
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        np.testing.assert_array_equal(other.x, result.x)
        np.testing.assert_array_equal(other.jac, result.jac)
        assert other.message == result.message
        assert repr(other) == repr(result)


@pytest.mark.parametrize(
    "batch_size, mode, steps",
    [
        ("full", "batch gradient descent", 1),
        (1, "stochastic gradient descent", 60),
        (25, "mini-batch gradient descent with batches of 25", 3),
        (np.int32(60), "mini-batch gradient descent with batches of 60", 1),
    ],
)
def test_the_message_names_the_mode(data: Data, batch_size: Any, mode: str, steps: int) -> None:
    result = fastgd.minimize(data.objective(), batch_size=batch_size, max_epochs=2, tol=None)
    assert result.message.startswith(f"{mode} made all its epochs")
    assert result.n_steps == 2 * steps


def test_convergence(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=10_000, tol=1e-3, n_iter_no_change=2)
    assert (result.status, result.success) == ("converged", True)
    assert "converged: the loss fell by less than the fraction tol=0.001 of it in 2 epochs" in result.message
    loss = result.history.loss
    assert len(loss) == result.n_epochs < 10_000
    assert min(loss[-2:]) > min(loss[:-2]) * (1.0 - 1e-3)
    assert fastgd.reference.has_converged(list(loss), 1e-3, 2)
    assert not fastgd.reference.has_converged(list(loss[:-1]), 1e-3, 2)
    assert not fastgd.minimize(data.objective(), max_epochs=3).success


def test_w0_is_the_start_and_stays_as_it_is(data: Data) -> None:
    objective = data.objective()
    w0 = np.linspace(-1.0, 1.0, 5)
    kept = w0.copy()
    result = fastgd.minimize(objective, w0, max_epochs=1)
    np.testing.assert_array_equal(w0, kept)
    assert result.history.loss[0] == pytest.approx(objective.value(w0), rel=1e-13)
    from_list = fastgd.minimize(objective, w0.tolist(), max_epochs=1)
    np.testing.assert_array_equal(from_list.x, result.x)


def test_one_seed_one_result(data: Data) -> None:
    objective = data.objective()
    runs = {
        seed: fastgd.minimize(objective, batch_size=7, random_state=seed, max_epochs=3).x for seed in (0, 1, 2**64 - 1)
    }
    assert len({x.tobytes() for x in runs.values()}) == 3
    for n_threads in (1, 2):
        again = fastgd.minimize(objective, batch_size=7, random_state=np.int64(1), max_epochs=3, n_threads=n_threads)
        np.testing.assert_array_equal(again.x, runs[1])
    unshuffled = [
        fastgd.minimize(objective, batch_size=7, shuffle=False, random_state=s, max_epochs=3).x for s in (0, 1)
    ]
    np.testing.assert_array_equal(*unshuffled)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_order(data: Data, batch_size: int) -> None:
    objective = data.objective()
    options: dict[str, Any] = {"batch_size": batch_size, "max_epochs": 3, "tol": None}
    plain = fastgd.minimize(objective, shuffle=False, **options)
    np.testing.assert_array_equal(fastgd.minimize(objective, order=range(60), **options).x, plain.x)
    epochs: list[int] = []

    def order(epoch: int) -> np.ndarray:
        epochs.append(epoch)
        return fastgd.reference.permutation(60, 5, epoch)

    by_function = fastgd.minimize(objective, order=order, **options)
    np.testing.assert_array_equal(by_function.x, fastgd.minimize(objective, random_state=5, **options).x)
    assert epochs == [0, 1, 2]
    few = fastgd.minimize(objective, order=[3, 3, 5], **options)
    assert few.n_steps == 3 * -(-3 // batch_size)


def test_an_order_longer_than_the_data(data: Data) -> None:
    order = np.tile(np.arange(60), 2)
    options: dict[str, Any] = {"order": order, "batch_size": 100, "max_epochs": 1, "tol": None}
    result = fastgd.minimize(data.objective(), optimizer=SGD(0.1), **options)
    twin = fastgd.reference.minimize(
        fastgd.reference.LinearObjective(data.X, data.numbers, loss="squared_error"), lr=0.1, **options
    )
    np.testing.assert_allclose(result.x, twin.x, rtol=1e-12)


def test_an_error_in_order_is_passed_on(data: Data) -> None:
    def order(epoch: int) -> list[int]:
        if epoch == 1:
            raise KeyError("no such epoch")
        return [0, 1]

    with pytest.raises(KeyError, match="no such epoch"):
        fastgd.minimize(data.objective(), order=order, batch_size=1)


def test_schedules_reach_the_run(data: Data) -> None:
    schedule = InverseScaling(0.2, power_t=0.75)
    result = fastgd.minimize(data.objective(), optimizer=SGD(lr=schedule), max_epochs=5, tol=None)
    np.testing.assert_allclose(result.history.lr, [schedule(step) for step in range(5)], rtol=1e-15)
    assert result.lr == result.history.lr[-1]
    constant = fastgd.minimize(data.objective(), optimizer=SGD(lr=Constant(0.05)), max_epochs=5, tol=None)
    number = fastgd.minimize(data.objective(), optimizer=SGD(lr=0.05), max_epochs=5, tol=None)
    np.testing.assert_array_equal(constant.x, number.x)
    np.testing.assert_array_equal(constant.history.lr, np.full(5, 0.05))


def test_lbfgs_has_no_rate(data: Data) -> None:
    result = fastgd.minimize(data.objective(), optimizer="lbfgs", max_epochs=5, tol=None)
    np.testing.assert_array_equal([result.lr, *result.history.lr], np.full(6, np.nan))
    assert "lr: nan" in repr(result)
    assert len(result.history) == result.n_epochs == 5
    far = fastgd.minimize(data.objective("poisson"), np.full(5, 1e3), optimizer="lbfgs", max_epochs=5)
    assert far.status == "diverged"
    assert far.message.endswith("bring the features to a smaller scale, or try another start")


def test_a_run_without_a_step_tells_the_rate_it_would_have_had(data: Data) -> None:
    result = interrupted(data, batch_size=8, order=interrupt)
    assert (result.n_epochs, result.n_steps) == (0, 0)
    assert result.lr == fastgd.minimize(data.objective(), batch_size=8, max_epochs=1).lr
    np.testing.assert_array_equal(result.x, np.zeros(5))


def interrupt(epoch: int) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("n_epochs", [1, 20])
def test_l1_makes_exact_zeros(data: Data, n_epochs: int) -> None:
    result = fastgd.minimize(data.objective(alpha=50.0, l1_ratio=1.0), max_epochs=n_epochs, tol=None)
    np.testing.assert_array_equal(result.x[:4], np.zeros(4))
    assert result.x[4] != 0.0


def test_divergence_is_a_result_with_its_cause(data: Data) -> None:
    X = data.X.copy()
    X[:, 2] *= 1e5
    objective = data.objective(X=X)
    result = fastgd.minimize(objective, optimizer=SGD(lr=0.1), batch_size=10)
    assert (result.status, result.success) == ("diverged", False)
    assert result.message.startswith("mini-batch gradient descent with batches of 10 diverged after")
    size = np.sqrt(np.mean(X[:, 2] ** 2))
    assert f"feature 2 has standard deviation {X[:, 2].std():.2g} and root mean square {size:.2g}" in result.message
    squares = np.sum(X**2, axis=1)
    share = 50.0 / (10.0 * 59.0)
    stable = 2.0 / ((1.0 - share) * squares.mean() + share * squares.max())
    assert f"the largest stable learning rate is about {stable:.2g}, lr was 0.1" in result.message
    assert np.all(np.isfinite(result.x))
    assert np.isfinite(result.fun)
    assert result.fun <= objective.value(objective.initial())
    calm = fastgd.minimize(objective, optimizer=SGD(lr=0.5 * stable), max_epochs=20, batch_size=10)
    assert calm.status in ("converged", "max_epochs")


def test_divergence_of_an_exponential_loss_names_it(data: Data) -> None:
    result = fastgd.minimize(data.objective("poisson"), np.full(5, 3.0), optimizer=SGD(lr=50.0))
    assert result.status == "diverged"
    assert "loss 'poisson' grows exponentially" in result.message or "largest stable learning rate" in result.message


def test_time_limit(data: Data) -> None:
    began = time.perf_counter()
    result = fastgd.minimize(data.objective(), batch_size=1, max_epochs=10**9, tol=None, time_limit=0.2)
    assert 0.2 <= time.perf_counter() - began < 20.0
    assert (result.status, result.success) == ("time_limit", False)
    assert "reached its time limit of 0.2 s" in result.message
    assert result.fun < data.objective().value(np.zeros(5))


# ----------------------------------------------------------------------------------------------------- callbacks


def test_callbacks_see_every_epoch(data: Data) -> None:
    seen: list[fastgd.EpochInfo] = []
    lasts: list[np.ndarray] = []

    def watch(info: fastgd.EpochInfo) -> None:
        seen.append(info)
        lasts.append(info.x)

    result = fastgd.minimize(data.objective(), batch_size=8, max_epochs=4, tol=None, callbacks=watch)
    assert [info.epoch for info in seen] == [0, 1, 2, 3]
    assert [info.step for info in seen] == result.history.step.tolist()
    assert [info.loss for info in seen] == result.history.loss.tolist()
    assert [info.lr for info in seen] == result.history.lr.tolist()
    assert [info.seconds for info in seen] == result.history.seconds.tolist()
    assert all(type(value) is float for info in seen for value in (info.loss, info.lr, info.seconds))
    assert seen[0].x.shape == (5,)
    np.testing.assert_array_equal(seen[-1].x, result.x)
    assert len({x.tobytes() for x in lasts}) == 4
    assert repr(seen[0]).startswith("EpochInfo(epoch=0, step=8, loss=")


def test_callbacks_do_not_change_the_run(data: Data) -> None:
    def scribble(info: fastgd.EpochInfo) -> None:
        info.x[:] = np.nan

    plain = fastgd.minimize(data.objective(), max_epochs=5, tol=None)
    watched = fastgd.minimize(data.objective(), max_epochs=5, tol=None, callbacks=[scribble])
    np.testing.assert_array_equal(watched.x, plain.x)


def test_parameters_of_a_past_epoch_are_gone(data: Data) -> None:
    kept: list[fastgd.EpochInfo] = []
    fastgd.minimize(data.objective(), max_epochs=2, callbacks=kept.append)
    with pytest.raises(RuntimeError, match=r"keep info\.x during the callback"):
        _ = kept[0].x


def stop_by_true(info: fastgd.EpochInfo) -> bool:
    return info.epoch >= 2


def stop_by_numpy_true(info: fastgd.EpochInfo) -> Any:
    return np.float64(info.epoch) >= 2


def stop_by_exception(info: fastgd.EpochInfo) -> None:
    if info.epoch >= 2:
        raise StopIteration


@pytest.mark.parametrize("stop", [stop_by_true, stop_by_numpy_true, stop_by_exception])
@pytest.mark.parametrize("batch_size", ["full", 8])
def test_callbacks_stop(data: Data, stop: Any, batch_size: Any) -> None:
    counted: list[int] = []
    callbacks = (callback for callback in (stop, lambda info: counted.append(info.epoch)))
    result = fastgd.minimize(data.objective(), batch_size=batch_size, callbacks=callbacks, tol=None)
    assert (result.status, result.success, result.n_epochs) == ("callback", True, 3)
    assert "was ended by a callback (3 epochs)" in result.message
    assert counted == [0, 1, 2]
    same = fastgd.minimize(data.objective(), batch_size=batch_size, max_epochs=3, tol=None)
    np.testing.assert_array_equal(result.x, same.x)


def test_other_answers_do_not_stop(data: Data) -> None:
    result = fastgd.minimize(data.objective(), max_epochs=4, tol=None, callbacks=[lambda info: "go on", lambda info: 1])
    assert result.n_epochs == 4


def test_an_error_in_a_callback_is_passed_on(data: Data) -> None:
    def fail(info: fastgd.EpochInfo) -> None:
        raise ZeroDivisionError(f"in epoch {info.epoch}")

    with pytest.raises(ZeroDivisionError, match="in epoch 0"):
        fastgd.minimize(data.objective(), callbacks=fail)


def interrupted(data: Data, **options: Any) -> fastgd.Result:
    """The result of a run that is interrupted; an interruption that leaves minimize would end the tests."""
    try:
        return fastgd.minimize(data.objective(), tol=None, **options)
    except KeyboardInterrupt:
        pytest.fail("minimize raised KeyboardInterrupt in place of returning its result")


@pytest.mark.parametrize("batch_size", ["full", 8])
def test_an_interruption_in_a_callback_keeps_the_result(data: Data, batch_size: Any) -> None:
    def interrupt(info: fastgd.EpochInfo) -> None:
        if info.epoch == 2:
            raise KeyboardInterrupt

    result = interrupted(data, callbacks=interrupt, batch_size=batch_size)
    assert (result.status, result.success, result.n_epochs) == ("interrupted", False, 3)
    assert "was interrupted" in result.message
    assert result.fun < data.objective().value(np.zeros(5))


def test_an_interruption_in_order_keeps_the_result(data: Data) -> None:
    def order(epoch: int) -> range:
        if epoch == 2:
            raise KeyboardInterrupt
        return range(60)

    result = interrupted(data, order=order, batch_size=8)
    assert (result.status, result.n_epochs) == ("interrupted", 2)


@pytest.mark.parametrize("batch_size", ["full", 1, 8])
@pytest.mark.parametrize("watched", [False, True])
def test_ctrl_c_keeps_the_result(data: Data, batch_size: Any, watched: bool) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.perf_counter()
    callbacks = [lambda info: None] if watched else []
    try:
        result = interrupted(data, batch_size=batch_size, max_epochs=10**9, time_limit=60.0, callbacks=callbacks)
    finally:
        timer.cancel()
    assert result.status == "interrupted"
    assert time.perf_counter() - began < 30.0
    assert result.fun < data.objective().value(np.zeros(5))


# ------------------------------------------------------------------------------------------------------ progress


class Bar:
    """Stands in for tqdm's bar and remembers what it was told."""

    made: Bar

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.count, self.closed, self.texts = total, unit, 0, False, []
        Bar.made = self

    def update(self, n: int) -> None:
        self.count += n

    def set_postfix(self, refresh: bool, **values: str) -> None:
        self.texts.append(values)

    def close(self) -> None:
        self.closed = True


def test_progress_shows_every_epoch(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tqdm")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", module)
    result = fastgd.minimize(data.objective(), max_epochs=7, tol=None, progress=True)
    bar = Bar.made
    assert (bar.total, bar.unit, bar.count, bar.closed) == (7, "epoch", 7, True)
    assert bar.texts[-1] == {"loss": f"{result.history.loss[-1]:.6g}", "lr": f"{result.lr:.3g}"}


def test_progress_closes_the_bar_after_an_error(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tqdm")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", module)
    with pytest.raises(ZeroDivisionError):
        fastgd.minimize(data.objective(), progress=True, callbacks=lambda info: 1 / 0)
    assert Bar.made.closed


def test_progress_without_tqdm_names_the_extra(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"pip install 'fastgd\[progress\]'"):
        fastgd.minimize(data.objective(), progress=True)
