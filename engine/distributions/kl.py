"""Kullback-Leibler divergences between pairs of families."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import engine
from engine.later import sign as _sign

from .binary import Bernoulli, Binomial, Geometric
from .discrete import Categorical, OneHotCategorical
from .joint import Independent, MultivariateNormal, _mahalanobis
from .location import Laplace, Normal, Uniform
from .matrices import LowRankMultivariateNormal
from .positive import Beta, Dirichlet, Exponential, Gamma, Poisson

Formula = Callable[[Any, Any], Any]
_FORMULAS: dict[tuple[type, type], Formula] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """Decorate the function that computes the divergence for two families."""

    def decorate(fn: Formula) -> Formula:
        _FORMULAS[type_p, type_q] = fn
        return fn

    return decorate


def kl_divergence(p: Any, q: Any) -> Any:
    """KL(p ‖ q), by the formula registered for the nearest classes of both."""
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            if (a, b) in _FORMULAS:
                return _FORMULAS[a, b](p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
    )


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    shift = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + shift - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    softplus = engine.nn.functional.softplus
    first = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    first[q.probs == 0] = math.inf
    first[p.probs == 0] = 0
    second = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    second[q.probs == 1] = math.inf
    second[p.probs == 1] = 0
    return first + second


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    t = p.probs * (p.logits - q.logits)
    t[(q.probs == 0).expand_as(t)] = math.inf
    t[(p.probs == 0).expand_as(t)] = 0
    return t.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    value = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    value[p.total_count > q.total_count] = math.inf
    return value


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + b.lgamma()
        - a.lgamma()
        + (a - b) * a.digamma()
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    p_sum = p.concentration1 + p.concentration0
    q_sum = q.concentration1 + q.concentration0
    first = q.concentration1.lgamma() + q.concentration0.lgamma() + p_sum.lgamma()
    second = p.concentration1.lgamma() + p.concentration0.lgamma() + q_sum.lgamma()
    third = (p.concentration1 - q.concentration1) * p.concentration1.digamma()
    fourth = (p.concentration0 - q.concentration0) * p.concentration0.digamma()
    return first - second + third + fourth + (q_sum - p_sum) * p_sum.digamma()


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    whole = a.sum(-1)
    first = whole.lgamma() - b.sum(-1).lgamma()
    second = (a.lgamma() - b.lgamma()).sum(-1)
    return first - second + ((a - b) * (a.digamma() - whole.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    shift = (p.loc - q.loc).abs()
    return -ratio.log() + shift / q.scale + ratio * (-shift / p.scale).exp() - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    value = ((q.high - q.low) / (p.high - p.low)).log()
    value[(q.low > p.low) | (q.high < p.high)] = math.inf
    return value


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    width = p.high - p.low
    first = (math.sqrt(math.pi * 2) * q.scale / width).log()
    return (
        first
        + width.pow(2) / (24 * q.scale.pow(2))
        + ((p.high + p.low - 2 * q.loc) / 2).pow(2) / (2 * q.scale.pow(2))
    )


@register_kl(Normal, Uniform)
@register_kl(Laplace, Uniform)
@register_kl(Exponential, Uniform)
@register_kl(Gamma, Uniform)
def _beyond(p: Any, q: Any) -> Any:
    shape = engine.broadcast_shapes(p.batch_shape, q.batch_shape)
    return engine.full(shape, math.inf, dtype=p.mean.dtype)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            "computed"
        )
    half = q._half_log_det() - p._half_log_det()
    n = p.event_shape[0]
    solved = engine.linalg.solve_triangular(q.scale_tril, p.scale_tril, upper=False)
    trace = solved.pow(2).sum((-2, -1))
    shift = _mahalanobis(q._factor, q.loc - p.loc)
    return half + 0.5 * (trace + shift - n)


def _of_covariances(p: Any, q: Any) -> Any:
    """Between two Gaussians of which one has few factors: by their covariances."""
    p, q = (MultivariateNormal(d.loc, d.covariance_matrix, validate_args=False) for d in (p, q))
    return _multivariate_normal(p, q)


for _pair in (
    (LowRankMultivariateNormal, LowRankMultivariateNormal),
    (LowRankMultivariateNormal, MultivariateNormal),
    (MultivariateNormal, LowRankMultivariateNormal),
):
    register_kl(*_pair)(_of_covariances)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return p._together(kl_divergence(p.base_dist, q.base_dist))


_sign(globals(), "torch.distributions.kl")
