"""Which combinations of factors are tried, where trying all of them would take hours.

Every combination of the first few factors is a case of its own; the levels of the others are dealt to the cases so
that each pair of levels of any two factors meets in at least one. Faults of numerical code nearly always need two
circumstances at once (a storage and a tail, an offset and a second output), seldom three.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Case = dict[str, Any]
Factors = Mapping[str, Sequence[Any]]
Pair = frozenset[tuple[str, Any]]


def pairs_of(case: Mapping[str, Any]) -> set[Pair]:
    """The pairs of levels that meet in a case."""
    return {frozenset(pair) for pair in itertools.combinations(case.items(), 2)}


def all_pairs(factors: Factors) -> set[Pair]:
    """The pairs of levels that there are."""
    return {
        frozenset([(first, a), (second, b)])
        for first, second in itertools.combinations(factors, 2)
        for a, b in itertools.product(factors[first], factors[second])
    }


def cover(crossed: Factors, dealt: Factors) -> list[Case]:
    """The cases: the full product of `crossed`, with levels of `dealt` such that all pairs meet.

    Greedy: the factors of a case are dealt in random order (of a fixed seed), to each the level that meets most of the
    levels already there for the first time, of equal ones the one that was dealt least; where none meets any, a random
    one: taking turns, factors of as many levels would go through them in step.
    """
    rng = random.Random(0)
    left = all_pairs({**crossed, **dealt})
    used: Counter[tuple[str, Any]] = Counter()
    cases: list[Case] = []
    for levels in itertools.product(*crossed.values()):
        case: Case = dict(zip(crossed, levels, strict=True))
        for name in rng.sample(list(dealt), len(dealt)):

            def merit(level: Any, name: str = name, case: Case = case, left: set[Pair] = left) -> tuple[int, float]:
                n_new = sum(frozenset([(name, level), other]) in left for other in case.items())
                return n_new, -used[name, level] if n_new > 0 else rng.random()

            case[name] = max(dealt[name], key=merit)
            used[name, case[name]] += 1
        left -= pairs_of(case)
        cases.append(case)
    return cases
