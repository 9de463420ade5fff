"""What all optimisers share: parameters by name, their checks, and the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar

from .. import _core
from .. import _validation as check
from .._params import Parametrised
from .._validation import SHARE, Rule
from ..schedules import Schedule
from ..schedules._function import as_schedule

if TYPE_CHECKING:
    from .._core import _OptimizerInfo

Rate = float | str | Schedule | Callable[[int], float]
V = TypeVar("V", Rule, int)


@cache
def registry() -> dict[str, _OptimizerInfo]:
    """What the core tells of each optimiser, by its name there; a SIMD level that is not there is not met before."""
    return {info["name"]: info for info in _core.optimizers()}


def rules(**by_name: V) -> Mapping[str, V]:
    """What parameters may be, by their names; read-only, as all instances share it."""
    return MappingProxyType(by_name)


# What keeps a division finite where gradients are 0 has to be above 0 in float32, too.
EPS = Rule("a finite number >= 1e-20", lambda v: 1e-20 <= v < float("inf"))

# At the minimum an l1 norm holds the gradient g of the rest away from 0; a step that is a multiple of g, and a soft
# threshold by the same multiple, leave the minimum where it is. Why others do not:
NO_L1_OF_MEANS = "its step follows a mean of past gradients"
NO_L1_ELSEWHERE = "its gradients are taken at other parameters than those that it would act on"


class Optimizer(Parametrised):
    """Base of the optimisers; an instance holds parameters only, the state of a run stays in the run."""

    _core_name: ClassVar[str]
    # Parameters that are numbers, those that count from 1, with the largest, and those that are True or False.
    _numbers: ClassVar[Mapping[str, Rule]] = rules()
    _counts: ClassVar[Mapping[str, int]] = rules()
    _switches: ClassVar[tuple[str, ...]] = ()
    # How lr="auto" is found: from a bound on the smoothness, times this; None: by a range test.
    _of_smoothness: ClassVar[float | None] = None
    # What there is to say of rates after the first, where the optimiser finds them.
    _later_rates: ClassVar[str] = ""
    # Why the l1 norm is refused; empty where it is not.
    _no_l1: ClassVar[str] = ""
    lr: Rate

    def _check(self) -> None:
        if self._has_rate:
            self._check_lr()
        for name, rule in self._numbers.items():
            check.number(name, getattr(self, name), *rule)
        for name, largest in self._counts.items():
            check.integer(name, getattr(self, name), 1, largest)
        for name in self._switches:
            check.boolean(name, getattr(self, name))
        if "betas" in self._names:
            check_betas(self.betas)  # type: ignore[attr-defined]

    def _check_lr(self) -> None:
        if not (isinstance(self.lr, str) and self.lr == "auto"):
            as_schedule(self.lr, ", a schedule, a function step -> float or 'auto'")

    def _core_params(self) -> dict[str, float]:
        """The parameters by the core's names."""
        self._check()
        params = {name: float(getattr(self, name)) for name in (*self._numbers, *self._counts, *self._switches)}
        if "betas" in self._names:
            params["beta1"], params["beta2"] = map(float, self.betas)  # type: ignore[attr-defined]
        return params

    def _why_no_l1(self) -> str:
        return self._no_l1

    def _schedule(self) -> Schedule:
        """The learning rate as a schedule, where it is not ``"auto"``."""
        return as_schedule(self.lr if self._has_rate else 1.0)

    @property
    def _is_plain(self) -> bool:
        """Whether it is gradient descent and no more, so that ``lr="auto"`` may let rates change from step to step."""
        return False

    @property
    def _info(self) -> _OptimizerInfo:
        return registry()[self._core_name]

    @property
    def _has_rate(self) -> bool:
        return "lr" in self._names

    @property
    def _is_auto(self) -> bool:
        return self._has_rate and isinstance(self.lr, str)


def check_betas(betas: object) -> None:
    """Two shares."""
    allowed = "a pair of numbers >= 0 and < 1"
    if not isinstance(betas, (tuple, list)):
        raise check.refuse("betas", allowed, betas, TypeError)
    if len(betas) != 2:
        raise check.refuse("betas", allowed, betas)
    for i, beta in enumerate(betas):
        check.number(f"betas[{i}]", beta, *SHARE)
