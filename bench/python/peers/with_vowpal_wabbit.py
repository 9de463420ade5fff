"""Vowpal Wabbit's plain stochastic gradient descent.

It learns from no array, so its examples are made before, one by one. The time is that of a new workspace and of
learning from them by calls from Python, which is several times faster than by its driver from its cache file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pylibvw
import scipy.sparse
from vowpalwabbit import Example, Workspace

Floats = npt.NDArray[np.floating]

_BITS = 18
# Where the intercept is among 2**18 weights; columns are where their numbers say.
_INTERCEPT = 116060
_OPTIONS = f"--sgd --loss_function logistic --power_t 0 --bit_precision {_BITS} --quiet"


class Weights:
    """Read when they are asked for, one by one: that takes as long as learning from thousands of entries."""

    def __init__(self, model: Workspace, places: list[int]) -> None:
        self._model, self._places = model, places

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> Floats:
        return np.array([self._model.get_weight(place) for place in self._places], dtype)


def sgd(X: Floats, y: Floats, lr: float, n_epochs: int, shuffle: bool) -> Callable[[], Weights]:
    learn = _learner(f"{_OPTIONS} --learning_rate {lr!r}", scipy.sparse.csr_matrix(X), y)
    return lambda: Weights(learn(n_epochs, shuffle), [*range(X.shape[1]), _INTERCEPT])


def sparse_sgd(X: Any, y: Floats, lr: float, alpha: float) -> Callable[[int, bool], Weights]:
    """Without the penalty, whose factor it keeps apart from its weights, where nobody can read it."""
    if alpha != 0.0:
        raise ValueError(f"alpha should be 0, got {alpha}")
    learn = _learner(f"{_OPTIONS} --learning_rate {lr!r} --noconstant", X, y)
    return lambda n_epochs, shuffle: Weights(learn(n_epochs, shuffle), list(range(X.shape[1])))


def _learner(options: str, X: Any, y: Floats) -> Callable[[int, bool], Workspace]:
    """What learns anew for so many epochs, with rows shuffled or not."""
    assert X.shape[1] <= _INTERCEPT
    # They belong to a workspace for as long as they live; others may learn from them.
    owner = Workspace(options)
    examples = list(_examples(owner, X, y))
    rng = np.random.default_rng(0)

    def learned(n_epochs: int, shuffle: bool) -> Workspace:
        model = Workspace(options)
        # Without the checks of Workspace.learn, which take as long as a third of a row.
        learn = partial(pylibvw.vw.learn, model)
        for _ in range(n_epochs):
            for example in [examples[i] for i in rng.permutation(len(examples))] if shuffle else examples:
                learn(example)
        return model

    return learned


def _examples(owner: Workspace, X: Any, y: Floats) -> Iterator[Example]:
    for begin, end, label in zip(X.indptr[:-1], X.indptr[1:], y, strict=True):
        entries = zip(X.indices[begin:end].tolist(), X.data[begin:end].tolist(), strict=True)
        example = Example(owner, {"x": list(entries)})
        example.set_label_string("1" if label > 0 else "-1")
        example.setup_example()
        yield example
