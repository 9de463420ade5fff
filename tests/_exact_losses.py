"""Losses and their derivatives in decimals of many digits, term by term, with the rounding that each may suffer.

A formula takes exact targets and scores and returns `Exact`s: a true number, the sum of the sizes of its terms (what a
computation in any fixed precision is accurate to), and the size of the exponents among them: a rounding error of an
exponent counts as many times as that is large.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from typing import NamedTuple

# Beyond any exponent that occurs, so that huge powers are infinite and tiny ones 0 without an error.
CONTEXT = Context(prec=80, Emax=999_999_999_999, Emin=-999_999_999_999, traps=[])
ZERO, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)


class Exact(NamedTuple):
    """A number and what it is made of; `kink` is how far its formula is from another branch."""

    number: Decimal
    terms: Decimal
    exponent: Decimal = ZERO
    kink: Decimal | None = None


Formula = Callable[..., tuple[Exact, Exact]]


def plain(value: Decimal, deriv: Decimal) -> tuple[Exact, Exact]:
    """Where nothing cancels."""
    return Exact(value, abs(value)), Exact(deriv, abs(deriv))


def sign(x: Decimal) -> Decimal:
    return Decimal((x > 0) - (x < 0))


def log1p(x: Decimal) -> Decimal:
    return x - x * x / 2 if abs(x) < Decimal("1e-40") else (1 + x).ln()


def tanh(x: Decimal) -> Decimal:
    t = expm1(-2 * abs(x))
    return sign(x) * -t / (2 + t)


def expm1(x: Decimal) -> Decimal:
    return x + x * x / 2 if abs(x) < Decimal("1e-40") else x.exp() - 1


def squared_error(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    r = raw - y
    return plain(r * r / 2, r)


def absolute_error(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    return plain(abs(raw - y), sign(raw - y))


def huber(y: Decimal, raw: Decimal, epsilon: Decimal) -> tuple[Exact, Exact]:
    r = raw - y
    if abs(r) <= epsilon:
        return plain(r * r / 2, r)
    return plain(epsilon * (abs(r) - epsilon / 2), epsilon * sign(r))


def epsilon_insensitive(y: Decimal, raw: Decimal, epsilon: Decimal) -> tuple[Exact, Exact]:
    r = raw - y
    excess = max(ZERO, abs(r) - epsilon)
    return Exact(excess, abs(r) + epsilon), Exact(sign(r) * (excess > 0), ONE, kink=abs(abs(r) - epsilon))


def squared_epsilon_insensitive(y: Decimal, raw: Decimal, epsilon: Decimal) -> tuple[Exact, Exact]:
    r = raw - y
    excess = max(ZERO, abs(r) - epsilon)
    return Exact(excess * excess, excess * (abs(r) + epsilon)), Exact(2 * excess * sign(r), 2 * (abs(r) + epsilon))


def quantile(y: Decimal, raw: Decimal, quantile: Decimal) -> tuple[Exact, Exact]:
    r = raw - y
    slope = ZERO if r == 0 else 1 - quantile if r > 0 else -quantile
    return plain(slope * r, slope)


def log_cosh(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    a = abs(raw - y)
    # 2 sinh(a / 2)^2 where exp(a) is not too large for it, else a + log((1 + exp(-2 a)) / 2)
    half = expm1(-a)
    value = log1p(half * half / (2 * (1 + half))) if a < 40 else a + log1p((-2 * a).exp()) - TWO.ln()
    return plain(value, tanh(raw - y))


def poisson(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    mean = raw.exp()
    return Exact(mean - y * raw, mean + abs(y * raw)), Exact(mean - y, mean + y)


def gamma(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    ratio = y * (-raw).exp()
    return Exact(raw + ratio, abs(raw) + ratio), Exact(1 - ratio, 1 + ratio)


def tweedie(y: Decimal, raw: Decimal, power: Decimal) -> tuple[Exact, Exact]:
    if power == 1:
        return poisson(y, raw)
    if power == 2:
        return gamma(y, raw)
    exponent = (1 + abs(power)) * abs(raw)
    a = y * ((1 - power) * raw).exp() if y else ZERO
    b = ((2 - power) * raw).exp()
    of_value = abs(b / (2 - power)) + abs(a / (1 - power))
    return Exact(b / (2 - power) - a / (1 - power), of_value, exponent), Exact(b - a, b + abs(a), exponent)


def log_loss(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    m = y * raw
    t = (-abs(m)).exp()
    return plain(max(-m, ZERO) + log1p(t), -y * (ONE if m < 0 else t) / (1 + t))


def hinge(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    m = y * raw
    return plain(max(ZERO, 1 - m), -y * (m <= 1))


def squared_hinge(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    gap = max(ZERO, 1 - y * raw)
    return plain(gap * gap, -2 * y * gap)


def modified_huber(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    m = y * raw
    return plain(-4 * m, -4 * y) if m < -1 else squared_hinge(y, raw)


def perceptron(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    m = y * raw
    return plain(max(ZERO, -m), -y * (m <= 0))


def exponential(y: Decimal, raw: Decimal) -> tuple[Exact, Exact]:
    value = (-y * raw).exp()
    return plain(value, -y * value)


ELEMENTWISE: dict[str, Formula] = {
    f.__name__: f
    for f in (
        squared_error, absolute_error, huber, epsilon_insensitive, squared_epsilon_insensitive, quantile, log_cosh,
        poisson, gamma, tweedie, log_loss, hinge, squared_hinge, modified_huber, perceptron, exponential,
    )
}  # fmt: skip

Scores = Sequence[Decimal]


def multinomial(y: int, raw: Scores) -> tuple[Exact, list[Exact]]:
    others = sum(((s - raw[y]).exp() for k, s in enumerate(raw) if k != y), ZERO)
    exponent = max(raw) - min(raw)
    # log(1 + others), also where the others' sum is infinite
    top = max(raw)
    total = sum(((s - top).exp() for s in raw), ZERO)
    value = log1p(others) if raw[y] == top else top - raw[y] + total.ln()
    share = [(s - top).exp() / total for s in raw]
    share[y] = -sum((p for k, p in enumerate(share) if k != y), ZERO)
    return Exact(value, value, exponent), [Exact(p, abs(p), exponent) for p in share]


def multiclass_hinge(y: int, raw: Scores) -> tuple[Exact, list[Exact]]:
    margin = {k: s - raw[y] + 1 for k, s in enumerate(raw) if k != y}
    terms = sum((abs(s - raw[y]) + 1 for s in raw), ZERO)
    kink = min((abs(m) for m in margin.values() if m), default=ZERO)
    slope = [Decimal(k != y and margin[k] > 0) for k in range(len(raw))]
    slope[y] = -sum(slope)
    return Exact(sum((max(ZERO, m) for m in margin.values()), ZERO), terms), [
        Exact(d, Decimal(len(raw)), kink=kink) for d in slope
    ]


def crammer_singer(y: int, raw: Scores) -> tuple[Exact, list[Exact]]:
    rival = max((k for k in range(len(raw)) if k != y), key=lambda k: (raw[k], -k))
    margin = raw[rival] - raw[y] + 1
    slope = [Decimal((k == rival) - (k == y)) * (margin > 0) for k in range(len(raw))]
    terms = abs(raw[rival] - raw[y]) + 1
    return Exact(max(ZERO, margin), terms), [Exact(d, ONE, kink=abs(margin)) for d in slope]


OF_CLASSES = {f.__name__: f for f in (multinomial, multiclass_hinge, crammer_singer)}


def in_many_digits(compute: Callable[[], tuple[Exact, Exact | list[Exact]]]) -> tuple[Exact, list[Exact]]:
    """What a formula gives, its derivative as a list."""
    with localcontext(CONTEXT):
        value, deriv = compute()
    return value, deriv if isinstance(deriv, list) else [deriv]


def excess(got: float, want: Exact, eps: float, largest: float, least: float) -> float:
    """How many times as far from the truth as it may be: 8 ulp of the terms, and one for each unit of an exponent.

    Infinity is right where a term is beyond a quarter of the largest number, as its factors may be infinite there; NaN
    never is.
    """
    with localcontext(CONTEXT):
        allowed = (8 + want.exponent) * Decimal(eps) * want.terms + 8 * Decimal(least)
        if math.isnan(got):
            return math.inf
        if math.isinf(got):
            # Where terms of two signs are too large, either may be the one that shows.
            of_one_sign = abs(want.number) == want.terms
            right = not of_one_sign or (got > 0) == (want.number > 0)
            return 0.0 if right and 4 * want.terms > Decimal(largest) else math.inf
        # Beside a kink rounding may choose the other branch; on it there is no rounding.
        if want.kink is not None and 0 < want.kink <= 8 * Decimal(eps) * (1 + want.kink):
            return 0.0
        if not want.terms.is_finite():
            return math.inf
        return float(abs(Decimal(got) - want.number) / allowed)
