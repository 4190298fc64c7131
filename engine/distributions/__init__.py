"""torch.distributions: random variables with densities, entropies and draws from PyTorch's streams."""

from __future__ import annotations

from typing import Any

from . import constraints, kl, transforms
from .binary import Bernoulli, Binomial, Geometric
from .circular import FisherSnedecor, VonMises
from .counts import ContinuousBernoulli, NegativeBinomial
from .discrete import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from .distribution import Distribution
from .extreme import HalfCauchy, InverseGamma, Kumaraswamy, Pareto, Weibull
from .joint import Independent, MixtureSameFamily, MultivariateNormal
from .kl import kl_divergence, register_kl
from .location import Cauchy, Gumbel, Laplace, Normal, StudentT, Uniform
from .positive import Beta, Chi2, Dirichlet, Exponential, Gamma, Poisson
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from .transformed import HalfNormal, LogNormal, TransformedDistribution
from .transforms import *  # noqa: F403

_KNOWN = (
    "ExponentialFamily", "GeneralizedPareto", "LKJCholesky", "LogisticNormal",
    "LowRankMultivariateNormal", "Wishart", "biject_to", "transform_to",
)  # fmt: skip

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
    "FisherSnedecor",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Kumaraswamy",
    "Laplace",
    "LogNormal",
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
    "constraints",
    "kl",
    "kl_divergence",
    "register_kl",
    "transforms",
]


def _home(name: str) -> str:
    """The module that a class's text names: OneHotCategorical is at one_hot_categorical."""
    if name == "RelaxedOneHotCategorical":
        return "relaxed_categorical"
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
