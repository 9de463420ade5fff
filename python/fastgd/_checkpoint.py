"""Where a run keeps what it needs to go on."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from . import _validation as check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._plan import Objective, Plan
    from ._run import Model
    from ._saves import Notes, Saves

_EVERY = "a number of epochs >= 1, or of seconds > 0 as text such as '30s'"


class Checkpoint:
    """Where a run keeps what it needs to go on, should it be ended from outside.

    Given to `fastgd.minimize`, `fastgd.sweep` or the `fit` of an estimator as ``checkpoint=``. A run that finds a
    checkpoint of its own at `path` goes on from it, and ends with the same bits in parameters and history as one that
    was never ended: also on another number of threads, another SIMD level, or another machine of the same byte order.
    Then ``max_epochs`` counts the epochs before it, too, so that a finished run goes on when asked for more, and is at
    its end at once when it is not. Delete the file to begin anew.

    Parameters
    ----------
    path : str or path-like
        The file, which need not exist; its folder has to. By custom it ends in ``.ckpt``.
    every : int or str, default=1
        How often it is written: after so many epochs, at least 1, or after so many seconds, above 0, as text such as
        ``"30s"``: then also within an epoch, but for full batches, whose steps are epochs. It is written in the end,
        too.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type, or a value that is not allowed.

    Notes
    -----
    A checkpoint is a zip archive of NumPy arrays with checksums, and of plain numbers: nothing in it is executed. It is
    written beside `path`, brought to the disk, then renamed, so that at every moment the file is whole. Where it cannot
    be written, say because the disk is full, a warning says so, the one before it stays, and the run goes on.

    A run knows its checkpoint by its arguments, the targets and weights, and evenly spaced rows of X, and of the rows
    that an estimator scores likewise; by the first block of a source; by the names alone of functions (a schedule, an
    order, a loss, an objective of your own). It may differ in ``max_epochs``, ``time_limit``, ``n_threads``,
    ``callbacks`` and ``progress``. A checkpoint of another run, or of another version of fastgd, is an error that says
    what is different, and is left as it is. After Ctrl-C or a time limit the file is that of the last time that it was
    due. A fit on a source writes it at the ends of epochs alone.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> objective = fastgd.LinearObjective(X, X[:, 0] > 0.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = fastgd.Checkpoint(os.path.join(folder, "run.ckpt"))
    ...     half = fastgd.minimize(objective, batch_size=10, max_epochs=5, tol=None, checkpoint=kept)
    ...     whole = fastgd.minimize(objective, batch_size=10, max_epochs=10, tol=None, checkpoint=kept)
    >>> at_once = fastgd.minimize(objective, batch_size=10, max_epochs=10, tol=None)
    >>> whole.n_epochs, bool((whole.x == at_once.x).all())
    (10, True)
    """

    def __init__(self, path: str | os.PathLike[str], every: int | str = 1) -> None:
        if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
            raise check.refuse("path", "a str or a path", path, TypeError)
        self.path = os.fspath(path)
        self.every = every
        self._epochs, self._seconds = _interval(every)

    def __repr__(self) -> str:
        return f"Checkpoint({self.path!r}, every={self.every!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checkpoint) and (self.path, self.every) == (other.path, other.every)

    def __hash__(self) -> int:
        return hash((self.path, self.every))


def check_checkpoint(checkpoint: object) -> Checkpoint | None:
    """The argument ``checkpoint``."""
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        return checkpoint
    raise check.refuse("checkpoint", "a fastgd.Checkpoint or None", checkpoint, TypeError)


def saves_of(
    checkpoint: Checkpoint | None,
    objective: Objective,
    models: Sequence[Model],
    plan: Plan,
    notes: Notes | None = None,
    **more: str,
) -> Saves | None:
    """The checkpoints of a run that is told by all these, and `more`; None where none are kept."""
    if checkpoint is None:
        return None
    # What most runs do without is not imported with the package.
    from ._configuration import configuration
    from ._saves import Saves

    return Saves(checkpoint, more | configuration(objective, models, plan), notes)


def _interval(every: object) -> tuple[int, float]:
    """Epochs and seconds between two checkpoints; 0 and infinity for none."""
    if not isinstance(every, str):
        return check.integer("every", every, 1), math.inf
    try:
        seconds = float(every[:-1]) if every.endswith("s") else math.nan
    except ValueError:
        seconds = math.nan
    if not 0.0 < seconds < math.inf:
        raise check.refuse("every", _EVERY, every)
    return 0, seconds
