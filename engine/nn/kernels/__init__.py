"""The rows that neural networks add to the operator table, by family."""

from __future__ import annotations

from . import (
    activations,
    attention,
    backward,
    composites,
    convolution,
    embedding,
    losses,
    normalization,
    pooling,
    resize,
)

__all__ = [
    "activations",
    "attention",
    "backward",
    "composites",
    "convolution",
    "embedding",
    "losses",
    "normalization",
    "pooling",
    "resize",
]
