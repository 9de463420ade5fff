"""When a fit ends, which parameters it keeps, and what it tells of that."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest
from _network_data import all_parameters, labels, quadrants, rings, waves
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedShuffleSplit

from fastgd.neural_network import MLPClassifier, MLPRegressor


def test_tol_is_a_decrease_of_the_loss() -> None:
    X, y = quadrants()
    for patience in (2, 5):
        model = MLPClassifier(solver="sgd", tol=1e-2, n_iter_no_change=patience, random_state=0).fit(X, y)
        losses = np.array(model.loss_curve_)
        best_before = np.minimum.accumulate(losses)[:-1]
        too_little = losses[1:] > best_before - 1e-2
        assert model.n_iter_ == len(losses) < 200
        assert too_little[-patience - 1 :].all()
        assert not any(too_little[at : at + patience + 1].all() for at in range(len(too_little) - patience - 1))
        assert model.best_loss_ == losses.min()
        assert model.loss_ == losses[-1]


def test_endless_patience() -> None:
    X, y = quadrants(100)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(7\) reached; in the last one the loss fell by"):
        model = MLPClassifier(tol=1e9, n_iter_no_change=np.inf, max_iter=7).fit(X, y)
    assert model.n_iter_ == 7


@pytest.mark.parametrize("early_stopping", [False, True])
def test_adaptive_rates_fall_to_a_fifth_where_constant_ones_end(early_stopping: bool) -> None:
    X, y = quadrants()
    options: dict[str, Any] = {"solver": "sgd", "tol": 1e-2, "random_state": 0, "early_stopping": early_stopping}
    constant = MLPClassifier(learning_rate="constant", **options).fit(X, y)
    adaptive = MLPClassifier(learning_rate="adaptive", **options).fit(X, y)
    n = constant.n_iter_
    assert adaptive.loss_curve_[:n] == constant.loss_curve_
    rates = adaptive.history_.lr
    np.testing.assert_allclose(np.unique(rates)[::-1], 1e-3 / 5.0 ** np.arange(len(np.unique(rates))))
    assert rates[n - 1] > rates[n]
    assert rates[-1] <= 1e-6


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_early_stopping_keeps_the_best_parameters(kind: Any) -> None:
    X, y = quadrants() if kind is MLPClassifier else waves()
    X_val, y_val = X[300:], y[300:]
    model = kind(learning_rate_init=0.3, early_stopping=True, n_iter_no_change=20, random_state=0)
    model.fit(X[:300], y[:300], X_val=X_val, y_val=y_val)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_
    assert model.best_validation_score_ == max(scores)
    assert scores[-1] < max(scores)
    assert model.score(X_val, y_val) == max(scores)
    assert model.best_loss_ is None


def test_without_early_stopping_there_are_no_scores() -> None:
    X, y = quadrants(100)
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(max_iter=3).fit(X, y)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


def test_validation_rows_are_not_learned_from() -> None:
    X, y = rings()
    options: dict[str, Any] = {"early_stopping": True, "max_iter": 15, "batch_size": 50, "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        drawn = MLPClassifier(**options).fit(X, y)
    # As scikit-learn draws them.
    rows = next(StratifiedShuffleSplit(test_size=0.1, random_state=0).split(X, y))[1]
    left = np.ones(len(y))
    left[rows] = 0.0
    with pytest.warns(ConvergenceWarning):
        given = MLPClassifier(**options).fit(X, y, sample_weight=left, X_val=X[rows], y_val=y[rows])
    assert len(drawn.validation_scores_) == 15
    assert drawn.validation_scores_ == given.validation_scores_
    np.testing.assert_array_equal(all_parameters(drawn), all_parameters(given))
    # Nor are they read but to be scored: a row of weight 0 may hold anything.
    spoilt = np.where(left[:, None] == 0.0, np.nan, X)
    with pytest.warns(ConvergenceWarning):
        again = MLPClassifier(**options).fit(X[left > 0.0], y[left > 0.0], X_val=X[rows], y_val=y[rows])
    assert len(again.validation_scores_) == 15
    with pytest.raises(ValueError, match=f"X must be finite, got nan in row {rows.min()}"):
        MLPClassifier(**options).fit(spoilt, y)


@pytest.mark.parametrize("rare, expected", [(1, 0), (2, 0), (50, 5)])
def test_validation_rows_are_drawn_evenly_where_there_are_enough(rare: int, expected: int) -> None:
    X, y = rings()
    rows = np.concatenate([np.flatnonzero(y != "outer")[:200], np.flatnonzero(y == "outer")[:rare]])
    scored: list[Any] = []

    def scoring(model: MLPClassifier, X: Any, labels: Any) -> float:
        scored.append(labels)
        return float(model.score(X, labels))

    with pytest.warns(ConvergenceWarning):
        MLPClassifier(early_stopping=True, max_iter=2, random_state=0, scoring=scoring).fit(X[rows], y[rows])
    assert len(scored) == 2
    np.testing.assert_array_equal(scored[0], scored[1])
    # A tenth, rounded up, of which each class has its share.
    assert len(scored[0]) == -(-(200 + rare) // 10)
    assert np.count_nonzero(scored[0] == "outer") == expected
    assert abs(np.count_nonzero(scored[0] == "inner") - 8) <= (0 if rare == 50 else 3)


def test_validation_rows_of_few() -> None:
    X, y = rings()
    with pytest.warns(ConvergenceWarning):
        MLPClassifier(early_stopping=True, max_iter=2).fit(X[:15], y[:15])
    with pytest.raises(ValueError, match="The least populated classes in y have only 1 member"):
        MLPClassifier(early_stopping=True).fit(X[:50], np.arange(50) == 7)


def test_weights_of_validation_rows_weigh_their_scores() -> None:
    X, y = quadrants()
    weight = np.where(y[:50] == 1, 1.0, 0.0)
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(early_stopping=True, max_iter=3, random_state=0).fit(
            X, y, X_val=X[:50], y_val=y[:50], sample_weight_val=weight
        )
    assert model.score(X[:50], y[:50], weight) == max(model.validation_scores_)


def test_another_score_decides() -> None:
    X, y = quadrants()
    options: dict[str, Any] = {"early_stopping": True, "scoring": "neg_log_loss", "random_state": 0, "max_iter": 30}
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(**options).fit(X, y)
    assert all(score < 0.0 for score in model.validation_scores_)


def test_early_stopping_of_labels_and_of_lbfgs() -> None:
    X, y = labels()
    model = MLPClassifier(early_stopping=True, learning_rate_init=0.05, random_state=0).fit(X, y)
    assert model.best_validation_score_ > 0.5
    X, y = quadrants()
    model = MLPClassifier(solver="lbfgs", early_stopping=True, max_iter=500, random_state=0).fit(X, y)
    assert model.n_iter_ < 500
    assert model.best_validation_score_ > 0.9


def test_lbfgs_ends_by_its_gradient_or_by_its_evaluations() -> None:
    X, y = quadrants()
    options: dict[str, Any] = {"solver": "lbfgs", "hidden_layer_sizes": 5, "alpha": 1.0, "random_state": 0}
    model = MLPClassifier(tol=1e-3, max_iter=2000, **options).fit(X, y)
    assert model.n_iter_ < 2000
    assert model.history_.grad_norm[-1] <= 1e-3
    for limits in ({"max_fun": 10}, {"max_iter": 10}):
        with pytest.warns(ConvergenceWarning, match="after 10 evaluations the norm of the gradient is .*tol=0.0001"):
            assert MLPClassifier(**limits, **options).fit(X, y).n_iter_ == 10


def test_divergence_leaves_the_best_model_and_says_why() -> None:
    X, y = waves()
    model = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1e100, max_iter=9, random_state=0)
    with pytest.raises(ValueError, match=r"non-finite parameter weights.*diverged after.*lr was 1e"):
        model.fit(X, y)
    assert all(np.isfinite(coef).all() for coef in model.coefs_)


def test_a_rate_that_is_too_large_costs_epochs_not_the_fit() -> None:
    X, y = waves()
    model = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1.0, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.5


class Recorder:
    """A callback of scikit-learn that keeps what it is told."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.began: list[str] = []
        self.coefs: list[np.ndarray] = []
        self.stop_after = stop_after

    def setup(self, estimator: Any, context: Any) -> None:
        self.is_set_up = True

    def teardown(self, estimator: Any, context: Any) -> None:
        self.is_set_up = False

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.began.append(context.task_name)

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
        if context.task_name == "epoch":
            self.coefs.append(fitted_estimator.coefs_[0])
            fitted_estimator.predict(np.zeros((1, 3)))
        return len(self.coefs) >= self.stop_after


@pytest.mark.parametrize("model", [MLPClassifier(), MLPRegressor(), MLPClassifier(solver="lbfgs")], ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_callbacks_of_scikit_learn(model: Any, sklearn_callback: Any) -> None:
    X, y = quadrants()
    callback = Recorder()
    model.set_params(max_iter=4).set_callbacks(callback).fit(X, y)
    assert callback.began == ["fit", *["epoch"] * 4]
    assert not callback.is_set_up
    assert np.array_equal(callback.coefs[-1], model.coefs_[0])
    assert not np.array_equal(callback.coefs[0], model.coefs_[0])


def test_a_callback_ends_a_fit(sklearn_callback: Any) -> None:
    X, y = quadrants()
    assert MLPClassifier().set_callbacks(Recorder(stop_after=3)).fit(X, y).n_iter_ == 3


def test_scores_can_be_monitored(sklearn_callback: Any) -> None:
    X, y = quadrants()
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(max_iter=3, random_state=0).set_callbacks(monitor).fit(X, y)
    epochs = [entry for entry in monitor.get_logs().data if entry["task_name"] == "epoch"]
    assert len(epochs) == 3
    assert epochs[-1]["accuracy"] == model.score(X, y)


def test_verbose_prints_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = quadrants()
    with pytest.warns(ConvergenceWarning):
        model = MLPClassifier(max_iter=2, verbose=True, early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"Iteration 2: loss {model.loss_:.6g}, validation score ")
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert capsys.readouterr().out.startswith("Iteration 3: loss ")


def test_ctrl_c_leaves_the_model() -> None:
    X, y = quadrants()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    model = MLPClassifier(max_iter=1_000_000, tol=0.0, n_iter_no_change=np.inf)
    timer.start()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    timer.join()
    assert 0 < model.n_iter_ < 1_000_000
    assert model.predict(X).shape == y.shape
