"""What a fit leaves: parameters, labels, probabilities, history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes, two_classes

import fastgd
from fastgd.linear_model import Perceptron, SGDClassifier, SGDRegressor

FULL: dict[str, Any] = {"batch_size": "full", "learning_rate": "constant", "eta0": 0.5, "tol": None, "max_iter": 50}


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [False, True], [-1, 1], [3, 7], [0.0, 1.0], np.array(["a", "bc"], object)],
    ids=["strings", "bool", "signs", "integers", "floats", "objects"],
)
def test_labels_come_back(labels: Any) -> None:
    X, y = two_classes()
    model = SGDClassifier(random_state=0).fit(X, np.asarray(labels)[y])
    assert model.classes_.tolist() == sorted(np.asarray(labels).tolist())
    assert np.array_equal(model.predict(X), np.asarray(labels)[SGDClassifier(random_state=0).fit(X, y).predict(X)])


@pytest.mark.parametrize("loss", sorted({*fastgd.losses()} - {"poisson", "gamma", "tweedie"}))
@pytest.mark.parametrize("data", [two_classes, three_classes])
def test_every_loss_classifies(loss: str, data: Any) -> None:
    X, y = data(seed=1)
    model = SGDClassifier(loss=loss, alpha=1e-3, learning_rate="invscaling", eta0=0.1, random_state=0).fit(X, y)
    n_classes = len(model.classes_)
    rows = 1 if n_classes == 2 else n_classes
    assert model.coef_.shape == (rows, X.shape[1])
    assert model.intercept_.shape == (rows,)
    assert model.decision_function(X).shape == ((len(X),) if n_classes == 2 else (len(X), 3))
    # Three blobs overlap; by chance one row of three would be right.
    assert model.score(X, y) > (0.75 if n_classes == 2 else 0.55)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "epsilon_insensitive", "quantile", "log_cosh"])
def test_every_loss_regresses(loss: str) -> None:
    X, y = numbers()
    assert SGDRegressor(loss=loss, random_state=0, max_iter=5000).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_log_links_predict_means(loss: str) -> None:
    X, y = numbers()
    target = np.exp(0.3 * y)
    model = SGDRegressor(loss=loss, random_state=0).fit(X, target)
    assert model.predict(X).min() > 0
    assert model.score(X, target) > 0.5


def test_the_minimum_is_that_of_the_objective() -> None:
    X, y = two_classes()
    model = SGDClassifier("log_loss", alpha=0.01, **{**FULL, "max_iter": 3000}).fit(X, y)
    objective = fastgd.LinearObjective(X, y, loss="log_loss", alpha=0.01)
    _, gradient = objective.value_and_grad(np.concatenate([model.coef_[0], model.intercept_]))
    assert np.abs(gradient).max() < 1e-6


def test_multinomial_of_two_classes_is_a_log_loss_of_twice_the_score() -> None:
    # Scores -s/2 and s/2 have the penalty of s over 2.
    X, y = two_classes()
    options = {**FULL, "max_iter": 3000}
    two = SGDClassifier("multinomial", alpha=0.02, **options).fit(X, y)
    one = SGDClassifier("log_loss", alpha=0.01, **options).fit(X, y)
    np.testing.assert_allclose(two.coef_, one.coef_, rtol=1e-5)
    np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber", "multinomial"])
@pytest.mark.parametrize("data", [two_classes, three_classes])
def test_probabilities(loss: str, data: Any) -> None:
    X, y = data()
    model = SGDClassifier(loss, random_state=0, learning_rate="invscaling", eta0=0.1).fit(X, y)
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    sure = shares.max(axis=1) < 1.0
    assert np.array_equal(model.classes_[shares.argmax(axis=1)][sure], model.predict(X)[sure])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(model.predict_log_proba(X), np.log(shares))


def test_no_probability_leaves_each_class_as_likely() -> None:
    X, y = three_classes()
    model = SGDClassifier("modified_huber").fit(X, y)
    model.coef_[:], model.intercept_[:] = 0.0, -2.0
    np.testing.assert_allclose(model.predict_proba(X[:2]), 1 / 3)


def test_other_losses_have_no_probabilities() -> None:
    model = SGDClassifier("hinge")
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError) as error:
        _ = model.predict_proba
    assert "loss 'hinge' is not compatible with predict_proba; it needs log_loss" in str(error.value.__cause__)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8, np.int8])
def test_coefficients_have_the_dtype_of_the_arithmetic(dtype: Any) -> None:
    X, y = two_classes()
    stored = np.clip(20 * X + 60, 0, 120).astype(dtype)
    model = SGDClassifier(random_state=0, eta0=1e-3, learning_rate="constant").fit(stored, y)
    expected = np.float64 if dtype is np.float64 else np.float32
    assert model.coef_.dtype == model.intercept_.dtype == model.decision_function(stored).dtype == expected


def test_what_a_fit_counts() -> None:
    X, y = two_classes()
    model = SGDClassifier(max_iter=3, tol=None, random_state=0).fit(X, y)
    assert (model.n_iter_, model.t_) == (3, 1 + 3 * len(X))
    assert model.loss_curve_ == model.history_.loss.tolist()
    batches = SGDClassifier(max_iter=3, tol=None, random_state=0, batch_size=64).fit(X, y)
    assert batches.t_ == 1 + 3 * -(-len(X) // 64)


def test_many_outputs_are_as_many_regressions() -> None:
    X, Y = numbers(outputs=3)
    options = {"shuffle": False, "max_iter": 20, "tol": None}
    together = SGDRegressor(**options).fit(X, Y)
    assert together.coef_.shape == (3, X.shape[1])
    for k in range(3):
        alone = SGDRegressor(**options).fit(X, Y[:, k])
        np.testing.assert_allclose(together.coef_[k], alone.coef_, rtol=1e-9)
        np.testing.assert_allclose(together.predict(X)[:, k], alone.predict(X), rtol=1e-9)


def test_one_column_of_targets_keeps_its_axis() -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0).fit(X, y[:, np.newaxis])
    assert model.coef_.shape == (1, X.shape[1])
    assert model.predict(X).shape == (len(X), 1)


@pytest.mark.parametrize("kind, data", [(SGDClassifier, two_classes), (SGDRegressor, numbers)])
def test_warm_start_goes_on_where_a_fit_has_ended(kind: Any, data: Any) -> None:
    X, y = data()
    options = {"learning_rate": "constant", "shuffle": False, "tol": None}
    warm = kind(max_iter=2, warm_start=True, **options).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(warm.coef_, kind(max_iter=4, **options).fit(X, y).coef_)


@pytest.mark.parametrize("standardize", [False, True])
def test_given_coefficients_are_those_of_features_as_they_are(standardize: bool) -> None:
    X, y = two_classes()
    X = 3.0 * X + 2.0
    options = {**FULL, "standardize": standardize, "loss": "log_loss"}
    first = SGDClassifier(**{**options, "max_iter": 5}).fit(X, y)
    second = SGDClassifier(**{**options, "max_iter": 5})
    second.fit(X, y, coef_init=first.coef_, intercept_init=first.intercept_)
    whole = SGDClassifier(**{**options, "max_iter": 10}).fit(X, y)
    np.testing.assert_allclose(second.coef_, whole.coef_, rtol=1e-9)
    np.testing.assert_allclose(second.intercept_, whole.intercept_, rtol=1e-9)


def test_class_weights_are_weights_of_rows() -> None:
    X, y = three_classes()
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    by_class = SGDClassifier("multinomial", class_weight=weights, **FULL).fit(X, y)
    by_row = SGDClassifier("multinomial", **FULL).fit(X, y, sample_weight=np.array([1.0, 3.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coef_, by_row.coef_)


def test_balanced_weights_count_weights_not_rows() -> None:
    X, y = two_classes()
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    balanced = SGDClassifier("log_loss", class_weight="balanced", **FULL)
    weighted = balanced.fit(X, y, sample_weight=weight).coef_.copy()
    rows = np.repeat(np.arange(len(y)), weight)
    np.testing.assert_allclose(weighted, balanced.fit(X[rows], y[rows]).coef_, rtol=1e-9)


def test_the_perceptron_is_its_loss_at_a_rate_of_1() -> None:
    X, y = two_classes()
    same = SGDClassifier("perceptron", penalty=None, learning_rate="constant", eta0=1.0, random_state=0)
    assert np.array_equal(Perceptron().fit(X, y).coef_, same.fit(X, y).coef_)


def test_threads_do_not_matter() -> None:
    X, y = three_classes(3000, 40)
    fits = [SGDClassifier("multinomial", batch_size=64, random_state=0, n_threads=k).fit(X, y) for k in (1, 2)]
    assert np.array_equal(fits[0].coef_, fits[1].coef_)


def test_sparse_coefficients_predict_the_same() -> None:
    X, y = numbers()
    model = SGDRegressor(random_state=0).fit(X, y)
    dense = model.predict(X)
    assert np.array_equal(model.sparsify().predict(X), dense)
    assert np.array_equal(model.densify().predict(X), dense)
