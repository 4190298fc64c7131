"""Distributions over vectors: the multivariate normal, several at once, and mixtures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import engine

from . import constraints
from .distribution import Distribution, lazy_property
from .location import standard_normal


def _mahalanobis(tril: Any, diff: Any) -> Any:
    """|L⁻¹ x|², batches broadcast."""
    batch = engine.broadcast_shapes(tril.shape[:-2], diff.shape[:-1])
    n = tril.shape[-1]
    columns = diff.expand((*batch, n)).unsqueeze(-1)
    solved = engine.linalg.solve_triangular(tril.expand((*batch, n, n)), columns, upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)


class MultivariateNormal(Distribution):
    """The Gaussian of vectors, by covariance, precision or Cholesky factor."""

    has_rsample = True
    support = constraints.real_vector
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    _shapes: ClassVar[Mapping[str, int]] = {
        "loc": 1, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2,
        "_unbroadcasted_scale_tril": 2,
    }  # fmt: skip

    def __init__(
        self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
        scale_tril: Any = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }  # fmt: skip
        chosen = [(name, value) for name, value in given.items() if value is not None]
        if len(chosen) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = chosen[0]
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch = engine.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        self.loc = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args)
        self._factor = self._cholesky(name, matrix)

    @staticmethod
    def _cholesky(name: str, matrix: Any) -> Any:
        if name == "scale_tril":
            return matrix
        if name == "covariance_matrix":
            return engine.linalg.cholesky(matrix)
        # The factor of P⁻¹ from that of P turned around: no inverse of P itself is needed.
        turned = engine.linalg.cholesky(matrix.flip((-2, -1)))
        upper = turned.flip((-2, -1)).mT
        eye = engine.eye(matrix.shape[-1], dtype=matrix.dtype)
        return engine.linalg.solve_triangular(upper, eye, upper=False)

    @lazy_property
    def scale_tril(self) -> Any:
        return self._factor.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def covariance_matrix(self) -> Any:
        return (self._factor @ self._factor.mT).expand(
            self._batch_shape + self._event_shape + self._event_shape
        )

    @lazy_property
    def precision_matrix(self) -> Any:
        return engine.linalg.inv(self._factor @ self._factor.mT).expand(
            self._batch_shape + self._event_shape + self._event_shape
        )

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self._factor.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + (self._factor @ eps.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self) -> Any:
        return self._factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        square = _mahalanobis(self._factor, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + square) - self._half_log_det()

    def entropy(self) -> Any:
        value = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return value if not self._batch_shape else value.expand(self._batch_shape)


class Independent(Distribution):
    """A batch of distributions taken as one over their values together."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {reinterpreted_batch_ndims} vs {len(batch)}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        shape = batch + base_distribution.event_shape
        events = reinterpreted_batch_ndims + len(base_distribution.event_shape)
        cut = len(shape) - events
        super().__init__(shape[:cut], shape[cut:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        inner = (*batch_shape, *self._event_shape[: self.reinterpreted_batch_ndims])
        return Independent(self.base_dist.expand(inner), self.reinterpreted_batch_ndims)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        inner = self.base_dist.support
        n = self.reinterpreted_batch_ndims
        return constraints.independent(inner, n) if n else inner

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def _together(self, value: Any) -> Any:
        n = self.reinterpreted_batch_ndims
        return value.sum(tuple(range(-n, 0))) if n else value

    def log_prob(self, value: Any) -> Any:
        return self._together(self.base_dist.log_prob(value))

    def entropy(self) -> Any:
        return self._together(self.base_dist.entropy())

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """One of several components of one family, chosen by a Categorical."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        count, parts = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if count != parts:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({parts})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        super().__init__(
            component_distribution.batch_shape[:-1], component_distribution.event_shape,
            validate_args,
        )  # fmt: skip

    @property
    def mixture_distribution(self) -> Any:
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        return self._component_distribution

    @property
    def support(self) -> Any:
        return self._component_distribution.support

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape(probs.shape + (1,) * len(self._event_shape))

    @property
    def mean(self) -> Any:
        axis = -1 - len(self._event_shape)
        return (self._weights() * self._component_distribution.mean).sum(axis)

    @property
    def variance(self) -> Any:
        axis = -1 - len(self._event_shape)
        inner = self._component_distribution
        within = (self._weights() * inner.variance).sum(axis)
        return within + (self._weights() * (inner.mean - self.mean.unsqueeze(axis)).pow(2)).sum(
            axis
        )

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        inner = self._component_distribution.log_prob(value.unsqueeze(-1 - len(self._event_shape)))
        weights = self._mixture_distribution.logits.log_softmax(-1)
        return (inner + weights).logsumexp(-1)

    def cdf(self, value: Any) -> Any:
        inner = self._component_distribution.cdf(value.unsqueeze(-1 - len(self._event_shape)))
        return (inner * self._mixture_distribution.probs).sum(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        with engine.no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            values = self._component_distribution.sample(sample_shape)
            events = len(self._event_shape)
            axis = values.dim() - 1 - events
            place = chosen.reshape(chosen.shape + (1,) * (events + 1))
            size = (*chosen.shape, 1, *self._event_shape)
            return values.gather(axis, place.expand(size)).squeeze(axis)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"
