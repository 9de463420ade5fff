"""``fastgd train``: a linear model from a file."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

import fastgd
from fastgd import _model_file
from fastgd._model_file import Model
from fastgd.cli import readers, sources
from fastgd.cli.progress import Progress
from fastgd.cli.target import Task, choose_task, is_regression, score
from fastgd.cli.train_report import Data, end, print_report, summary

Commands = Any

# The note about columns of different scales begins here.
_SCALE_RATIO = 1000.0
_SCALE_ROWS = 4096


def add_parser(commands: Commands) -> None:
    """Add ``train`` to the command line."""
    parser = commands.add_parser(
        "train",
        help="train a linear model on a file",
        description="Train a linear model on a csv, svmlight or npy file by batch, stochastic or mini-batch gradient "
        "descent, and write it to a model file for fastgd predict.",
        epilog="A svmlight file is made dense: it needs rows x features x 8 bytes of memory. A npy file is mapped, not "
        "copied, and bytes stay bytes. With --test-fraction the held-out rows get weight 0, so nothing is copied for "
        "them either; a batch then holds that much fewer training rows. With --max-memory rows are shuffled in windows "
        "that fit, svmlight stays sparse, and the fit ends when the mean loss of an epoch was not better than the best "
        "one by T, 5 times in a row. Exit status: 0 done, 1 diverged, 2 bad "
        "arguments or a bad file (no model is written), 130 interrupted (the best model so far is written).",
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument(
        "file", metavar="FILE", help="the data: csv, svmlight or npy; with --max-memory also parquet or arrow"
    )
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        help="csv: name or index of the column to predict; parquet, arrow: its name; npy: its index, or another .npy "
        "file; svmlight: leave out",
    )
    parser.add_argument("--model", required=True, metavar="OUT", help="the model file to write")
    parser.add_argument("--format", choices=sources.FORMATS, help="default: from the suffix of FILE")
    parser.add_argument("--weights", metavar="COLUMN", help="csv, npy: a column of sample weights, or a .npy file")
    parser.add_argument(
        "--test-fraction", metavar="F", type=_fraction, default=0.0, help="hold out this fraction of the rows (0 to 1)"
    )
    parser.add_argument(
        "--max-memory",
        metavar="SIZE",
        help="read the file anew in every epoch and hold at most so much of it, such as 1GB; without --test-fraction "
        "and --standardize",
    )
    readers.add_layout_options(parser)
    _add_objective_options(parser)
    _add_descent_options(parser)


def _add_objective_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("objective")
    group.add_argument(
        "--loss",
        choices=fastgd.losses(),
        metavar="LOSS",
        help="default: log_loss for two classes, multinomial for more, squared_error for numbers. One of: %(choices)s",
    )
    group.add_argument(
        "--loss-param",
        metavar="NAME=VALUE",
        type=_assignment,
        action="append",
        default=[],
        help="a parameter of the loss, such as epsilon=0.1; may be repeated",
    )
    group.add_argument("--alpha", metavar="A", type=float, default=0.0, help="strength of the penalty (default 0)")
    group.add_argument(
        "--l1-ratio", metavar="R", type=float, default=0.0, help="share of l1 in the penalty: 0 (default) to 1"
    )
    group.add_argument(
        "--standardize",
        action="store_true",
        help="train on columns shifted and scaled to mean 0 and deviation 1 over the training rows, without a copy; "
        "the model is for the columns as they are",
    )


def _add_descent_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("descent")
    group.add_argument(
        "--batch-size",
        metavar="full|N",
        type=_batch_size,
        default=32,
        help="full: batch, 1: stochastic, else mini-batch gradient descent (default %(default)s)",
    )
    group.add_argument(
        "--lr", metavar="auto|FLOAT", type=_lr, default="auto", help="learning rate (default auto: from the data)"
    )
    group.add_argument(
        "--schedule",
        choices=("constant", "inverse_scaling"),
        default="constant",
        help="constant (default), or inverse_scaling: lr / (step + 1)**power_t, which needs --lr FLOAT",
    )
    group.add_argument("--power-t", metavar="P", type=float, help="of inverse_scaling (default 0.5)")
    group.add_argument("--momentum", metavar="M", type=float, default=0.0, help="default 0")
    group.add_argument(
        "--epochs", metavar="N", type=int, default=100, help="passes over the data at most (default %(default)s)"
    )
    group.add_argument(
        "--tol",
        metavar="T|none",
        type=_tol,
        default=1e-4,
        help="stop when the loss falls by less than this fraction over 5 epochs (default 1e-4)",
    )
    group.add_argument(
        "--seed", metavar="N", type=readers.seed, default=0, help="of the row order and the held-out rows"
    )
    group.add_argument("--threads", metavar="N", type=int, help="default: all that this process may use")
    group.add_argument("--progress", action="store_true", help="show progress on standard error")
    group.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="keep in FILE, after every epoch, what training needs to go on, and go on from there where it exists",
    )


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd train``."""
    _check_output(args.model, (args.file, args.target, args.weights))
    if args.max_memory is not None:
        from fastgd.cli.train_source import train

        return train(args, _request(args), _optimizer(args))
    table, task = _read(args)
    parts = _split(table, args.test_fraction, args.seed)
    objective = fastgd.LinearObjective(
        table.X,
        task.y,
        loss=task.loss,
        alpha=args.alpha,
        l1_ratio=args.l1_ratio,
        sample_weight=None if table.weights is None and len(parts) == 1 else parts["train"],
        n_classes=None if task.classes is None else len(task.classes),
        standardize=args.standardize,
        loss_params=dict(args.loss_param) or None,
    )
    began = time.perf_counter()
    with Progress(args.epochs) as progress:
        result = fastgd.minimize(
            objective,
            optimizer=_optimizer(args),
            batch_size=args.batch_size,
            max_epochs=args.epochs,
            tol=args.tol,
            random_state=args.seed,
            callbacks=[progress] if args.progress else (),
            n_threads=args.threads,
            checkpoint=None if args.checkpoint is None else fastgd.Checkpoint(args.checkpoint),
        )
    seconds = time.perf_counter() - began
    coef, intercept = objective.raw_coef(result.x)
    model = Model(
        loss=task.loss,
        coef=np.atleast_2d(coef),
        intercept=np.atleast_1d(intercept),
        loss_params=dict(args.loss_param),
        classes=task.classes,
        feature_names=table.feature_names,
        fastgd_version=fastgd.__version__,
    )
    scores = score(model, table.X, task, parts)
    n_rows, n_features = table.X.shape
    is_weighted = table.weights is not None
    data = Data(n_rows, n_features, table.X.dtype, table.target_name, table.layout, is_weighted)
    model.training.update(summary(args, data, result, scores))
    _model_file.save(args.model, model)
    print_report(args, data, task, result, scores, seconds)
    return end(args, result, table.notes, [] if args.standardize else _scales(table))


def _check_output(path: str, inputs: tuple[str | None, ...]) -> None:
    """Refuse a model file that could not be written, before any time goes into training it."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise ValueError(f"--model {path} is a folder; a file is needed")
    if not os.path.isdir(folder):
        raise ValueError(f"--model {path}: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"--model {path}: the folder {folder} cannot be written to")
    for other in inputs:
        if other is not None and os.path.exists(other) and os.path.exists(path) and os.path.samefile(path, other):
            raise ValueError(f"--model {path} would overwrite the data")


def _request(args: argparse.Namespace) -> readers.Request:
    return readers.Request(
        path=args.file,
        target=args.target,
        weights=args.weights,
        ignore=tuple(args.ignore),
        labels=None if args.loss is None else not is_regression(args.loss),
        delimiter=args.delimiter,
        header=args.header,
    )


def _read(args: argparse.Namespace) -> tuple[readers.Table, Task]:
    file_format = args.format or sources.guess_format(args.file)
    if file_format not in readers.FORMATS:
        raise ValueError(f"{args.file}: {file_format} files are read with --max-memory, such as --max-memory 1GB")
    if file_format != "svmlight" and args.target is None:
        raise ValueError(f"--target is needed: the column of {args.file} to predict")
    table = readers.read(_request(args), file_format)
    assert table.y is not None
    return table, choose_task(table.y, args.loss)


def _split(table: readers.Table, fraction: float, seed: int) -> dict[str, readers.Array]:
    """The weights of the rows in training and, when rows are held out, in testing."""
    n = table.X.shape[0]
    weights = np.ones(n) if table.weights is None else table.weights.astype(np.float64)
    if fraction == 0:
        return {"train": weights}
    n_test = round(n * fraction)
    if not 0 < n_test < n:
        raise ValueError(
            f"--test-fraction {fraction:g} of {n} rows leaves {n - n_test} to train on, {n_test} to test on"
        )
    held_out = np.zeros(n, np.bool_)
    held_out[np.random.default_rng(seed).permutation(n)[:n_test]] = True
    return {"train": np.where(held_out, 0.0, weights), "test": np.where(held_out, weights, 0.0)}


def _optimizer(args: argparse.Namespace) -> fastgd.optimizers.SGD:
    if args.schedule == "constant":
        if args.power_t is not None:
            raise ValueError("--power-t belongs to --schedule inverse_scaling")
        return fastgd.optimizers.SGD(lr=args.lr, momentum=args.momentum)
    if args.lr == "auto":
        raise ValueError("--schedule inverse_scaling needs a number in --lr, the learning rate of the first update")
    power_t = 0.5 if args.power_t is None else args.power_t
    return fastgd.optimizers.SGD(fastgd.schedules.InverseScaling(args.lr, power_t=power_t), momentum=args.momentum)


def _scales(table: readers.Table) -> list[str]:
    """A remark when columns differ so much in scale that gradient descent must crawl along the small ones."""
    X = table.X
    if X.dtype.kind != "f":
        return []
    rows = np.linspace(0, X.shape[0] - 1, min(X.shape[0], _SCALE_ROWS)).astype(np.intp)
    size = np.sqrt(np.mean(np.square(X[rows].astype(np.float64)), axis=0))
    used = np.flatnonzero(size)
    if len(used) < 2:
        return []
    large, small = used[size[used].argmax()], used[size[used].argmin()]
    ratio = size[large] / size[small]
    if ratio < _SCALE_RATIO:
        return []
    names = table.feature_names
    large_name, small_name = (repr(names[i]) if names else f"feature {i}" for i in (large, small))
    return [
        f"{large_name} is {ratio:.0e} times as large as {small_name}: gradient descent is slow on such data; "
        "try --standardize"
    ]


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 0 and less than 1, not {text}")
    return value


def _assignment(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE with a number, not {text!r}") from None


def _batch_size(text: str) -> int | str:
    return text if text == "full" else int(text)


def _lr(text: str) -> float | str:
    return text if text == "auto" else float(text)


def _tol(text: str) -> float | None:
    return None if text == "none" else float(text)


# argparse puts a type's name into its message: "invalid NAME value".
_batch_size.__name__ = "full or whole number"
_lr.__name__ = "auto or number"
_tol.__name__ = "none or number"
