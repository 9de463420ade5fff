"""A fit that goes on from a checkpoint is the fit that was never ended."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from _runs import Ended, end_after
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, f1_score, make_scorer

from fastgd import Checkpoint
from fastgd._estimators.stopping import fitted_attributes
from fastgd.covariance import Gaussian
from fastgd.linear_model import (
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)
from fastgd.mixture import GaussianMixture
from fastgd.neural_network import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(0)
# More rows than there are between two looks at the clock.
X = RNG.normal(size=(5000, 8)) @ np.diag(np.logspace(0, -1, 8))
Y = (X[:, 0] + 0.5 * RNG.normal(size=5000) > 0.0).astype(int)
# Each epoch but the first lowers the rate.
AT_ONCE: dict[str, Any] = {"learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1, "random_state": 0}
ADAPTIVE = {**AT_ONCE, "eta0": 0.1}
FITS: dict[str, Callable[[], Any]] = {
    "SGDClassifier": lambda: SGDClassifier(random_state=0, max_iter=60),
    "validation": lambda: SGDClassifier(loss="log_loss", early_stopping=True, random_state=0),
    "Perceptron": lambda: Perceptron(tol=None, max_iter=8),
    "SGDRegressor": lambda: SGDRegressor(random_state=1),
    "smaller rates": lambda: SGDClassifier(**ADAPTIVE),
    "smaller rates, a table of slopes": lambda: SGDClassifier(**ADAPTIVE, loss="log_loss", optimizer="saga"),
    "smaller rates, validation": lambda: MLPClassifier(
        hidden_layer_sizes=(5,), solver="sgd", early_stopping=True, **AT_ONCE
    ),
    "SGDOneClassSVM": lambda: SGDOneClassSVM(random_state=0),
    "MLPClassifier": lambda: MLPClassifier(hidden_layer_sizes=(5,), random_state=0, max_iter=20, early_stopping=True),
    "MLPRegressor": lambda: MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0, max_iter=20),
    "Gaussian": lambda: Gaussian(batch_size=500, random_state=0),
    "GaussianMixture": lambda: GaussianMixture(2, n_init=3, max_iter=12, random_state=0),
    "mini-batches of a mixture": lambda: GaussianMixture(2, n_init=2, batch_size=500, tol=1e-2, random_state=0),
    "LogisticRegression": lambda: LogisticRegression(class_weight="balanced"),
    "LogisticRegression, l1 norm": lambda: LogisticRegression(l1_ratio=0.5, C=0.1, standardize=True),
    "Ridge": lambda: Ridge(solver="lbfgs", tol=1e-10),
    "LinearRegression": lambda: LinearRegression(solver="lbfgs", tol=1e-10),
}


def told(estimator: Any) -> dict[str, list[bytes]]:
    """The bits of what a fit has found, but for the time that it took."""
    found = fitted_attributes(estimator)
    found |= vars(found.pop("history_", SimpleNamespace()))
    return {
        name: [np.asarray(one).tobytes() for one in (value if isinstance(value, list) else [value])]
        for name, value in found.items()
        if name != "seconds"
    }


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("every", [1, "1e-9s"])
def test_goes_on_with_the_same_bits(
    name: str, every: int | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    whole = told(FITS[name]().fit(X, Y))
    kept = Checkpoint(tmp_path / "fit.ckpt", every)
    end_after(3, monkeypatch)
    with pytest.raises(Ended):
        FITS[name]().set_params(n_threads=1).fit(X, Y, checkpoint=kept)
    assert told(FITS[name]().set_params(n_threads=2).fit(X, Y, checkpoint=kept)) == whole
    # Once it has come to its end it is there at once.
    end_after(1, monkeypatch)
    assert told(FITS[name]().fit(X, Y, checkpoint=kept)) == whole


SGD: dict[str, Any] = {"random_state": 0, "max_iter": 3}


def scored_by(scoring: Any) -> SGDClassifier:
    return SGDClassifier(**SGD, early_stopping=True, scoring=scoring)


OTHERS = [
    (SGDClassifier(**SGD), SGDClassifier(**SGD, alpha=1.0), "optimizer is .*alpha|alpha is 0.0001, here 1.0"),
    (SGDClassifier(**SGD), SGDClassifier(random_state=1), "random_state is 0, here 1|init_seed is 0, here 1"),
    (SGDClassifier(**SGD), SGDClassifier(**SGD, tol=0.1), r"is SGDClassifier\(tol=0.001, .*here .*tol=0.1"),
    (SGDClassifier(**{**ADAPTIVE, "learning_rate": "constant"}), SGDClassifier(**ADAPTIVE), "learning_rate='adaptive'"),
    (SGDClassifier(**SGD), SGDRegressor(**SGD), r"estimator is SGDClassifier\(.*, here SGDRegressor\("),
    (
        scored_by(make_scorer(f1_score)),
        scored_by(make_scorer(accuracy_score)),
        r"make_scorer\(f1_score.* here ",
    ),
    (scored_by(lambda *_: 0.0), scored_by("accuracy"), r"scoring=the function \S*lambda.*, here .*scoring='accuracy'"),
    (GaussianMixture(2, **SGD), GaussianMixture(2, **SGD, n_init=2), "estimator is .*n_init=1.*, here .*n_init=2"),
    (GaussianMixture(2, **SGD), GaussianMixture(2, **SGD, means_init=X[:2]), "it is of other start parameters w0"),
    (LogisticRegression(), LogisticRegression(C=2.0), "there alpha is .*, here"),
    (LogisticRegression(), LogisticRegression(class_weight={0: 1.0, 1: 3.0}), "there alpha is .*, here"),
    (LogisticRegression(), LogisticRegression(class_weight="balanced"), "it is of other data"),
    (LogisticRegression(), LogisticRegression(tol=0.1), "there gtol is 0.0001, here 0.1"),
    (LogisticRegression(), LogisticRegression(fit_intercept=False), "fit_intercept=False"),
]


@pytest.mark.parametrize(("one", "other", "what"), OTHERS)
def test_another_fit_is_told_apart(one: Any, other: Any, what: str, tmp_path: Path) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    kept = Checkpoint(tmp_path / "fit.ckpt")
    one.fit(X, Y, checkpoint=kept)
    with pytest.raises(ValueError, match=what):
        other.fit(X, Y, checkpoint=kept)


@pytest.mark.parametrize("kind", [SGDClassifier, MLPClassifier])
@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array(["no", "yes"], object)])
def test_other_rows_to_score_are_told_apart(kind: Any, labels: np.ndarray, tmp_path: Path) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    kept = Checkpoint(tmp_path / "fit.ckpt")
    rows, of_rows = X[:50], labels[Y[:50]]

    def fit(X_val: Any, y_val: Any, **weights: Any) -> Any:
        model = kind(early_stopping=True, max_iter=2, random_state=0)
        return model.fit(X, labels[Y], X_val=X_val, y_val=y_val, checkpoint=kept, **weights)

    whole = told(fit(rows, of_rows))
    assert told(fit(rows.copy(), of_rows.copy())) == whole
    for other in [(rows + 1.0, of_rows), (rows, of_rows[::-1]), (rows[:-1], of_rows[:-1])]:
        with pytest.raises(ValueError, match="it is of other rows to score"):
            fit(*other)
    with pytest.raises(ValueError, match="it is of other rows to score"):
        fit(rows, of_rows, sample_weight_val=np.arange(1.0, 51.0))


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt")
    with pytest.raises(ValueError, match=r"random_state must be an int with checkpoint, .*got None"):
        SGDClassifier().fit(X, Y, checkpoint=kept)
    with pytest.raises(ValueError, match=r"random_state must be an int with checkpoint, .*got None"):
        GaussianMixture(2).fit(X, checkpoint=kept)
    for closed in (Ridge(), Ridge(solver="lbfgs", positive=True), LinearRegression()):
        with pytest.raises(ValueError, match="checkpoint must be None but for one descent, that of solver='lbfgs'"):
            closed.fit(X, Y, checkpoint=kept)
    with pytest.raises(ValueError, match="and one alpha for all targets"):
        Ridge(alpha=[1.0, 2.0], solver="lbfgs").fit(X, np.column_stack([Y, Y]), checkpoint=kept)
    assert not (tmp_path / "fit.ckpt").exists()
