"""What a linear objective tells beside its value and gradient: curvature, planes, how far its minimum can be."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .._losses import no_gradient
from .data_objective import DataObjective

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .. import _core
    from .._core import _RowMoments

DUAL_LOSSES = ("squared_error", "log_loss", "hinge", "squared_hinge")


class BeyondGradient(DataObjective):
    """The methods of `fastgd.LinearObjective` that are not of the first order."""

    _core: _core.LinearObjective

    def hvp(self, w: ArrayLike, v: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the product of the Hessian at `w` with a direction `v`, in one pass over the data.

        With ``u = X @ v_coef.T + v_intercept`` and ``H_i`` the Hessian of row i's loss in its raw scores::

            sum_i s_i (H_i u_i) x_i / sum_i s_i + alpha (1 - l1_ratio) v_coef

        for the coefficients, the same without ``x_i`` and penalty for the intercepts. It is exact, not a difference of
        gradients. Where a slope jumps (hinges, absolute errors, the l1 norm) nothing counts for it: piecewise linear
        losses have a Hessian of 0. Where a second derivative jumps, it is that of the quadratic side for huber and for
        modified_huber below, else 0.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        v : array of shape (n_params,)
            Direction.
        rows : array of int, optional
            Row indices of a mini-batch, as in `value`. All rows by default.

        Returns
        -------
        array of shape (n_params,)
            The product, in the dtype of `v`, float64 where `v` holds integers.

        Raises
        ------
        ValueError, TypeError
            As `value`; and `v` does not fit or is not finite, or the loss is ``"zero_one"`` or a function of your own,
            whose second derivative is not known.

        References
        ----------
        .. [1] B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

        Examples
        --------
        SciPy's Newton methods take it as it is:
        ``scipy.optimize.minimize(objective.value_and_grad, w0, jac=True, method="trust-ncg", hessp=objective.hvp)``.
        """
        if not self._loss.trainable:
            raise no_gradient("hvp")
        if self._loss.own is not None:
            raise ValueError(
                f"loss must be one of fastgd.losses() for hvp, got {check.shown(self.loss)}: a function of your own "
                "tells no second derivative"
            )
        params, _ = self._parameters(w)
        direction, dtype = self._parameters(v, "v")
        indices = self._row_indices(rows)
        product = np.empty(self._shape)
        try:
            self._core.hvp(params, direction, indices, product, 0)
        except FloatingPointError:
            raise self._nonfinite_scores(params, direction) from None
        with np.errstate(over="ignore"):
            return product.astype(dtype, copy=False)

    def plane(self, w: ArrayLike, directions: ArrayLike, coordinates: ArrayLike) -> NDArray[np.float64]:
        """Return the objective at many points of a plane, up to 16,384 of them in one pass over the data.

        ``F(w + c_1 d_1 + c_2 d_2 + ...)`` for each row ``c`` of the coordinates: scores are linear in the parameters,
        so those at a point are ``s + c_1 t_1 + c_2 t_2 + ...``, with ``s`` the scores at `w` and ``t_j`` those along
        the directions, without offset. A further point costs the losses of these sums, whatever the number of features.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters at the origin.
        directions : array of shape (n_directions, n_params)
            Directions, any number of them, not necessarily orthogonal or of length 1.
        coordinates : array of shape (n_points, n_directions)
            Points of the plane.

        Returns
        -------
        array of shape (n_points,), float64
            ``F`` at each point: the same bits for every number of threads and SIMD level, those of `value` where all
            coordinates are 0, and elsewhere `value` up to the rounding of scores, which are added up in another order.
            Infinity where a raw score is beyond the range of `dtype`.

        Raises
        ------
        ValueError, TypeError
            An argument does not fit or is not finite, or X holds NaN or infinity, and the message names row and column.
            A function of your own returned NaN or a wrong shape; what it raises is passed on.

        See Also
        --------
        values : any parameters, in passes that many of them share.

        Examples
        --------
        >>> import numpy as np
        >>> import fastgd
        >>> objective = fastgd.LinearObjective([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared_error")
        >>> objective.plane([2.0, 1.0], [[1.0, 0.0]], [[-2.0], [0.0], [1.0]]).round(3).tolist()
        [3.333, 0.0, 0.833]
        """
        origin = check.finite("w", self._parameters(w)[0], np.float64)
        along = self._models("directions", directions)
        at = check.real_array("coordinates", coordinates)
        if at.ndim != 2 or len(at) == 0 or at.shape[1] != len(along):
            raise ValueError(
                f"coordinates must have shape (n_points, {len(along)}), n_points >= 1, for that many directions, "
                f"got shape {at.shape}"
            )
        points = check.finite("coordinates", at, np.float64)

        def parameters(point: int) -> NDArray[np.float64]:
            with np.errstate(over="ignore", invalid="ignore"):
                at: NDArray[np.float64] = origin + points[point] @ along
            return at

        if not self._loss.trainable:
            return np.array([self._finite_value(parameters(p)) for p in range(len(points))])
        return self._checked_values(self._core.plane(origin, along, points, 0), parameters)

    def duality_gap(self, w: ArrayLike) -> float:
        """Return a bound on how far the objective is above its minimum: ``F(w) - min F <= gap``.

        For each output, with ``p_i = s_i / sum s`` and conjugate losses ``loss*``, every ``theta`` gives a bound::

            min F >= - sum_i p_i (loss_i*(theta_i) - offset_i theta_i) - sum_j max(|g_j| - l1, 0)^2 / (2 l2)

        with ``g = sum_i p_i theta_i x_i``, ``l1 = alpha l1_ratio``, ``l2 = alpha (1 - l1_ratio)``; with an intercept
        ``sum_i p_i theta_i`` has to be 0. Here ``theta`` are the losses' derivatives at `w`. Unless the intercept is
        the best one their sum is not 0: squared errors are then shifted by their mean, and of two classes the one with
        the larger sum is scaled down to the other's. Two passes over the data, one without an intercept. ``F`` and the
        bound are not subtracted, so gaps far below the rounding of ``F`` are meaningful.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        float
            The gap, at least 0. It vanishes at the minimum for smooth losses; the hinge's slope is any number from -1
            to 0 on its kink, which `w` does not tell, so its gap stays above 0, the less the more rows and penalty
            there are. It is infinite where no finite bound is at hand: with ``alpha=0``, and with ``l1_ratio=1`` for
            all losses but squared_error, whose ``theta`` is scaled down to ``max |g_j| = l1``.

        Raises
        ------
        ValueError, TypeError
            As `value`; and the loss is not squared_error, log_loss, hinge or squared_hinge.

        References
        ----------
        .. [1] R. T. Rockafellar, "Convex Analysis", section 31, Princeton University Press, 1970.
        .. [2] S. Shalev-Shwartz and T. Zhang, "Stochastic dual coordinate ascent methods for regularized loss
           minimization", Journal of Machine Learning Research 14, 2013.
        """
        if not self._has_gap:
            raise check.refuse("loss", f"one of {', '.join(DUAL_LOSSES)} for a duality gap", self.loss)
        params, _ = self._parameters(w)
        try:
            return self._core.duality_gap(params, 0)
        except FloatingPointError:
            raise self._nonfinite_scores(params) from None

    @property
    def _has_gap(self) -> bool:
        return self.loss in DUAL_LOSSES

    @cached_property
    def _row_moments(self) -> _RowMoments:
        return self._core.row_moments()

    @cached_property
    def _max_square_norm(self) -> float:
        return self._core.max_square_norm()
