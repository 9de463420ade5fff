"""When a fit ends, and what it tells of that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, two_classes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedShuffleSplit

from fastgd.linear_model import SGDClassifier, SGDOneClassSVM, SGDRegressor

FULL: dict[str, Any] = {"loss": "log_loss", "batch_size": "full", "learning_rate": "constant", "eta0": 0.3}


def test_tol_is_a_decrease_of_the_loss() -> None:
    X, y = two_classes()
    model = SGDClassifier(tol=1e-3, n_iter_no_change=3, **FULL).fit(X, y)
    falls = -np.diff(model.loss_curve_)
    assert model.n_iter_ == len(model.loss_curve_)
    assert (falls[-3:] < 1e-3).all()
    assert (falls[:-3] >= 1e-3).all()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_adaptive_rates_fall_to_a_fifth_where_constant_ones_end(early_stopping: bool) -> None:
    X, y = two_classes()
    options = {"random_state": 0, "eta0": 0.1, "early_stopping": early_stopping}
    constant = SGDClassifier(learning_rate="constant", **options).fit(X, y)
    adaptive = SGDClassifier(learning_rate="adaptive", **options).fit(X, y)
    n = constant.n_iter_
    assert adaptive.loss_curve_[:n] == constant.loss_curve_
    rates = adaptive.history_.lr
    np.testing.assert_allclose(np.unique(rates)[::-1], 0.1 / 5.0 ** np.arange(len(np.unique(rates))))
    assert rates[n - 1] > rates[n]
    assert rates[-1] <= 1e-6
    # It is one run.
    assert adaptive.history_.epoch.tolist() == list(range(adaptive.n_iter_))
    assert (np.diff(adaptive.history_.seconds) >= 0.0).all()


def test_the_warning_has_figures() -> None:
    X, y = two_classes()
    with pytest.warns(ConvergenceWarning, match=r"max_iter=4 epochs; .* the loss fell by \S+, .*tol=0.001"):
        SGDClassifier(max_iter=4, **FULL).fit(X, y)


def test_divergence_leaves_the_best_model_and_says_why() -> None:
    X, y = numbers()
    options = {"learning_rate": "constant", "eta0": 1e9, "max_iter": 5}
    model = SGDRegressor(**options)
    with pytest.raises(ValueError, match=r"Floating-point under-/overflow occurred at epoch #.*lr was 1e"):
        model.fit(X, y)
    assert np.isfinite(model.coef_).all()


def test_a_rate_that_is_too_large_costs_epochs_not_the_fit() -> None:
    X, y = numbers()
    assert SGDRegressor(learning_rate="constant", eta0=1.0, random_state=0).fit(X, y).score(X, y) > 0.9


def test_no_penalty_is_too_large_for_its_rate() -> None:
    X, y = two_classes()
    model = SGDClassifier(alpha=1e5, learning_rate="constant", eta0=0.1, random_state=0).fit(X, y)
    assert np.abs(model.coef_).max() < 1e-3


def test_validation_rows_are_those_of_scikit_learn_and_not_learned_from() -> None:
    X, y = two_classes()
    options = {"max_iter": 5, "tol": None, "shuffle": False}
    split = StratifiedShuffleSplit(test_size=0.2, random_state=3)
    train, held_out = next(split.split(X, y))
    stopped = SGDClassifier(early_stopping=True, validation_fraction=0.2, random_state=3, **options).fit(X, y)
    train.sort()
    other = SGDClassifier(random_state=3, **options).fit(X[train], y[train])
    np.testing.assert_array_equal(stopped.coef_, other.coef_)
    assert stopped.validation_scores_[-1] == stopped.score(X[held_out], y[held_out])


def test_the_best_score_decides() -> None:
    X, y = two_classes()
    model = SGDClassifier(early_stopping=True, n_iter_no_change=4, tol=0.0, random_state=0).fit(X, y)
    scores = np.array(model.validation_scores_)
    assert model.n_iter_ == len(scores)
    best_before = np.maximum.accumulate(scores)
    assert (scores[-4:] <= best_before[-5]).all()


def test_given_rows_are_scored() -> None:
    X, y = two_classes()
    weight = np.random.default_rng(0).random(100)
    model = SGDClassifier(early_stopping=True, random_state=0, scoring="neg_log_loss", loss="log_loss")
    model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight_val=weight)
    from sklearn.metrics import log_loss

    expected = -log_loss(y[200:], model.predict_proba(X[200:]), sample_weight=weight)
    np.testing.assert_allclose(model.validation_scores_[-1], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"y_val": [1]}, "y_val must be None without X_val"),
        ({"X_val": np.zeros((1, 5))}, "y_val must be given with X_val"),
        ({"X_val": np.zeros((1, 4)), "y_val": [1]}, "X has 4 features"),
    ],
)
def test_rows_to_score_are_checked(given: dict[str, Any], message: str) -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match=message):
        SGDClassifier(early_stopping=True).fit(X, y, **given)


def test_rows_to_score_need_early_stopping() -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match="X_val must be None without early_stopping=True"):
        SGDClassifier().fit(X, y, X_val=X, y_val=y)


def test_verbose_tells_of_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = two_classes()
    SGDClassifier(verbose=1, max_iter=2, tol=None).fit(X, y)
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["Epoch 1", "Epoch 2"]


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
            self.coefs.append(fitted_estimator.coef_)
            fitted_estimator.predict(np.zeros((1, 5)))
        return len(self.coefs) >= self.stop_after


@pytest.mark.parametrize("model", [SGDClassifier(), SGDRegressor(), SGDOneClassSVM()])
def test_callbacks_of_scikit_learn(model: Any, sklearn_callback: Any) -> None:
    X, y = two_classes()
    callback = Recorder()
    model.set_params(max_iter=4, tol=None).set_callbacks(callback).fit(X, y)
    assert callback.began == ["fit", *["epoch"] * 4]
    assert not callback.is_set_up
    assert np.array_equal(callback.coefs[-1], model.coef_)
    assert not np.array_equal(callback.coefs[0], model.coef_)


def test_a_callback_ends_a_fit(sklearn_callback: Any) -> None:
    X, y = two_classes()
    assert SGDClassifier(tol=None).set_callbacks(Recorder(stop_after=3)).fit(X, y).n_iter_ == 3


def test_scores_can_be_monitored(sklearn_callback: Any) -> None:
    X, y = two_classes()
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    model = SGDClassifier(max_iter=3, tol=None, random_state=0).set_callbacks(monitor).fit(X, y)
    epochs = [entry for entry in monitor.get_logs().data if entry["task_name"] == "epoch"]
    assert len(epochs) == 3
    assert epochs[-1]["accuracy"] == model.score(X, y)
