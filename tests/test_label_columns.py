"""Labels of which a row may have several: a column each, and the losses of all columns are summed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Data

import fastgd
from fastgd._losses import registry
from fastgd.optimizers import SGD

BINARY = [name for name, loss in registry().items() if loss.kind == "binary" and loss.trainable]
LABELS = np.random.default_rng(3).integers(0, 2, (60, 3))


def make(data: Data, kind: str, y: Any = LABELS, **given: Any) -> Any:
    if kind == "linear":
        return fastgd.LinearObjective(data.X, y, **given)
    return fastgd.MLPObjective(data.X, y, hidden_layer_sizes=8, **given)


@pytest.mark.parametrize("loss", BINARY)
@pytest.mark.parametrize("kind", ["linear", "network"])
def test_the_loss_is_the_sum_over_columns(data: Data, kind: str, loss: str) -> None:
    objective = make(data, kind, loss=loss, sample_weight=data.weight)
    assert (objective.n_outputs, objective.n_classes) == (3, None)
    w = np.random.default_rng(0).normal(size=objective.n_params)
    raw = objective.decision_function(w)
    # One score a column: an intercept alone, with the scores as its offset.
    alone = [
        fastgd.LinearObjective(
            np.zeros((60, 1)), LABELS[:, k], loss=loss, sample_weight=data.weight, offset=raw[:, k], n_classes=2
        )
        for k in range(3)
    ]
    assert objective.value(w) == pytest.approx(sum(one.value(np.zeros(2)) for one in alone), rel=1e-12)
    biases = objective.grad(w)[-3:]
    np.testing.assert_allclose(biases, [one.grad(np.zeros(2))[1] for one in alone], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_labels_may_be_written_as(data: Data, kind: str) -> None:
    objective = make(data, kind, loss="log_loss")
    w = np.random.default_rng(0).normal(size=objective.n_params)
    for y in (
        LABELS.astype(bool),
        2 * LABELS - 1,
        LABELS.astype(np.float32),
        LABELS.tolist(),
        np.asfortranarray(LABELS),
    ):
        assert make(data, kind, y, loss="log_loss").value(w) == objective.value(w)


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_they_are_learned(data: Data, kind: str) -> None:
    y = np.stack([data.X[:, 0] > 0.0, data.X[:, 1] + data.X[:, 0] > 0.0, data.X[:, 2] < 0.5], axis=1)
    objective = make(data, kind, y, loss="log_loss")
    result = fastgd.minimize(objective, optimizer=SGD(0.1, momentum=0.9), batch_size=10, max_epochs=200, tol=None)
    assert np.mean((objective.decision_function(result.x) > 0.0) == y) > 0.95


def test_in_one_call(data: Data) -> None:
    objective = make(data, "linear", loss="log_loss", alpha=0.1)
    w = np.random.default_rng(0).normal(size=objective.n_params)
    coef, intercept = objective.unpack(w)
    found = fastgd.loss_and_grad(data.X, LABELS, coef, intercept, loss="log_loss", alpha=0.1)
    assert found.loss == objective.value(w)
    np.testing.assert_array_equal(found.coef_grad, objective.unpack(objective.grad(w))[0])


@pytest.mark.parametrize(
    "y, given, message",
    [
        (LABELS * 2, {}, r"y must hold 0 or 1 in columns of labels for loss 'log_loss', got 2 at y"),
        (
            np.where(LABELS, 1, -1) * (np.arange(60)[:, None] != 4),
            {},
            r"-1 or \+1 where others are -1 .*, got 0 at y\[4,",
        ),
        (np.where(LABELS, 1.0, np.nan), {}, r"y must hold 0 or 1 in columns of labels for loss 'log_loss', got nan"),
        (LABELS, {"n_classes": 2}, "n_classes must be None for y with a column for each label, got 2"),
        (LABELS[:, :0], {}, r"y must have at least one column, got shape \(60, 0\)"),
        (LABELS[:, :1], {}, r"y must have shape \(n_samples,\) for loss 'log_loss', got shape \(60, 1\)"),
        (LABELS, {"loss": "multinomial"}, r"y must have shape \(n_samples,\) for loss 'multinomial'"),
        (LABELS, {"loss": "zero_one"}, r"y must have shape \(n_samples,\) for loss 'zero_one'"),
    ],
)
def test_what_is_refused(data: Data, y: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(data, "linear", y, **{"loss": "log_loss", **given})
