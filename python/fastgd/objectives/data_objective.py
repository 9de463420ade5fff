"""The empirical risk of a model on data: what does not depend on how the model makes scores of a row."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, _targets
from .._losses import check_params, get_loss, no_gradient
from .._matrix import as_matrix
from .._rows import check_offset, check_weight
from .abilities import Abilities
from .evaluated import Evaluated
from .flat_parameters import FLOAT64
from .nonfinite import nan_of_own_loss
from .zero_one import share_of_mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from .._core import UserLoss
    from .._losses import Loss

_OF_DATA = frozenset({"_matrix", "_y", "_weight", "_offset", "_core", "_evaluate"})


class DataObjective(Evaluated, Abilities):
    """Data, targets and weights, and the weighted mean loss of a model on them, plus a penalty.

    A model says how many parameters it has, which of them are penalised, and what the core calls it.
    """

    loss: str | Callable[..., Any]
    loss_params: Mapping[str, float]
    alpha: float
    l1_ratio: float
    n_features: int
    n_outputs: int
    n_params: int
    n_classes: int | None
    _loss: Loss
    _y: NDArray[Any]
    _weight: NDArray[Any] | None
    _offset: NDArray[Any] | None
    _core: _core.LinearObjective | _core.MLPObjective
    _evaluate: Callable[..., float]

    def _set_loss(
        self, loss: str | Callable[..., Any], n_classes: int | None, params: Mapping[str, float] | None
    ) -> None:
        self._loss = get_loss(loss, n_classes)
        self.loss = loss
        self.loss_params = MappingProxyType(check_params(self._loss, params))

    def _take(
        self,
        X: Any,
        y: Any,
        n_classes: int | None,
        weight: ArrayLike | None,
        offset: ArrayLike | None = None,
        *,
        relative: bool = True,
    ) -> None:
        """Check and keep data; whether only the ratios of their weights count, as they do but in a stream."""
        matrix = as_matrix("X", X)
        n_samples, n_features = matrix.source.shape
        dtype = matrix.compute_dtype
        targets = _targets.encode(y, self._loss, self.loss_params, n_classes, n_samples, dtype)
        vars(self).update(
            _matrix=matrix,
            dtype=dtype,
            n_samples=n_samples,
            n_features=n_features,
            _y=targets.y,
            n_outputs=targets.n_outputs,
            n_classes=targets.n_classes,
            _weight=check_weight(weight, n_samples, dtype, relative=relative),
            _offset=check_offset(offset, n_samples, targets.n_outputs, dtype),
        )
        n_params = self._count_params()
        vars(self).update(n_params=n_params, _shape=(n_params,))
        self._attach_core()

    def _count_params(self) -> int:
        raise NotImplementedError

    def _attach_core(self) -> None:
        """Make the core's objective, and what is read from it."""
        raise NotImplementedError

    def _penalised(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """Those of the parameters that the penalty is about."""
        raise NotImplementedError

    def _without_data(self) -> Self:
        """What `_on` needs, which keeps nobody's arrays alive."""
        other = copy(self)
        other._forget_computed()
        for name in _OF_DATA & vars(other).keys():
            del vars(other)[name]
        return other

    def _on(self, X: Any, y: Any, weight: ArrayLike | None, offset: ArrayLike | None = None) -> Self:
        """The same objective on a piece of a stream, of the same classes."""
        other = copy(self)
        other._forget_computed()
        other._take(X, y, self.n_classes, weight, offset, relative=False)
        return other

    def _with(self, **changed: Any) -> Self:
        """The same objective with another ``_weight``, ``alpha`` or ``l1_ratio``; the data are shared."""
        other = copy(self)
        vars(other).update(changed)
        other._forget_computed()
        other._attach_core()
        return other

    def __getstate__(self) -> dict[str, Any]:
        kept = copy(self)
        kept._forget_computed()
        state = vars(kept)
        del state["_core"], state["_evaluate"]
        return {**state, "_matrix": self._matrix.source, "loss_params": dict(self.loss_params)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(
            state, _matrix=as_matrix("X", state["_matrix"]), loss_params=MappingProxyType(state["loss_params"])
        )
        self._attach_core()

    def _forget_computed(self) -> None:
        """What has been computed from other data or weights must not be copied."""
        for name in [*vars(self)]:
            if isinstance(getattr(type(self), name, None), cached_property):
                del vars(self)[name]

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return the objective.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats: the risk is then that of these rows as a mini-batch,
            ``sum_B s_i loss_i / (mean(s) |B|)``, where ``mean(s)`` (of all rows) and ``|B|`` count rows of positive
            weight only. All rows by default.

        Returns
        -------
        float
            ``F(w)``.

        Raises
        ------
        ValueError, TypeError
            `w` or `rows` do not fit, or a raw score is not finite: X holds NaN or infinity, and the message names
            row and column, or the parameters are too large. A function of your own returned NaN or a wrong shape; what
            it raises is passed on.
        """
        params, _ = self._parameters(w)
        indices = self._row_indices(rows)
        try:
            if self._loss.trainable:
                return self._core.value(params, indices, 0)
            return share_of_mistakes(self._core, params, self._y, self._weight, indices) + self._penalty(params)
        except FloatingPointError:
            raise self._nonfinite_scores(params) from None

    def values(self, W: ArrayLike) -> NDArray[np.float64]:
        """Return the objective at many parameters, many of them in each pass over the data.

        Parameters
        ----------
        W : array of shape (n_models, n_params)
            Parameters, a row each.

        Returns
        -------
        array of shape (n_models,), float64
            ``F`` of each row: the bits of `value`, but infinity where a raw score is beyond the range of `dtype`, at
            which `value` raises.

        Raises
        ------
        ValueError, TypeError
            `W` does not fit or is not finite, or X holds NaN or infinity, and the message names row and column. A
            function of your own returned NaN or a wrong shape; what it raises is passed on.

        Examples
        --------
        >>> import numpy as np
        >>> import fastgd
        >>> objective = fastgd.LinearObjective([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared_error")
        >>> objective.values([[0.0, 0.0], [2.0, 1.0]]).round(3).tolist()
        [5.833, 0.0]
        """
        models = self._models("W", W)
        if not self._loss.trainable:
            return np.array([self._finite_value(w) for w in models])
        return self._checked_values(self._core.values(models, 0), lambda m: models[m])

    def _finite_value(self, w: NDArray[np.float64]) -> float:
        """The value of a metric, infinite where a score is."""
        try:
            return share_of_mistakes(self._core, w, self._y, self._weight, None) + self._penalty(w)
        except FloatingPointError:
            return float(self._checked_values(np.array([np.inf]), lambda _: w)[0])

    def _checked_values(
        self, values: NDArray[np.float64], parameters: Callable[[int], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Values of many parameters, infinite where these are too large, but not where the data or the loss are bad."""
        infinite = np.flatnonzero(np.isinf(values))
        if infinite.size:
            error = self._nonfinite()
            if error is not None:
                raise error
        for m in infinite if self._loss.own is not None else ():
            self._check_own_loss(parameters(int(m)))
        return values

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the objective and its gradient, in one pass over the data.

        The gradient of the l1 norm is its sign, 0 at 0; that of a loss with a kink is 0 on it, but for hinge and
        perceptron, which take the slope of the side that loses.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices of a mini-batch, as in `value`. All rows by default.
        out : array of shape (n_params,), optional
            Where to write the gradient; of the gradient's dtype. A new array by default.

        Returns
        -------
        value : float
            ``F(w)``.
        gradient : array of shape (n_params,)
            Its gradient, in the dtype of `w`, float64 where `w` holds integers.

        Raises
        ------
        ValueError, TypeError
            As `value`; and `out` does not fit, or the loss is ``"zero_one"``.
        """
        if (
            rows is None
            and out is None
            and type(w) is np.ndarray
            and w.dtype is FLOAT64
            and w.shape == self._shape
            and w.flags.carray
        ):
            gradient = np.empty_like(w)
            try:
                return self._evaluate(w, None, gradient, 0), gradient
            except FloatingPointError:
                raise self._nonfinite_scores(w) from None
        return self._write_gradient(self._evaluate, w, rows, out)

    def decision_function(self, w: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the raw scores of each row.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats; all by default.

        Returns
        -------
        array of shape (n_rows,), or (n_rows, n_outputs) with more than one output
            Scores, in `dtype`.

        Raises
        ------
        ValueError, TypeError
            As `value`.
        """
        params, _ = self._parameters(w)
        indices = self._row_indices(rows)
        raw = self._core.decision_function(params, indices, 0)
        bad = ~np.isfinite(raw).all(axis=1)
        if self._weight is not None and bad.any():
            # A row of weight 0 may hold anything.
            bad &= (self._weight if indices is None else self._weight[indices]) > 0
        if bad.any():
            raise self._nonfinite_scores(params)
        return raw[:, 0] if self.n_outputs == 1 else raw

    def _nan_of_own_loss(self, w: NDArray[np.float64]) -> ValueError | None:
        return nan_of_own_loss(self, w)

    def _core_loss(self) -> str | UserLoss:
        if self._loss.own is not None:
            return self._loss.own.core()
        # Raw scores do not depend on the loss, so the metric's come from an objective with any loss of its targets.
        return self._loss.name if self._loss.trainable else "log_loss"

    def _refuse_gradient(self, *_: object) -> float:
        raise no_gradient("value_and_grad")

    def _penalty(self, w: NDArray[np.float64]) -> float:
        coef = self._penalised(w)
        # The sums may be infinite, and 0 times infinity is NaN.
        squares = (1.0 - self.l1_ratio) * 0.5 * float(coef @ coef) if self.l1_ratio < 1.0 else 0.0
        magnitudes = self.l1_ratio * float(np.abs(coef).sum()) if self.l1_ratio > 0.0 else 0.0
        return self.alpha * (squares + magnitudes) if self.alpha > 0.0 else 0.0

    @cached_property
    def _n_present(self) -> int:
        return self.n_samples if self._weight is None else int(np.count_nonzero(self._weight))
