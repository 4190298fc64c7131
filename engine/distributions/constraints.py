"""Sets that parameters and values must lie in: what they check and how they print."""

from __future__ import annotations

from typing import Any

import engine


class Constraint:
    """A set; `check` says element by element what lies in it."""

    is_discrete = False
    event_dim = 0

    def check(self, value: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._name() + "()"

    def _name(self) -> str:
        return type(self).__name__.lstrip("_")


class _Real(Constraint):
    def check(self, value: Any) -> Any:
        return value == value  # false for nan


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _Bound(Constraint):
    """An interval that is open to one side."""

    _what = "lower_bound"

    def __init__(self, bound: Any) -> None:
        self._bound = bound
        setattr(self, self._what, bound)

    def __repr__(self) -> str:
        return f"{self._name()}({self._what}={self._bound})"


class _GreaterThan(_Bound):
    def check(self, value: Any) -> Any:
        return self._bound < value


class _GreaterThanEq(_Bound):
    def check(self, value: Any) -> Any:
        return self._bound <= value


class _LessThan(_Bound):
    _what = "upper_bound"

    def check(self, value: Any) -> Any:
        return value < self._bound


class _IntegerGreaterThan(_Bound):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value >= self._bound)


class _Interval(Constraint):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)

    def __repr__(self) -> str:
        return f"{self._name()}(lower_bound={self.lower_bound}, upper_bound={self.upper_bound})"


class _HalfOpenInterval(_Interval):
    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _IntegerInterval(_Interval):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & super().check(value)


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & value.sum(-1).eq(1)


class _Multinomial(Constraint):
    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: int) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _LowerCholesky(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        flat = value.reshape(*value.shape[:-2], -1)
        lower = (value.tril().reshape(flat.shape) == flat).all(-1)
        return lower & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(Constraint):
    """Lower triangles whose rows have length 1."""

    event_dim = 2

    def check(self, value: Any) -> Any:
        tolerance = engine.finfo(value.dtype).eps * value.shape[-1] * 10
        unit = (engine.linalg.norm(value.detach(), dim=-1) - 1.0).abs().le(tolerance).all(-1)
        return lower_cholesky.check(value) & unit


class _PositiveDefinite(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        symmetric = engine.isclose(value, value.mT, atol=1e-6).all(-1).all(-1)
        if not bool(symmetric.all()):
            return symmetric
        return engine.linalg.eigvalsh(value.detach()).min(-1)[0] > 0


class _IndependentConstraint(Constraint):
    """The last dimensions of values count as one event."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        for _ in range(self.reinterpreted_batch_ndims):
            result = result.all(-1)
        return result

    def __repr__(self) -> str:
        return f"{self._name()}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _Parts(Constraint):
    """A constraint for each part along one dimension."""

    def __init__(self, cseq: Any, dim: int = 0, lengths: Any = None) -> None:
        self.cseq, self.dim = list(cseq), dim
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        self.is_discrete = any(c.is_discrete for c in self.cseq)
        self.event_dim = max(c.event_dim for c in self.cseq)


class _Cat(_Parts):
    def check(self, value: Any) -> Any:
        parts = zip(self.cseq, value.split(self.lengths, self.dim), strict=True)
        return engine.cat([c.check(v) for c, v in parts], self.dim)


class _Stack(_Parts):
    def check(self, value: Any) -> Any:
        parts = zip(self.cseq, value.unbind(self.dim), strict=True)
        return engine.stack([c.check(v) for c, v in parts], self.dim)


independent, cat, stack = _IndependentConstraint, _Cat, _Stack
greater_than, greater_than_eq, less_than = _GreaterThan, _GreaterThanEq, _LessThan
interval, half_open_interval = _Interval, _HalfOpenInterval
integer_interval, integer_greater_than, multinomial = (
    _IntegerInterval,
    _IntegerGreaterThan,
    _Multinomial,
)

real = _Real()
boolean = _Boolean()
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
unit_interval = _Interval(0.0, 1.0)
simplex = _Simplex()
one_hot = _OneHot()
real_vector = _IndependentConstraint(real, 1)
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
positive_definite = _PositiveDefinite()
