"""Densities of rows: what the estimators that fit one by descent share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._checkpoint import check_checkpoint, saves_of
from .._halving import ranked
from .._outcome import make_result, refuse_nonfinite
from .._plan import Plan, make_plan
from .._rate import with_rate
from .._run import Model, check_together, run
from ..optimizers import LBFGS, Optimizer, ScheduleFreeAdamW, get_optimizer
from .descent import Descending
from .inputs import check_X, forget, threads_of, warn_not_converged
from .inputs import refuse_nonfinite as refuse_nonfinite_rows
from .problem import Problem, seed_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._checkpoint import Checkpoint
    from ..result import Result

    Floats = NDArray[np.float64]

# Of standardised features, for steps that move means and logarithms of deviations.
_RATE = 0.03
# Epochs without improvement that end mini-batches.
_PATIENCE = 10
# By how much for each feature mini-batches may end above their start: at a constant rate they stay around an optimum
# that they begin at.
_ABOVE_START = 0.1
# A number whose square is well within float64's range, and beside which means are none.
_FAR = 1e100
_BLOCK_ROWS = 4096


class Density(DensityMixin, Descending):
    """Base of the estimators: `fit` from some starts side by side, and `partial_fit`."""

    n_features_in_: int
    n_iter_: int
    converged_: bool

    shuffle = True
    verbose_interval = 10
    _of_fit: tuple[str, ...] = ("tol",)
    _of_stream = (
        *("covariance_type", "reg_covar", "batch_size", "optimizer", "standardize", "n_threads"),
        "n_components",
    )
    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "covariance_type": [StrOptions({"full", "diag"})],
        "reg_covar": [Interval(Real, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "batch_size": [StrOptions({"full"}), Interval(Integral, 1, None, closed="left")],
        "optimizer": [str, Optimizer],
        "standardize": ["boolean"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def score_samples(self, X: Any) -> Floats:
        """Return the log-likelihood of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.

        Returns
        -------
        array of shape (n_samples,)
            Natural logarithms of the density; -inf where a row is so far away that they are out of range.
        """
        return self._scored(X, False)[0]

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log-likelihood of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.
        y : object, optional
            Ignored.

        Returns
        -------
        float
            The mean of `score_samples`.
        """
        return float(self.score_samples(X).mean(dtype=np.float64))

    # ---- what an estimator decides

    def _density(self, X: Any, standardize: bool) -> Any:
        """The objective on these rows."""
        raise NotImplementedError

    def _form(self) -> Any:
        """The objective of the fitted density on rows that do not matter; `_on` others, it takes any number of them."""
        raise NotImplementedError

    def _pack(self, objective: Any) -> Floats:
        """Flat parameters of the fitted ones."""
        raise NotImplementedError

    def _starts(self, objective: Any, X: Any, seed: int, *, is_piece: bool) -> list[Floats]:
        """Flat parameters to begin from, where there are no fitted ones."""
        raise NotImplementedError

    def _refuse_changed(self) -> None:
        """Raise where the fitted density is another than the parameters ask for."""
        raise NotImplementedError

    def _is_degenerate(self, objective: Any, x: Floats) -> bool:
        """Whether a fit is one to keep only where there is no other."""
        return False

    def _least_rows(self) -> int:
        """Rows that a fit needs."""
        return 2

    # ---- rows

    def _check_rows(self, X: Any, *, reset: bool) -> Any:
        """Dense rows that are finite."""
        X = check_X(self, X, reset=reset)
        if hasattr(X, "tocsr"):
            raise TypeError(
                f"X must be dense, got sparse {type(X).__name__}; X.toarray() is a dense copy of it, as a density of "
                "all features is no sparser"
            )
        refuse_nonfinite_rows(X)
        return X

    def _refuse_few_rows(self, X: Any, what: str) -> None:
        least = self._least_rows()
        if len(X) < least:
            rows = "1 sample" if len(X) == 1 else f"{len(X)} samples"
            why = "" if least == 2 else ", as many as n_components"
            raise ValueError(f"{what} must have at least {least} rows{why}, got {rows}")

    def _tell_constant(self, X: Any) -> None:
        """Say which columns have no variance but the one that is added."""
        columns = _constant_columns(X)
        if columns.size == 0:
            return
        named = vars(self).get("feature_names_in_")
        names = (columns if named is None else named[columns]).tolist()
        if self.reg_covar == 0.0:
            raise ValueError(
                f"reg_covar must be > 0 with columns of X that do not vary, whose density has no maximum, got 0 and "
                f"columns {check.shown(names)}"
            )
        warnings.warn(
            f"columns {check.shown(names)} of X do not vary: their variance is reg_covar={self.reg_covar:g} alone",
            UserWarning,
            stacklevel=4,
        )

    def _scored(self, X: Any, with_shares: bool) -> tuple[Floats, Floats]:
        """The log-likelihood of each row, and how much of it belongs to each component."""
        check_is_fitted(self)
        X = self._check_rows(X, reset=False)
        form = self._form()
        at, n_threads = self._pack(form), threads_of(self) or 0
        scores, shares = form._on(X)._core.score_samples(at, None, with_shares, n_threads)
        # Rows and parameters are finite: squares have overflowed.
        far = np.flatnonzero(~np.isfinite(scores))
        if far.size > 0:
            scores[far] = -np.inf
        if far.size > 0 and with_shares:
            # So far away the direction decides which component is nearest.
            rows = X[far].astype(np.float64)
            largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), _FAR)
            shares[far] = form._on(rows * (_FAR / largest))._core.score_samples(at, None, True, n_threads)[1]
        return scores, shares

    # ---- descent

    def _make_optimizer(self) -> Optimizer:
        if self.optimizer != "auto":
            return get_optimizer(self.optimizer)
        return LBFGS() if self.batch_size == "full" else ScheduleFreeAdamW(_RATE)

    def _optimizer_of_stream(self) -> Optimizer:
        return ScheduleFreeAdamW(_RATE) if self.optimizer == "auto" else get_optimizer(self.optimizer)

    def _batch_rows(self, n_samples: int) -> int | str:
        return "full" if self.batch_size == "full" else int(self.batch_size)

    def _fit_density(self, X: Any, checkpoint: Checkpoint | None) -> None:
        kept = check_checkpoint(checkpoint)
        goes_on = bool(self.warm_start) and self._held() is not None
        if goes_on:
            self._refuse_changed()
        X = self._check_rows(X, reset=not goes_on)
        self._refuse_few_rows(X, "X")
        self._tell_constant(X)
        forget(self, "_stream", "_recipe", "_standard")
        seed = seed_of(self.random_state)
        objective = self._density(X, bool(self.standardize))
        starts = [self._pack(objective)] if goes_on else self._starts(objective, X, seed, is_piece=False)
        result, plan = self._best(objective, starts, seed, kept)
        self._set_params_of(objective, result.x)
        self._standard = standard_of(objective)
        self._count(result.n_epochs, result.n_steps, len(X), goes_on=False)
        self.converged_ = result.status == "converged"
        self.loss_curve_ = result.history.loss.tolist()
        self.history_ = result.history
        self._tell(result)
        self._warn_of_end(result, plan)

    def _tell(self, result: Result) -> None:
        """Set what the objective tells of a fit."""

    def _best(
        self, objective: Any, starts: Sequence[Floats], seed: int, checkpoint: Checkpoint | None
    ) -> tuple[Result, Plan]:
        """The lowest of the descents from all starts, in the same passes over the rows."""
        optimizer = self._make_optimizer()
        info, is_full = optimizer._info, self.batch_size == "full"
        plan = make_plan(
            objective,
            batch_size=self._batch_rows(objective.n_samples),
            max_epochs=int(self.max_iter),
            tol=None,
            gtol=float(self.tol) if is_full and not info["averages"] else None,
            random_state=seed,
            n_threads=threads_of(self),
        )
        models = [Model(start, optimizer, 0.0, 0.0, init_seed=seed) for start in starts]
        for model in models:
            check_together(objective, model, plan)
        models = [with_rate(objective, model, plan) for model in models]
        end = EpochEnd(self, len(models), None if plan.gtol is not None else float(self.tol))
        saves = saves_of(checkpoint, objective, models, plan, end, **self._told(checkpoint))
        outcome = run(objective, models, plan, end, saves=saves)
        refuse_nonfinite(objective, outcome)
        order = ranked(outcome["fun"], outcome["status"], 1).tolist()
        at = next((i for i in order if not self._is_degenerate(objective, outcome["x"][i])), order[0])
        result = make_result(objective, models[at], plan, [(outcome, at)], lambda: objective)
        if end.settled and result.status != "diverged":
            self._settle(objective, result, starts[at])
        return result, plan

    def _settle(self, objective: Any, result: Result, start: Floats) -> None:
        """Mini-batches whose loss falls no more have converged, unless that is because they have left for worse."""
        before, after = objective.values(np.stack([start, result.x])).tolist()
        if after <= before + _ABOVE_START * objective.n_features:
            result.status = "converged"
            return
        result.status = "diverged"
        result.message = (
            f"steps are too large: after {result.n_epochs} epochs the loss is {after:.6g}, and at the start it was "
            f"{before:.6g}"
        )

    def _warn_of_end(self, result: Result, plan: Plan) -> None:
        if result.status == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif result.status == "diverged":
            warn_not_converged(self, result.message, "take a larger reg_covar, or a smaller learning rate")
        elif result.status == "max_epochs" and plan.gtol is not None:
            warn_not_converged(
                self,
                f"after max_iter={self.max_iter} evaluations the norm of the gradient is {result.grad_norm:.3g}, and "
                f"it is to be at most tol={self.tol:g}",
                "increase max_iter, tol, or, where features are linear in others or hold few values, reg_covar",
            )
        elif result.status == "max_epochs":
            warn_not_converged(
                self,
                f"in max_iter={self.max_iter} epochs the loss has not stopped to fall by tol={self.tol:g} within "
                f"{_PATIENCE} of them (loss {result.history.loss[-1]:.6g})",
                "increase max_iter, or tol",
            )

    def _count(self, n_epochs: int, n_steps: int, n_samples: int, *, goes_on: bool) -> None:
        self.n_iter_ = n_epochs

    # ---- a stream

    def _partial_fit(self, X: Any) -> None:
        """One epoch on a piece of a stream; the first one tells where to begin, and how features scale."""
        is_first = self._held() is None
        if is_first:
            self._validate_params()
        else:
            self._refuse_changed()
        X = self._check_rows(X, reset=is_first)
        if is_first:
            self._refuse_few_rows(X, "the first piece X of a stream")
            self._tell_constant(X)
            objective = self._density(X, bool(self.standardize))
            starts = self._starts(objective, X, seed_of(self.random_state), is_piece=True)
            # In one pass, where a start that is out of range is worse than others.
            lowest = int(objective.values(np.stack(starts)).argmin())
            self._standard = standard_of(objective)
            self._set_params_of(objective, starts[lowest])
        self._go_on(Problem(X, np.empty(0), "density"))

    def _stream_key(self, problem: Problem) -> tuple[Any, ...]:
        return (self.n_features_in_,)

    def _objective(self, problem: Problem) -> Any:
        form = self._form()
        if self._standard is not None:
            form = form._with_standard(*self._standard)
        return form._on(problem.X)

    def _on_piece(self, objective: Any, problem: Problem) -> Any:
        return objective._on(problem.X)

    def _params_so_far(self, objective: Any) -> Floats:
        return self._pack(objective)

    def _refuse_overflowed(self, is_valid: bool) -> None:
        """Raise where descent ended at what is no density in float64."""
        if not is_valid:
            raise ValueError(
                f"{type(self).__name__} diverged: a weight, precision or covariance is 0 or infinite in float64; take "
                "a smaller learning rate, a larger reg_covar, or the default optimizer"
            )


Standard = tuple[Any, Any]


def standard_of(objective: Any) -> Standard | None:
    """The means and scales of the features of a standardised objective."""
    return (objective.feature_means, objective.feature_scales) if objective.standardize else None


class EpochEnd:
    """Prints lines, and ends mini-batches once no start has improved for some epochs.

    Attributes
    ----------
    settled : bool
        Whether it was this that ended the run.
    """

    def __init__(self, estimator: Any, n_models: int, tol: float | None) -> None:
        self.settled = False
        self._tol = tol
        self._best = np.full(n_models, np.inf)
        self._n_bad = np.zeros(n_models, np.int64)
        self._name = type(estimator).__name__
        self._every = int(estimator.verbose_interval) if estimator.verbose else 0

    def __call__(
        self, epoch: int, step: int, loss: Floats, lr: Floats, seconds: float, params: Callable[[], Floats]
    ) -> float:
        """1, or 0 where the run ends here."""
        # A model that has ended leaves nan.
        better = loss < self._best - (self._tol or 0.0)
        self._n_bad = np.where(better, 0, self._n_bad + 1)
        self._best = np.fmin(self._best, loss)
        if self._every and (epoch + 1) % self._every == 0:
            lowest = f"lowest loss of {len(loss)} starts" if len(loss) > 1 else "loss"
            print(f"{self._name} epoch {epoch + 1}: {lowest} {self._best.min():.6g}, {seconds:.3g} s")
        self.settled = self._tol is not None and bool((self._n_bad >= _PATIENCE).all())
        return 0.0 if self.settled else 1.0

    def numbers(self) -> Floats:
        """All that it has noted."""
        return np.array([self.settled, *self._best, *self._n_bad], np.float64)

    def take_numbers(self, numbers: Floats) -> None:
        """Note that again."""
        best, n_bad = numbers[1:].reshape(2, len(self._best))
        self.settled, self._best = bool(numbers[0]), best.copy()
        self._n_bad = np.array([int(n) for n in n_bad], np.int64)


def _constant_columns(X: NDArray[Any]) -> NDArray[np.intp]:
    """Indices of the columns that hold one value."""
    varies = np.zeros(X.shape[1], np.bool_)
    for begin in range(0, len(X), _BLOCK_ROWS):
        varies |= (X[begin : begin + _BLOCK_ROWS] != X[:1]).any(axis=0)
        if varies.all():
            break
    return np.flatnonzero(~varies)
