"""Checkpoints of a fit on a source: all that it needs to go on from the end of an epoch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from .._checkpoint import check_checkpoint
from .._matrix import as_matrix
from ._packed import pack, unpack
from .stream import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from ..data import Source
    from .descent import Descending
    from .problem import Validation
    from .stopping import EpochEnd

# What a fit that goes on may have otherwise.
_MAY_DIFFER = {"max_iter", "verbose", "n_threads", "n_jobs"}


class SourceSaves:
    """Where a fit on a source goes on from, and what it writes; nothing where there is no checkpoint."""

    def __init__(
        self,
        estimator: Descending,
        source: Source,
        classes: NDArray[Any] | None,
        validation: Validation | None,
        checkpoint: Checkpoint | None,
        end: EpochEnd,
    ) -> None:
        kept = check_checkpoint(checkpoint)
        self._path = "" if kept is None else kept.path
        self._estimator = estimator
        self._arguments: dict[str, Any] | None = None
        if kept is None:
            return
        from .._configuration import told
        from .._saves import Saves

        for name, value in (("is_one_shot", source.is_one_shot), ("warm_start", estimator.warm_start)):
            if value:
                raise ValueError(f"checkpoint must be None where X is a source with {name}=True, got {kept!r}")
        params = {name: value for name, value in estimator.get_params(deep=False).items() if name not in _MAY_DIFFER}
        configuration = {
            **estimator._told(kept, validation),
            **{name: told(value) for name, value in params.items()},
            "source": f"{source!r}, max_memory={source.max_memory}, n_window_blocks={source.n_window_blocks}",
            "classes": told(classes.astype(str) if classes is not None and classes.dtype.hasobject else classes),
            "data": _first_rows(source),
        }
        self._arguments = Saves(kept, configuration, end).arguments()
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """What a fit noted, of which the estimator's attributes are set; None where it begins."""
        state = None if self._arguments is None else self._arguments["checkpoint"]
        if state is None:
            return None
        try:
            noted: dict[str, Any] = unpack(state)
            attributes = noted.pop("estimator")
            attributes["_stream"] = Stream(*attributes["_stream"])
        except (ValueError, KeyError, TypeError, IndexError, OSError, BadZipFile) as error:
            raise ValueError(
                f"{self._path} is not a usable checkpoint: its state is of another fit ({error})"
            ) from None
        self._estimator.__setstate__(attributes)
        return noted

    def save(self, n_epochs: int, *, is_last: bool, **noted: Any) -> None:
        """Write all that, where it is due."""
        if self._arguments is None:
            return
        every, seconds = self._arguments["checkpoint_epochs"], self._arguments["checkpoint_seconds"]
        is_due = n_epochs % every == 0 if every else time.monotonic() - self._saved >= seconds
        if not (is_due or is_last):
            return
        estimator = self._estimator
        own = {*estimator.get_params(deep=False), "_sklearn_version"}
        attributes = {name: value for name, value in estimator.__getstate__().items() if name not in own}
        self._arguments["save"](n_epochs, pack({"estimator": attributes, **noted}))
        self._saved = time.monotonic()


def _first_rows(source: Source) -> str:
    """What is told of the rows: the first block of them."""
    from .._configuration import told_rows

    X, y, weight = next(block for block in source if len(block.y))
    labels = y.astype(str) if y.dtype.hasobject else y
    return told_rows(as_matrix("X", X), [labels] if weight is None else [labels, weight])
