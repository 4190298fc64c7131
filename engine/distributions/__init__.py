"""torch.distributions: random variables with densities, entropies and draws from PyTorch's streams."""

from __future__ import annotations

from typing import Any

from . import constraints, kl, transforms
from .binary import Bernoulli, Binomial, Geometric
from .circular import FisherSnedecor, VonMises
from .constraint_registry import biject_to, transform_to
from .counts import ContinuousBernoulli, NegativeBinomial
from .discrete import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from .distribution import Distribution, ExponentialFamily
from .extreme import GeneralizedPareto, HalfCauchy, InverseGamma, Kumaraswamy, Pareto, Weibull
from .joint import Independent, MixtureSameFamily, MultivariateNormal
from .kl import kl_divergence, register_kl
from .location import Cauchy, Gumbel, Laplace, Normal, StudentT, Uniform
from .matrices import LKJCholesky, LowRankMultivariateNormal, Wishart
from .positive import Beta, Chi2, Dirichlet, Exponential, Gamma, Poisson
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from .transformed import HalfNormal, LogisticNormal, LogNormal, TransformedDistribution
from .transforms import *  # noqa: F403

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "Wishart",
    "biject_to",
    "constraints",
    "kl",
    "kl_divergence",
    "register_kl",
    "transform_to",
    "transforms",
]


def _home(name: str) -> str:
    """The module that a class's text names: OneHotCategorical is at one_hot_categorical."""
    irregular = {
        "RelaxedOneHotCategorical": "relaxed_categorical", "ExponentialFamily": "exp_family",
        "LKJCholesky": "lkj_cholesky", "LowRankMultivariateNormal": "lowrank_multivariate_normal",
    }  # fmt: skip
    if name in irregular:
        return irregular[name]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")


for _name in __all__:
    if _name[0].isupper():
        globals()[_name].__module__ = f"torch.distributions.{_home(_name)}"


def __getattr__(name: str) -> Any:
    from engine import absent

    raise absent.error("torch.distributions", name)
