"""torch.distributions: random variables with densities, entropies and draws from PyTorch's streams."""

from __future__ import annotations

from typing import Any

from . import constraints, kl, transforms
from .binary import Bernoulli, Binomial, Geometric
from .discrete import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from .distribution import Distribution
from .joint import Independent, MixtureSameFamily, MultivariateNormal
from .kl import kl_divergence, register_kl
from .location import Cauchy, Gumbel, Laplace, Normal, StudentT, Uniform
from .positive import Beta, Chi2, Dirichlet, Exponential, Gamma, Poisson
from .transformed import HalfNormal, LogNormal, TransformedDistribution
from .transforms import *  # noqa: F403

_KNOWN = (
    "ContinuousBernoulli", "ExponentialFamily", "FisherSnedecor", "GeneralizedPareto",
    "HalfCauchy", "InverseGamma", "Kumaraswamy", "LKJCholesky", "LogisticNormal",
    "LowRankMultivariateNormal", "NegativeBinomial", "Pareto", "RelaxedBernoulli",
    "RelaxedOneHotCategorical", "VonMises", "Weibull", "Wishart", "biject_to", "transform_to",
)  # fmt: skip

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfNormal",
    "Independent",
    "Laplace",
    "LogNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Poisson",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "constraints",
    "kl",
    "kl_divergence",
    "register_kl",
    "transforms",
]


def _home(name: str) -> str:
    """The module that a class's text names: OneHotCategorical is at one_hot_categorical."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")


for _name in __all__:
    if _name[0].isupper():
        globals()[_name].__module__ = f"torch.distributions.{_home(_name)}"


def __getattr__(name: str) -> Any:
    if name not in _KNOWN:
        from engine import absent

        raise absent.error("torch.distributions", name)

    def unsupported(*args: Any, **kwargs: Any) -> Any:
        names = ", ".join(n for n in __all__ if n[0].isupper())
        raise NotImplementedError(
            f"torch.distributions.{name} is not supported by this engine; supported are {names}"
        )

    return unsupported
