"""What the estimators on Dask collections share: their parameters, `fit`, and predictions of blocks."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import Parameter, getattr_static, signature
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

import dask
import numpy as np
from sklearn.base import _clone_parametrized, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if

from .. import _validation as check
from .._estimators.defaults import is_default
from .._estimators.inputs import encode_labels, forget, threads_of
from .._estimators.stopping import has_callbacks
from ._averaging import average
from ._cluster import client_of
from ._collections import is_lazy
from ._descent import ClusterObjective
from ._predictions import over_blocks
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from .._estimators.problem import Problem
    from ..data import Block
    from ..objectives import DataObjective
    from ._table import Objectives

C = TypeVar("C")

_METHODS = ("predict", "decision_function", "predict_proba", "predict_log_proba")
_PARAMETERS: dict[str, Any] = {
    "client": "no_validation",
    "sync_every": [Interval(Integral, 1, None, closed="left"), None],
}


def extends(local: Any, *names: str) -> Callable[[C], C]:
    """Give a class the parameters of the estimator of one machine and these, and its predictions of blocks."""

    def extended(cls: Any) -> Any:
        own = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in names]
        given = signature(local.__init__)

        def construct(self: Any, *args: Any, **params: Any) -> None:
            vars(self).update({name: params.pop(name, None) for name in names})
            local.__init__(self, *args, **params)

        constructor: Any = construct
        constructor.__signature__ = given.replace(parameters=[*given.parameters.values(), *own])
        cls.__init__ = constructor
        constraints = local._parameter_constraints
        cls._parameter_constraints = {**constraints, **{name: _PARAMETERS[name] for name in names}}
        for name in _METHODS:
            if hasattr(local, name):
                setattr(cls, name, _of_blocks(local, name))
        if hasattr(local, "partial_fit"):
            cls.partial_fit = _of_arrays(local, "partial_fit")
        return cls

    return extended


def _of_blocks(local: Any, name: str) -> Any:
    """A method that goes over the blocks of Dask collections; what it says of all other data is the local one's."""

    def predict(estimator: Any, X: Any) -> Any:
        return getattr(local, name)(estimator, X)

    def method(self: Any, X: Any) -> Any:
        return over_blocks(copy(self), predict, X) if is_lazy(X) else predict(self, X)

    return _like(local, name, method)


def _of_arrays(local: Any, name: str) -> Any:
    """A method that takes what is at hand alone."""

    def method(self: Any, X: Any, *args: Any, **given: Any) -> Any:
        if is_lazy(X):
            raise check.refuse(
                "X", f"an array in {name}, while fit takes Dask collections", type(X).__name__, TypeError
            )
        return getattr(local, name)(self, X, *args, **given)

    return _like(local, name, method)


def _like(local: Any, name: str, method: Any) -> Any:
    """The method with the local one's name, and as available as that, which raises where it is not."""
    method.__name__, method.__doc__ = name, getattr(local, name).__doc__
    return available_if(lambda self: getattr_static(local, name).__get__(self, type(self)) is not None)(method)


# The estimator of one machine that stands beside it in the bases of each class.
_Local: Any = object


class Distributed(_Local):
    """Base of the estimators: `fit` on Dask collections."""

    client: Any
    sync_every: int | None = None
    # Parameters, beside the default of each, that have no meaning on a cluster.
    _refused: tuple[str, ...] = ()
    classes_: NDArray[Any]

    def _problem_of(self, block: Block) -> Problem:
        """What is minimised on a block."""
        raise NotImplementedError

    def _take_targets(self, table: Table) -> None:
        """Set what targets tell of the model."""

    def _alpha_of_all(self, table: Table) -> float | None:
        """The strength of the penalty on all rows at once, None where that of the objective of a block is it."""
        return None

    def _descend_on(self, objective: ClusterObjective) -> None:
        """Fit by exact descent."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : dask array or dataframe of shape (n_samples, n_features), or list of delayed chunks
            Data, cut by rows. Chunks are ``(X, y)`` or ``(X, y, sample_weight)``, each of them delayed, or a future.
            One without rows is none.
        y : dask array, series or dataframe
            Targets, with as many partitions as X. None where X is a list.
        sample_weight : dask array or series of shape (n_samples,), optional
            Weights; 1 each by default.

        Returns
        -------
        object
            This estimator, fitted.

        Raises
        ------
        TypeError, ValueError
            An argument or a parameter is not allowed; chunks have unknown sizes, or one differs from the others in
            columns, dtype or targets, and is named by its number; there is no client.
        ModuleNotFoundError
            A worker does not have fastgd, and is named.
        """
        self._validate_params()
        self._refuse()
        before = dict(vars(self))
        try:
            table = Table(client_of(self.client), X, y, sample_weight, has_labels=is_classifier(self))
            self._fit_on(table)
        except BaseException:
            # A fit that was interrupted has left its best.
            if "n_iter_" not in vars(self):
                self.__dict__.clear()
                self.__dict__.update(before)
            raise
        return self

    def _fit_on(self, table: Table) -> None:
        forget(
            self, "feature_names_in_", "coef_", "intercept_", "coefs_", "intercepts_", "_stream", "_recipe", "n_iter_"
        )
        self.n_features_in_ = table.n_features
        if table.names is not None:
            self.feature_names_in_ = table.names
        if is_classifier(self):
            self.classes_ = table.labels
        self._take_targets(table)
        recipe = self._recipe_for(table)
        # Parameters that are not allowed are told before any work is.
        # Of one row, whose class may have a weight of 0.
        model = recipe._objective(recipe._problem_of(table.head)._replace(weight=None))
        n_threads = threads_of(self)
        if self.sync_every is None:
            alpha = self._alpha_of_all(table)
            model = model if alpha is None else model._with(alpha=alpha)
            self._descend_on(ClusterObjective(model, table.objectives(recipe, alpha), n_threads))
        else:
            self._average_on(model, table, table.objectives(recipe), recipe, n_threads)

    def _average_on(
        self, model: DataObjective, table: Table, objectives: Objectives, recipe: Any, n_threads: int | None
    ) -> None:
        of: Any = self
        start = of._start_of(model)
        result, end = average(recipe, table, objectives, start, n_threads)
        of._set_params_of(model, result.x)
        of._count(result.n_epochs, result.n_steps, objectives.n_present, goes_on=False)
        of.loss_curve_, of.history_ = result.history.loss.tolist(), result.history
        of._report(result, end)

    def _recipe_for(self, table: Table) -> Any:
        """What workers make objectives with."""
        return copy(self)

    def _refuse(self) -> None:
        for name in self._refused:
            if not is_default(self, name):
                raise ValueError(
                    f"{name} must be left at its default on a cluster, got {check.shown(getattr(self, name))}"
                )
        if has_callbacks(self):
            raise ValueError(f"{type(self).__name__} has no callbacks on a cluster; verbose=1 prints a line a round")
        if self.sync_every is None and not is_default(self, "batch_size") and self.batch_size != "full":
            raise ValueError(
                f"batch_size must be 'full' or left at its default with sync_every=None, where each step takes all "
                f"rows, got {self.batch_size}"
            )
        if self.sync_every is not None:
            optimizer = self._make_optimizer()
            info = optimizer._info
            if info["finite_sums"] or info["line_search"] or info["full_batch"]:
                raise ValueError(f"sync_every must be None with {optimizer!r}, whose state does not average")
            if isinstance(self.learning_rate, str) and self.learning_rate == "adaptive":
                raise ValueError("learning_rate must be another than 'adaptive' with sync_every")

    def _batch_rows(self, n_samples: int) -> int | str:
        rows: int | str = "full" if self.sync_every is None else super()._batch_rows(n_samples)
        return rows

    def _set_params_of(self, objective: Any, x: NDArray[np.float64]) -> None:
        super()._set_params_of(getattr(objective, "model", objective), x)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of labels, or of numbers the coefficient of determination.

        Parameters
        ----------
        X : array, dataframe, or dask array or dataframe of shape (n_samples, n_features)
            Data.
        y : array, series, or those of Dask
            Targets.
        sample_weight : array, series, or those of Dask, optional
            Weights.

        Returns
        -------
        float
            The score.
        """
        predicted, y, sample_weight = dask.compute(self.predict(X), y, sample_weight)
        metric = accuracy_score if is_classifier(self) else r2_score
        return float(metric(y, predicted, sample_weight=sample_weight))

    def __getstate__(self) -> Any:
        # A client is of its process.
        return {**super().__getstate__(), "client": None}

    def __sklearn_clone__(self) -> Self:
        other: Self = _clone_parametrized(copy(self))
        other.client = self.client
        return other


def indices_of(estimator: Any, block: Block) -> NDArray[Any]:
    """Class indices of a block's labels."""
    return encode_labels(column_or_1d(block.y), estimator.classes_)[1]
