"""Samples of images at grids of places, the grids of affine maps, and fractional pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import engine
from engine.batching.levels import level_of
from engine.tensor import Tensor, wrap
from engine.warning import warn

from ..kernels import sampling as rows
from .conv import ntuple


def _default_corners() -> bool:
    warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
        "details."
    )
    return False


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """The values of images (N, C, *size) at the places (N, *out, dimensions) of a grid in [-1, 1]."""
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        align_corners = _default_corners()
    _check(input, grid, mode)
    _unmapped("grid_sample", input, grid)
    row = rows.grid_samplers[input.dim() - 2]
    return row(input, grid, mode, padding_mode, align_corners)  # type: ignore[no-any-return]


def _unmapped(name: str, *tensors: Tensor) -> None:
    if any(level_of(t) for t in tensors):
        raise NotImplementedError(
            f"{name} is not supported inside of torch.vmap: it takes a batch (N, C, ...) itself"
        )


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    shapes = f"{list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {shapes}"
        )
    if grid.shape[-1] != input.dim() - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.dim() - 2} in last dimension, but "
            f"got grid with sizes {list(grid.shape)}"
        )
    for i, n in enumerate(input.shape[2:], 2):
        if not n:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
                f"sizes {list(input.shape)} with dimension {i} being empty"
            )
    if input.dim() not in (4, 5) or input.dim() != grid.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {shapes}"
        )
    if mode == "bicubic" and input.dim() == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.display} but found {grid.dtype.display}"
        )


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid of an affine map: theta (N, 2, 3) or (N, 3, 4), size that of the images to make."""
    if align_corners is None:
        align_corners = _default_corners()
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {_sized(size)}."
        )
    if theta.dim() != 3 or theta.shape[-2] != n or theta.shape[-1] != n + 1:
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size "
            f"{_sized(size)}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {_sized(size)}")
    return rows.affine_grid(theta, tuple(size), align_corners)  # type: ignore[no-any-return]


def _sized(size: Sequence[int]) -> Any:
    return size if not isinstance(size, list) else list(size)


def _fractional(n: int) -> Callable[..., Any]:
    def pool(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        name = f"fractional_max_pool{n}d"
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        if output_size is None:
            ratios = (
                output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
            )
            output_size = [int(size * r) for size, r in zip(input.shape[-n:], ratios, strict=True)]
        _unmapped(name, input)
        out, window = ntuple(output_size, n), ntuple(kernel_size, n)
        batched = input.dim() == n + 2
        x = input if batched else input.unsqueeze(0)
        if _random_samples is None:
            _random_samples = engine.rand(x.shape[0], x.shape[1], n, dtype=input.dtype)
        for size, o, w in zip(x.shape[-n:], out, window, strict=True):
            if o + w - 1 > size:
                raise RuntimeError(
                    f"{name}(): pool size {list(window)} too large relative to input size "
                    f"{list(x.shape[-n:])} for output size {list(out)}"
                )
        places = rows.fractional_places(x.detach().numpy(), _random_samples.numpy(), window, out)
        values = rows.fractional_pools[n](x, places, n)
        values = values if batched else values.squeeze(0)
        if not return_indices:
            return values
        return values, wrap(places if batched else places[0])

    pool.__name__ = pool.__qualname__ = f"fractional_max_pool{n}d"
    pool.__doc__ = (
        "Maxima over windows whose places are drawn so that the size shrinks by any ratio."
    )
    return pool


fractional_max_pool2d, fractional_max_pool3d = _fractional(2), _fractional(3)


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    def both(*args: Any, **kwargs: Any) -> Any:
        return pool(*args, **{**kwargs, "return_indices": True})

    both.__name__ = both.__qualname__ = f"{pool.__name__}_with_indices"
    both.__doc__ = "The same, and where the maxima are."
    return both


fractional_max_pool2d_with_indices = _with_indices(fractional_max_pool2d)
fractional_max_pool3d_with_indices = _with_indices(fractional_max_pool3d)
