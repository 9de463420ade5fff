"""A user's own function as an objective."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .abilities import Abilities

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["FunctionObjective"]

_MAX_SIZE = 2**31 - 1


class FunctionObjective(Abilities):
    """A Python function of flat parameters, to be minimised by the same loop as every objective.

    Parameters
    ----------
    fun : callable
        ``fun(w) -> value``, or with `jac` ``fun(w) -> (value, gradient)``; with `n_samples` it is called as
        ``fun(w, rows)``. `w` is a float64 array of shape (n_params,), its own to keep.
    grad : callable, optional
        ``grad(w) -> gradient`` of shape (n_params,), with `n_samples` ``grad(w, rows)``. Without it, and without `jac`,
        gradients are central differences, which a warning says.
    jac : bool, default=False
        Whether `fun` returns value and gradient, as in `scipy.optimize.minimize`.
    n_params : int, optional
        Number of parameters; by default that of the parameters it is first minimised from.
    n_samples : int, optional
        Number of terms of a finite sum: `fun` is then given `rows`, the int64 indices of the terms whose mean is asked
        for, so that stochastic and mini-batch descent work on it. Without it only ``batch_size="full"`` does.
    batched : bool, default=False
        Whether `w` is (n_models, n_params), values (n_models,) and gradients (n_models, n_params): many models of a
        sweep are then evaluated in one call.

    Attributes
    ----------
    n_params : int or None
        As given.
    n_samples : int
        As given, 1 by default.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed, or, when it is called, a function returns something else than real numbers of the
        shapes above, or its first value or gradient in a descent is not finite. What the function raises is passed on.

    Warns
    -----
    UserWarning
        There is no gradient: each then takes ``2 * n_params`` further evaluations, and about a third of its digits are
        lost to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> bowl = fastgd.FunctionObjective(lambda w: ((w**2).sum(), 2.0 * w), jac=True)
    >>> result = fastgd.minimize(bowl, [1.0, -2.0], optimizer=fastgd.optimizers.SGD(0.25), max_epochs=60, tol=None)
    >>> bool(result.fun < 1e-30)
    True
    """

    alpha = 0.0
    l1_ratio = 0.0

    def __init__(
        self,
        fun: Callable[..., Any],
        grad: Callable[..., Any] | None = None,
        *,
        jac: bool = False,
        n_params: int | None = None,
        n_samples: int | None = None,
        batched: bool = False,
    ) -> None:
        if not callable(fun):
            raise check.refuse("fun", "a callable", fun, TypeError)
        if grad is not None and not callable(grad):
            raise check.refuse("grad", "a callable or None", grad, TypeError)
        self._jac = check.boolean("jac", jac)
        self._batched = check.boolean("batched", batched)
        if grad is not None and self._jac:
            raise ValueError("grad must be None with jac=True, where fun returns the gradient")
        self.n_params = None if n_params is None else check.integer("n_params", n_params, 1, _MAX_SIZE)
        self._is_sum = n_samples is not None
        self.n_samples = 1 if n_samples is None else check.integer("n_samples", n_samples, 1, _MAX_SIZE)
        self._fun = fun
        self._grad = grad
        if grad is None and not self._jac:
            warnings.warn(
                "no gradient is given: central differences take 2 * n_params further calls of fun for each, and are "
                "exact to about 10 digits where fun is exact to 16; give grad=, or jac=True",
                UserWarning,
                stacklevel=2,
            )

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return the function's value.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Terms of the finite sum whose mean is asked for; all by default.

        Returns
        -------
        float
            The value.
        """
        at, arguments = self._parameters(w)[None], self._arguments(rows)
        if self._jac:
            return float(self._evaluate(at, arguments)[0][0])
        return float(self._values(self._call(self._fun, at, arguments), 1)[0])

    def values(self, W: ArrayLike) -> Floats:
        """Return the function's value at many parameters: in one call where it is `batched`.

        Parameters
        ----------
        W : array of shape (n_models, n_params)
            Parameters, a row each.

        Returns
        -------
        array of shape (n_models,), float64
            The values, finite or not.
        """
        given = check.real_array("W", W)
        if given.ndim != 2 or given.size == 0 or self.n_params not in (None, given.shape[1]):
            raise ValueError(f"W must have shape (n, {self.n_params or 'n_params'}), n >= 1, got shape {given.shape}")
        at, arguments = np.array(given, dtype=np.float64), self._arguments(None)
        returned = self._call(self._fun, at, arguments)
        if not self._jac:
            return self._values(returned, len(at))
        return self._values(_pair(returned)[0] if self._batched else [_pair(one)[0] for one in returned], len(at))

    def grad(self, w: ArrayLike, rows: ArrayLike | None = None) -> Floats:
        """Return the gradient, an array of shape (n_params,); see `value_and_grad`."""
        at, arguments = self._parameters(w)[None], self._arguments(rows)
        gradients = self._evaluate(at, arguments)[1] if self._jac else self._gradients(at, arguments)
        return np.ravel(gradients)

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: Floats | None = None
    ) -> tuple[float, Floats]:
        """Return value and gradient.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Terms of the finite sum whose mean is asked for; all by default.
        out : array of shape (n_params,), float64, optional
            Where to write the gradient; a new array by default.

        Returns
        -------
        value : float
            The value.
        gradient : array of shape (n_params,), float64
            The gradient.
        """
        at = self._parameters(w)[None]
        values, gradients = self._evaluate(at, self._arguments(rows))
        if out is None:
            return float(values[0]), gradients[0]
        if not isinstance(out, np.ndarray) or out.shape != at.shape[1:] or out.dtype != np.float64:
            raise ValueError(f"out must be a float64 array of shape {at.shape[1:]}, got {check.shown(out)}")
        out[...] = gradients[0]
        return float(values[0]), out

    def initial(self, seed: int = 0) -> Floats:
        """Return the parameters that descent starts from where none are given: zeros.

        Parameters
        ----------
        seed : int, default=0
            As in other objectives; a function says nothing of where its minima may be.

        Returns
        -------
        array of shape (n_params,), float64
            Zeros.
        """
        check.seed("seed", seed)
        if self.n_params is None:
            raise ValueError("w0 must be given for a FunctionObjective without n_params")
        return np.zeros(self.n_params)

    def __repr__(self) -> str:
        name = getattr(self._fun, "__name__", repr(self._fun))
        n_samples = self.n_samples if self._is_sum else None
        return f"FunctionObjective({name}, n_params={self.n_params}, n_samples={n_samples})"

    def _core_objective(self, n_params: int) -> _core.FunctionObjective:
        """What the engine descends on; the first evaluation has to be finite, later ones may say that it diverges."""
        is_first = True

        def evaluate(at: Floats, rows: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
            nonlocal is_first
            values, gradients = self._evaluate(at, self._arguments(rows))
            if is_first:
                check_first(values, gradients)
                is_first = False
            return values, gradients

        return _core.FunctionObjective(evaluate, n_params, self.n_samples)

    def _parameters(self, w: ArrayLike) -> Floats:
        given = check.real_array("w", w)
        if given.ndim != 1 or given.size == 0 or self.n_params not in (None, given.size):
            raise ValueError(f"w must have shape ({self.n_params or 'n_params'},), got shape {given.shape}")
        return np.array(given, dtype=np.float64)

    def _arguments(self, rows: ArrayLike | None) -> tuple[NDArray[np.int64], ...]:
        if not self._is_sum:
            if rows is not None:
                raise ValueError("rows must be None for a FunctionObjective without n_samples")
            return ()
        return (np.arange(self.n_samples) if rows is None else check.row_indices("rows", rows, self.n_samples),)

    def _evaluate(self, at: Floats, arguments: tuple[Any, ...]) -> tuple[Floats, Floats]:
        returned = self._call(self._fun, at, arguments)
        if not self._jac:
            return self._values(returned, len(at)), self._gradients(at, arguments)
        values, gradients = _pair(returned) if self._batched else zip(*map(_pair, returned), strict=True)
        return self._values(values, len(at)), self._stacked("the gradient of fun", gradients, at.shape)

    def _gradients(self, at: Floats, arguments: tuple[Any, ...]) -> Floats:
        if self._grad is not None:
            return self._stacked("what grad returns", self._call(self._grad, at, arguments), at.shape)
        # Truncation and rounding are of the same size at the third root of the precision.
        h = np.finfo(np.float64).eps ** (1 / 3) * np.maximum(1.0, np.abs(at))
        gradients = np.empty_like(at)
        for j in range(at.shape[1]):
            ahead, behind = at.copy(), at.copy()
            ahead[:, j] += h[:, j]
            behind[:, j] -= h[:, j]
            rise = [self._values(self._call(self._fun, w, arguments), len(at)) for w in (ahead, behind)]
            gradients[:, j] = (rise[0] - rise[1]) / (ahead[:, j] - behind[:, j])
        return gradients

    def _call(self, function: Callable[..., Any], at: Floats, arguments: tuple[Any, ...]) -> Any:
        if self._batched:
            return function(at.copy(), *arguments)
        return [function(w, *arguments) for w in at.copy()]

    def _values(self, returned: Any, n_models: int) -> Floats:
        if not self._batched:
            # SciPy takes arrays of one element for numbers, too.
            returned = [np.reshape(value, ()) if getattr(value, "size", 0) == 1 else value for value in returned]
        return self._stacked("the value of fun", returned, (n_models,))

    def _stacked(self, name: str, returned: Any, shape: tuple[int, ...]) -> Floats:
        """What the function returned for all models, whose number a function of one model has nothing to do with."""
        if self._batched:
            return _real(name, returned, shape)
        return np.stack([_real(name, one, shape[1:]) for one in returned])


def _pair(returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise ValueError(f"fun must return (value, gradient) with jac=True, got {check.shown(returned)}")
    return returned[0], returned[1]


def _real(name: str, returned: Any, shape: tuple[int, ...]) -> Floats:
    try:
        array = np.asarray(returned)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be real numbers of shape {shape}: {error}") from error
    if array.dtype.kind not in "biuf" and not check.is_bfloat16(array.dtype):
        raise check.refuse(name, "real numbers", returned, TypeError)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}")
    return array.astype(np.float64, copy=False)


def check_first(values: Floats, gradients: Floats) -> None:
    for name, array in (("the value of fun", values), ("its gradient", gradients)):
        index = check.first(lambda block: ~np.isfinite(block), array)
        if index is not None:
            raise ValueError(f"{name} must be finite where descent begins, got {array[index]}")
