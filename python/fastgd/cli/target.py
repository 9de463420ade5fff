"""What the target of a file asks for, regression or classification, and how well a model answers it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fastgd._model_file import FloatArray, Label, Model
from fastgd.cli.readers import Array
from fastgd.reference import KINDS

# Whole numbers with at most this many different values are taken for classes, unless --loss says otherwise.
MAX_NUMBERED_CLASSES = 20


@dataclass(frozen=True)
class Task:
    """A target made ready for an objective.

    Attributes
    ----------
    loss : str
    why : str
        Why this loss, when it was not asked for; else empty.
    y : array
        Class indices, or the values of a regression.
    classes : list or None
        The labels that the indices stand for; None for regression.
    """

    loss: str
    why: str
    y: Array
    classes: list[Label] | None


def is_regression(loss: str) -> bool:
    """Whether a loss takes numbers, not classes."""
    return KINDS[loss] == "regression"


def choose_task(target: Array, loss: str | None) -> Task:
    """Decide on the loss, unless it is given, and encode the target for it."""
    values, codes = np.unique(target, return_inverse=True)
    n = len(values)
    numbers = target.dtype.kind in "fiub"
    why = ""
    if loss is None:
        whole = numbers and bool(np.all(values == np.floor(values)))
        if numbers and n > 2 and not (whole and n <= MAX_NUMBERED_CLASSES):
            loss, why = "squared_error", f"the target holds {n} different numbers"
        else:
            loss, why = ("log_loss" if n == 2 else "multinomial"), f"the target holds {n} different {_kind(values)}"
    if is_regression(loss):
        if not numbers:
            raise ValueError(
                f"loss {loss!r} needs numbers in the target, which holds labels such as {str(values[0])!r}"
            )
        return Task(loss, why, target.astype(np.float64), None)
    if n < 2:
        raise ValueError(f"the target holds one value only, {values[0]}; two classes or more are needed")
    return Task(loss, why, codes.reshape(-1).astype(np.int64), _labels(values))


def score(model: Model, X: Array, task: Task, parts: dict[str, Array]) -> dict[str, float]:
    """Accuracy, or R2 for regression, for each of `parts`: the weights of the rows that count in it.

    All parts are scored in one pass over X.
    """
    guess = [
        model.mean(raw) if task.classes is None else model.class_index(raw) == task.y[begin : begin + len(raw)]
        for begin, raw in _numbered_blocks(model, X)
    ]
    answer = np.concatenate(guess).astype(np.float64)
    return {name: _metric(answer, task, weights) for name, weights in parts.items()}


def _numbered_blocks(model: Model, X: Array) -> Iterator[tuple[int, FloatArray]]:
    begin = 0
    for raw in model.raw_blocks(X):
        yield begin, raw
        begin += len(raw)


def _metric(answer: Array, task: Task, weights: Array) -> float:
    total = float(weights.sum())
    if total == 0:
        return float("nan")
    if task.classes is not None:
        return float(weights @ answer) / total
    mean = float(weights @ task.y) / total
    spread = float(weights @ (task.y - mean) ** 2)
    residual = float(weights @ (task.y - answer) ** 2)
    return 1.0 - residual / spread if spread > 0 else float("nan")


def _kind(values: Array) -> str:
    return "numbers" if values.dtype.kind in "fiu" else "labels"


def _labels(values: Array) -> list[Label]:
    """The distinct values as plain Python labels: integers where they are whole numbers."""
    if values.dtype.kind in "UO":
        return [str(value) for value in values]
    if np.all(values == np.floor(values)):
        return [int(value) for value in values]
    return [float(value) for value in values]
