"""Random search, which follows no slope: the baseline that gradient descent is measured against."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check
from .config import threads
from .gradients.function import Function
from .result import History, Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["random_search"]

# Of Philox, apart from those of the core; the same as in the twin.
_PROBE_STREAM = 16
_GROWTH = 1.5
_DECAY = 0.9036020036098448  # 1.5^(-1/4)
_MAX_EVALS = 2**63 - 1


class SearchResult(Result):
    """A `Result` of evaluations without gradients."""

    @property
    def nfev(self) -> int:
        """Evaluations of the objective."""
        return self.n_epochs

    @property
    def njev(self) -> int:
        """Evaluations of the gradient: none."""
        return 0


def random_search(
    objective: Any,
    w0: ArrayLike | None = None,
    *,
    max_evals: int = 1000,
    scale: float = 1.0,
    adapt: bool = True,
    random_state: int = 0,
    n_threads: int | None = None,
) -> Result:
    """Minimise by probing random directions: go where it is better, and repeat.

    Without a slope to follow, half of all directions lead up, and most of the others hardly down: among ``n``
    parameters the best possible direction and a random one have a cosine of about ``1 / sqrt(n)``. So the evaluations
    that a given decrease takes grow as ``n``, where those of gradient descent do not depend on it. It asks for values
    alone, though, also for ``loss="zero_one"``.

    A probe is ``w + scale * d`` with ``d`` of independent, nearly normal numbers of variance ``1 / n``, so that its
    length is about `scale`. The length adapts so that one probe in five is a success [1]_: ``scale <- 1.5 scale`` after
    one, ``1.5^(-1/4) scale`` after a failure.

    Parameters
    ----------
    objective : objective or callable
        What is minimised: any objective, or a function ``w -> float``. A value that is not finite is worse than others.
    w0 : array of shape (n_params,), optional
        Finite parameters to start from; ``objective.initial()`` by default. Must be given for a function.
    max_evals : int, default=1000
        Evaluations, that of the start included, at least 1.
    scale : float, default=1.0
        Length of the first probe, above 0.
    adapt : bool, default=True
        Whether the length adapts; else it stays, and the search ends to be of use near the minimum.
    random_state : int, default=0
        Seed of the directions, 0 to 2**64 - 1. The same one gives the same bits everywhere.
    n_threads : int, optional
        Threads of an evaluation, at least 1; `fastgd.get_num_threads` by default. The result is the same.

    Returns
    -------
    Result
        As of `fastgd.minimize`, where an epoch is an evaluation, of all rows, and a step a probe that was better:
        ``x`` and ``fun`` are the best, ``n_epochs`` (``nit``, ``nfev``) counts evaluations, ``n_steps`` successes,
        ``njev`` is 0; ``lr`` and ``history.lr`` are lengths of probes, ``history.loss`` is the best value after each
        evaluation. ``grad_norm`` is nan, ``jac`` is computed when asked for. ``status`` is ``"max_epochs"``, a
        success, or after Ctrl-C ``"interrupted"``.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed, or the objective is not finite at the start. What a function raises is passed on.

    See Also
    --------
    fastgd.minimize : follows the slope.

    References
    ----------
    .. [1] I. Rechenberg, "Evolutionsstrategie", Frommann-Holzboog, 1973.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> objective = fastgd.LinearObjective(X, X @ np.arange(5.0), loss="squared_error")
    >>> found = fastgd.random_search(objective, max_evals=500)
    >>> found.nfev, bool(found.fun < 1e-3 * objective.value(np.zeros(6)))
    (500, True)
    >>> descent = fastgd.minimize(objective)
    >>> bool(descent.nfev < 100), bool(descent.fun < found.fun)
    (True, True)
    """
    function = Function("objective", objective)
    n_evals = check.integer("max_evals", max_evals, 1, _MAX_EVALS)
    length = check.number("scale", scale, *check.POSITIVE)
    does_adapt = check.boolean("adapt", adapt)
    seed = check.seed("random_state", random_state)
    limit = nullcontext() if n_threads is None else threads(check.integer("n_threads", n_threads, 1, 2**31 - 1))
    w = function.initial("w0") if w0 is None else function.parameters(w0, "w0")
    began = time.perf_counter()
    # A block of four words for each number.
    words = np.random.Philox(key=seed + (_PROBE_STREAM << 64), counter=2**256 - 1)
    rows: list[tuple[int, float, float, float]] = []
    n_moves, status = 0, "max_epochs"
    with limit:
        best = function.start(w, "w0")
        try:
            rows.append((n_moves, best, length, time.perf_counter() - began))
            while len(rows) < n_evals:
                probe = w + length * _direction(words, w.size)
                value, tried = _value(function, probe), length
                is_better = math.isfinite(value) and value < best
                if is_better:
                    w, best, n_moves = probe, value, n_moves + 1
                if does_adapt:
                    length *= _GROWTH if is_better else _DECAY
                rows.append((n_moves, best, tried, time.perf_counter() - began))
        except KeyboardInterrupt:
            status = "interrupted"
    return _result(function, w, rows, status)


def _value(function: Function, w: Floats) -> float:
    """The value, infinite where it is an objective that is beyond the range of its arithmetic."""
    try:
        return function(w)
    except ValueError:
        values = getattr(function.given, "values", None) if function.is_objective else None
        if not callable(values):
            raise
        # It raises in its turn where the data are to blame, or what a function of the user's own returned.
        return float(values(w[None])[0])


def _direction(words: np.random.Philox, n: int) -> Floats:
    """Independent numbers of mean 0 and variance 1/n: sums of four uniform ones, which need no logarithm."""
    u = (np.asarray(words.random_raw(4 * n)).reshape(n, 4) >> np.uint64(11)) * 2.0**-53
    direction: Floats = math.sqrt(3.0 / n) * (((u[:, 0] + u[:, 1]) + (u[:, 2] + u[:, 3])) - 2.0)
    return direction


def _result(function: Function, w: Floats, rows: list[tuple[int, float, float, float]], status: str) -> Result:
    moves, best, lengths, seconds = zip(*rows, strict=True)
    n_evals, n_moves = len(rows), moves[-1]
    end = "made all its evaluations" if status == "max_epochs" else "was interrupted: x is the best so far"
    return SearchResult(
        x=w,
        fun=best[-1],
        grad_norm=math.nan,
        lr=lengths[-1],
        n_epochs=n_evals,
        n_steps=n_moves,
        success=status == "max_epochs",
        status=status,
        message=f"random search {end} ({n_evals} evaluation{'' if n_evals == 1 else 's'}, {n_moves} of them better)",
        history=History(
            epoch=np.arange(n_evals, dtype=np.int64),
            step=np.array(moves, dtype=np.int64),
            loss=np.array(best, dtype=np.float64),
            lr=np.array(lengths, dtype=np.float64),
            grad_norm=np.full(n_evals, math.nan),
            seconds=np.array(seconds, dtype=np.float64),
        ),
        _gradient=partial(_gradient, function, w),
    )


def _gradient(function: Function, w: Floats) -> Floats:
    try:
        return np.asarray(function.gradient(None, w), dtype=np.float64)
    except ValueError:
        return np.full(w.shape, math.nan)
