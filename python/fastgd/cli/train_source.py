"""``fastgd train --max-memory``: a linear model from a file that is read block by block in every epoch."""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import fastgd
from fastgd import _model_file
from fastgd._model_file import Model
from fastgd.cli import readers, sources
from fastgd.cli.readers import Array
from fastgd.cli.target import MAX_NUMBERED_CLASSES, Task, choose_task, is_regression
from fastgd.cli.train_report import Data, end, print_report, summary
from fastgd.data import Block, Source

_SECONDS_BETWEEN = 0.1


def train(args: argparse.Namespace, request: readers.Request, optimizer: fastgd.optimizers.Optimizer) -> int:
    """Carry out ``fastgd train --max-memory``."""
    for option, given in (("--test-fraction", args.test_fraction > 0.0), ("--standardize", args.standardize)):
        if given:
            raise ValueError(f"{option} needs all rows in memory: leave it or --max-memory out")
    readers.optional("sklearn", "--max-memory", "sklearn")
    from fastgd.linear_model import SGDClassifier, SGDRegressor

    opened = sources.open_source(request, args.format, args.max_memory)
    task, classes = _task(opened.source, args.loss)
    kind: Any = SGDRegressor if classes is None else SGDClassifier
    estimator = kind(
        task.loss,
        penalty="elasticnet",
        alpha=args.alpha,
        l1_ratio=args.l1_ratio,
        max_iter=args.epochs,
        tol=args.tol,
        random_state=args.seed,
        batch_size=args.batch_size,
        optimizer=optimizer,
        loss_params=dict(args.loss_param) or None,
        n_threads=args.threads,
    )
    began = time.perf_counter()
    status, message = _fit(estimator, opened.source, classes, args)
    seconds = time.perf_counter() - began
    result = _result(estimator, status, message)
    model = Model(
        loss=task.loss,
        coef=np.atleast_2d(estimator.coef_),
        intercept=np.atleast_1d(estimator.intercept_),
        loss_params=dict(args.loss_param),
        classes=task.classes,
        feature_names=opened.feature_names,
        fastgd_version=fastgd.__version__,
    )
    goes_on = status in ("converged", "max_epochs")
    n_rows, scores = _score(model, opened.source, classes) if goes_on else (opened.source.n_samples, {})
    source, is_weighted = opened.source, args.weights is not None
    data = Data(n_rows, source.n_features, source.dtype, opened.target_name, opened.layout, is_weighted)
    model.training.update(summary(args, data, result, scores))
    _model_file.save(args.model, model)
    print_report(args, data, task, result, scores, seconds)
    return end(args, result, [], [])


def _fit(estimator: Any, source: Source, classes: Array | None, args: argparse.Namespace) -> tuple[str, str]:
    """Fit, and tell how it ended, as a status and in words; what was learned by then is on the estimator."""
    from sklearn.exceptions import ConvergenceWarning

    from fastgd._estimators.stream import Diverged

    more: dict[str, Any] = {} if classes is None else {"classes": classes}
    if args.checkpoint is not None:
        more["checkpoint"] = fastgd.Checkpoint(args.checkpoint)
    with _Followed(source, args.epochs, args.progress) as followed, warnings.catch_warnings():
        # Whether it has converged is told by the status.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            estimator.fit(followed, **more)
        except (KeyboardInterrupt, Diverged) as error:
            if not hasattr(estimator, "coef_"):
                raise
            return ("diverged", str(error)) if isinstance(error, Diverged) else ("interrupted", "ended by Ctrl-C")
    if estimator.n_iter_ >= args.epochs:
        return "max_epochs", f"{estimator.n_iter_} epochs were made"
    return "converged", f"the loss of 5 epochs was not better than the best one before by {args.tol:g}"


def _result(estimator: Any, status: str, message: str) -> fastgd.Result:
    """What a fit tells, as `fastgd.minimize` would; the objective is the mean loss of the last epoch."""
    history = estimator.history_
    loss, lr = (float(history.loss[-1]), float(history.lr[-1])) if len(history) else (math.nan, math.nan)
    return fastgd.Result(
        x=np.append(estimator.coef_, estimator.intercept_).astype(np.float64),
        fun=loss,
        grad_norm=math.nan,
        lr=lr,
        n_epochs=estimator.n_iter_,
        n_steps=int(estimator.t_) - 1,
        success=status == "converged",
        status=status,
        message=message,
        history=history,
    )


def _task(source: Source, loss: str | None) -> tuple[Task, Array | None]:
    """What the targets ask for, and their labels, found in a pass; None where they are numbers."""
    if loss is not None and is_regression(loss):
        return Task(loss, "", np.empty(0), None), None
    found = np.empty(0)
    for part in range(source.n_parts):
        for y, _ in source.read_targets(part):
            found = np.unique(y if len(found) == 0 else np.concatenate([found, y]))
            if loss is None and found.dtype.kind in "fiub" and len(found) > MAX_NUMBERED_CLASSES:
                why = f"the target holds more than {MAX_NUMBERED_CLASSES} different numbers"
                return replace(choose_task(found, loss), why=why), None
    if len(found) == 0:
        raise ValueError(f"{source!r} holds no rows")
    task = choose_task(found, loss)
    return task, None if task.classes is None else found


def _score(model: Model, source: Source, classes: Array | None) -> tuple[int, dict[str, float]]:
    """The number of rows, and the accuracy or R2 on them, in one more pass."""
    n_rows, total, of_model = 0, 0.0, 0.0
    # Of the targets above the first one, so that a large mean does not swallow their spread.
    first, total_y, total_squares = 0.0, 0.0, 0.0
    for X, y, given in source:
        if len(y) == 0:
            continue
        weight = np.ones(len(y)) if given is None else np.asarray(given, np.float64)
        raw = np.asarray(X @ model.coef.T + model.intercept)
        total += float(weight.sum())
        if classes is not None:
            of_model += float(weight @ (model.class_index(raw) == np.searchsorted(classes, y)))
        else:
            first = float(y[0]) if n_rows == 0 else first
            above = np.asarray(y, np.float64) - first
            of_model += float(weight @ (above + first - model.mean(raw)) ** 2)
            total_y += float(weight @ above)
            total_squares += float(weight @ above**2)
        n_rows += len(y)
    if total == 0.0:
        return n_rows, {"train": math.nan}
    if classes is not None:
        return n_rows, {"train": of_model / total}
    spread = total_squares - total_y**2 / total
    return n_rows, {"train": 1.0 - of_model / spread if spread > 0.0 else math.nan}


class _Followed(Source):
    """A source that shows on standard error how far it is read, at most ten times a second; a context ends the line."""

    def __init__(self, source: Source, n_epochs: int, shows: bool) -> None:
        self._source = source
        self._rows_stay = source._rows_stay
        super().__init__(
            source.n_features,
            source.dtype,
            is_sparse=source.is_sparse,
            n_samples=source.n_samples,
            n_parts=source.n_parts,
            max_memory=source.max_memory,
            n_window_blocks=source.n_window_blocks,
            feature_names=source.feature_names,
        )
        self._n_epochs = n_epochs
        self._shows = shows
        self._n_begun = self._n_rows = 0
        self._began = time.monotonic()
        self._next = 0.0

    def __enter__(self) -> _Followed:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shows and self._n_begun:
            self._next = 0.0
            self._show()
            print(file=sys.stderr)

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        if self._n_begun % self.n_parts == 0:
            self._n_rows = 0
        self._n_begun += 1
        for block in self._source.read(part, n_rows):
            yield block
            self._n_rows += len(block.y)
            self._show()

    def __iter__(self) -> Iterator[Block]:
        # A look at rows, which is no epoch.
        return iter(self._source)

    def _bytes_of_target(self) -> int:
        return self._source._bytes_of_target()

    def expect(self, part: int) -> None:
        self._source.expect(part)

    def read_targets(self, part: int) -> Iterator[tuple[Array, Array | None]]:
        return self._source.read_targets(part)

    def place(self, part: int, row: int) -> str:
        return self._source.place(part, row)

    def _show(self) -> None:
        now = time.monotonic()
        if not self._shows or now < self._next:
            return
        self._next = now + _SECONDS_BETWEEN
        epoch = 1 + (self._n_begun - 1) // self.n_parts
        share = "" if self.n_samples is None else f" ({100 * self._n_rows // self.n_samples} %)"
        text = f"epoch {epoch}/{self._n_epochs}  {self._n_rows} rows read{share}  {now - self._began:.1f} s"
        print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)
