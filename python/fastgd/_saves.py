"""Checkpoints: all that a run needs to go on from where it was, in a file that is replaced as a whole."""

from __future__ import annotations

import glob
import os
import tempfile
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ._configuration import difference
from ._npz_file import Broken, FileFormat, as_json, write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._checkpoint import Checkpoint

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_FORMAT = FileFormat("fastgd-checkpoint", 1, ("header", "state", "notes"))


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
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OSError(
                f"checkpoint must be in a folder that can be written to, got {checkpoint.path!r}: {error.strerror}"
            ) from error
        self._state = self._load() if os.path.exists(target) else None
        # Of runs that were killed while they wrote.
        for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(os.path.basename(target))}.*.tmp")):
            os.unlink(left)

    @property
    def path(self) -> str:
        """Of the file."""
        return self._checkpoint.path

    def arguments(self) -> dict[str, Any]:
        """What the core is told."""
        return {
            "checkpoint": self._state,
            "checkpoint_epochs": self._checkpoint._epochs,
            "checkpoint_seconds": self._checkpoint._seconds,
            "save": self._save,
        }

    def _save(self, n_epochs: int, state: Bytes) -> None:
        header = {**_FORMAT.header(version("fastgd")), "n_epochs": n_epochs, "configuration": self._configuration}
        text = np.frombuffer(as_json(header), np.uint8)
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
        there_version, here_version = header.get("fastgd_version"), version("fastgd")
        if there_version != here_version:
            raise ValueError(
                f"{path} is a checkpoint of fastgd {there_version}, which {here_version} cannot go on from"
            )
        found = difference(there, self._configuration)
        if found is not None:
            raise ValueError(f"{path} is the checkpoint of another run, and is left as it is: {found}")
        if self._notes is not None:
            try:
                self._notes.take_numbers(notes)
            except (ValueError, IndexError, OverflowError) as error:
                raise ValueError(f"{path} is not a usable checkpoint: its notes are of another fit ({error})") from None
        return state
