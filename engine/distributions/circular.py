"""Angles, and ratios of sums of squares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import engine

from . import constraints
from .distribution import Distribution, broadcast_all
from .positive import Gamma


class VonMises(Distribution):
    """Angles around `loc`, the circle's Gaussian."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real, "concentration": constraints.positive
    }  # fmt: skip
    support = constraints.real
    _shapes: ClassVar[Mapping[str, int]] = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        """1 minus the mean resultant length."""
        k = self.concentration
        return 1 - engine.special.i1e(k) / engine.special.i0e(k)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        k = self.concentration
        scale = math.log(2 * math.pi) + engine.special.i0e(k).log() + k
        return k * engine.cos(value - self.loc) - scale

    def _envelope(self) -> Any:
        """Best and Fisher's (1979) parameter of the wrapped Cauchy density around this one."""
        k = self.concentration.to(engine.double)
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return engine.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    @engine.no_grad()
    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        loc, k = self.loc.to(engine.double), self.concentration.to(engine.double)
        r = self._envelope()
        angles = engine.zeros(shape, dtype=engine.double)
        done = engine.zeros(shape, dtype=engine.bool)
        while not done.all():
            u1, u2, u3 = engine.rand((3, *shape), dtype=engine.double).unbind()
            z = engine.cos(math.pi * u1)
            f = (1 + r * z) / (r + z)
            c = k * (r - f)
            taken = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
            angles = engine.where(taken, (u3 - 0.5).sign() * f.acos(), angles)
            done = done | taken
        return ((angles + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)


def _above(bound: float, df: Any, value: Any) -> Any:
    """`value` where there are more degrees of freedom, nan elsewhere."""
    value = value.clone()
    value[df <= bound] = math.nan
    return value


class FisherSnedecor(Distribution):
    """The ratio of two mean squares."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "df1": constraints.positive, "df2": constraints.positive
    }  # fmt: skip
    support = constraints.positive
    _shapes: ClassVar[Mapping[str, int]] = {"df1": 0, "df2": 0}

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, (), validate_args)

    @property
    def mean(self) -> Any:
        n = _above(2, self.df2, self.df2)
        return n / (n - 2)

    @property
    def mode(self) -> Any:
        found = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return _above(2, self.df1, found)

    @property
    def variance(self) -> Any:
        m, n = self.df1, _above(4, self.df2, self.df2)
        return 2 * n.pow(2) * (m + n - 2) / (m * (n - 2).pow(2) * (n - 4))

    def rsample(self, sample_shape: Any = ()) -> Any:
        above = Gamma(self.df1 * 0.5, self.df1).expand(self._batch_shape).rsample(sample_shape)
        below = Gamma(self.df2 * 0.5, self.df2).expand(self._batch_shape).rsample(sample_shape)
        tiny = engine.finfo(above.dtype).tiny
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        beta = (a + b).lgamma() - a.lgamma() - b.lgamma()
        power = a * ratio.log() + (a - 1) * value.log()
        return beta + power - (a + b) * (ratio * value).log1p()


__all__ = ["FisherSnedecor", "VonMises"]
