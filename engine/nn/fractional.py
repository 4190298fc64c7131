"""Layers that pool over windows of random places."""

from __future__ import annotations

from typing import Any

from engine.later import sign as _sign
from engine.tensor import Tensor

from .functional import sampling
from .functional.conv import ntuple
from .module import Module


class _Fractional(Module):
    dims = 2
    kernel_size: tuple[int, ...]
    output_size: tuple[int, ...] | None
    output_ratio: tuple[float, ...] | None

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        name = f"FractionalMaxPool{self.dims}d"
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else ntuple(output_size, self.dims)
        given = output_ratio
        if isinstance(output_ratio, (int, float)):
            output_ratio = (output_ratio,) * self.dims
        self.output_ratio = None if output_ratio is None else tuple(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {given})")

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and where they are if `return_indices`."""
        pool = getattr(sampling, f"fractional_max_pool{self.dims}d")
        return pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_Fractional):
    """Maxima over windows of random places of (N, C, H, W)."""


class FractionalMaxPool3d(_Fractional):
    """Maxima over windows of random places of (N, C, D, H, W)."""

    dims = 3


_sign(globals(), "torch.nn.modules.pooling")
