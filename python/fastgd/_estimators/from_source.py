"""A fit on a source of `fastgd.data`: the steps of `partial_fit` on its windows, epoch after epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data._ahead import Ahead
from ..data._windows import Window, Windows, check_targets, order_of_parts
from ..objectives.nonfinite import nonfinite_entry
from ..result import History
from ..schedules import ReduceOnPlateau
from .inputs import check_X_y, encode_labels, forget, warn_not_converged
from .problem import seed_of
from .source_saves import SourceSaves
from .split import check_validation
from .stopping import EpochEnd, has_callbacks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from .._core import _Outcome
    from ..data import Source
    from .descent import Descending
    from .problem import Problem, Validation

    # Learns from a window, the first one or another, and says what the core tells of it; None where no row has weight.
    Learn = Callable[[Window, bool], _Outcome | None]


_LAYERS = ("coefs_", "intercepts_")
_NUMBERS = "biuf"


def refuse_beside_source(estimator: Descending, source: Source, **given: Any) -> None:
    """Raise where an argument of `fit` or a parameter does not go with a source."""
    name = type(estimator).__name__
    for argument, value in given.items():
        if value is not None:
            raise ValueError(f"{argument} must be None where X is a source, which brings what it has, got another")
    if has_callbacks(estimator):
        raise ValueError(f"X must be an array or a sparse matrix where {name} has callbacks, got {source!r}")
    if estimator.batch_size == "full":
        raise ValueError("batch_size must be a number of rows where X is a source, got 'full'")
    if isinstance(estimator.learning_rate, str) and estimator.learning_rate == "adaptive":
        raise ValueError("learning_rate must be another than 'adaptive' where X is a source")
    if getattr(estimator, "standardize", False):
        raise ValueError("standardize must be False where X is a source, whose means are not known, got True")
    _refuse_optimizer(estimator)
    if source.is_one_shot and estimator.max_iter != 1:
        raise ValueError(
            f"max_iter must be 1 where X is a source that can be read once only, got {estimator.max_iter}; a callable "
            "that returns a new iterator can be read again"
        )


def _refuse_optimizer(estimator: Descending) -> None:
    optimizer = estimator._optimizer_of_stream()
    info = optimizer._info
    if info["finite_sums"] or info["line_search"] or info["full_batch"]:
        raise ValueError(f"optimizer must be another than {optimizer!r} where X is a source: it needs all rows at once")
    schedule = None if optimizer._is_auto else optimizer._schedule()
    for each in (schedule, getattr(schedule, "lr", None)):
        if isinstance(each, ReduceOnPlateau) or getattr(each, "unit", "step") == "epoch":
            raise ValueError(f"the schedule of the learning rate must count steps where X is a source, got {each!r}")


def validation_beside_source(
    estimator: Descending, source: Source, X_val: Any, y_val: Any, sample_weight_val: Any
) -> Validation | None:
    """The rows that tell when to stop; of a source none are held out."""
    if estimator.early_stopping and X_val is None:
        raise ValueError("X_val must be given with early_stopping=True where X is a source, got None")
    before = vars(estimator).get("n_features_in_")
    estimator.n_features_in_ = source.n_features
    try:
        return check_validation(estimator, X_val, y_val, sample_weight_val)
    finally:
        forget(estimator, "n_features_in_")
        if before is not None:
            estimator.n_features_in_ = before


def classes_of(source: Source, classes: Any, class_weight: Any = None) -> tuple[NDArray[Any], dict[Any, float] | None]:
    """The classes, those that are given or else those of the labels, and the weight of each; None where all are 1."""
    balances = isinstance(class_weight, str)
    named = None if classes is None else np.unique(np.asarray(classes))
    if named is not None and not balances:
        return named, class_weight
    if source.is_one_shot:
        allowed = "classes must be given" if named is None else "class_weight must be a dict or None"
        raise ValueError(f"{allowed} where X is a source that can be read once only")
    found, weights = labels_of(source)
    if not balances:
        return found, class_weight
    labels = found if named is None else named
    of_label = np.bincount(encode_labels(found, labels)[1], weights=weights, minlength=len(labels))
    # A class without rows has no weight to set.
    balanced = of_label.sum() / (len(labels) * np.where(of_label > 0.0, of_label, 1.0))
    return labels, dict(zip(labels.tolist(), balanced.tolist(), strict=True))


def labels_of(source: Source) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The classes of a source in a pass over its labels, and the weight of each."""
    classes: NDArray[Any] | None = None
    weights = np.empty(0)
    for part in range(source.n_parts):
        n_before = 0
        for y, weight in source.read_targets(part):
            if len(y) == 0:
                continue
            if y.ndim != 1:
                raise ValueError(f"y must be 1-D, a label a row, got shape {y.shape} at {source.place(part, n_before)}")
            check_targets(source, y, weight, part, n_before)
            found, indices = encode_labels(y)
            if classes is not None and (found.dtype.kind in _NUMBERS) != (classes.dtype.kind in _NUMBERS):
                kinds = f"{classes.dtype} and {found.dtype} at {source.place(part, n_before)}"
                raise TypeError(f"y must hold numbers or strings everywhere, got {kinds}")
            n_before += len(y)
            counted = np.bincount(indices, weights=weight, minlength=len(found)).astype(np.float64)
            union = found if classes is None else np.union1d(classes, found)
            total = np.zeros(len(union))
            if classes is not None:
                total[np.searchsorted(union, classes)] = weights
            total[np.searchsorted(union, found)] += counted
            classes, weights = union, total
    if classes is None:
        raise ValueError(f"X must have at least one row, got {source!r} without any")
    return classes, weights


def learn_classes(
    estimator: Descending,
    labels: NDArray[Any],
    problem: Callable[[Any, NDArray[Any], NDArray[Any] | None], Problem],
) -> Learn:
    """How a classifier learns from rows: by the problem of their indices among the classes."""

    def learn(window: Window, is_first: bool) -> _Outcome | None:
        X, y = check_X_y(estimator, window.X, window.y, reset=is_first)
        indices = encode_labels(y, labels)[1]
        estimator.__dict__["classes_"] = labels
        of_rows = problem(X, indices, window.sample_weight)
        if of_rows.weight is not None and not of_rows.weight.any():
            return None  # all are of classes that have none
        return estimator._go_on(of_rows, is_in_order=window.order is not None)

    return learn


class SourceFit:
    """One `fit` on a source, and what it leaves however it ends."""

    def __init__(self, estimator: Descending, source: Source, learn: Learn) -> None:
        self._estimator = estimator
        self._source = source
        self._learn = learn
        self._rows: list[tuple[int, int, float, float, float]] = []
        self._n_steps = 0
        self._n_windows = 0
        # The parameters with the best validation score, where an estimator keeps these.
        self._best: Any = None

    def run(
        self, validation: Validation | None, checkpoint: Checkpoint | None = None, classes: NDArray[Any] | None = None
    ) -> None:
        """All epochs; where one is cut short, what has been learned by then is kept."""
        estimator = self._estimator
        score = None if validation is None else estimator._scorer(validation)
        end = EpochEnd(estimator, lambda _: estimator, score, None, 0)
        saves = SourceSaves(estimator, self._source, classes, validation, checkpoint, end)
        before = dict(vars(estimator))
        forget(estimator, "_stream", "_recipe", "t_", "loss_curve_", "best_loss_")
        if not estimator.warm_start:
            forget(estimator, "coef_", "intercept_", *_LAYERS)
        try:
            noted = saves.load()
            if noted is not None:
                self._rows, self._best = noted["rows"], noted["best"]
                self._n_steps, self._n_windows = noted["n_steps"], noted["n_windows"]
            if not end.converged:
                self._epochs(end, saves)
        except BaseException:
            if self._n_steps == 0:
                estimator.__dict__.clear()
                estimator.__dict__.update(before)
            raise
        finally:
            if self._n_steps:
                self._finish(end, validation)
        if not end.converged and estimator.tol is not None and not self._source.is_one_shot:
            of_what = "the validation score rose" if end.scores else "the loss fell"
            warn_not_converged(
                estimator,
                f"max_iter={estimator.max_iter} epochs were made; in the last one {of_what} by {end.decrease:.3g}, and "
                f"it is to be less than tol={estimator.tol:g} {estimator._patience():g} times in a row",
                "increase max_iter, or tol",
            )

    def _epochs(self, end: EpochEnd, saves: SourceSaves) -> None:
        estimator = self._estimator
        seed = seed_of(estimator.random_state)
        began = time.perf_counter() - (self._rows[-1][-1] if self._rows else 0.0)
        # One reader for all epochs: while the last window of one is learned from, it reads the first of the next.
        with Ahead(lambda is_in_vain: self._coming(seed, is_in_vain)) as coming:
            for epoch in range(len(self._rows), estimator.max_iter):
                loss, lr = self._epoch(coming)
                seconds = time.perf_counter() - began
                self._rows.append((epoch, self._n_steps, loss, lr, seconds))
                best = end.best
                goes_on = end(epoch, self._n_steps, np.array([loss]), np.array([lr]), seconds, lambda: np.empty((1, 0)))
                if end.best is not best and estimator._keeps_best:
                    self._best = deepcopy({name: vars(estimator)[name] for name in _LAYERS})
                saves.save(
                    epoch + 1,
                    is_last=not goes_on or epoch + 1 == estimator.max_iter,
                    rows=self._rows,
                    n_steps=self._n_steps,
                    n_windows=self._n_windows,
                    best=self._best,
                )
                if not goes_on:
                    return

    def _coming(self, seed: int, is_in_vain: Callable[[], bool]) -> Iterator[Window | None]:
        """The windows of all epochs, and None at the end of each."""
        estimator, source = self._estimator, self._source
        # Batches are whole in every window but the last; how many rows there are is not known.
        batch_size = int(estimator._batch_rows(np.iinfo(np.int64).max))
        cut = Windows(source, batch_size, estimator.shuffle, seed, self._n_windows)
        for epoch in range(len(self._rows), estimator.max_iter):
            order = order_of_parts(source.n_parts, seed, epoch) if estimator.shuffle else None
            yield from cut.of_epoch(order, is_in_vain)
            yield None

    def _epoch(self, coming: Iterator[Window | None]) -> tuple[float, float]:
        """Learn from every window of an epoch; the mean loss, and the last rate."""
        total, n_rows, lr = 0.0, 0, np.nan
        for window in coming:
            if window is None:
                break
            self._n_windows += 1
            weight = window.sample_weight
            n_present = len(window.y) if weight is None else int(np.count_nonzero(weight))
            if n_present == 0:
                continue
            outcome = self._learned(window)
            if outcome is None:
                continue
            self._n_steps += int(outcome["n_steps"][0])
            total += float(outcome["history"]["loss"][0, 0]) * n_present
            n_rows += n_present
            lr = float(outcome["history"]["lr"][0, 0])
            # Its memory is used again while the next one is learned from.
            del window
        if n_rows == 0:
            raise ValueError("sample_weight must be > 0 for at least one row, got weights that are all zero")
        return total / n_rows, lr

    def _learned(self, window: Window) -> _Outcome | None:
        try:
            return self._learn(window, self._n_steps == 0)
        except ValueError:
            place = _first_nonfinite(window.X)
            if place is None:
                raise
            row, column = place
            error = nonfinite_entry(window.X[row, column], row, column)
            where = f"column {column} of {window.place(self._source, row)}"
            raise ValueError(str(error).replace(f"row {row}, column {column}", where)) from None

    def _finish(self, end: EpochEnd, validation: Validation | None) -> None:
        estimator, source = self._estimator, self._source
        epoch, step, loss, lr, seconds = np.array(self._rows).reshape(-1, 5).T
        estimator.n_iter_ = len(self._rows)
        estimator.loss_curve_ = loss.tolist()
        nan = np.full(len(loss), np.nan)
        estimator.history_ = History(epoch.astype(np.int64), step.astype(np.int64), loss, lr, nan, seconds)
        if validation is not None:
            estimator.validation_scores_ = end.scores
        if self._best is not None:
            estimator.__dict__.update(self._best)
        estimator._tell_of_source()
        if source.feature_names is not None:
            estimator.feature_names_in_ = np.array(source.feature_names, dtype=object)


def _first_nonfinite(X: Any) -> tuple[int, int] | None:
    """Row and column of the first entry that is not finite."""
    if hasattr(X, "tocsr"):
        bad = np.flatnonzero(~np.isfinite(X.data))
        return (int(np.searchsorted(X.indptr, bad[0], side="right")) - 1, int(X.indices[bad[0]])) if bad.size else None
    for row, entries in enumerate(X):
        bad = np.flatnonzero(~np.isfinite(entries.astype(np.float64)))
        if bad.size:
            return row, int(bad[0])
    return None
