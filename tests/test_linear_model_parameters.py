"""Parameters: rates, optimisers, penalties, threads, and the errors for what does not go together."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
from _linear_data import numbers, two_classes

import fastgd
from fastgd import linear_model, optimizers
from fastgd.linear_model import Perceptron, SGDClassifier, SGDRegressor
from fastgd.optimizers import SGD, Adam
from fastgd.schedules import Constant, InverseScaling, Optimal


@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"])
def test_parameters_and_defaults_are_those_of_scikit_learn(name: str) -> None:
    ours, theirs = (
        inspect.signature(getattr(module, name)).parameters for module in (linear_model, sklearn.linear_model)
    )
    assert list(ours)[: len(theirs)] == list(theirs)
    assert {key: ours[key].default for key in theirs} == {key: theirs[key].default for key in theirs}
    assert all(ours[key].kind is inspect.Parameter.KEYWORD_ONLY for key in list(ours)[len(theirs) :])


@pytest.mark.parametrize(
    "options, rate",
    [
        ({"learning_rate": "optimal"}, Optimal(1e-4)),
        ({"learning_rate": "constant", "eta0": 0.2}, Constant(0.2)),
        ({"learning_rate": "invscaling", "eta0": 0.2, "power_t": 0.3}, InverseScaling(0.2, 0.3)),
        ({"learning_rate": InverseScaling(0.2)}, InverseScaling(0.2)),
        ({"learning_rate": lambda step: 0.1 / (1 + step)}, lambda step: 0.1 / (1 + step)),
        ({"learning_rate": "auto"}, "auto"),
    ],
    # The same names in every process.
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_rates_count_steps(options: dict[str, Any], rate: Any) -> None:
    X, y = two_classes()
    model = SGDClassifier("log_loss", batch_size=10, max_iter=3, tol=None, shuffle=False, **options).fit(X, y)
    objective = fastgd.LinearObjective(X, y, loss="log_loss", alpha=1e-4)
    result = fastgd.minimize(objective, optimizer=SGD(lr=rate), batch_size=10, max_epochs=3, tol=None, shuffle=False)
    np.testing.assert_array_equal(np.append(model.coef_, model.intercept_), result.x)


@pytest.mark.parametrize("name", sorted(set(optimizers._MODULES.values()) - {"polyak_sgd"}))
def test_every_optimizer_by_name(name: str) -> None:
    X, y = numbers()
    batch_size = "full" if name in ("lbfgs", "barzilai_borwein") else 16
    model = SGDRegressor(optimizer=name, batch_size=batch_size, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_a_name_takes_the_rate_and_an_instance_has_its_own() -> None:
    X, y = two_classes()
    options = {"random_state": 0, "max_iter": 3, "tol": None}
    by_name = SGDClassifier(optimizer="adam", learning_rate="constant", eta0=0.05, **options).fit(X, y)
    by_instance = SGDClassifier(optimizer=Adam(lr=0.05), **options).fit(X, y)
    np.testing.assert_array_equal(by_name.coef_, by_instance.coef_)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"optimizer": Adam(), "eta0": 0.5}, r"eta0 must be left at its default with Adam\(.*, got 0.5"),
        ({"optimizer": SGD(), "learning_rate": "constant"}, "learning_rate must be left at its default"),
        ({"optimizer": SGD(), "average": True}, "average must be left at its default"),
        ({"optimizer": "lbfgs", "eta0": 0.5}, "eta0 must be left at its default"),
        ({"optimizer": "adam", "average": True}, "average must be False with optimizer='adam'"),
        ({"optimizer": "no"}, "optimizer must be one of 'sgd'"),
        ({"optimizer": "lbfgs"}, "batch_size must be 'full' with LBFGS"),
        ({"optimizer": "adam", "penalty": "l1"}, "l1_ratio must be 0 with Adam"),
        ({"alpha": 0.0}, "alpha must be > 0 with learning_rate='optimal'"),
        ({"learning_rate": "pa1"}, "learning_rate must be one of 'constant'"),
        ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be set when penalty is 'elasticnet'"),
        ({"loss": "no"}, "The 'loss' parameter of SGDClassifier must be a str among"),
        ({"batch_size": 0}, "The 'batch_size' parameter"),
        ({"loss_params": {"epsilon": 1.0}}, "loss_params must name parameters of loss 'hinge'"),
        ({"class_weight": {5: 1.0}}, r"class_weight must name classes among \[0, 1\], got \[5\]"),
        ({"n_jobs": 1, "n_threads": 2}, "n_jobs must be None or the same as n_threads"),
        ({"n_jobs": 0}, "n_jobs must be an integer other than 0"),
        ({"fit_intercept": False, "warm_start": "yes"}, "The 'warm_start' parameter"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_parameters_that_are_refused(options: dict[str, Any], message: str) -> None:
    X, y = two_classes()
    with pytest.raises((ValueError, TypeError), match=message):
        SGDClassifier(**options).fit(X, y)


def test_an_intercept_that_is_not_fitted_cannot_be_given() -> None:
    X, y = two_classes()
    with pytest.raises(ValueError, match="intercept_init must be 0 or None with fit_intercept=False"):
        SGDClassifier(fit_intercept=False).fit(X, y, intercept_init=[1.0])
    assert SGDClassifier(fit_intercept=False).fit(X, y).intercept_.tolist() == [0.0]


@pytest.mark.parametrize("n_jobs, n_threads", [(2, 2), (2, None), (-1, None), (None, 1)])
def test_jobs_are_threads(n_jobs: int | None, n_threads: int | None) -> None:
    X, y = two_classes()
    Perceptron(n_jobs=n_jobs, n_threads=n_threads).fit(X, y).predict(X)


def test_negative_power_t_warns() -> None:
    X, y = numbers()
    with pytest.warns(FutureWarning, match="Negative values for `power_t`"):
        SGDRegressor(power_t=-0.01, eta0=1e-3, max_iter=2, tol=None).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SGDRegressor(power_t=0.5).fit(X, y)


def test_epsilon_and_parameters_of_losses() -> None:
    X, y = numbers()
    options = {"random_state": 0, "max_iter": 5, "tol": None}
    wide = SGDRegressor("huber", epsilon=2.0, **options).fit(X, y)
    np.testing.assert_array_equal(
        wide.coef_, SGDRegressor("huber", loss_params={"epsilon": 2.0}, **options).fit(X, y).coef_
    )
    assert not np.array_equal(wide.coef_, SGDRegressor("huber", **options).fit(X, y).coef_)
    high = SGDRegressor("quantile", loss_params={"quantile": 0.9}, random_state=0).fit(X, y)
    assert 0.8 < np.mean(y < high.predict(X)) < 1.0


def test_elastic_net_ends_are_l1_and_l2() -> None:
    X, y = two_classes()
    for penalty, l1_ratio in (("l1", 1.0), ("l2", 0.0)):
        options = {"alpha": 0.01, "random_state": 0}
        one = SGDClassifier(penalty=penalty, **options).fit(X, y)
        other = SGDClassifier(penalty="elasticnet", l1_ratio=l1_ratio, **options).fit(X, y)
        np.testing.assert_array_equal(one.coef_, other.coef_)


def test_no_penalty_is_none() -> None:
    X, y = numbers()
    none = SGDRegressor(penalty=None, random_state=0).fit(X, y)
    np.testing.assert_array_equal(none.coef_, SGDRegressor(alpha=0.0, random_state=0).fit(X, y).coef_)
