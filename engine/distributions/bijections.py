"""Transforms of whole vectors and matrices: onto simplices and triangular factors, part by part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import engine
from engine.later import sign as _sign
from engine.size import Size

from . import constraints
from .functions import Transform, sum_rightmost


class SoftplusTransform(Transform):
    """y = log(1 + exp(x))."""

    codomain = constraints.positive
    sign = 1

    def __call__(self, x: Any) -> Any:
        return engine.nn.functional.softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -engine.nn.functional.softplus(-x)


class CumulativeDistributionTransform(Transform):
    """y = the probability of less than x under a distribution."""

    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def __call__(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)


class SoftmaxTransform(Transform):
    """y = exp(x) divided by its sum: onto the simplex, from more than one x."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = False

    def __call__(self, x: Any) -> Any:
        probs = (x - x.max(-1, True)[0]).exp()
        return probs / probs.sum(-1, True)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(Transform):
    """What each of n fractions takes of what is left of a stick: onto the simplex of n + 1 parts."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    @staticmethod
    def _shift(x: Any) -> Any:
        n = x.shape[-1]
        return (n + 1 - x.new_ones(n).cumsum(-1)).log()

    def __call__(self, x: Any) -> Any:
        info = engine.finfo(x.dtype)
        z = (x - self._shift(x)).sigmoid().clamp(min=info.tiny, max=1.0 - info.eps)
        left = (1 - z).cumprod(-1)
        pad = engine.nn.functional.pad
        return pad(z, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        head = y[..., :-1]
        left = (1 - head.cumsum(-1)).clamp(min=engine.finfo(y.dtype).tiny)
        n = head.shape[-1]
        offset = y.shape[-1] - head.new_ones(n).cumsum(-1)
        return head.log() - left.log() + offset.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - self._shift(x)
        return (-x + engine.nn.functional.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(Transform):
    """Any matrix to a lower triangle with exp of its diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky
    bijective = False

    def __call__(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """Any matrix to L Lᵀ of the lower triangle L that LowerCholeskyTransform makes of it."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite
    bijective = False

    def __call__(self, x: Any) -> Any:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform()._inverse(engine.linalg.cholesky(y))


class CorrCholeskyTransform(Transform):
    """A vector of n (n - 1) / 2 numbers to the Cholesky factor of a matrix of correlations.

    The hyperbolic tangents are the canonical partial correlations (Lewandowski, Kurowicka and Joe 2009).
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky

    @staticmethod
    def _lower(values: Any, n: int) -> Any:
        matrix = values.new_zeros((*values.shape[:-1], n, n))
        rows, columns = engine.tril_indices(n, n, -1)
        matrix[..., rows, columns] = values
        return matrix

    @staticmethod
    def _vector(matrix: Any) -> Any:
        rows, columns = engine.tril_indices(matrix.shape[-1], matrix.shape[-1], -1)
        return matrix[..., rows, columns]

    def __call__(self, x: Any) -> Any:
        eps = engine.finfo(x.dtype).eps
        n = self.forward_shape(x.shape)[-1]
        r = self._lower(x.tanh().clamp(min=-1 + eps, max=1 - eps), n)
        left = (1 - r**2).sqrt().cumprod(-1)
        r = r + engine.eye(n, dtype=r.dtype)
        return r * engine.nn.functional.pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        left = engine.nn.functional.pad(1 - (y * y).cumsum(-1), [1, 0], value=1)[..., :-1]
        t = self._vector(y) / self._vector(left).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        rest = 1 - (y * y).cumsum(-1)
        stick = 0.5 * self._vector(engine.nn.functional.pad(rest[..., :-1], [1, 0], value=1)).log()
        tanh = -2 * (x + engine.nn.functional.softplus(-2 * x) - math.log(2.0)).sum(-1)
        return stick.sum(-1) + tanh

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        n = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != shape[-1]:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return Size((*shape[:-2], shape[-1] * (shape[-1] - 1) // 2))


class IndependentTransform(Transform):
    """A transform whose last dimensions count as one event."""

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.domain = constraints.independent(base_transform.domain, reinterpreted_batch_ndims)
        self.codomain = constraints.independent(base_transform.codomain, reinterpreted_batch_ndims)
        self.bijective = base_transform.bijective

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def __call__(self, x: Any) -> Any:
        if x.dim() < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        if y.dim() < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform._inverse(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        slope = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_rightmost(slope, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


class ReshapeTransform(Transform):
    """The last dimensions in another shape."""

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))

    def __call__(self, x: Any) -> Any:
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Any) -> Any:
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    @staticmethod
    def _other(shape: Any, first: Any, second: Any) -> Any:
        if len(shape) < len(first):
            raise ValueError("Too few dimensions on input")
        cut = len(shape) - len(first)
        if tuple(shape[cut:]) != tuple(first):
            raise ValueError(f"Shape mismatch: expected {Size(shape[cut:])} but got {first}")
        return Size((*shape[:cut], *second))

    def forward_shape(self, shape: Any) -> Any:
        return self._other(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._other(shape, self.out_shape, self.in_shape)


class _Parts(Transform):
    """A transform for each part of the values along one dimension."""

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms, self.dim = list(tseq), dim
        self.bijective = all(t.bijective for t in self.transforms)

    def _split(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _joined(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def __call__(self, x: Any) -> Any:
        pairs = zip(self.transforms, self._split(x), strict=True)
        return self._joined([t(part) for t, part in pairs])

    def _inverse(self, y: Any) -> Any:
        pairs = zip(self.transforms, self._split(y), strict=True)
        return self._joined([t._inverse(part) for t, part in pairs])

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        triples = zip(self.transforms, self._split(x), self._split(y), strict=True)
        return self._joined([t.log_abs_det_jacobian(a, b) for t, a, b in triples])


class StackTransform(_Parts):
    """A transform for each slice along `dim`."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        self.domain = constraints.stack([t.domain for t in self.transforms], dim)
        self.codomain = constraints.stack([t.codomain for t in self.transforms], dim)

    def _split(self, value: Any) -> list[Any]:
        return list(value.unbind(self.dim))

    def _joined(self, parts: list[Any]) -> Any:
        return engine.stack(parts, self.dim)


class CatTransform(_Parts):
    """A transform for each stretch of `lengths` along `dim`."""

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Any = None, cache_size: int = 0
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.length = sum(self.lengths)
        self.domain = constraints.cat([t.domain for t in self.transforms], dim, self.lengths)
        self.codomain = constraints.cat([t.codomain for t in self.transforms], dim, self.lengths)

    def _split(self, value: Any) -> list[Any]:
        return list(value.split(self.lengths, self.dim))

    def _joined(self, parts: list[Any]) -> Any:
        return engine.cat(parts, self.dim)


_sign(globals(), "torch.distributions.transforms")
