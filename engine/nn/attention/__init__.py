"""torch.nn.attention: which kernels attention may use; here there is the one that writes it out."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class SDPBackend(enum.Enum):
    """Kernels of scaled_dot_product_attention."""

    __module__ = "torch.nn.attention"

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<SDPBackend.{self.name}: {self.value}>"


#: The kernels that a program lets attention choose from; None: all.
allowed: list[SDPBackend] | None = None
_ON_CPU = (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION)


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[dict[Any, Any]]:
    """The scope in which attention chooses from `backends` only."""
    global allowed
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(  # noqa: TRY004 (as PyTorch)
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    before = allowed
    allowed = [backends] if isinstance(backends, SDPBackend) else list(backends)
    try:
        yield {}
    finally:
        allowed = before


def check_allowed() -> None:
    """RuntimeError where no allowed kernel is one of those of the CPU."""
    if allowed is not None and not any(b in _ON_CPU for b in allowed):
        raise RuntimeError(
            "No viable backend for scaled_dot_product_attention was found. This is likely due to "
            "turning off both the math kernel and the fused kernels."
        )


__all__ = ["SDPBackend", "sdpa_kernel"]
