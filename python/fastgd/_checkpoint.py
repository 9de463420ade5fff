"""Checkpoints: all that a run needs to go on from where it was, in a file that is replaced as a whole."""

from __future__ import annotations

import glob
import json
import math
import os
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import _validation as check
from ._configuration import difference
from ._npz_file import Broken, FileFormat, write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_FORMAT = FileFormat("fastgd-checkpoint", 1, ("header", "state", "notes"))
_EVERY = "a number of epochs >= 1, or of seconds > 0 as text such as '30s'"


class Checkpoint:
    """Where a run keeps what it needs to go on, should it be ended from outside.

    Given to `fastgd.minimize`, or to the `fit` of an estimator, as ``checkpoint=``. A run that finds a checkpoint of
    its own at `path` goes on from it, and ends with the same bits in parameters and history as one that was never
    ended: also on another number of threads, another SIMD level, or another machine of the same byte order. Then
    ``max_epochs`` counts the epochs before it, too, so that a finished run goes on when asked for more, and is at its
    end at once when it is not. Delete the file to begin anew.

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

    A run knows its checkpoint by its arguments, the targets and weights, and evenly spaced rows of X; of functions (a
    schedule, an order, a loss, an objective of your own) by their names alone. It may differ in ``max_epochs``,
    ``time_limit``, ``n_threads``, ``callbacks`` and ``progress``. A checkpoint of another run, or of another version of
    fastgd, is an error that says what is different, and is left as it is. After Ctrl-C or a time limit the file is
    that of the last time that it was due.

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


class Notes(Protocol):
    """Who follows a run, and has to know the same as before where it goes on."""

    def numbers(self) -> Floats:
        """All that it has noted."""

    def take_numbers(self, numbers: Floats) -> None:
        """Note that again; raises ValueError where it is of others."""


class Saves:
    """The checkpoints of one run: the one that it goes on from, and those that it writes."""

    def __init__(self, checkpoint: Checkpoint, configuration: dict[str, str], notes: Notes | None = None) -> None:
        self._checkpoint = checkpoint
        self._configuration = configuration
        self._notes = notes
        self._has_failed = False
        target = os.path.realpath(checkpoint.path)
        folder = os.path.dirname(target)
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"checkpoint must be in a folder that exists, got {checkpoint.path!r}")
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"checkpoint must be in a folder that can be written to, got {checkpoint.path!r}")
        self._state = self._load() if os.path.exists(target) else None
        # Of runs that were killed while they wrote.
        for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(os.path.basename(target))}.*.tmp")):
            os.unlink(left)

    def arguments(self) -> dict[str, Any]:
        """What the core is told."""
        return {
            "checkpoint": self._state,
            "checkpoint_epochs": self._checkpoint._epochs,
            "checkpoint_seconds": self._checkpoint._seconds,
            "save": self._save,
        }

    def refused(self, error: ValueError) -> ValueError:
        """The core's error where its state does not fit, with the name of the file."""
        return ValueError(f"{self._checkpoint.path} is not a checkpoint of this run: {error}")

    def _save(self, n_epochs: int, state: Bytes) -> None:
        header = {**_FORMAT.header(_version()), "n_epochs": n_epochs, "configuration": self._configuration}
        text = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), np.uint8)
        notes = np.empty(0) if self._notes is None else self._notes.numbers()
        path = self._checkpoint.path
        try:
            write_atomically(path, lambda stream: np.savez(stream, header=text, state=state, notes=notes))
        except OSError as error:
            if not self._has_failed:
                warnings.warn(
                    f"the checkpoint {path} could not be written after {n_epochs} epochs: {error}; the one before it "
                    "stays as it is, and the run goes on",
                    RuntimeWarning,
                    stacklevel=2,
                )
            self._has_failed = True
        else:
            self._has_failed = False

    def _load(self) -> Bytes:
        path = self._checkpoint.path
        try:
            with open(path, "rb") as stream:
                arrays = _FORMAT.read(stream)
            header = _FORMAT.parse_header(arrays["header"])
            state, notes = arrays["state"], arrays["notes"]
            if state.dtype != np.uint8 or state.ndim != 1 or notes.dtype != np.float64 or notes.ndim != 1:
                raise Broken("its arrays are not those of a checkpoint")
            there = header.get("configuration")
            if not isinstance(there, dict):
                raise Broken("the header's configuration is not an object")
        except Broken as error:
            raise ValueError(f"{path} is not a usable checkpoint: {error}") from None
        version = header.get("fastgd_version")
        if version != _version():
            raise ValueError(f"{path} is a checkpoint of fastgd {version}, which {_version()} cannot go on from")
        found = difference(there, self._configuration)
        if found is not None:
            raise ValueError(f"{path} is the checkpoint of another run, and is left as it is: {found}")
        if self._notes is not None:
            try:
                self._notes.take_numbers(notes)
            except (ValueError, IndexError) as error:
                raise self.refused(ValueError(error)) from None
        return state


def _version() -> str:
    from importlib.metadata import version

    return version("fastgd")


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
