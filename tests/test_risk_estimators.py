"""Risks of fitted estimators, of fastgd and of scikit-learn, as the metrics of scikit-learn have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model as peer
from _linear_data import numbers, three_classes, two_classes
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from fastgd import risk
from fastgd.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDOneClassSVM, SGDRegressor
from fastgd.neural_network import MLPClassifier, MLPRegressor

# Seeded: of some orders of rows SGD's scores are so large that scikit-learn cuts their probabilities off.
CLASSIFIERS = [
    SGDClassifier(random_state=0),
    SGDClassifier(loss="multinomial", random_state=0),
    LogisticRegression(),
    MLPClassifier(hidden_layer_sizes=(5,), max_iter=30, tol=0.0, random_state=0),
    peer.LogisticRegression(),
    make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)),
    GridSearchCV(peer.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
    DecisionTreeClassifier(max_depth=2),
]
REGRESSORS = [
    SGDRegressor(random_state=0),
    Ridge(),
    MLPRegressor(hidden_layer_sizes=(5,), max_iter=30, tol=0.0, random_state=0),
    peer.Ridge(),
]


def split(X: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    return X[:200], y[:200], X[200:], y[200:]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make", [two_classes, three_classes])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: repr(e).split("(")[0])
def test_classifiers(estimator: Any, make: Any) -> None:
    X, y, X_new, y_new = split(*make())
    labels = np.array(["no", "perhaps", "yes"])[y]
    estimator.fit(X, labels)
    y_new = np.array(["no", "perhaps", "yes"])[y_new]
    found = risk(estimator, X=X_new, y=y_new)
    assert (found.loss, found.n_samples, found.held_out) == ("zero_one", 100, True)
    np.testing.assert_allclose(found.mean, 1.0 - estimator.score(X_new, y_new), rtol=1e-12)
    if hasattr(estimator, "predict_proba"):
        expected = metrics.log_loss(y_new, estimator.predict_proba(X_new))
        for loss in ("log_loss", "multinomial"):
            # scikit-learn keeps probabilities away from 0, in float32 by more.
            np.testing.assert_allclose(risk(estimator, X=X_new, y=y_new, loss=loss).mean, expected, rtol=1e-5)
    else:
        with pytest.raises(
            ValueError, match=r"loss 'log_loss' does not fit .* it needs predict_proba, which that lacks"
        ):
            risk(estimator, X=X_new, y=y_new, loss="log_loss")
    if not hasattr(estimator, "decision_function"):
        with pytest.raises(ValueError, match=r"loss 'hinge' does not fit .* it needs decision_function"):
            risk(estimator, X=X_new, y=y_new, loss="hinge")
    elif make is two_classes:
        expected = metrics.hinge_loss(y_new, estimator.decision_function(X_new))
        np.testing.assert_allclose(risk(estimator, X=X_new, y=y_new, loss="hinge").mean, expected, rtol=1e-12)
    else:
        raw = estimator.decision_function(X_new)
        of_class = raw[np.arange(100), np.searchsorted(estimator.classes_, y_new)]
        expected = np.maximum(0.0, raw - of_class[:, None] + 1.0).sum(axis=1) - 1.0
        found = risk(estimator, X=X_new, y=y_new, loss="multiclass_hinge")
        np.testing.assert_allclose(found.mean, expected.mean(), rtol=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("estimator", REGRESSORS, ids=repr)
def test_regressors(estimator: Any, outputs: int) -> None:
    X, y, X_new, y_new = split(*numbers(outputs=outputs))
    estimator.fit(X, y)
    found = risk(estimator, X=X_new, y=y_new)
    assert (found.loss, found.held_out) == ("squared_error", True)
    residual = (estimator.predict(X_new) - y_new).reshape(100, -1).astype(np.float64)
    np.testing.assert_allclose(found.mean, (residual**2).sum(axis=1).mean(), rtol=1e-12)
    found = risk(estimator, X=X_new, y=y_new, loss="absolute_error")
    np.testing.assert_allclose(found.mean, np.abs(residual).sum(axis=1).mean(), rtol=1e-12)


def test_log_links_take_predictions_of_means() -> None:
    X, raw = numbers()
    y = np.exp(0.3 * raw)
    theirs, ours = peer.PoissonRegressor(alpha=0.0).fit(X, y), SGDRegressor(loss="poisson", max_iter=50).fit(X, y)
    for estimator in (theirs, ours):
        mean = estimator.predict(X)
        expected = (mean - y * np.log(mean)).mean()
        np.testing.assert_allclose(risk(estimator, X=X, y=y, loss="poisson").mean, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="loss 'poisson' needs predictions > 0, got -"):
        risk(peer.LinearRegression().fit(X, raw), X=X, y=y, loss="poisson")
    with pytest.raises(ValueError, match="y must be >= 0 for loss 'poisson', got -"):
        risk(theirs, X=X, y=raw, loss="poisson")


@pytest.mark.parametrize("estimator", [GaussianMixture(2, random_state=0), KernelDensity()], ids=repr)
def test_densities(estimator: Any) -> None:
    X, _, X_new, _ = split(*three_classes())
    estimator.fit(X)
    found = risk(estimator, X=X_new)
    np.testing.assert_allclose(found.mean, -estimator.score_samples(X_new).mean(), rtol=1e-12)
    assert (found.loss, found.held_out) == ("negative log-density", True)
    with pytest.raises(ValueError, match="loss must be None for a density"):
        risk(estimator, X=X_new, loss="zero_one")
    with pytest.raises(ValueError, match="y must be None for a density"):
        risk(estimator, X=X_new, y=np.zeros(100))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_weights(container: Any) -> None:
    X, y, X_new, y_new = split(*two_classes())
    weight = np.arange(100) % 4 / 2.0
    estimator = peer.LogisticRegression().fit(container(X), y)
    found = risk(estimator, X=container(X_new), y=y_new, sample_weight=weight)
    expected = 1.0 - estimator.score(container(X_new), y_new, weight)
    np.testing.assert_allclose(found.mean, expected, rtol=1e-12)
    assert found.n_samples == 75


def test_functions_as_losses() -> None:
    X, y = two_classes()
    estimator = SGDClassifier().fit(X, y)

    def margin(y: Any, raw: Any) -> Any:
        return np.where(y == 1, -raw, raw)

    expected = np.where(y == 1, -1.0, 1.0) * estimator.decision_function(X)
    np.testing.assert_allclose(risk(estimator, X=X, y=y, loss=margin).mean, expected.mean(), rtol=1e-12)
    tree = DecisionTreeClassifier(max_depth=1).fit(X, y)
    brier = risk(tree, X=X, y=y, loss=lambda y, p: (p[:, 1] - y) ** 2)
    np.testing.assert_allclose(brier.mean, metrics.brier_score_loss(y, tree.predict_proba(X)[:, 1]), rtol=1e-12)
    assert brier.loss == "<lambda>"


def test_a_function_of_that_name_has_no_wilsons_interval() -> None:
    X, y = two_classes()
    estimator = SGDClassifier().fit(X, y)

    def zero_one(y: Any, raw: Any) -> Any:
        return 100.0 + raw

    expected = risk(estimator, X=X, y=y, loss=lambda y, raw: zero_one(y, raw)).interval()
    assert risk(estimator, X=X, y=y, loss=zero_one).interval() == expected


@pytest.mark.parametrize("loss", [None, "log_loss", "hinge", lambda y, raw: np.maximum(0.0, 1.0 - (2 * y - 1) * raw)])
def test_a_column_of_labels_is_labels(loss: Any) -> None:
    """Compared with predictions of shape (n,), one of shape (n, 1) would be compared with all of them."""
    X, y, X_new, y_new = split(*two_classes())
    estimator = peer.LogisticRegression().fit(X, y)
    expected = risk(estimator, X=X_new, y=y_new, loss=loss)
    for column in (y_new[:, None], pd.DataFrame({"t": y_new})):
        assert risk(estimator, X=X_new, y=column, loss=loss) == expected
    with pytest.raises(ValueError, match=r"y must have shape \(100,\), as predictions have, got shape \(100, 2\)"):
        risk(estimator, X=X_new, y=np.column_stack([y_new, y_new]), loss=loss)


@pytest.mark.parametrize("loss", [None, "absolute_error", lambda y, raw: np.abs(y - raw)])
def test_a_column_of_numbers_is_numbers(loss: Any) -> None:
    X, y, X_new, y_new = split(*numbers())
    estimator = peer.Ridge().fit(X, y)
    assert risk(estimator, X=X_new, y=y_new[:, None], loss=loss) == risk(estimator, X=X_new, y=y_new, loss=loss)
    with pytest.raises(ValueError, match=r"y must have shape \(100,\), as predictions have, got shape \(100, 2\)"):
        risk(estimator, X=X_new, y=np.column_stack([y_new, y_new]), loss=loss)


def test_probabilities_of_zero_are_infinite() -> None:
    X, y, X_new, y_new = split(*two_classes())
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert risk(tree, X=X_new, y=y_new, loss="log_loss").mean == np.inf


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_labels_with_a_column_each() -> None:
    X, y = numbers(outputs=3)
    Y = (y > 0.5).astype(int)
    estimator = MLPClassifier(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=20).fit(X, Y)
    expected = (estimator.predict(X) != Y).any(axis=1).mean()
    assert risk(estimator, X=X, y=Y).mean == expected
    with pytest.raises(ValueError, match="loss must be 'zero_one' or a function for labels with a column each"):
        risk(estimator, X=X, y=Y, loss="log_loss")


def test_bad_input() -> None:
    X, y = two_classes()
    fitted, regressor = SGDClassifier().fit(X, y), Ridge().fit(X, y)
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (SGDClassifier(), {"X": X, "y": y}, NotFittedError, "SGDClassifier instance is not fitted yet"),
        (peer.Ridge(), {"X": X, "y": y}, NotFittedError, "not fitted"),
        (fitted, {}, ValueError, "X must be given for an estimator: SGDClassifier does not keep the rows"),
        (fitted, {"X": X}, ValueError, "y must be given with X for SGDClassifier"),
        (fitted, {"w": [1.0], "X": X, "y": y}, ValueError, "w must be None for an estimator"),
        (fitted, {"X": X, "y": y[:-1]}, ValueError, "y must have 300 rows, as X has, got shape"),
        (fitted, {"X": X, "y": y, "loss": "mistakes"}, ValueError, "loss must be one of"),
        (fitted, {"X": X, "y": y, "loss": 1}, TypeError, "loss must be one of"),
        (fitted, {"X": X, "y": y, "loss": "squared_error"}, ValueError, "for a model of classes, got 'squared_error'"),
        (fitted, {"X": X, "y": y + 1, "loss": "hinge"}, ValueError, r"y must hold the labels \[0, 1\], got .*2"),
        (fitted, {"X": X, "y": y, "sample_weight": y[:2]}, ValueError, "sample_weight must have shape"),
        (fitted, {"X": X, "y": y, "sample_weight": -y}, ValueError, "sample_weight must be >= 0"),
        (fitted, {"X": X, "y": y, "sample_weight": 0 * y}, ValueError, "> 0 for at least one row"),
        (regressor, {"X": X, "y": y, "loss": "zero_one"}, ValueError, "for a model of numbers, got 'zero_one'"),
        (regressor, {"X": X, "y": X}, ValueError, r"y must have shape \(300,\), as predictions have"),
        (regressor, {"X": X, "y": np.where(y, np.nan, 1.0)}, ValueError, "y must be finite"),
        (SGDOneClassSVM().fit(X), {"X": X, "y": y}, ValueError, "must be a classifier, .* calls 'outlier_detector'"),
        (IsolationForest().fit(X), {"X": X, "y": y}, ValueError, "must be a classifier"),
        (KMeans(2, n_init=1).fit(X), {"X": X, "y": y}, ValueError, "must be a classifier, .* calls 'clusterer'"),
        (StandardScaler().fit(X), {"X": X, "y": y}, TypeError, "must be an objective of fastgd, or an estimator"),
    ]
    for estimator, options, error, message in cases:
        with pytest.raises(error, match=message):
            risk(estimator, **options)


def test_scores_of_pairs_of_classes_are_refused() -> None:
    X, y = three_classes()
    y = np.where(X[:, 4] > 1.0, 3, y)
    svc = SVC(decision_function_shape="ovo").fit(X, y)
    with pytest.raises(ValueError, match="loss 'hinge' needs one score a class, 4, got 6 from SVC"):
        risk(svc, X=X, y=y, loss="hinge")
