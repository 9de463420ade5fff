"""A fit on a source that goes on from a checkpoint is the fit that was never ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _linear_data import numbers, three_classes
from _runs import Ended, end_after

from fastgd import Checkpoint, _saves
from fastgd._estimators.stopping import fitted_attributes
from fastgd._npz_file import write_atomically
from fastgd.data import ChunkSource
from fastgd.linear_model import Perceptron, SGDClassifier, SGDRegressor
from fastgd.neural_network import MLPClassifier, MLPRegressor
from fastgd.optimizers import Adam

N, D = 400, 5
X, INDICES = three_classes(N, D)
LABELS = np.array(["c", "a", "b"], object)[INDICES]
TARGETS = numbers(N, D)[1]
OPTIONS: dict[str, Any] = {"random_state": 3, "max_iter": 6, "tol": None}
NETWORK: dict[str, Any] = {**OPTIONS, "tol": 0.0, "hidden_layer_sizes": (6,), "batch_size": 10}
pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged")


def source(y: np.ndarray, X: np.ndarray = X, max_memory: Any = 20_000) -> ChunkSource:
    return ChunkSource([(X[i : i + 70], y[i : i + 70]) for i in range(0, N, 70)], max_memory=max_memory)


def told(model: Any) -> dict[str, Any]:
    """What a fit has found, but for the time that it took."""
    found = fitted_attributes(model)
    history = found.pop("history_")
    names = [name for name in ("coefs_", "intercepts_") if name in found]
    layers = {name: [layer.tolist() for layer in found.pop(name)] for name in names}
    found |= {"epochs": [history.epoch, history.step, history.loss, history.lr], **layers}
    return {name: value if name in layers else np.array(value).tolist() for name, value in found.items()}


FITS: dict[str, tuple[Callable[[], Any], np.ndarray]] = {
    "plain steps": (lambda: SGDClassifier("log_loss", batch_size=16, **OPTIONS), LABELS),
    "a rate from the data": (lambda: SGDRegressor(learning_rate="auto", batch_size=8, **OPTIONS), TARGETS),
    "an optimiser's state": (lambda: SGDClassifier(optimizer=Adam(0.01), batch_size=16, **OPTIONS), LABELS),
    "an average": (lambda: SGDRegressor(average=True, batch_size=16, **OPTIONS), TARGETS),
    "several outputs": (lambda: SGDRegressor(batch_size=16, **OPTIONS), np.stack([TARGETS, -TARGETS], 1)),
    "a perceptron": (lambda: Perceptron(batch_size=16, **OPTIONS), LABELS),
    "an end by tol": (lambda: SGDRegressor(batch_size=8, **{**OPTIONS, "tol": 1e-3, "max_iter": 50}), TARGETS),
    "a network": (lambda: MLPRegressor(**NETWORK), TARGETS),
    "the best of a network": (lambda: MLPClassifier(early_stopping=True, **NETWORK), LABELS),
}


def fit(model: Any, y: np.ndarray, **more: Any) -> Any:
    if model.early_stopping:
        more |= {"X_val": X[:90], "y_val": y[:90]}
    return model.fit(source(y), **more)


@pytest.mark.parametrize("name", FITS)
def test_goes_on_with_the_same_bits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, y = FITS[name]
    whole = told(fit(make(), y))
    kept = Checkpoint(tmp_path / "fit.ckpt")
    end_after(3, monkeypatch)
    with pytest.raises(Ended):
        fit(make().set_params(n_threads=1), y, checkpoint=kept)
    assert told(fit(make().set_params(n_threads=2), y, checkpoint=kept)) == whole
    # Once it has come to its end it is there at once.
    end_after(1, monkeypatch)
    assert told(fit(make(), y, checkpoint=kept)) == whole


@pytest.mark.parametrize(("every", "n_written"), [(2, 2), ("1e-9s", 3), ("1e9s", 1)])
def test_more_epochs_and_how_often_it_is_written(
    every: Any, n_written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt", every)
    written = []

    def write(path: Any, fill: Any) -> None:
        written.append(path)
        write_atomically(path, fill)

    monkeypatch.setattr(_saves, "write_atomically", write)
    SGDRegressor(**{**OPTIONS, "max_iter": 3}).fit(source(TARGETS), checkpoint=kept)
    assert len(written) == n_written
    model = SGDRegressor(**OPTIONS).fit(source(TARGETS), checkpoint=kept)
    np.testing.assert_array_equal(model.coef_, SGDRegressor(**OPTIONS).fit(source(TARGETS)).coef_)
    assert model.n_iter_ == 6


OTHERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"alpha": 0.1}, {}, "alpha"),
    ({"random_state": 4}, {}, "random_state"),
    ({}, {"max_memory": "1MB"}, "there source is .*max_memory=20000, .*here .*max_memory=1000000"),
    ({}, {"X": X + 1.0}, "it is of other data"),
    ({}, {"y": TARGETS + 1.0}, "it is of other data"),
]


@pytest.mark.parametrize(("params", "given", "message"), OTHERS)
def test_another_fit_is_told_apart(params: Any, given: Any, message: str, tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt")
    SGDRegressor(**OPTIONS).fit(source(TARGETS), checkpoint=kept)
    model = SGDRegressor(**{**OPTIONS, **params})
    before = {**vars(model)}
    with pytest.raises(ValueError, match=message):
        model.fit(source(**{"y": TARGETS, **given}), checkpoint=kept)
    assert vars(model) == before


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.ckpt")
    with pytest.raises(ValueError, match="random_state must be an int with checkpoint"):
        SGDRegressor().fit(source(TARGETS), checkpoint=kept)
    with pytest.raises(ValueError, match="checkpoint must be None where X is a source with warm_start=True"):
        SGDRegressor(warm_start=True, random_state=0).fit(source(TARGETS), checkpoint=kept)
    with pytest.raises(ValueError, match="checkpoint must be None where X is a source with is_one_shot=True"):
        SGDRegressor(max_iter=1, random_state=0).fit(ChunkSource(iter([(X, TARGETS)])), checkpoint=kept)
    with pytest.raises(TypeError, match=r"checkpoint must be a fastgd\.Checkpoint or None"):
        SGDRegressor(max_iter=1, random_state=0).fit(source(TARGETS), checkpoint="fit.ckpt")
    assert not (tmp_path / "fit.ckpt").exists()


def test_a_state_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fit.ckpt"
    SGDRegressor(**OPTIONS).fit(source(TARGETS), checkpoint=Checkpoint(path))
    with np.load(path) as archive:
        arrays = dict(archive)
    with path.open("wb") as file:
        np.savez(file, **{**arrays, "state": arrays["state"][:-30]})
    model = SGDRegressor(**OPTIONS)
    before = {**vars(model)}
    with pytest.raises(ValueError, match=r"fit\.ckpt is not a usable checkpoint: its state is of another fit"):
        model.fit(source(TARGETS), checkpoint=Checkpoint(path))
    assert vars(model) == before
