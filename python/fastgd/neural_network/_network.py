"""Multi-layer perceptrons: their parameters, their objective, and what a fit leaves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from .. import _core, _export
from .._estimators.descent import Descending
from .._estimators.inputs import check_X, refuse_no_weight, threads_of, warn_not_converged
from .._estimators.problem import Problem, Validation, seed_of
from .._estimators.split import check_validation, split
from .._estimators.stopping import CallbackTasks, has_callbacks
from .._scores import network_scores
from ..objectives import MLPObjective
from ..optimizers import Optimizer
from ..schedules import Schedule
from . import _solvers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from .._estimators.stopping import EpochEnd
    from ..result import Result

    Floats = NDArray[np.floating[Any]]

# Rows a step, where it is left to us.
_AUTO_ROWS = 200


class Network(_export.Exportable, Descending):
    """Base of the estimators: `fit` and `partial_fit` on a `Problem`."""

    coefs_: list[Floats]
    intercepts_: list[Floats]
    n_features_in_: int
    n_outputs_: int
    t_: int
    loss_: float
    best_loss_: float | None
    validation_scores_: Any
    best_validation_score_: float | None

    _takes_many_targets = True
    _keeps_best = True
    _name_of_epoch = "Iteration"
    loss_params: Mapping[str, float] | None = None

    _of_stream = (
        *("loss", "loss_params", "hidden_layer_sizes", "activation", "solver", "alpha", "batch_size", "learning_rate"),
        *("learning_rate_init", "power_t", "shuffle", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon"),
        *("dropout", "optimizer", "n_threads"),
    )
    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(_core.activations()))],
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto", "full"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({*_solvers.RATES}), Schedule, callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [str, Optimizer, None],
        "scoring": [str, callable, None],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __sklearn_is_fitted__(self) -> bool:
        return "coefs_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _raw_scores(self, X: Any) -> Floats:
        """Scores of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = check_X(self, X, reset=False)
        return network_scores(X, self.coefs_, self.intercepts_, self.activation, threads_of(self))

    def _activation_of_scores(self) -> str:
        """What turns a score into a prediction."""
        raise NotImplementedError

    def _network(self) -> _export.Network:
        check_is_fitted(self)
        return _export.Network(self.coefs_, self.intercepts_, self._head(), self.activation, float(self.dropout))

    def _head(self) -> _export.Head:
        """What the raw scores say."""
        raise NotImplementedError

    # ---- descent

    def _fit_network(
        self,
        problem: Problem,
        y: NDArray[Any],
        given: tuple[Any, Any, Any],
        stratify: NDArray[Any] | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        """Fit, without the rows that tell when to stop; `y` as it was given, and so what is given to score."""
        X, sample_weight = problem.X, problem.weight
        validation = check_validation(self, *given)
        weight = sample_weight
        if validation is None:
            weight, validation = split(self, X, y, sample_weight, stratify)
            if validation is not None and validation.X.shape[0] < 2:
                raise ValueError(
                    "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
                )
        refuse_no_weight(weight)
        self._warn_of_large_batch(X.shape[0] if weight is None else int(np.count_nonzero(weight)))
        tasks = CallbackTasks(self, X, y, sample_weight) if has_callbacks(self) else None
        seed = seed_of(self.random_state)
        objective = self._objective(problem._replace(weight=weight, mean_weight=_mean_of_present(weight)))
        goes_on = self.warm_start and "coefs_" in vars(self)
        start = self._pack(objective) if goes_on else objective.initial(seed)
        self._learn(objective, start, seed, validation, tasks, checkpoint)

    def _learn(
        self,
        objective: MLPObjective,
        start: NDArray[np.float64],
        seed: int,
        validation: Validation | None,
        tasks: CallbackTasks | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        options: dict[str, Any] = {"seed": seed, "checkpoint": checkpoint}
        if self._searches_lines():
            # Iterations are evaluations, as these are what costs.
            options |= {
                "max_epochs": min(self.max_iter, self.max_fun),
                "gtol": float(self.tol) if validation is None else None,
                "evaluate": True,
            }
        self._descend_from(objective, start, validation, tasks, **options)

    def _tell(self, losses: Sequence[float]) -> None:
        """Set what losses and scores tell of a fit, or of a piece of a stream."""
        # A fit that was interrupted at once has none.
        self.loss_ = losses[-1] if losses else np.nan
        if self.early_stopping:
            self.best_loss_ = None
            self.best_validation_score_ = max(self.validation_scores_, default=-np.inf)
        else:
            self.best_loss_ = min(losses, default=np.nan)
            self.validation_scores_ = self.best_validation_score_ = None

    def _tell_of_source(self) -> None:
        self._tell(self.loss_curve_)

    def _objective(self, problem: Problem) -> MLPObjective:
        n_present = _n_present(problem)
        rows = self._batch_rows(n_present)
        sizes = self.hidden_layer_sizes
        return MLPObjective(
            problem.X,
            problem.y,
            hidden_layer_sizes=np.asarray(sizes).tolist() if hasattr(sizes, "__array__") else sizes,
            activation=self.activation,
            loss=problem.loss,
            # scikit-learn divides the penalty by the weight of a batch.
            alpha=float(self.alpha) / (max(1, n_present if isinstance(rows, str) else rows) * problem.mean_weight),
            dropout=float(self.dropout),
            sample_weight=problem.weight,
            n_classes=problem.n_classes,
            loss_params=self.loss_params,
        )

    def _make_optimizer(self) -> Optimizer:
        return _solvers.make_optimizer(self)

    def _searches_lines(self) -> bool:
        return bool(self._make_optimizer()._info["line_search"])

    def _batch_rows(self, n_samples: int) -> int | str:
        if self.batch_size == "full" or (self.batch_size == "auto" and self._make_optimizer()._info["full_batch"]):
            return "full"
        if self.solver == "lbfgs" and self.optimizer is None:
            return "full"
        if self._searches_lines():
            raise ValueError(
                f"batch_size must be 'auto' or 'full' with optimizer={self.optimizer!r}, which compares its steps, got "
                f"{self.batch_size}"
            )
        rows = min(_AUTO_ROWS if self.batch_size == "auto" else int(self.batch_size), n_samples)
        return "full" if rows == n_samples else rows

    def _warn_of_large_batch(self, n_samples: int) -> None:
        if not isinstance(self.batch_size, str) and self.batch_size > n_samples:
            warnings.warn(
                f"batch_size={self.batch_size} is larger than the number of rows, {n_samples}; it is clipped to it",
                stacklevel=4,
            )

    def _patience(self) -> float:
        # Without validation, quasi-Newton steps end by the gradient.
        if self._searches_lines() and not self.early_stopping:
            return np.inf
        return float(self.n_iter_no_change) + 1.0

    def _chosen(self, objective: MLPObjective, result: Result, end: EpochEnd) -> NDArray[np.float64]:
        return result.x if end.best is None else end.best

    def _set_params_of(self, objective: MLPObjective, x: NDArray[np.float64]) -> None:
        # What goes on keeps its precision.
        held = self._held()
        dtype = objective.dtype if held is None else np.result_type(held[0], objective.dtype)
        # Arrays of their own, not views of all parameters.
        coefs, intercepts = ([part.astype(dtype) for part in parts] for parts in objective.unpack(x))
        self._take_layers(coefs, intercepts)

    def _take_layers(self, coefs: list[Floats], intercepts: list[Floats]) -> None:
        self.coefs_, self.intercepts_ = coefs, intercepts
        self.n_layers_ = len(coefs) + 1
        self.n_outputs_ = len(intercepts[-1])
        self.out_activation_ = self._activation_of_scores()

    def _count(self, n_epochs: int, n_steps: int, n_samples: int, *, goes_on: bool) -> None:
        self.n_iter_ = n_epochs
        self.t_ = n_epochs * n_samples + (vars(self).get("t_", 0) if goes_on else 0)

    def _report(self, result: Result, end: EpochEnd) -> None:
        self._tell(self.loss_curve_)
        if self._searches_lines():
            self.loss_ = result.fun
        if result.status == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif result.status == "diverged" and not np.isfinite(result.history.loss).all():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                f"preprocessed. {result.message}"
            )
        elif result.status == "diverged":
            warn_not_converged(self, result.message, "take a smaller learning rate, or StandardScaler")
        elif result.status == "max_epochs" and self._searches_lines():
            warn_not_converged(
                self,
                f"after {result.n_epochs} evaluations the norm of the gradient is {result.grad_norm:.3g}, and it is to "
                f"be at most tol={self.tol:g} (lbfgs failed to converge within max_iter={self.max_iter} and "
                f"max_fun={self.max_fun})",
                "increase them, scale X with StandardScaler, or take a larger tol",
            )
        elif result.status == "max_epochs":
            of_what = "the validation score rose" if end.scores else "the loss fell"
            warn_not_converged(
                self,
                f"Maximum iterations ({self.max_iter}) reached; in the last one {of_what} by {end.decrease:.3g}, and "
                f"it is to be less than tol={self.tol:g} more than {self.n_iter_no_change} times in a row (loss "
                f"{result.history.loss[-1]:.6g})",
                "increase max_iter, or tol",
            )

    # ---- a stream

    def _learn_piece(self, problem: Problem) -> None:
        """One epoch on a piece of a stream."""
        self._warn_of_large_batch(len(problem.y))
        best = vars(self).get("best_loss_")
        self._go_on(problem)
        self._tell([self.loss_curve_[-1]] if best is None else [best, self.loss_curve_[-1]])
        if self.verbose:
            print(f"{self._name_of_epoch} {len(self.loss_curve_)}: loss {self.loss_:.6g}")

    def _check_streams(self) -> bool:
        """Whether there is a `partial_fit`."""
        try:
            info = self._make_optimizer()._info
        except (TypeError, ValueError):
            # Who calls it is told what is wrong.
            return True
        if info["line_search"] or info["full_batch"] or info["finite_sums"]:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.optimizer or self.solver} is not "
                "stochastic."
            )
        return True

    def _stream_key(self, problem: Problem) -> tuple[Any, ...]:
        # The penalty is divided by the rows of a step.
        n_present = _n_present(problem)
        return (*super()._stream_key(problem), self._batch_rows(n_present), n_present, self.n_features_in_)

    def _held(self) -> Any:
        return vars(self).get("coefs_")

    def _params_so_far(self, objective: MLPObjective) -> NDArray[np.float64]:
        return objective.initial(seed_of(self.random_state)) if self._held() is None else self._pack(objective)

    def _pack(self, objective: MLPObjective) -> NDArray[np.float64]:
        """Flat parameters of the fitted ones."""
        sizes = (self.coefs_[0].shape[0], *(coef.shape[1] for coef in self.coefs_))
        if sizes != objective.sizes:
            raise ValueError(
                f"a network of sizes {sizes} cannot go on as one of sizes {objective.sizes}; where features, classes, "
                "targets or hidden_layer_sizes have changed, fit anew with warm_start=False"
            )
        return objective.pack(self.coefs_, self.intercepts_).astype(np.float64)

    def _refuse_early_stopping(self) -> None:
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")


def _n_present(problem: Problem) -> int:
    return len(problem.y) if problem.weight is None else int(np.count_nonzero(problem.weight))


def _mean_of_present(weight: NDArray[Any] | None) -> float:
    return 1.0 if weight is None else float(weight[weight > 0.0].mean(dtype=np.float64))
