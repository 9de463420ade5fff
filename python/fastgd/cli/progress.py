"""One line on standard error that says how far training is."""

from __future__ import annotations

import sys
import time

from fastgd import EpochInfo

_SECONDS_BETWEEN = 0.1


class Progress:
    """A callback that rewrites its line at most ten times a second; a context that ends the line."""

    def __init__(self, n_epochs: int) -> None:
        self._n_epochs = n_epochs
        self._next = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._next > 0.0:
            print(file=sys.stderr)

    def __call__(self, info: EpochInfo) -> None:
        """Show an epoch."""
        if time.monotonic() < self._next and info.epoch + 1 < self._n_epochs:
            return
        self._next = time.monotonic() + _SECONDS_BETWEEN
        text = f"epoch {info.epoch + 1}/{self._n_epochs}  loss {info.loss:.6g}  lr {info.lr:.3g}  {info.seconds:.1f} s"
        print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)
