"""Distributions of covariance matrices and their factors, and Gaussians with few factors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import engine
from engine.warning import warn

from . import constraints
from .distribution import Distribution, ExponentialFamily, lazy_property
from .location import standard_normal
from .positive import Beta, Chi2


def _half_log_det(factor: Any) -> Any:
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class LowRankMultivariateNormal(Distribution):
    """The Gaussian with covariance W Wᵀ + diag(D): W (*, n, m), D (*, n)."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    _shapes: ClassVar[Mapping[str, int]] = {"loc": 1, "cov_factor": 2, "cov_diag": 1}

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch dimensions"
            )
        if cov_factor.shape[-2:-1] != event:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event[0]} x m")
        if cov_diag.shape[-1:] != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event}")
        batch = engine.broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        self.loc = loc.expand((*batch, *event))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        self.cov_diag = cov_diag.expand((*batch, *event))
        super().__init__(batch, event, validate_args)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self.cov_factor.pow(2).sum(-1) + self.cov_diag

    def _capacitance(self) -> Any:
        """The Cholesky factor of 1 + Wᵀ D⁻¹ W."""
        inner = (self.cov_factor.mT / self.cov_diag.unsqueeze(-2)) @ self.cov_factor
        return engine.linalg.cholesky(inner + engine.eye(inner.shape[-1], dtype=inner.dtype))

    @lazy_property
    def covariance_matrix(self) -> Any:
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @lazy_property
    def precision_matrix(self) -> Any:
        """By Woodbury's identity."""
        scaled = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        a = engine.linalg.solve_triangular(self._capacitance(), scaled, upper=False)
        return self.cov_diag.reciprocal().diag_embed() - a.mT @ a

    @lazy_property
    def scale_tril(self) -> Any:
        root = self.cov_diag.sqrt().unsqueeze(-1)
        scaled = self.cov_factor / root
        inner = scaled @ scaled.mT
        eye = engine.eye(inner.shape[-1], dtype=inner.dtype)
        return root * engine.linalg.cholesky(inner + eye)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        factors = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc.dtype)
        own = standard_normal(shape, self.loc.dtype)
        common = (self.cov_factor @ factors.unsqueeze(-1)).squeeze(-1)
        return self.loc + common + self.cov_diag.sqrt() * own

    def _log_det(self) -> Any:
        return 2 * _half_log_det(self._capacitance()) + self.cov_diag.log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        apart = value - self.loc
        scaled = (self.cov_factor.mT / self.cov_diag.unsqueeze(-2)) @ apart.unsqueeze(-1)
        factor = self._capacitance()
        factor = factor.expand((*scaled.shape[:-2], *factor.shape[-2:]))
        inner = engine.linalg.solve_triangular(factor, scaled, upper=False).squeeze(-1)
        square = (apart.pow(2) / self.cov_diag).sum(-1) - inner.pow(2).sum(-1)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + self._log_det() + square)

    def entropy(self) -> Any:
        return 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())


class Wishart(ExponentialFamily):
    """Sums of squares of Gaussian vectors: matrices with `df` degrees of freedom."""

    has_rsample = True
    arg_constraints: ClassVar[Mapping[str, Any]] = {
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
        "df": constraints.greater_than(0),
    }
    support = constraints.positive_definite
    _shapes: ClassVar[Mapping[str, int]] = {
        "df": 0, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2
    }  # fmt: skip

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
        scale_tril: Any = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }  # fmt: skip
        chosen = [(name, value) for name, value in given.items() if value is not None]
        if len(chosen) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = chosen[0]
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch dimensions"
            )
        df = engine.as_tensor(df, dtype=matrix.dtype)
        n = matrix.shape[-1]
        batch = engine.broadcast_shapes(matrix.shape[:-2], df.shape)
        if bool((df <= n - 1).any()):
            raise ValueError(
                f"Value of df={df.item() if df.dim() == 0 else df} expected to be greater than "
                f"ndim - 1 = {n - 1}."
            )
        self.df = df.expand(batch)
        self.__dict__[name] = matrix.expand((*batch, n, n))
        super().__init__(batch, (n, n), validate_args)
        self._factor = self._cholesky(name, matrix)

    @staticmethod
    def _cholesky(name: str, matrix: Any) -> Any:
        if name == "scale_tril":
            return matrix
        if name == "precision_matrix":
            matrix = engine.linalg.inv(matrix)
        return engine.linalg.cholesky(matrix)

    @lazy_property
    def scale_tril(self) -> Any:
        return self._factor.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def covariance_matrix(self) -> Any:
        return (self._factor @ self._factor.mT).expand(self._batch_shape + self._event_shape)

    @lazy_property
    def precision_matrix(self) -> Any:
        return engine.linalg.inv(self.covariance_matrix)

    @property
    def mean(self) -> Any:
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = engine.where(factor <= 0, math.nan, factor)
        return factor[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Any:
        v = self.covariance_matrix
        d = v.diagonal(dim1=-2, dim2=-1)
        return self.df[..., None, None] * (v.pow(2) + d.unsqueeze(-1) * d.unsqueeze(-2))

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """As PyTorch draws: what is positive definite at first is drawn again."""
        tries = max_try_correction
        tries = (3 if self._event_shape[-1] > 3 else 10) if tries is None else tries
        values = self._bartlett(sample_shape)
        again = self._over_batch(constraints.positive_definite.check(values))
        if again.any():
            warn("Singular sample detected.")
        for _ in range(tries):
            new = self._bartlett(again[again].shape)
            values[again] = new
            again[again.clone()] = self._over_batch(~constraints.positive_definite.check(new))
            if not again.any():
                break
        return values

    def _over_batch(self, flags: Any) -> Any:
        batch = len(self._batch_shape)
        return flags.amax(tuple(range(-batch, 0))) if batch else flags

    def _bartlett(self, sample_shape: Any) -> Any:
        """By Bartlett's decomposition: chi on the diagonal, Gaussians below it."""
        n = self._event_shape[-1]
        freedom = self.df.unsqueeze(-1) - engine.arange(n, dtype=self.df.dtype)
        noise = Chi2(freedom).rsample(sample_shape).sqrt().diag_embed(dim1=-2, dim2=-1)
        rows, columns = engine.tril_indices(n, n, -1)
        shape = (*sample_shape, *self._batch_shape, n * (n - 1) // 2)
        noise[..., rows, columns] = engine.randn(shape, dtype=noise.dtype)
        factor = self._factor @ noise
        return factor @ factor.mT

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        nu, p = self.df, self._event_shape[-1]
        inverse = engine.cholesky_solve(value, self._factor)
        return (
            -nu * (p * math.log(2.0) / 2 + _half_log_det(self._factor))
            - engine.mvlgamma(nu / 2, p)
            + (nu - p - 1) / 2 * engine.linalg.slogdet(value).logabsdet
            - inverse.diagonal(dim1=-2, dim2=-1).sum(-1) / 2
        )

    def entropy(self) -> Any:
        nu, p = self.df, self._event_shape[-1]
        halves = (nu.unsqueeze(-1) - engine.arange(p, dtype=nu.dtype)) / 2
        return (
            (p + 1) * (p * math.log(2.0) / 2 + _half_log_det(self._factor))
            + engine.mvlgamma(nu / 2, p)
            - (nu - p - 1) / 2 * halves.digamma().sum(-1)
            + nu * p / 2
        )


class LKJCholesky(Distribution):
    """Cholesky factors of matrices of correlations (Lewandowski, Kurowicka and Joe 2009)."""

    arg_constraints: ClassVar[Mapping[str, Any]] = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _shapes: ClassVar[Mapping[str, int]] = {"concentration": 0}

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        self.concentration = engine.as_tensor(concentration, dtype=engine.get_default_dtype())
        self._rows()
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def _rows(self) -> Beta:
        """The squared length of what each row has left of its diagonal."""
        offset = engine.arange(self.dim - 1, dtype=self.concentration.dtype)
        offset = engine.cat([offset.new_zeros((1,)), offset])
        marginal = self.concentration + 0.5 * (self.dim - 2)
        return Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)

    @engine.no_grad()
    def sample(self, sample_shape: Any = ()) -> Any:
        lengths = self._rows().sample(sample_shape).unsqueeze(-1).sqrt()
        shape = self._extended_shape(sample_shape)
        noise = engine.randn(shape, dtype=lengths.dtype).tril(-1)
        direction = noise / noise.norm(dim=-1, keepdim=True)
        direction[..., 0, :] = 0.0
        w = lengths * direction
        rest = (1 - (w**2).sum(-1)).clamp(min=engine.finfo(w.dtype).tiny).sqrt()
        return w + rest.diag_embed()

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        d, n = self.dim - 1, self.dim
        order = engine.arange(2, n + 1, dtype=self.concentration.dtype)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + n - order
        density = (order * value.diagonal(dim1=-1, dim2=-2)[..., 1:].log()).sum(-1)
        alpha = self.concentration + 0.5 * d
        scale = engine.mvlgamma(alpha - 0.5, d) - alpha.lgamma() * d
        return density - (0.5 * d * math.log(math.pi) + scale)
