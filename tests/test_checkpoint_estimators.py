"""A fit that goes on from a checkpoint is the fit that was never ended."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from fastgd import Checkpoint, _saves
from fastgd.linear_model import SGDClassifier, SGDOneClassSVM, SGDRegressor
from fastgd.neural_network import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 8))
Y = (X[:, 0] + 0.5 * RNG.normal(size=600) > 0.0).astype(int)
FITS: dict[str, Callable[[], Any]] = {
    "SGDClassifier": lambda: SGDClassifier(random_state=0, max_iter=60),
    "validation": lambda: SGDClassifier(loss="log_loss", early_stopping=True, random_state=0),
    "SGDRegressor": lambda: SGDRegressor(random_state=1),
    "SGDOneClassSVM": lambda: SGDOneClassSVM(random_state=0),
    "MLPClassifier": lambda: MLPClassifier(hidden_layer_sizes=(5,), random_state=0, max_iter=20, early_stopping=True),
    "MLPRegressor": lambda: MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0, max_iter=20),
}


class Ended(Exception):
    """In the place of whatever ends a process."""


def told(estimator: Any) -> dict[str, Any]:
    """What a fit has found, but for the time that it took."""
    names = ("coef_", "intercept_", "offset_", "coefs_", "intercepts_", "n_iter_", "t_", "loss_curve_")
    found = {name: getattr(estimator, name) for name in (*names, "validation_scores_") if hasattr(estimator, name)}
    return {
        name: [np.asarray(v).tolist() for v in value] if isinstance(value, list) else np.asarray(value).tolist()
        for name, value in found.items()
    }


@pytest.mark.parametrize("name", FITS)
def test_goes_on_with_the_same_bits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    whole = told(FITS[name]().fit(X, Y))
    kept = Checkpoint(tmp_path / "fit.ckpt")
    write_atomically, n_written = _saves.write_atomically, 0

    def end(path: Any, fill: Any) -> None:
        nonlocal n_written
        write_atomically(path, fill)
        n_written += 1
        if n_written == 5:
            raise Ended

    with monkeypatch.context() as patched:
        patched.setattr(_saves, "write_atomically", end)
        with pytest.raises(Ended):
            FITS[name]().fit(X, Y, checkpoint=kept)
    assert told(FITS[name]().fit(X, Y, checkpoint=kept)) == whole
    assert told(FITS[name]().fit(X, Y, checkpoint=kept)) == whole


def test_another_fit_is_told_apart(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt")
    SGDClassifier(random_state=0).fit(X, Y, checkpoint=kept)
    for other, what in [
        (SGDClassifier(random_state=0, alpha=1.0), "optimizer is .*alpha|alpha is 0.0001, here 1.0"),
        (SGDClassifier(random_state=1), "random_state is 0, here 1|init_seed is 0, here 1"),
        (SGDClassifier(random_state=0, tol=0.1), r"estimator is SGDClassifier\(tol=0.001, .*here .*tol=0.1"),
        (SGDRegressor(random_state=0), "of another run"),
    ]:
        with pytest.raises(ValueError, match=what):
            other.fit(X, Y, checkpoint=kept)


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt")
    with pytest.raises(ValueError, match=r"random_state must be an int with checkpoint, .*got None"):
        SGDClassifier().fit(X, Y, checkpoint=kept)
    with pytest.raises(ValueError, match="checkpoint must be None with learning_rate='adaptive'"):
        SGDClassifier(learning_rate="adaptive", random_state=0).fit(X, Y, checkpoint=kept)
    assert not (tmp_path / "fit.ckpt").exists()
