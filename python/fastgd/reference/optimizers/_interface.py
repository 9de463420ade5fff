"""What every optimiser of the reference is made of: two functions, explicit state, and how it meets the l1 norm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import FloatArray
from .finite_sum import GradientEstimator


@dataclass(frozen=True)
class Step:
    """What an update knows of its step, besides the gradient.

    Parameters
    ----------
    lr : float
        Learning rate.
    index : int
        Steps already taken, from 0.
    value : float or None
        Objective on the step's batch, penalty included, at the parameters before the step.
    decays : bool array of the parameters' shape, or None
        Which parameters are weights, and so decay where an optimiser has decoupled weight decay; None for all.
    l1 : float or array of the parameters' shape
        Strength of the l1 norm, 0 for the parameters that it leaves alone.
    """

    lr: float
    index: int = 0
    value: float | None = None
    decays: NDArray[np.bool_] | None = None
    l1: float | FloatArray = 0.0


def last_iterate(state: Any, w: FloatArray) -> FloatArray:
    """Return the parameters `w` themselves: the solution of every optimiser that does not average."""
    return w


class Optimizer(NamedTuple):
    """The functions of an optimiser.

    Parameters
    ----------
    init : function ``(w, **params) -> state``
        State before the first step, for these first parameters.
    update : function ``(grad, state, w, step, **params) -> (w, state)``
        One step; `step` is a `Step`.
    no_l1 : str
        Why it refuses an l1 norm; empty where it takes it.
    no_l1_with : tuple of str
        Parameters that must be 0 or False for an l1 norm, which it refuses for no other reason; none where it always
        does.
    solution : function (state, w) -> array
        The parameters to report: `w`, unless it averages.
    estimator : GradientEstimator or None
        What takes the place of a batch's gradient, for methods of finite sums; it takes the parameters then.
    ends_with_best : bool
        Whether it is for full batches and some of its steps lead astray, so that a run ends with the best parameters.
    """

    init: Callable[..., Any]
    update: Callable[..., tuple[FloatArray, Any]]
    no_l1: str = ""
    no_l1_with: tuple[str, ...] = ()
    solution: Callable[[Any, FloatArray], FloatArray] = last_iterate
    estimator: GradientEstimator | None = None
    ends_with_best: bool = False

    @property
    def takes_l1(self) -> bool:
        """Whether it admits an l1 norm, with the right parameters."""
        return not self.no_l1 or bool(self.no_l1_with)

    def check_l1(self, name: str, params: Mapping[str, Any]) -> None:
        """Raise ValueError, with the reason, unless the optimiser with these parameters admits an l1 norm."""
        culprits = [key for key in self.no_l1_with if params.get(key)]
        if not self.takes_l1 or culprits:
            which = "".join(f" with {key}={params[key]!r}" for key in culprits)
            raise ValueError(f"l1_ratio must be 0 for optimizer {name!r}{which}: {self.no_l1}")


def weights_alone(w: FloatArray, step: Step) -> FloatArray:
    """Return the parameters that are weights, and so decay, with 0 in place of the others."""
    return w if step.decays is None else np.where(step.decays, w, 0.0)


def decayed(w: FloatArray, step: Step, strength: float) -> FloatArray:
    """Decoupled weight decay, ``w - strength * w`` for the parameters that are weights.

    Parameters
    ----------
    w : array of shape (n_params,)
        Parameters.
    step : Step
        Its `decays` says which of them are weights.
    strength : float
        Share that goes, the learning rate times ``weight_decay``.

    Returns
    -------
    array of shape (n_params,)
        Parameters that have decayed.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", International Conference on Learning
    Representations, 2019.
    """
    return w - strength * weights_alone(w, step)
