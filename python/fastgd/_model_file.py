"""Linear models as files, in the form that `_npz_file` describes.

A model file is a zip archive of three NumPy arrays: ``header`` (JSON text as bytes), ``coef`` of shape
``(n_outputs, n_features)`` and ``intercept`` of shape ``(n_outputs,)``. Nothing in it is executed when it is read,
and every field is checked before it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ._losses import LOG_LINK
from ._npz_file import Broken, FileFormat, Path, as_json, write_atomically

Label = str | int | float
FloatArray = npt.NDArray[np.floating[Any]]

_FORMAT = FileFormat("fastgd-model", 1, ("header", "coef", "intercept"))
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Model:
    """A trained linear model and what is needed to use it.

    Attributes
    ----------
    loss, loss_params
        Name and parameters of the loss it was trained with.
    coef : array of shape (n_outputs, n_features)
    intercept : array of shape (n_outputs,)
    classes : list or None
        The labels in the order of the scores; None for regression.
    feature_names : list of str or None
        Names of the columns of X, where the training data had them.
    training : dict
        What was trained and how it ended: plain JSON values.
    fastgd_version : str
        The version that trained it.
    """

    loss: str
    coef: FloatArray
    intercept: FloatArray
    loss_params: dict[str, float] = field(default_factory=dict)
    classes: list[Label] | None = None
    feature_names: list[str] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    fastgd_version: str = ""

    @property
    def n_features(self) -> int:
        return int(self.coef.shape[1])

    @property
    def n_outputs(self) -> int:
        return int(self.coef.shape[0])

    def raw_blocks(self, X: npt.NDArray[Any]) -> Iterator[FloatArray]:
        """Yield ``X @ coef.T + intercept`` in blocks of rows, so that X may be larger than the memory."""
        rows = max(1, _BLOCK_BYTES // (self.n_features * self.coef.itemsize))
        for begin in range(0, X.shape[0], rows):
            # Who uses them finds those that are not finite.
            with np.errstate(over="ignore", invalid="ignore"):
                raw = np.asarray(X[begin : begin + rows]) @ self.coef.T + self.intercept
            yield raw

    def raw(self, X: npt.NDArray[Any]) -> FloatArray:
        """Scores of shape (n_samples, n_outputs)."""
        return np.concatenate([np.empty((0, self.n_outputs), self.coef.dtype), *self.raw_blocks(X)])

    def class_index(self, raw: FloatArray) -> npt.NDArray[np.intp]:
        """The index of the class that the scores speak for; the first of equals, as in ``argmax``."""
        return (raw[:, 0] > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)

    def mean(self, raw: FloatArray) -> FloatArray:
        """The predicted value of a regression: the scores, through ``exp`` where the loss has a log link."""
        values = raw[:, 0] if raw.shape[1] == 1 else raw
        with np.errstate(over="ignore"):
            return np.exp(values) if self.loss in LOG_LINK else values


def save(path: Path, model: Model) -> None:
    """Write `model` to `path`: either the whole file or, on any failure, nothing new at all."""
    header = {
        **_FORMAT.header(model.fastgd_version),
        "loss": model.loss,
        "loss_params": model.loss_params,
        "classes": model.classes,
        "feature_names": model.feature_names,
        "n_features": model.n_features,
        "training": model.training,
    }
    coef, intercept = (np.ascontiguousarray(a, a.dtype.newbyteorder("<")) for a in (model.coef, model.intercept))
    try:
        _check(header, coef, intercept)
        text = as_json(header)
    except (Broken, TypeError, ValueError) as error:
        raise ValueError(f"the model cannot be saved to {os.fspath(path)}: {error}") from None
    raw = np.frombuffer(text, np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, header=raw, coef=coef, intercept=intercept))


def load(path: Path) -> Model:
    """Read a model file, checking everything in it; a `ValueError` says what is wrong."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as stream:
            arrays = _FORMAT.read(stream)
        header = _FORMAT.parse_header(arrays["header"])
        coef, intercept = arrays["coef"], arrays["intercept"]
        _check(header, coef, intercept)
    except Broken as error:
        raise ValueError(f"{name} is not a usable model file: {error}") from None
    return Model(
        loss=header["loss"],
        coef=coef,
        intercept=intercept,
        loss_params=header["loss_params"],
        classes=header["classes"],
        feature_names=header["feature_names"],
        training=header["training"],
        fastgd_version=header["fastgd_version"],
    )


def _check(header: dict[str, Any], coef: npt.NDArray[Any], intercept: npt.NDArray[Any]) -> None:
    """Raise `Broken` unless the header's fields have their types and agree with the arrays and each other."""
    for key, kind in _HEADER_TYPES.items():
        if key not in header:
            raise Broken(f"the header lacks {key!r}")
        if not isinstance(header[key], kind) or isinstance(header[key], bool):
            raise Broken(f"the header's {key!r} has the wrong type: {header[key]!r:.60}")
    for key, value in header["loss_params"].items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Broken(f"the header's loss parameter {key!r} must be a number, not {value!r:.60}")
    for name, array, ndim in (("coef", coef, 2), ("intercept", intercept, 1)):
        if array.dtype not in (np.dtype("<f4"), np.dtype("<f8")):
            raise Broken(f"{name} must be float32 or float64, not {array.dtype}")
        if array.ndim != ndim or 0 in array.shape:
            raise Broken(f"{name} must have {ndim} axes and at least one entry, not shape {array.shape}")
        if not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise Broken(f"{name} holds {array[place]} at index {place}")
    if coef.dtype != intercept.dtype:
        raise Broken(f"coef is {coef.dtype}, intercept {intercept.dtype}; they must agree")
    if coef.shape[0] != intercept.shape[0]:
        raise Broken(f"coef has {coef.shape[0]} outputs, intercept {intercept.shape[0]}")
    if coef.shape[1] != header["n_features"]:
        raise Broken(f"the header says {header['n_features']} features, coef has {coef.shape[1]}")
    _check_names(header, coef.shape[0])


def _check_names(header: dict[str, Any], n_outputs: int) -> None:
    names, classes = header["feature_names"], header["classes"]
    if names is not None:
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise Broken("the header's feature names must be distinct strings")
        if len(names) != header["n_features"]:
            raise Broken(f"the header has {len(names)} feature names for {header['n_features']} features")
    if classes is None:
        return
    if not any(all(type(label) is kind for label in classes) for kind in (str, int, float)):
        raise Broken("the header's classes must be all strings, all integers or all floats")
    if len(set(classes)) != len(classes):
        raise Broken("the header's classes must be distinct")
    if len(classes) != max(2, n_outputs):
        raise Broken(f"the header has {len(classes)} classes, coef {n_outputs} outputs")


_HEADER_TYPES: dict[str, tuple[type, ...]] = {
    "loss": (str,),
    "loss_params": (dict,),
    "classes": (list, type(None)),
    "feature_names": (list, type(None)),
    "n_features": (int,),
    "fastgd_version": (str,),
    "training": (dict,),
}
