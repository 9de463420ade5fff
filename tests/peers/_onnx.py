"""What onnxruntime makes of a model's graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from _peers import load

from fastgd._export import Exportable


def run(model: Exportable, X: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
    """The outputs of the model's graph by their names; what they declare is what they are."""
    session = load("onnxruntime").InferenceSession(model.to_onnx(**options).SerializeToString())
    outputs = session.get_outputs()
    values = dict(zip([output.name for output in outputs], session.run(None, {"X": X}), strict=True))
    for output in outputs:
        declared, shape = output.shape, values[output.name].shape
        assert declared[0] == "n_rows"
        assert (len(X), *declared[1:]) == shape
    return values


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """The weights in a model's file."""
    onnx = load("onnx")
    read = onnx.load_from_string(model.to_onnx().SerializeToString())
    kept = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in read.graph.initializer}
    return {name: value for name, value in kept.items() if name.startswith(("coef", "intercept"))}


def assert_same_labels(actual: np.ndarray, expected: np.ndarray, raw: np.ndarray, error: np.ndarray) -> None:
    """Labels agree but where the scores of two classes are as near to each other as rounding may bring them."""
    raw = np.concatenate([np.zeros_like(raw), raw], axis=1) if raw.shape[1] == 1 else raw
    ordered = np.sort(raw, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 2.0 * error.max(axis=1)
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(actual[clear], expected[clear])
