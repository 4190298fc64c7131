"""Distances and similarities as modules."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.tensor import Tensor

from . import functional as F
from .configured import Configured


class CosineSimilarity(Configured):
    """Cosine of the angle between vectors along a dimension."""

    settings: ClassVar[dict[str, Any]] = {"dim": 1, "eps": 1e-8}
    shown = ()

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Configured):
    """p-norm of the difference of vectors."""

    settings: ClassVar[dict[str, Any]] = {"p": 2.0, "eps": 1e-6, "keepdim": False}
    shown = ()

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.p, self.eps, self.keepdim)
