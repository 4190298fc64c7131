"""Draws by rejection, number by number, in the order in which PyTorch takes its uniforms and normals."""

from __future__ import annotations

import math
from collections.abc import Callable

Draw = Callable[[], float]

#: ln k! minus Stirling's formula, for small k.
_TAILS = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
    0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
    0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def gamma(alpha: float, uniform: Draw, normal: Draw) -> float:
    """A standard gamma variate (Marsaglia and Tsang 2000); below 1 boosted from alpha + 1."""
    scale = 1.0
    if alpha < 1.0:
        if alpha == 0.0:
            return 0.0
        scale = (1 - uniform()) ** (1.0 / alpha)
        alpha += 1.0
    d = alpha - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1 - uniform()
        if u < 1.0 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
            return scale * d * v


def poisson(rate: float, uniform: Draw) -> float:
    """A Poisson variate: by a product of uniforms, from rate 10 on by transformed rejection
    (Hörmann 1993)."""
    if rate == 0:
        return 0.0
    if rate < 10:
        limit, product, k = math.exp(-rate), uniform(), 0
        while product > limit:
            product *= uniform()
            k += 1
        return float(k)
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accept = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= accept:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * log_rate - math.lgamma(k + 1):
            return float(k)


def binomial(count: float, p: float, uniform: Draw) -> float:
    """A binomial variate: by waiting times, where 10 successes and more are expected by
    transformed rejection (BTRS)."""
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return float(count)
    if p > 0.5:
        return count - binomial(count, 1 - p, uniform)
    return _transformed(count, p, uniform) if count * p >= 10 else _waiting(count, p, uniform)


def _waiting(count: float, p: float, uniform: Draw) -> float:
    log_q = math.log1p(-p)
    total, successes = 0.0, 0
    while True:
        total += math.ceil(math.log(uniform()) / log_q)
        if total > count:
            return float(successes)
        successes += 1


def _tail(k: float) -> float:
    if k <= 9:
        return _TAILS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


def _transformed(count: float, p: float, uniform: Draw) -> float:
    deviation = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    accept = 0.92 - 4.2 / b
    r = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    m = math.floor((count + 1) * p)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if k < 0 or k > count:
            continue
        if us >= 0.07 and v <= accept:
            return float(k)
        v = math.log(v * alpha / (a / (us * us) + b))
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + _tail(m) + _tail(count - m) - _tail(k) - _tail(count - k)
        )  # fmt: skip
        if v <= bound:
            return float(k)
