"""LogisticRegression: scikit-learn's minimum with every penalty, its contract, and data as they are."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model as peer
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import fastgd
from fastgd.linear_model import LogisticRegression

Array = NDArray[Any]
TIGHT: dict[str, Any] = {"tol": 1e-10, "max_iter": 10_000}


def table(n: int = 400, d: int = 7) -> Array:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d) + 0.5


def labels(X: Array, n_classes: int) -> Array:
    rng = np.random.default_rng(1)
    scores = X @ rng.normal(size=(X.shape[1], n_classes)) + rng.logistic(size=(len(X), n_classes))
    return np.array(["ant", "bee", "cat", "dog"])[scores.argmax(axis=1)]


def weights(n: int = 400) -> Array:
    return np.arange(n) % 4 / 2.0


def assert_same(ours: LogisticRegression, theirs: Any, atol: float = 1e-7) -> None:
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0.0, atol=atol)
    shift = theirs.intercept_.mean() if len(theirs.classes_) > 2 else 0.0
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_ - shift, rtol=0.0, atol=atol)


def test_scikit_learns_checks() -> None:
    failed = [
        (one["check_name"], one["exception"])
        for one in check_estimator(LogisticRegression(), on_fail=None, on_skip=None)
        if one["status"] not in ("passed", "skipped")
    ]
    assert failed == []


def test_signature_is_that_of_scikit_learn_and_more() -> None:
    theirs, ours = peer.LogisticRegression().get_params(), LogisticRegression().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    assert set(ours) - set(theirs) == {"n_threads", "standardize"}


# ---------------------------------------------------------------------------------------------- scikit-learn's minima


@pytest.mark.parametrize("class_weight", [None, "balanced", {"ant": 0.5, "bee": 3.0}], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_ridge_penalty(n_classes: int, fit_intercept: bool, weighted: bool, class_weight: Any) -> None:
    X = table()
    y, weight = labels(X, n_classes), weights() if weighted else None
    about: dict[str, Any] = {"C": 0.3, "fit_intercept": fit_intercept, "class_weight": class_weight, **TIGHT}
    theirs = peer.LogisticRegression(solver="newton-cholesky", **about).fit(X, y, weight)
    ours = LogisticRegression(**about).fit(X, y, weight)
    assert_same(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=0.0, atol=1e-6)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_l1_and_elastic_net(n_classes: int, fit_intercept: bool, weighted: bool, l1_ratio: float) -> None:
    X = table()
    y, weight = labels(X, n_classes), weights() if weighted else None
    about: dict[str, Any] = {"C": 0.1, "fit_intercept": fit_intercept, "l1_ratio": l1_ratio}
    theirs = peer.LogisticRegression(solver="saga", tol=1e-11, max_iter=100_000, **about).fit(X, y, weight)
    ours = LogisticRegression(**about, **TIGHT).fit(X, y, weight)
    assert (ours.coef_ == 0.0).any()
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert np.abs(ours.coef_).sum() <= np.abs(theirs.coef_).sum() * (1.0 + 1e-7)
    # With the l1 norm alone all coefficients of a feature may move by the same, up to one of them, and change nothing.
    if n_classes == 2 or l1_ratio < 1.0:
        assert_same(ours, theirs, 1e-6)
        np.testing.assert_array_equal(ours.coef_ == 0.0, np.abs(theirs.coef_) < 1e-9)


# The peer's, before 1.9.
@pytest.mark.filterwarnings("ignore:Setting penalty=None")
@pytest.mark.parametrize("n_classes", [2, 4])
def test_no_penalty(n_classes: int) -> None:
    X = table()
    y = labels(X, n_classes)
    about = {"C": np.inf, **TIGHT}
    assert_same(LogisticRegression(**about).fit(X, y), peer.LogisticRegression(**about).fit(X, y), 1e-4)


@pytest.mark.parametrize("solver", ["newton-cg", "newton-cholesky", "sag", "saga", "lbfgs"])
def test_all_solvers_are_one(solver: str) -> None:
    X = table()
    y = labels(X, 3)
    for l1_ratio in (0.0, 0.5):
        one, other = (LogisticRegression(solver=name, l1_ratio=l1_ratio).fit(X, y) for name in ("lbfgs", solver))
        np.testing.assert_array_equal(one.coef_, other.coef_)


def test_liblinear_is_the_same_without_an_intercept() -> None:
    X = table()
    y = labels(X, 2)
    about: dict[str, Any] = {"solver": "liblinear", "fit_intercept": False, "C": 0.5}
    theirs = peer.LogisticRegression(tol=1e-9, max_iter=10_000, **about).fit(X, y)
    assert_same(LogisticRegression(**about, **TIGHT).fit(X, y), theirs)


@pytest.mark.parametrize("penalty, l1_ratio", [("l2", 0.0), ("l1", 1.0), ("elasticnet", 0.5), (None, 0.0)])
def test_the_deprecated_penalty(penalty: str | None, l1_ratio: float) -> None:
    X = table()
    y = labels(X, 2)
    given = {"l1_ratio": 0.5} if penalty == "elasticnet" else {}
    with pytest.warns(FutureWarning, match="penalty is deprecated"):
        found = LogisticRegression(penalty, **given).fit(X, y)
    wanted = LogisticRegression(C=1.0 if penalty else np.inf, l1_ratio=l1_ratio).fit(X, y)
    np.testing.assert_array_equal(found.coef_, wanted.coef_)


# --------------------------------------------------------------------------------------------- what ends a fit


def test_tol_bounds_the_gradient() -> None:
    X = table()
    y = labels(X, 2)
    for tol, l1_ratio in [(1e-2, 0.0), (1e-4, 0.0), (1e-8, 0.0), (1e-4, 1.0), (1e-8, 1.0)]:
        found = LogisticRegression(tol=tol, l1_ratio=l1_ratio, C=0.2).fit(X, y)
        objective = fastgd.LinearObjective(X, y == "bee", alpha=1.0 / (0.2 * 400), l1_ratio=l1_ratio)
        grad = objective.grad(objective.pack(found.coef_, found.intercept_))
        at_zero = np.append(found.coef_[0] == 0.0, False)
        least = np.where(at_zero, np.maximum(np.abs(grad) - objective.alpha * l1_ratio, 0.0), grad)
        assert np.linalg.norm(least) <= tol * (1.0 + 1e-6)
        assert found.n_iter_.tolist() == [len(found.history_)]


def test_a_fit_that_is_cut_short_says_so() -> None:
    with pytest.warns(ConvergenceWarning, match=r"after 3 evaluations the norm of the gradient is .* max_iter=3"):
        LogisticRegression(max_iter=3, tol=1e-12).fit(table(), labels(table(), 2))


def test_warm_start() -> None:
    X = table()
    y = labels(X, 3)
    for about in ({}, {"standardize": True}, {"fit_intercept": False}):
        model = LogisticRegression(warm_start=True, tol=1e-6, **about).fit(X, y)
        assert model.n_iter_[0] > 3
        assert model.fit(X, y).n_iter_[0] <= 2
    with pytest.raises(ValueError, match="warm_start must be False"):
        model.fit(X[:, :3], y)


# --------------------------------------------------------------------------------------------- data and surroundings


def test_standardised_features() -> None:
    X = table() * np.logspace(0.0, 3.0, 7)
    y = labels(table(), 2)
    scaler = StandardScaler()
    theirs = peer.LogisticRegression(solver="newton-cholesky", **TIGHT).fit(scaler.fit_transform(X), y)
    ours = LogisticRegression(standardize=True, **TIGHT).fit(X, y)
    np.testing.assert_allclose(ours.coef_ * scaler.scale_, theirs.coef_, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(scaler.transform(X)), atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int8, bool, np.int64])
def test_storages(dtype: Any) -> None:
    X = np.random.default_rng(3).integers(0, 2 if dtype is bool else 9, (500, 5)).astype(dtype)
    y = labels(X.astype(np.float64), 3)
    ours = LogisticRegression(tol=1e-6).fit(X, y)
    assert ours.coef_.dtype == (np.float64 if dtype is np.int64 else np.float32)
    theirs = peer.LogisticRegression(tol=1e-8, max_iter=1000).fit(X.astype(np.float64), y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_threads_do_not_matter() -> None:
    X = table(5000)
    y = labels(X, 3)
    one, two = (LogisticRegression(n_threads=n).fit(X, y) for n in (1, 2))
    np.testing.assert_array_equal(one.coef_, two.coef_)
    np.testing.assert_array_equal(one.coef_, LogisticRegression(n_jobs=2).fit(X, y).coef_)


def test_among_other_estimators() -> None:
    X = table()
    y = labels(X, 3)
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]})
    assert search.fit(X, y).score(X, y) > 0.6
    assert CalibratedClassifierCV(LogisticRegression()).fit(X, y).score(X, y) > 0.6
    fitted = LogisticRegression(C=0.5).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert clone(fitted).get_params() == fitted.get_params()
    np.testing.assert_array_equal(fitted.sparsify().predict(X), again.predict(X))


def test_probabilities_far_from_the_border() -> None:
    model = LogisticRegression().fit(np.array([[-1.0], [1.0]]), [0, 1])
    logs = model.predict_log_proba(np.array([[-1e4], [1e4]]))
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(logs[:, 1], [-1e4 * model.coef_[0, 0], 0.0], rtol=1e-12)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"solver": "magic"}, "solver"),
        ({"C": 0.0}, "C"),
        ({"l1_ratio": 2.0}, "l1_ratio"),
        ({"dual": True}, "dual must be False"),
        ({"intercept_scaling": 2.0}, "intercept_scaling must be 1"),
        ({"solver": "liblinear"}, "solver must be another than 'liblinear'"),
        ({"n_jobs": 2, "n_threads": 1}, "n_jobs must be None or the same as n_threads"),
        ({"penalty": "l2", "l1_ratio": 0.5}, "l1_ratio must be 0 with penalty='l2'"),
    ],
)
def test_refusals(params: dict[str, Any], message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        with pytest.raises(ValueError, match=message):
            LogisticRegression(**params).fit(table(), labels(table(), 2))


def test_refused_data() -> None:
    X = table()
    with pytest.raises(ValueError, match="at least 2 classes, got one class"):
        LogisticRegression().fit(X, np.zeros(400))
    with pytest.raises(ValueError, match="all zero"):
        LogisticRegression().fit(X, labels(X, 2), np.zeros(400))
    X[9, 2] = np.nan
    with pytest.raises(ValueError, match="X must be finite, got nan in row 9, column 2"):
        LogisticRegression().fit(X, labels(table(), 2))
