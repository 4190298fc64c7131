"""Invertible functions of numbers with the logarithms of their slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import engine
from engine.later import sign as _sign

from . import constraints
from .distribution import broadcast_all


class Transform:
    """An invertible function with the logarithm of its slope."""

    domain: Any = constraints.real
    codomain: Any = constraints.real
    bijective = True

    def __init__(self, cache_size: int = 0) -> None:
        self._cache_size = cache_size

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return id(self)

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The transform itself: what is kept of its last call changes no value."""
        return self

    def forward_shape(self, shape: Any) -> Any:
        """The shape that values of `shape` get."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape that values had whose transforms have `shape`."""
        return shape

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError

    @property
    def inv(self) -> Transform:
        """The transform in the other direction."""
        return _InverseTransform(self)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |dy / dx|."""
        raise NotImplementedError

    @property
    def sign(self) -> Any:
        """1 for a growing function, -1 for a falling one."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self._forward = transform
        self.domain, self.codomain = transform.codomain, transform.domain
        self.bijective = transform.bijective

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._forward!r})"

    def forward_shape(self, shape: Any) -> Any:
        return self._forward.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._forward.forward_shape(shape)

    def __call__(self, x: Any) -> Any:
        return self._forward._inverse(x)

    def _inverse(self, y: Any) -> Any:
        return self._forward(y)

    @property
    def inv(self) -> Transform:
        return self._forward

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._forward.log_abs_det_jacobian(y, x)

    @property
    def sign(self) -> Any:
        return self._forward.sign


class ExpTransform(Transform):
    """y = exp(x)."""

    codomain = constraints.positive
    sign = 1

    def __call__(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x))."""

    codomain = constraints.unit_interval
    sign = 1

    def __call__(self, x: Any) -> Any:
        info = engine.finfo(x.dtype)
        return x.sigmoid().clamp(min=info.tiny, max=1.0 - info.eps)

    def _inverse(self, y: Any) -> Any:
        info = engine.finfo(y.dtype)
        y = y.clamp(min=info.tiny, max=1.0 - info.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        softplus = engine.nn.functional.softplus
        return -softplus(-x) - softplus(x)


class TanhTransform(Transform):
    """y = tanh(x)."""

    codomain = constraints.interval(-1.0, 1.0)
    sign = 1

    def __call__(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2.0 * (math.log(2.0) - x - engine.nn.functional.softplus(-2.0 * x))


class AffineTransform(Transform):
    """y = loc + scale x."""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim
        if event_dim:
            self.domain = self.codomain = constraints.independent(constraints.real, event_dim)

    def __call__(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if isinstance(self.scale, (int, float)):
            result = engine.full_like(x, math.log(abs(self.scale)))
        else:
            result = self.scale.abs().log()
        if self.event_dim:
            size = result.size()[: -self.event_dim]
            result = result.view((*size, -1)).sum(-1)
        return result.expand(x.shape[: len(x.shape) - self.event_dim])

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, (int, float)):
            return (self.scale > 0) - (self.scale < 0)
        return self.scale.sign()


class PowerTransform(Transform):
    """y = x ** exponent."""

    domain = codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    def __call__(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def _inverse(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return (self.exponent * y / x).abs().log()

    @property
    def sign(self) -> Any:
        return self.exponent.sign()


class AbsTransform(Transform):
    """y = |x|, which has no inverse of its own."""

    codomain = constraints.positive
    bijective = False

    def __call__(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


class ComposeTransform(Transform):
    """One transform after the other."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)

    @property
    def domain(self) -> Any:
        if not self.parts:
            return constraints.real
        needed = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            needed += part.domain.event_dim - part.codomain.event_dim
            needed = max(needed, part.domain.event_dim)
        first = self.parts[0].domain
        more = needed - first.event_dim
        return constraints.independent(first, more) if more > 0 else first

    @property
    def codomain(self) -> Any:
        if not self.parts:
            return constraints.real
        reached = self.parts[0].domain.event_dim
        for part in self.parts:
            reached += part.codomain.event_dim - part.domain.event_dim
            reached = max(reached, part.codomain.event_dim)
        last = self.parts[-1].codomain
        more = reached - last.event_dim
        return constraints.independent(last, more) if more > 0 else last

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        total: Any = 1
        for part in self.parts:
            total = total * part.sign
        return total

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        inside = ",\n    ".join(repr(p) for p in self.parts)
        return f"{type(self).__name__}(\n    {inside}\n)"

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inverse(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return engine.zeros_like(x)
        total: Any = 0
        events = self.domain.event_dim
        for part in self.parts:
            after = part(x)
            slope = part.log_abs_det_jacobian(x, after)
            total = total + sum_rightmost(slope, events - part.domain.event_dim)
            events += part.codomain.event_dim - part.domain.event_dim
            x = after
        return total


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sums over the last `dims` dimensions."""
    return value.sum(tuple(range(-dims, 0))) if dims > 0 else value


_sign(globals(), "torch.distributions.transforms")
