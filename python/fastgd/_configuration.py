"""What makes a run the same run: by this a checkpoint is known again, and told from those of others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ._matrix import sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._matrix import Matrix
    from ._plan import Objective, Plan
    from ._run import Model

# Rows of X that are looked at: to look at all would take longer than many a run.
_MAX_ROWS = 256
_MAX_ENTRIES = 1 << 18
# What is told by its bits alone, in words.
_IN_WORDS = {"data": "data", "w0": "start parameters w0", "validation": "rows to score"}
# What a run that goes on may have otherwise: how far it goes, and what it tells on the way.
_MAY_DIFFER = ("max_epochs", "time_limit", "n_threads", "evaluate", "grad_norm")


def configuration(objective: Objective, models: Sequence[Model], plan: Plan) -> dict[str, str]:
    """All that the bits of a run are a function of, as text by name; of data and functions what can be told of them."""
    options = {name: value for name, value in plan._asdict().items() if name not in _MAY_DIFFER}
    options["batch_size"] = plan.batch_size or "full"
    options["random_state"] = options.pop("seed")
    known = vars(objective)
    parts = [known[name] for name in ("_y", "_weight", "_offset") if known.get(name) is not None]
    return {
        **{name: _of_all(models, name) for name in ("optimizer", "alpha", "l1_ratio", "init_seed")},
        **{name: told(value) for name, value in options.items()},
        "objective": told(objective),
        "data": told_rows(known.get("_matrix"), parts),
        "w0": _digest([model.w0 for model in models]),
        # Where it was found from the data.
        "lr": _of_all(models, "lr"),
    }


def told(value: Any) -> str:
    """An argument as text."""
    text = repr(value)
    # An address is another one in each process.
    if callable(value) and " at 0x" in text:
        return f"the function {getattr(value, '__qualname__', type(value).__qualname__)}"
    return f"array {_digest([value])}" if isinstance(value, np.ndarray) else text


def told_rows(matrix: Matrix | None, parts: Sequence[NDArray[Any]]) -> str:
    """Evenly spaced rows of a matrix, if there is one, and all of what belongs to its rows."""
    if matrix is None:
        return _digest(parts)
    # Values that are not finite are for the run to find.
    with np.errstate(invalid="ignore"):
        return _digest([np.array(matrix.source.shape), sample(matrix, _MAX_ROWS, _MAX_ENTRIES), *parts])


def difference(there: dict[str, str], here: dict[str, str]) -> str | None:
    """What one configuration has otherwise than another, in words; None where they are the same."""
    for name in here:
        if there.get(name) == here[name]:
            continue
        if name in _IN_WORDS:
            return f"it is of other {_IN_WORDS[name]}"
        return f"there {name} is {there.get(name, 'not said')}, here {here[name]}"
    return None


def _of_all(models: Sequence[Model], name: str) -> str:
    alike = ((text, len([*group])) for text, group in groupby(repr(getattr(model, name)) for model in models))
    return ", ".join(text if n == 1 else f"{n} x {text}" for text, n in alike)


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()[:32]
