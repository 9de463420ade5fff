"""What ``fastgd train`` says of a training: on standard output, on standard error, and in the model file."""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any, NamedTuple

import fastgd
from fastgd._model_file import Label
from fastgd.cli.target import Task

# The note about a loss that still falls begins here.
_STILL_FALLING = 0.01


class Data(NamedTuple):
    """What a training was on; the number of rows is None where they were not read to their end."""

    n_rows: int | None
    n_features: int
    dtype: Any
    target_name: str
    layout: dict[str, Any]
    is_weighted: bool


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def summary(args: argparse.Namespace, data: Data, result: fastgd.Result, scores: dict[str, float]) -> dict[str, Any]:
    """What the model file says about its training: nothing that differs from one equal run to the next."""
    return {
        "rows": data.n_rows,
        "target": data.target_name,
        "layout": data.layout,
        "status": result.status,
        "message": result.message,
        "batch_size": args.batch_size,
        "lr": _finite(result.lr),
        "lr_reason": result.lr_reason,
        "schedule": args.schedule,
        "momentum": args.momentum,
        "alpha": args.alpha,
        "l1_ratio": args.l1_ratio,
        "standardize": args.standardize,
        "seed": args.seed,
        "test_fraction": args.test_fraction,
        "epochs": int(result.n_epochs),
        "updates": int(result.n_steps),
        "objective": _finite(result.fun),
        "scores": {name: _finite(value) for name, value in scores.items()},
    }


def print_report(
    args: argparse.Namespace,
    data: Data,
    task: Task,
    result: fastgd.Result,
    scores: dict[str, float],
    seconds: float,
) -> None:
    """Say on standard output what was learned from what, and how well."""
    n = data.n_rows
    metric = "R2" if task.classes is None else "accuracy"
    target = "numbers" if task.classes is None else f"{len(task.classes)} classes: {_listed(task.classes)}"
    lines = [
        (
            "data",
            f"{args.file}: {_rows(n)}, {data.n_features} features, {data.dtype}" + ", standardised" * args.standardize,
        ),
        ("target", f"{data.target_name}, {target}"),
        ("loss", task.loss + (f" (chosen: {task.why}; --loss changes it)" if task.why else "")),
        ("mode", _mode(args.batch_size)),
        ("learning rate", f"{result.lr:.4g}" + _lr_remark(args, result)),
        ("epochs", f"{result.n_epochs} ({result.n_steps} updates in {seconds:.2f} s), ended: {result.status}"),
        ("objective", f"{result.fun:.6g}"),
    ]
    for part, value in scores.items():
        rows = round((n or 0) * args.test_fraction)
        rows = rows if part == "test" else (n or 0) - rows
        weighted = ", weighted" if data.is_weighted else ""
        shown = f"{value:.4f}" if math.isfinite(value) else "not defined"
        lines.append((f"{part} {metric}", f"{shown} ({rows} rows{weighted})"))
    lines.append(("model", args.model))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        print(f"{name:<{width}}  {text}")


def _rows(n: int | None) -> str:
    return "rows not all read" if n is None else f"{n} rows"


def _mode(batch_size: int | str) -> str:
    if batch_size == "full":
        return "batch gradient descent"
    return (
        "stochastic gradient descent" if batch_size == 1 else f"mini-batch gradient descent, {batch_size} rows a batch"
    )


def _lr_remark(args: argparse.Namespace, result: fastgd.Result) -> str:
    source = f", from the data: {result.lr_reason}" if result.lr_reason else ""
    return source + (" at the last update" if args.schedule != "constant" else "")


def _listed(classes: list[Label]) -> str:
    shown = ", ".join(map(str, classes[:10]))
    return shown + (", ..." if len(classes) > 10 else "")


def end(args: argparse.Namespace, result: fastgd.Result, before: list[str], after: list[str]) -> int:
    """Say on standard error what the user should know about the result, and choose the exit status."""
    notes = list(before)
    status = 0
    if result.status == "interrupted":
        notes.append(f"interrupted: {args.model} holds the best model up to then, not a finished one")
        status = 130
    elif result.status == "diverged":
        rate = "a smaller --lr" + (f", such as {result.lr / 10:.1g}" if math.isfinite(result.lr) else "")
        rate += ", or --batch-size full" if args.max_memory is None else ""
        notes.append(f"diverged: {args.model} holds the best model before that; try {rate}. {result.message}")
        status = 1
    elif result.status == "max_epochs":
        notes += _unfinished(result)
    notes += after
    for note in notes:
        print(f"{args.prog}: note: {note}", file=sys.stderr)
    return status


def _unfinished(result: fastgd.Result) -> list[str]:
    loss = result.history.loss
    if len(loss) < 2 or not loss[-2] - loss[-1] > _STILL_FALLING * abs(loss[-1]):
        return []
    fall = (loss[-2] - loss[-1]) / abs(loss[-2])
    return [f"the loss still fell by {100 * fall:.2g} % in the last epoch: more --epochs would make it smaller"]
