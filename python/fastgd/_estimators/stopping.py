"""What happens at the end of each epoch of a fit: the end by `tol`, by a validation score or by a callback."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    # A fitted copy of the estimator with the given parameters.
    Fitted = Callable[[Floats], Any]

# What "adaptive" multiplies the rate by, and where it gives up.
_ADAPTIVE_FACTOR, _ADAPTIVE_END = 0.2, 1e-6


class EpochEnd:
    """Ends a run as scikit-learn does, by an absolute decrease of the loss or increase of the score.

    Attributes
    ----------
    scores : list of float
        Validation scores, one an epoch.
    decrease : float
        By how much the last epoch was better than the best one before it.
    converged : bool
        Whether it was this that ended the run.
    best : array of shape (n_params,), or None
        The parameters with the best validation score.
    last : deque of array of shape (n_params,)
        The parameters at the ends of the last epochs, as many as `n_kept`.
    """

    def __init__(
        self,
        estimator: Any,
        fitted: Fitted,
        score: Callable[[Any], float] | None,
        tasks: CallbackTasks | None,
        n_kept: int,
    ) -> None:
        self.last: deque[Floats] = deque(maxlen=n_kept)
        self.scores: list[float] = []
        self.decrease = math.nan
        self.converged = False
        self.best: Floats | None = None
        self._tol = math.inf if estimator.tol is None else float(estimator.tol)
        self._patience = estimator._patience()
        self._name = estimator._name_of_epoch
        self._is_adaptive = isinstance(estimator.learning_rate, str) and estimator.learning_rate == "adaptive"
        self._verbose = estimator.verbose
        self._fitted = fitted
        self._score = score
        self._tasks = tasks
        self._best = math.inf
        self._n_bad = 0

    def __call__(
        self, epoch: int, step: int, loss: Floats, lr: Floats, seconds: float, params: Callable[[], Floats]
    ) -> float:
        """What the rate is multiplied by from here on; 0 where the run ends."""
        value = float(loss[0])
        if self.last.maxlen:
            self.last.append(params()[0])
        if self._score is not None:
            self.scores.append(self._score(self._fitted(params()[0])))
            value = -self.scores[-1]
            if value < self._best:
                self.best = np.array(params()[0])
        self.decrease = self._best - value
        self._n_bad = self._n_bad + 1 if value > self._best - self._tol else 0
        self._best = min(self._best, value)
        if self._verbose:
            score = f", validation score {self.scores[-1]:.6g}" if self.scores else ""
            print(f"{self._name} {epoch + 1}: loss {float(loss[0]):.6g}{score}, lr {float(lr[0]):.3g}, {seconds:.3g} s")
        settled = self._tol < math.inf and self._n_bad >= self._patience
        stops = self._tasks is not None and self._tasks.epoch_end(self._fitted, params)
        if settled and not stops and self._is_adaptive and float(lr[0]) > _ADAPTIVE_END:
            self._n_bad = 0
            return _ADAPTIVE_FACTOR
        self.converged = settled
        return 0.0 if settled or stops else 1.0

    def numbers(self) -> Floats:
        """All that it has noted: how much of each there is, then the scores, the best parameters, and the last ones."""
        best = [] if self.best is None else [self.best]
        noted = [self.decrease, self._best, self.converged, self._n_bad, len(self.scores), len(best), len(self.last)]
        return np.concatenate([np.array(noted), np.array(self.scores), *best, *self.last])

    def take_numbers(self, numbers: Floats) -> None:
        """Note that again."""
        decrease, lowest, converged, n_bad, n_scores, n_best, n_last = numbers[:7].tolist()
        scores, params = np.split(numbers[7:], [int(n_scores)])
        kept = [*params.reshape(int(n_best + n_last), -1)] if n_best + n_last else []
        self.decrease, self._best, self.converged, self._n_bad = decrease, lowest, bool(converged), int(n_bad)
        self.scores = scores.tolist()
        self.best = kept.pop(0) if n_best else None
        self.last.extend(kept)


class CallbackTasks:
    """The tasks that scikit-learn's callbacks are told of: the fit, and in it each epoch."""

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._estimator = estimator
        self._given = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._root = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._root.call_on_fit_task_begin(**self._given)
        self._n_left = estimator.max_iter
        self._begin()

    def _begin(self) -> None:
        self._n_left -= 1
        self._epoch = self._root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given)

    def epoch_end(self, fitted: Fitted, params: Callable[[], Floats]) -> bool:
        """Whether a callback asks for the end."""

        def attributes() -> dict[str, Any]:
            return fitted_attributes(fitted(params()[0]))

        stops = bool(self._epoch.call_on_fit_task_end(**self._given, reconstruction_attributes=attributes))
        if not stops and self._n_left > 0:
            self._begin()
        return stops

    def end(self) -> None:
        """After the fit."""
        self._root.call_on_fit_task_end(**self._given, reconstruction_attributes=dict)


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """What a fit has set, by scikit-learn's convention for names."""
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}


def has_callbacks(estimator: Any) -> bool:
    """Whether there is anyone to be told of epochs."""
    return bool(getattr(estimator, "_skl_callbacks", None)) or hasattr(estimator, "_parent_callback_ctx")
