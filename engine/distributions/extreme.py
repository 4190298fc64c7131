"""Distributions that are others, transformed: of extremes, of lifetimes, and with heavy tails."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import engine

from . import constraints
from .distribution import Distribution, broadcast_all
from .functions import AbsTransform, AffineTransform, ExpTransform, PowerTransform
from .location import EULER, Cauchy, Uniform
from .positive import Exponential, Gamma
from .transformed import TransformedDistribution


class Weibull(TransformedDistribution):
    """Lifetimes whose rate of failure is a power of age."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "scale": constraints.positive, "concentration": constraints.positive
    }  # fmt: skip
    support = constraints.positive
    _shapes: ClassVar[Mapping[str, int]] = {
        "scale": 0, "concentration": 0, "concentration_reciprocal": 0
    }  # fmt: skip

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(engine.ones_like(self.scale), validate_args=validate_args)
        steps = [
            PowerTransform(self.concentration_reciprocal),
            AffineTransform(0, self.scale),
        ]
        super().__init__(base, steps, validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * (1 + self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self) -> Any:
        k = self.concentration
        return self.scale * ((k - 1) / k) ** k.reciprocal()

    @property
    def variance(self) -> Any:
        inverse = self.concentration_reciprocal
        square = (1 + 2 * inverse).lgamma().exp()
        return self.scale.pow(2) * (square - (2 * (1 + inverse).lgamma()).exp())

    def entropy(self) -> Any:
        inverse = self.concentration_reciprocal
        return EULER * (1 - inverse) + (self.scale * inverse).log() + 1


class Pareto(TransformedDistribution):
    """Sizes above `scale` that fall off as a power of size."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "alpha": constraints.positive, "scale": constraints.positive
    }  # fmt: skip
    _shapes: ClassVar[Mapping[str, int]] = {"alpha": 0, "scale": 0}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        super().__init__(base, [ExpTransform(), AffineTransform(0, self.scale)], validate_args)

    @property
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    def entropy(self) -> Any:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class HalfCauchy(TransformedDistribution):
    """The distance of a Cauchy variable from 0."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"scale": constraints.positive}
    support = constraints.nonnegative

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args)

    @property
    def scale(self) -> Any:
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return engine.full(self._extended_shape(), math.inf, dtype=self.scale.dtype)

    @property
    def mode(self) -> Any:
        return engine.zeros_like(self.scale)

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        inside = self.base_dist.log_prob(value) + math.log(2)
        return engine.where(value >= 0, inside, -math.inf)

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Any) -> Any:
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class InverseGamma(TransformedDistribution):
    """The reciprocal of a Gamma variable."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "concentration": constraints.positive, "rate": constraints.positive
    }  # fmt: skip
    support = constraints.positive

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        step = PowerTransform(-base.rate.new_ones(()))
        super().__init__(base, step, validate_args)

    @property
    def concentration(self) -> Any:
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        found = self.rate / (self.concentration - 1)
        return engine.where(self.concentration > 1, found, math.inf)

    @property
    def mode(self) -> Any:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        a = self.concentration
        found = self.rate.square() / ((a - 1).square() * (a - 2))
        return engine.where(a > 2, found, math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()


class Kumaraswamy(TransformedDistribution):
    """Shares between 0 and 1, much as Beta's, with a distribution function in closed form."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "concentration1": constraints.positive, "concentration0": constraints.positive
    }  # fmt: skip
    support = constraints.unit_interval
    _shapes: ClassVar[Mapping[str, int]] = {"concentration1": 0, "concentration0": 0}

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        zeros = engine.zeros_like(self.concentration0)
        base = Uniform(zeros, engine.ones_like(zeros), validate_args=validate_args)
        steps = [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]
        super().__init__(base, steps, validate_args)

    def _moment(self, n: int) -> Any:
        """The mean of the n-th power."""
        first = 1 + n / self.concentration1
        b = self.concentration0
        return (first.lgamma() + b.lgamma() - (first + b).lgamma()).exp() * b

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        logs = a.reciprocal() * (-b).log1p() - (-a * b).log1p()
        logs[(b < 1) | (a < 1)] = math.nan
        return logs.exp()

    @property
    def variance(self) -> Any:
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()


__all__ = ["HalfCauchy", "InverseGamma", "Kumaraswamy", "Pareto", "Weibull"]


class GeneralizedPareto(Distribution):
    """What exceeds a high threshold `loc`: exponential, with a heavier tail or an end."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real
    }  # fmt: skip
    _shapes: ClassVar[Mapping[str, int]] = {"loc": 0, "scale": 0, "concentration": 0}

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, engine.where(self.concentration < 0, end, math.inf))

    def _by_tail(self, none: Any, some: Callable[[Any], Any]) -> Any:
        """`none` where the tail is that of the exponential, else `some` of the concentration."""
        zero = engine.isclose(self.concentration, engine.zeros_like(self.concentration))
        return engine.where(zero, none, some(engine.where(zero, 1.0, self.concentration)))

    def log_survival_function(self, value: Any) -> Any:
        """log P(X > value)."""
        z = (value - self.loc) / self.scale
        return self._by_tail(-z, lambda c: -(c * z).log1p() / c)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        z = (value - self.loc) / self.scale
        density = self._by_tail(-z, lambda c: -(1 / c + 1) * (c * z).log1p())
        return density - self.scale.log()

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        return 1 - self.log_survival_function(value).exp()

    def log_cdf(self, value: Any) -> Any:
        """log P(X <= value)."""
        return (-self.log_survival_function(value).exp()).log1p()

    def icdf(self, value: Any) -> Any:
        left = (-value).log1p()
        z = self._by_tail(-left, lambda c: (-c * left).expm1() / c)
        return self.loc + self.scale * z

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = engine.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.icdf(u)

    @property
    def mean(self) -> Any:
        c = self.concentration
        return engine.where(c < 1, self.loc + self.scale / (1 - c), math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        c = self.concentration
        value = self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c))
        return engine.where(c < 0.5, value, math.nan)

    def entropy(self) -> Any:
        return self.scale.log() + self.concentration + 1
