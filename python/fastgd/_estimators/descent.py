"""From an objective to a fitted estimator: one place for all that descend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from .._checkpoint import check_checkpoint, saves_of
from .._matrix import as_matrix
from .._outcome import make_result, refuse_nonfinite
from .._plan import make_plan
from .._rate import with_rate
from .._run import Model, check_together, run
from .inputs import forget, threads_of
from .problem import Problem, Validation, seed_of
from .stopping import CallbackTasks, EpochEnd
from .stream import Stream, go_on, stream_after

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from .._core import _Outcome
    from .._plan import Plan
    from ..objectives import DataObjective
    from ..optimizers import Optimizer
    from ..result import Result


class Descending(CallbackSupportMixin, BaseEstimator):
    """Base of the estimators that descend; what one of them decides are the methods that come first."""

    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: Any
    history_: Any
    _stream: Stream

    # What some estimators have no parameter for.
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: Any = 5
    scoring: Any = None
    learning_rate: Any = "constant"

    # Whether the parameters with the best validation score are those of a fit.
    _keeps_best = False
    # How a line of `verbose` calls a pass over the rows.
    _name_of_epoch = "Epoch"
    # The parameters that decide about a fit beside its objective.
    _of_fit: tuple[str, ...] = (
        *("tol", "n_iter_no_change", "early_stopping", "validation_fraction", "scoring"),
        "learning_rate",
    )
    # The parameters that make pieces of a stream one and the same problem.
    _of_stream: tuple[str, ...] = ()

    def _objective(self, problem: Problem) -> DataObjective:
        """What is minimised."""
        raise NotImplementedError

    def _make_optimizer(self) -> Optimizer:
        """The optimiser with its rate."""
        raise NotImplementedError

    def _optimizer_of_stream(self) -> Optimizer:
        """That of `partial_fit`."""
        return self._make_optimizer()

    def _set_params_of(self, objective: Any, x: NDArray[np.float64]) -> None:
        """Make the fitted parameters of flat ones."""
        raise NotImplementedError

    def _held(self) -> Any:
        """The fitted parameters, one object for all of them; None where there are none."""
        raise NotImplementedError

    def _params_so_far(self, objective: Any) -> NDArray[np.float64]:
        """Where a stream goes on: flat parameters of the fitted ones."""
        raise NotImplementedError

    def _keep(self, held: Any) -> None:
        """Go on with the arrays that have been held, where a stream is to change them in their place."""

    def _batch_rows(self, n_samples: int) -> int | str:
        """Rows a step, of so many."""
        raise NotImplementedError

    def _patience(self) -> float:
        """Epochs without improvement that end a fit."""
        return float(self.n_iter_no_change)

    def _n_kept(self, model: Model, plan: Plan, validates: bool) -> int:
        """Of how many last epochs the parameters are compared in the end."""
        return 0

    def _chosen(self, objective: Any, result: Result, end: EpochEnd) -> NDArray[np.float64]:
        """The parameters of the fit."""
        return result.x

    def _count(self, n_epochs: int, n_steps: int, n_samples: int, *, goes_on: bool) -> None:
        """Count what a fit has done, or a piece of a stream that goes on."""
        raise NotImplementedError

    def _report(self, result: Result, end: EpochEnd) -> None:
        """Tell how the fit ended, where it did not as it should."""
        raise NotImplementedError

    def _tell_of_source(self) -> None:
        """Set what else the losses and scores of a fit on a source tell."""

    def _on_piece(self, objective: Any, problem: Problem) -> Any:
        """The objective of a stream, without data, on a piece of it."""
        return objective._on(problem.X, problem.y, problem.weight, problem.offset)

    def _stream_key(self, problem: Problem) -> tuple[Any, ...]:
        """What makes another problem of a piece, beside the parameters `_of_stream`."""
        return (problem.n_classes, problem.y.ndim)

    def _refuse_in_stream(self) -> None:
        """Raise where a parameter has no meaning for a piece of a stream."""

    # ---- what is the same for all

    def __getstate__(self) -> dict[str, Any]:
        # What is only there to be fast is made anew; and who stores arrays one by one would store two for one.
        state = {name: value for name, value in super().__getstate__().items() if name != "_recipe"}
        stream = state.get("_stream")
        if stream is not None and stream.held is not None:
            state["_stream"] = stream._replace(held=True if stream.held is self._held() else None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        stream = vars(self).get("_stream")
        if stream is not None and stream.held is True:
            self._stream = stream._replace(held=self._held())

    @contextmanager
    def _unless_refused(self) -> Iterator[None]:
        """All that is learned, or where that is refused all that was there."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            # A fit that came to its end, though a bad one, has left its best.
            if vars(self).get("history_") is before.get("history_"):
                self.__dict__.clear()
                self.__dict__.update(before)
            raise

    def _descend_from(
        self,
        objective: DataObjective,
        start: NDArray[np.float64],
        validation: Validation | None = None,
        tasks: CallbackTasks | None = None,
        *,
        seed: int | None = None,
        evaluate: bool = False,
        checkpoint: Checkpoint | None = None,
        **options: Any,
    ) -> Result:
        """Fit from the given parameters; the options are those of `fastgd.minimize`."""
        kept = check_checkpoint(checkpoint)
        told = self._told(kept, validation)
        seed = seed_of(self.random_state) if seed is None else seed
        plan = make_plan(
            objective,
            **{
                "batch_size": self._batch_rows(objective._n_present),
                "max_epochs": self.max_iter,
                "tol": None,
                "shuffle": bool(self.shuffle),
                "random_state": seed,
                "n_threads": threads_of(self),
                **options,
            },
        )._replace(evaluate=evaluate)
        model = Model(start, self._make_optimizer(), objective.alpha, objective.l1_ratio, init_seed=seed)
        check_together(objective, model, plan)

        def fitted(x: NDArray[np.float64]) -> Any:
            other = copy(self)
            other._set_params_of(objective, x)
            # Rows to predict are those of `fit`, already checked.
            forget(other, "feature_names_in_")
            return other

        score = None if validation is None else self._scorer(validation)
        end = EpochEnd(self, fitted, score, tasks, self._n_kept(model, plan, score is not None))
        model = with_rate(objective, model, plan)
        saves = saves_of(kept, objective, [model], plan, end, **told)
        outcome = run(objective, [model], plan, end, saves=saves)
        refuse_nonfinite(objective, outcome)
        result = make_result(objective, model, plan, [(outcome, 0)], lambda: objective)
        self._set_params_of(objective, self._chosen(objective, result, end))
        self._count(result.n_epochs, result.n_steps, objective._n_present, goes_on=False)
        self.loss_curve_ = result.history.loss.tolist()
        self.history_ = result.history
        if validation is not None:
            self.validation_scores_ = end.scores
        self._stream = stream_after(outcome["state"], model.lr, self._held(), model.optimizer._core_name)
        if tasks is not None:
            tasks.end()
        self._report(result, end)
        return result

    def _told(self, checkpoint: Checkpoint | None, validation: Validation | None = None) -> dict[str, str]:
        """What decides about a fit beside its objective, for its checkpoint if there is one."""
        if checkpoint is None:
            return {}
        from .._configuration import told, told_rows

        if not isinstance(self.random_state, Integral):
            raise ValueError(
                f"random_state must be an int with checkpoint, so that the fit can be told, got {self.random_state!r}"
            )
        arguments = ", ".join(f"{name}={told(getattr(self, name))}" for name in self._of_fit)
        estimator = {"estimator": f"{type(self).__name__}({arguments})"}
        if validation is None:
            return estimator
        X, y, weight = validation
        labels = y.astype(str) if y.dtype.hasobject else y
        parts = [labels] if weight is None else [labels, weight]
        return estimator | {"validation": told_rows(as_matrix("X_val", X), parts)}

    def _go_on(self, problem: Problem, *, is_in_order: bool = False) -> _Outcome:
        """One epoch on a piece of a stream; returns what the core tells of it."""
        return go_on(self, problem, is_in_order)

    def _scorer(self, validation: Validation) -> Callable[[Any], float]:
        """The score of a fitted copy: the estimator's own, or that of `scoring`."""
        X, y, weight = validation
        if self.scoring is None:
            return lambda fitted: float(fitted.score(X, y, sample_weight=weight))
        from sklearn.metrics import check_scoring

        scorer = check_scoring(self, self.scoring)
        weights = {} if weight is None else {"sample_weight": weight}
        return lambda fitted: float(scorer(fitted, X, y, **weights))
