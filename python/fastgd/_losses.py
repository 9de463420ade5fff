"""The losses by name: what each expects of its targets and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _core
from . import _validation as check
from ._user_loss import UserLoss, is_user_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_INF = float("inf")

_PARAMS: dict[tuple[str, str], check.Rule] = {
    ("huber", "epsilon"): check.POSITIVE,
    ("epsilon_insensitive", "epsilon"): check.NOT_NEGATIVE,
    ("squared_epsilon_insensitive", "epsilon"): check.NOT_NEGATIVE,
    ("quantile", "quantile"): check.Rule("a number between 0 and 1, both excluded", lambda v: 0.0 < v < 1.0),
    ("tweedie", "power"): check.Rule(
        "a finite number <= 0 or >= 1 (no Tweedie distribution lies between)",
        lambda v: -_INF < v <= 0.0 or 1.0 <= v < _INF,
    ),
}

ZERO_ONE = "zero_one"
# Those whose scores are logarithms of what they predict.
LOG_LINK = frozenset({"poisson", "gamma", "tweedie"})


class Loss(NamedTuple):
    """A loss and what it expects.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        ``"regression"``, ``"binary"`` or ``"multiclass"``.
    params : dict
        Default values of its parameters by name.
    curvature : float
        Bound on its second derivative in a raw score: infinity where there is none, 0 where it is piecewise linear, NaN
        where it is not known.
    own : UserLoss or None
        The user's function, where the loss is one.
    """

    name: str
    kind: str
    params: dict[str, float]
    curvature: float
    own: UserLoss | None = None

    @property
    def trainable(self) -> bool:
        """Whether it has a gradient to descend."""
        return self.name != ZERO_ONE


@cache
def registry() -> dict[str, Loss]:
    """Every loss by name, as the core lists them, and the metric that is counted in Python."""
    known = {
        row["name"]: Loss(row["name"], row["kind"], row["params"], row["curvature"])
        for row in _core.losses()
        if row["trainable"]
    }
    known[ZERO_ONE] = Loss(ZERO_ONE, "binary", {}, 0.0)
    return known


def losses() -> list[str]:
    """Return the names of the losses that can be minimised; ``"zero_one"``, a metric, is not among them."""
    return [name for name, loss in registry().items() if loss.trainable]


def surrogates() -> list[str]:
    """Return the names of the losses that stand in for the number of mistakes when it is to be minimised."""
    return [name for name, loss in registry().items() if loss.trainable and loss.kind != "regression"]


def no_gradient(what: str) -> ValueError:
    """The error for asking the metric for a gradient."""
    return ValueError(
        f"{what} needs a gradient, and loss 'zero_one' has none to follow: it is piecewise constant, so its derivative "
        f"is 0 wherever it exists. Minimise a surrogate ({', '.join(surrogates())}) and measure 'zero_one' with .value"
    )


def get_loss(name: object, n_classes: object = None) -> Loss:
    """The loss of that name, or the one that is a function; its targets are classes where `n_classes` is given."""
    if is_user_loss(name):
        own = UserLoss(name, n_classes is not None)
        return Loss(own.name, "regression" if n_classes is None else "multiclass", {}, float("nan"), own)
    allowed = f"one of {', '.join(registry())}, or a function (y, raw) -> (loss, dloss/draw)"
    if not isinstance(name, str):
        raise check.refuse("loss", allowed, name, TypeError)
    if name not in registry():
        raise check.refuse("loss", allowed, name)
    return registry()[name]


def check_params(loss: Loss, given: object) -> dict[str, float]:
    """The values of a loss's parameters: the given ones, else the defaults."""
    if given is None:
        return dict(loss.params)
    if not isinstance(given, Mapping):
        raise check.refuse("loss_params", "a dict of parameters by name", given, TypeError)
    takes = f"it takes {', '.join(loss.params)}" if loss.params else "it takes none"
    values = dict(loss.params)
    for key, value in given.items():
        if key not in loss.params:
            raise ValueError(
                f"loss_params must name parameters of loss {loss.name!r} ({takes}), got {check.shown(key)}"
            )
        allowed, within = _PARAMS.get((loss.name, key), check.NUMBER)
        values[key] = check.number(f"loss_params[{key!r}]", value, allowed, within)
    return values


def check_domain(loss: Loss, params: Mapping[str, float], y: NDArray[np.floating[Any]]) -> None:
    """Refuse targets for which a regression loss is not defined."""
    power = {"poisson": 1.0, "gamma": 2.0, "tweedie": params.get("power", 0.0)}.get(loss.name, 0.0)
    if power < 1.0:
        return
    name = f"{loss.name!r} with power={power:g}" if loss.name == "tweedie" else repr(loss.name)
    if power < 2.0:
        allowed, index = ">= 0", check.first(lambda block: block < 0.0, y)
    else:
        allowed, index = "> 0", check.first(lambda block: block <= 0.0, y)
    if index is not None:
        raise ValueError(f"y must be {allowed} for loss {name}, got {y[index]} at {check.at('y', index)}")
