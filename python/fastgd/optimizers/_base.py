"""What all optimisers share: parameters by name, their checks, and the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from .. import _core
from .. import _validation as check
from .._params import Parametrised
from ..schedules import Schedule
from ..schedules._function import as_schedule

if TYPE_CHECKING:
    from .._core import _OptimizerInfo

Rate = float | str | Schedule | Callable[[int], float]

# What the core tells of each optimiser, by its name there.
CORE = {info["name"]: info for info in _core.optimizers()}
# The core holds counts as float64.
_MAX_COUNT = 2**53


class Rule(NamedTuple):
    """What a parameter may be, in words and as a test."""

    allowed: str
    holds: Callable[[float], bool]


def rules(**by_name: Rule) -> Mapping[str, Rule]:
    """What parameters may be, by their names; read-only, as all instances share it."""
    return MappingProxyType(by_name)


INFINITY = float("inf")
NUMBER = Rule("a finite number", lambda v: -INFINITY < v < INFINITY)
PART = Rule("a number from 0 to 1", lambda v: 0.0 <= v <= 1.0)
SHARE = Rule("a number >= 0 and < 1", lambda v: 0.0 <= v < 1.0)
POSITIVE = Rule("a finite number > 0", lambda v: 0.0 < v < INFINITY)
NOT_NEGATIVE = Rule("a finite number >= 0", lambda v: 0.0 <= v < INFINITY)
# What keeps a division finite where gradients are 0 has to be above 0 in float32, too.
EPS = Rule("a finite number >= 1e-20", lambda v: 1e-20 <= v < INFINITY)

# At the minimum an l1 norm holds the gradient g of the rest away from 0; a step that is a multiple of g, and a soft
# threshold by the same multiple, leave the minimum where it is. Why others do not:
NO_L1_OF_MEANS = "its step follows a mean of past gradients"
NO_L1_ELSEWHERE = "its gradients are taken at other parameters than those that it would act on"


class Optimizer(Parametrised):
    """Base of the optimisers; an instance holds parameters only, the state of a run stays in the run."""

    _core_name: ClassVar[str]
    # Parameters that are numbers, those that count from 1, and those that are True or False.
    _numbers: ClassVar[Mapping[str, Rule]] = rules()
    _counts: ClassVar[tuple[str, ...]] = ()
    _switches: ClassVar[tuple[str, ...]] = ()
    # How lr="auto" is found: from a bound on the smoothness, times this; None: by a range test.
    _of_smoothness: ClassVar[float | None] = None
    # Why the l1 norm is refused; empty where it is not.
    _no_l1: ClassVar[str] = ""
    lr: Rate

    def _check(self) -> None:
        if "lr" in self._names:
            self._check_lr()
        for name, rule in self._numbers.items():
            check.number(name, getattr(self, name), rule.allowed, rule.holds)
        for name in self._counts:
            check.integer(name, getattr(self, name), 1, _MAX_COUNT)
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
        return as_schedule(self.lr if "lr" in self._names else 1.0)

    @property
    def _info(self) -> _OptimizerInfo:
        return CORE[self._core_name]

    @property
    def _is_auto(self) -> bool:
        return "lr" in self._names and isinstance(self.lr, str)


def check_betas(betas: object) -> None:
    """Two shares."""
    allowed = "a pair of numbers >= 0 and < 1"
    if not isinstance(betas, (tuple, list)):
        raise check.refuse("betas", allowed, betas, TypeError)
    if len(betas) != 2:
        raise check.refuse("betas", allowed, betas)
    for i, beta in enumerate(betas):
        check.number(f"betas[{i}]", beta, SHARE.allowed, SHARE.holds)
