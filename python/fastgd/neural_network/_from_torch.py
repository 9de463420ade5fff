"""Estimators of networks that PyTorch has trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import _validation as check
from .._export.torch_modules import Layers, from_sequential

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._network import Network

E = TypeVar("E", bound="Network")


def make(kind: type[E], layers: Layers, params: Mapping[str, Any]) -> E:
    """An estimator with these parameters beside those that the layers tell, without its fitted attributes."""
    told: dict[str, Any] = {
        "hidden_layer_sizes": tuple(len(intercept) for intercept in layers.intercepts[:-1]),
        "dropout": layers.dropout,
    }
    if layers.activation is not None:
        told["activation"] = layers.activation
    for name in told:
        if name in params:
            raise TypeError(f"{name} must not be given to from_torch: the module tells it, got {params[name]!r}")
    estimator = kind(**told, **params)
    estimator._validate_params()
    return estimator


def fill(estimator: Network, layers: Layers) -> None:
    """Fitted attributes of layers that were trained elsewhere."""
    estimator.n_features_in_ = len(layers.coefs[0])
    estimator.n_iter_ = estimator.t_ = 0
    estimator._take_layers(layers.coefs, layers.intercepts)


def regressor_layers(module: Any) -> Layers:
    """The layers as they are."""
    return from_sequential(module)


def classifier_layers(module: Any, multi_label: bool) -> Layers:
    """The layers as a classifier has them: of two classes the second one's score alone, above the first one's."""
    layers = from_sequential(module)
    coef, intercept = layers.coefs[-1], layers.intercepts[-1]
    if len(intercept) == 2 and not multi_label:
        layers.coefs[-1], layers.intercepts[-1] = coef[:, 1:] - coef[:, :1], intercept[1:] - intercept[:1]
    return layers


def check_classes(classes: Any, n_outputs: int, multi_label: bool) -> NDArray[Any]:
    """The labels of so many scores."""
    n_classes = n_outputs if multi_label else max(2, n_outputs)
    if classes is None:
        return np.arange(n_classes)
    if multi_label:
        raise ValueError("classes must be None with multi_label=True: a label is the number of its column")
    labels = np.asarray(classes)
    if labels.shape != (n_classes,):
        raise check.refuse("classes", f"the {n_classes} labels of the module's outputs", classes)
    if not np.array_equal(np.unique(labels), labels):
        raise check.refuse("classes", "sorted, in the order of the module's outputs, as classes_ are", classes)
    return labels
