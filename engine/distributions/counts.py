"""Relatives of Bernoulli's: failures before several successes, and a continuous one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import engine
from engine.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from . import constraints
from .binary import Binary
from .distribution import ExponentialFamily, broadcast_all, clamp_probs
from .odds import one_of
from .positive import Gamma


class NegativeBinomial(Binary):
    """Successes before `total_count` failures."""

    _shapes: ClassVar[Mapping[str, int]] = {"total_count": 0, "probs": 0, "logits": 0}
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        one_of(probs, logits)
        given = probs if probs is not None else logits
        self.total_count, given = broadcast_all(total_count, given)
        self.total_count = self.total_count.type_as(given)
        probs, logits = (given, None) if probs is not None else (None, given)
        super().__init__(probs, logits, validate_args)

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Any = ()) -> Any:
        with engine.no_grad():
            gamma = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return engine.poisson(gamma.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        n = self.total_count
        powers = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        choices = -(n + value).lgamma() + (1.0 + value).lgamma() + n.lgamma()
        return powers - choices.masked_fill(n + value == 0.0, 0.0)


class ContinuousBernoulli(Binary, ExponentialFamily):
    """Numbers between 0 and 1 whose density is an exponential function (Loaiza-Ganem 2019).

    Between the `lims` of probs, where formulas lose their digits, a Taylor series replaces them.
    """

    has_rsample = True
    support = constraints.unit_interval

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._lims = lims
        if probs is not None:
            probs = clamp_probs(*broadcast_all(probs))
        super().__init__(probs, logits, validate_args)

    def _outside(self) -> Any:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut(self) -> Any:
        return engine.where(
            self._outside(), self.probs, engine.full_like(self.probs, self._lims[0])
        )

    def _log_constant(self) -> Any:
        """The logarithm of what makes the density's integral 1."""
        p = self._cut()
        low = engine.where(p <= 0.5, p, engine.zeros_like(p))
        high = engine.where(p >= 0.5, p, engine.ones_like(p))
        formula = ((-p).log1p() - p.log()).abs().log() - engine.where(
            p <= 0.5, (-2.0 * low).log1p(), (2.0 * high - 1.0).log()
        )
        x = (self.probs - 0.5).pow(2)
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return engine.where(self._outside(), formula, series)

    @property
    def mean(self) -> Any:
        p = self._cut()
        formula = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return engine.where(self._outside(), formula, series)

    @property
    def stddev(self) -> Any:
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:
        p = self._cut()
        formula = p * (p - 1.0) / (1.0 - 2.0 * p).pow(2) + 1.0 / ((-p).log1p() - p.log()).pow(2)
        x = (self.probs - 0.5).pow(2)
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return engine.where(self._outside(), formula, series)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        return self.icdf(engine.rand(shape, dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        loss = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -loss + self._log_constant()

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        p = self._cut()
        formula = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inner = engine.where(self._outside(), formula, value)
        above = engine.where(value >= 1.0, engine.ones_like(inner), inner)
        return engine.where(value <= 0.0, engine.zeros_like(inner), above)

    def icdf(self, value: Any) -> Any:
        p = self._cut()
        formula = ((-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return engine.where(self._outside(), formula, value)

    def entropy(self) -> Any:
        low, high = (-self.probs).log1p(), self.probs.log()
        return self.mean * (low - high) - self._log_constant() - low


__all__ = ["ContinuousBernoulli", "NegativeBinomial"]
