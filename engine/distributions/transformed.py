"""Values of one distribution pushed through invertible functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import engine
from engine.size import Size

from . import constraints
from .bijections import StickBreakingTransform
from .distribution import Distribution
from .functions import AbsTransform, ComposeTransform, ExpTransform, Transform, sum_rightmost
from .joint import Independent
from .location import Normal


class TransformedDistribution(Distribution):
    """What a base distribution's values become."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, base_distribution: Any, transforms: Any, validate_args: bool | None = None
    ) -> None:
        if isinstance(transforms, Transform):
            transforms = [transforms]
        elif not isinstance(transforms, list):
            message = f"transforms must be a Transform or list, but was {transforms}"
            raise ValueError(message)  # noqa: TRY004 (as PyTorch)
        elif not all(isinstance(t, Transform) for t in transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        self.transforms = list(transforms)
        whole = ComposeTransform(self.transforms)
        shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(shape) < whole.domain.event_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {whole.domain.event_dim}, "
                f"but got {shape}."
            )
        reached = whole.forward_shape(shape)
        wanted = whole.inverse_shape(reached)
        if tuple(wanted) != tuple(shape):
            n = len(wanted) - len(base_distribution.event_shape)
            base_distribution = base_distribution.expand(wanted[:n])
        more = whole.domain.event_dim - len(base_distribution.event_shape)
        if more > 0:
            base_distribution = Independent(base_distribution, more)
        self.base_dist = base_distribution
        change = whole.codomain.event_dim - whole.domain.event_dim
        events = max(whole.codomain.event_dim, len(base_distribution.event_shape) + change)
        cut = len(reached) - events
        super().__init__(reached[:cut], reached[cut:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape)
        whole = ComposeTransform(self.transforms)
        shape = whole.inverse_shape(Size((*batch_shape, *self._event_shape)))
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        last = self.transforms[-1].codomain
        more = len(self._event_shape) - last.event_dim
        return constraints.independent(last, more) if more > 0 else last

    def sample(self, sample_shape: Any = ()) -> Any:
        with engine.no_grad():
            x = self.base_dist.sample(sample_shape)
            for transform in self.transforms:
                x = transform(x)
            return x

    def rsample(self, sample_shape: Any = ()) -> Any:
        x = self.base_dist.rsample(sample_shape)
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        events = len(self._event_shape)
        total: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform._inverse(y)
            slope = transform.log_abs_det_jacobian(x, y)
            events += transform.domain.event_dim - transform.codomain.event_dim
            total = total - sum_rightmost(slope, events - transform.domain.event_dim)
            y = x
        base = self.base_dist.log_prob(y)
        return total + sum_rightmost(base, events - len(self.base_dist.event_shape))

    def _growing(self) -> Any:
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return sign

    def cdf(self, value: Any) -> Any:
        for transform in reversed(self.transforms):
            value = transform._inverse(value)
        below = self.base_dist.cdf(value)
        sign = self._growing()
        return below if isinstance(sign, int) and sign == 1 else sign * (below - 0.5) + 0.5

    def icdf(self, value: Any) -> Any:
        sign = self._growing()
        if not (isinstance(sign, int) and sign == 1):
            value = sign * (value - 0.5) + 0.5
        x = self.base_dist.icdf(value)
        for transform in self.transforms:
            x = transform(x)
        return x


class LogNormal(TransformedDistribution):
    """exp of a Normal."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real, "scale": constraints.positive
    }  # fmt: skip

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args)

    @property
    def loc(self) -> Any:
        return self.base_dist.loc

    @property
    def scale(self) -> Any:
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Any:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Any:
        square = self.scale.pow(2)
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class HalfNormal(TransformedDistribution):
    """The distance of a Normal from 0."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"scale": constraints.positive}
    support = constraints.nonnegative

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args)

    @property
    def scale(self) -> Any:
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Any:
        return engine.zeros_like(self.scale)

    @property
    def variance(self) -> Any:
        return self.scale.pow(2) * (1 - 2 / math.pi)

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


class LogisticNormal(TransformedDistribution):
    """Probabilities of n + 1 classes whose log-odds are a Normal of n."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real, "scale": constraints.positive
    }  # fmt: skip
    support = constraints.simplex

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    @property
    def loc(self) -> Any:
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Any:
        return self.base_dist.base_dist.scale
