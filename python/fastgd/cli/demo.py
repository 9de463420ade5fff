"""``fastgd demo``: batch, stochastic and mini-batch gradient descent side by side on real data."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import fastgd
from fastgd._auto_lr import choose_lr
from fastgd.cli import readers

Commands = Any

_MINI_BATCH = 32
_ALPHA = 1e-4
_REPEATS = 5

_NEXT = """\
Next, with a table of your own (csv, svmlight or npy):
  fastgd train table.csv --target COLUMN --test-fraction 0.2 --model model.npz
  fastgd predict more.csv --model model.npz --out predictions.csv

The same in Python:
  import fastgd, numpy, sklearn.datasets
  X, y = sklearn.datasets.load_digits(return_X_y=True)
  objective = fastgd.LinearObjective(X.astype(numpy.uint8), y, loss="multinomial")
  result = fastgd.minimize(objective, batch_size=32, max_epochs=20)
  print(result.message, result.fun)
"""


@dataclass(frozen=True)
class Run:
    """One way down: the loss before the first epoch and after each, and the time at the end of each."""

    name: str
    batch_size: int | str
    loss: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float64]
    updates: int
    lr: float
    accuracy: tuple[float, float]


def add_parser(commands: Commands) -> None:
    """Add ``demo`` to the command line."""
    parser = commands.add_parser(
        "demo",
        help="three kinds of gradient descent side by side on real data",
        description="Train softmax regression on the handwritten digits that ship with scikit-learn by batch, "
        "mini-batch and stochastic gradient descent; print a table and draw the three loss curves.",
        epilog='Needs scikit-learn and matplotlib: pip install "fastgd[demo]"',
    )
    parser.set_defaults(run=run, prog=parser.prog)
    parser.add_argument("--out", metavar="FILE", default="fastgd_demo.png", help="the picture (default %(default)s)")
    parser.add_argument(
        "--seed", metavar="N", type=readers.seed, default=0, help="of the row order and the test rows (default 0)"
    )
    parser.add_argument(
        "--epochs", metavar="N", type=int, default=200, help="passes over the data (default %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Carry out ``fastgd demo``."""
    datasets = readers.optional("sklearn.datasets", "the demo", "demo")
    readers.optional("matplotlib", "the demo", "demo")
    from fastgd.cli import picture

    picture.check(args.out)
    X, y = datasets.load_digits(return_X_y=True)
    X = X.astype(np.uint8)
    order = np.random.default_rng(args.seed).permutation(len(y))
    test, train = np.split(order, [len(y) // 5])
    objective = fastgd.LinearObjective(X[train], y[train], loss="multinomial", alpha=_ALPHA)
    print(
        f"Data: {len(y)} images of handwritten digits, 8 x 8 pixels, kept as bytes; {len(train)} to train on, "
        f"{len(test)} to test on.\n"
        f"Model: softmax regression, {objective.n_params} parameters w, all zero at first.\n"
        f"Update: w = w - lr * (gradient of the mean loss over a batch), for {args.epochs} epochs (passes over rows).\n"
        "What differs is the batch, all rows, a few, or one, and the learning rate lr that is safe with it.\n"
    )
    sizes: dict[str, int | str] = {"batch": "full", "mini-batch": _MINI_BATCH, "stochastic": 1}
    runs = [
        _descend(name, size, objective, args, [(X[rows], y[rows]) for rows in (train, test)])
        for name, size in sizes.items()
    ]
    _print_table(runs, len(train))
    picture.draw(args.out, runs)
    print(f"\nThe three curves: {args.out}\n\n{_NEXT}", end="")
    return 0


def _descend(
    name: str,
    batch_size: int | str,
    objective: fastgd.LinearObjective,
    args: argparse.Namespace,
    parts: list[tuple[Any, Any]],
) -> Run:
    """Train, and evaluate the whole objective after every epoch, outside the time that is measured.

    Repeats give the same bits, so the time of an epoch can be the median over them, untouched by what else runs.
    """
    iterates = [objective.initial(args.seed)]
    seconds = []
    # Constant, where lr="auto" would let full batches find later ones.
    lr = choose_lr(objective, objective.alpha, objective.l1_ratio, 0 if batch_size == "full" else int(batch_size)).lr
    for repeat in range(_REPEATS):
        result = fastgd.minimize(
            objective,
            iterates[0],
            optimizer=fastgd.optimizers.SGD(lr),
            batch_size=batch_size,
            max_epochs=args.epochs,
            tol=None,
            random_state=args.seed,
            callbacks=[lambda info: iterates.append(info.x)] if repeat == 0 else (),
        )
        seconds.append(np.diff(result.history.seconds, prepend=0.0))
    coef, intercept = objective.unpack(result.x)
    accuracy = [float(np.mean((X @ coef.T + intercept).argmax(axis=1) == y)) for X, y in parts]
    return Run(
        name=name,
        batch_size=batch_size,
        loss=np.array([objective.value(w) for w in iterates]),
        seconds=np.cumsum(np.median(seconds, axis=0)),
        updates=result.n_steps,
        lr=result.lr,
        accuracy=(accuracy[0], accuracy[1]),
    )


def _print_table(runs: list[Run], n_rows: int) -> None:
    upper = ("rows a", "learning", "", "", "loss at", "train", "test")
    lower = ("batch", "rate", "updates", "time", "the end", "accuracy", "accuracy")
    for line in (upper, lower):
        print(" " * 11 + "".join(f"{title:>10}" for title in line))
    for one in runs:
        rows = n_rows if one.batch_size == "full" else one.batch_size
        time = f"{1e3 * one.seconds[-1]:.1f} ms"
        train, test = (f"{100 * value:.1f} %" for value in one.accuracy)
        cells = (rows, f"{one.lr:.2g}", one.updates, time, f"{one.loss[-1]:.4f}", train, test)
        print(f"{one.name:<11}" + "".join(f"{cell:>10}" for cell in cells))
    print(
        f"\nBefore the first update the loss was {runs[0].loss[0]:.4f}; times are medians of {_REPEATS} equal runs.\n"
        "Smaller batches make more updates of each pass: rougher ones, but the loss falls sooner."
    )
