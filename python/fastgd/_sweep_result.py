"""What a sweep found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .result import Result

__all__ = ["SweepResult"]

_SHOWN_ROWS = 20


class SweepResult:
    """What `fastgd.sweep` found: a table that prints, and the results behind it.

    Attributes
    ----------
    results : list of Result
        One a model: for each configuration in the grid's order, its folds in turn.
    x : array of shape (n_models, n_params), float64
        Their parameters.
    fun : array of shape (n_models,), float64
        Their objectives.
    table : dict of str to array of shape (n_models,)
        One row a model: the grid's values, with `cv` ``fold`` and ``held_out`` (the mean loss on the fold's rows), then
        ``fun``, ``grad_norm``, ``n_epochs`` and ``status``. ``pandas.DataFrame(table)`` takes it.
    scores : dict of str to array of shape (n_settings,), or None
        With `cv`, one row a configuration: the grid's values, ``mean`` and ``std`` of the held-out losses over the
        folds, and ``rank``, 1 for the lowest mean.
    best_params : dict
        The values of the best configuration: that of the lowest mean held-out loss, or without `cv` of the lowest
        objective. Objectives of different penalties do not compare; use `cv` for these.
    best : Result
        Its result; with `cv` of a run on all rows, which is made when it is first asked for.
    """

    def __init__(
        self,
        settings: Sequence[dict[str, Any]],
        results: Sequence[Result],
        held_out: NDArray[np.float64] | None,
        k: int,
        refit: Callable[[int], Result],
    ) -> None:
        self.results = list(results)
        self.x = np.stack([result.x for result in results])
        self.fun = np.array([result.fun for result in results])
        self._settings = list(settings)
        self._held_out = held_out
        self._k = k
        self._refit = refit

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """One row a model."""
        repeated = [setting for setting in self._settings for _ in range(max(self._k, 1))]
        table = _columns(repeated)
        if self._held_out is not None:
            table["fold"] = np.tile(np.arange(self._k), len(self._settings))
            table["held_out"] = self._held_out
        table["fun"] = self.fun
        table["grad_norm"] = np.array([result.grad_norm for result in self.results])
        table["n_epochs"] = np.array([result.n_epochs for result in self.results])
        table["status"] = np.array([result.status for result in self.results])
        return table

    @cached_property
    def scores(self) -> dict[str, NDArray[Any]] | None:
        """One row a configuration, where folds were held out."""
        if self._held_out is None:
            return None
        of_folds = self._held_out.reshape(-1, self._k)
        mean = of_folds.mean(axis=1)
        rank = np.empty(len(mean), np.int64)
        rank[_order(mean)] = np.arange(1, len(mean) + 1)
        return {**_columns(self._settings), "mean": mean, "std": of_folds.std(axis=1), "rank": rank}

    @property
    def _best_at(self) -> int:
        # A configuration that was dropped, or that diverged, has no claim.
        done = np.array([result.status not in ("dropped", "diverged") for result in self.results])
        score = np.where(done, self.fun if self._held_out is None else self._held_out, np.inf)
        return int(_order(score.reshape(len(self._settings), -1).mean(axis=1))[0])

    @property
    def best_params(self) -> dict[str, Any]:
        """The values of the best configuration."""
        return dict(self._settings[self._best_at])

    @cached_property
    def best(self) -> Result:
        """The result of the best configuration."""
        return self.results[self._best_at] if self._held_out is None else self._refit(self._best_at)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        rows = self.table if self.scores is None else self.scores
        shown = {name: [_text(value) for value in column[:_SHOWN_ROWS]] for name, column in rows.items()}
        widths = {name: max(len(name), *map(len, column)) for name, column in shown.items()}
        lines = ["  ".join(name.rjust(width) for name, width in widths.items())]
        for i in range(len(next(iter(shown.values())))):
            lines.append("  ".join(shown[name][i].rjust(width) for name, width in widths.items()))
        n_left = len(next(iter(rows.values()))) - _SHOWN_ROWS
        if n_left > 0:
            lines.append(f"... and {n_left} more")
        lines.append(f"best: {', '.join(f'{key}={_text(value)}' for key, value in self.best_params.items())}")
        return "\n".join(lines)


def _columns(settings: Sequence[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for key in settings[0]:
        values = [setting[key] for setting in settings]
        if all(isinstance(value, (bool, int, float, str, np.generic)) for value in values):
            columns[key] = np.array(values)
        else:
            columns[key] = np.empty(len(values), object)
            columns[key][:] = values
    return columns


def _order(score: NDArray[np.float64]) -> NDArray[np.intp]:
    """From the lowest to the highest, what is no number last."""
    return np.argsort(np.where(np.isnan(score), np.inf, score), kind="stable")


def _text(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=3, threshold=4, edgeitems=2)
    return str(value)
