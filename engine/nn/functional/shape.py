"""Padding, resizing and moving elements between channels and places."""

from __future__ import annotations

import math
import warnings
from typing import Any

from engine.ops.indexing import SLICE
from engine.ops.table import run
from engine.tensor import Tensor

from ..kernels import composites
from ..kernels import resize as rows

_MODES = {
    ("nearest", 1): "upsample_nearest1d", ("nearest", 2): "upsample_nearest2d",
    ("nearest", 3): "upsample_nearest3d", ("nearest-exact", 1): "_upsample_nearest_exact1d",
    ("nearest-exact", 2): "_upsample_nearest_exact2d",
    ("nearest-exact", 3): "_upsample_nearest_exact3d", ("linear", 1): "upsample_linear1d",
    ("bilinear", 2): "upsample_bilinear2d", ("trilinear", 3): "upsample_trilinear3d",
    ("bicubic", 2): "upsample_bicubic2d",
}  # fmt: skip


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """Pad the last dimensions: (left, right) of the last, then of the one before, and so on."""
    pad = tuple(int(p) for p in pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) // 2 > input.dim():
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        return rows.constant_pad(input, pad, 0 if value is None else value)  # type: ignore[no-any-return]
    if value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    n = len(pad) // 2
    if mode == "circular":
        return _wrapped(input, pad)
    if mode not in ("reflect", "replicate"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if input.dim() not in (n + 1, n + 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now"
        )
    if mode == "reflect":
        for d in range(n):
            size = input.shape[-1 - d]
            if max(pad[2 * d : 2 * d + 2]) >= size:
                raise RuntimeError(
                    "Argument #4: Padding size should be less than the corresponding input "
                    f"dimension, but got: padding ({pad[2 * d]}, {pad[2 * d + 1]}) at dimension "
                    f"{input.dim() - 1 - d} of input {list(input.shape)}"
                )
    return rows.padders[mode, n](input, pad, mode)  # type: ignore[no-any-return]


def _wrapped(input: Tensor, pad: tuple[int, ...]) -> Tensor:
    """Circular padding: the middle is copied, then each end from the other one, so that the graph
    shows a CopySlices per copy."""
    ndim = input.dim()
    pairs = {ndim - 1 - d: pad[2 * d : 2 * d + 2] for d in range(len(pad) // 2)}
    sizes = list(input.shape)
    for dim, (before, after) in pairs.items():
        if max(before, after) > sizes[dim]:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        sizes[dim] += before + after
    out: Tensor = input.new_empty(sizes)
    middle, source = out, input
    for dim in sorted(pairs):
        before, after = pairs[dim]
        middle = _slice(middle, dim, max(before, 0), sizes[dim] - max(after, 0))
        source = _slice(source, dim, max(-before, 0), input.shape[dim] - max(-after, 0))
    middle.copy_(source)
    for dim in sorted(pairs, reverse=True):
        before, after = pairs[dim]
        first, last = max(before, 0), sizes[dim] - max(after, 0)
        if before > 0:
            _slice(out, dim, 0, before).copy_(_slice(out, dim, last - before, last))
        if after > 0:
            _slice(out, dim, last, sizes[dim]).copy_(_slice(out, dim, first, first + after))
    return out


def _slice(t: Tensor, dim: int, start: int, end: int) -> Tensor:
    part: Tensor = run(SLICE, [t, dim, start, end, 1])
    return part


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Resample the dimensions behind (N, C) to `size` or by `scale_factor`."""
    n = input.dim() - 2
    if antialias:
        raise NotImplementedError("interpolate(antialias=True) is not supported")
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | "
            "bilinear | bicubic | trilinear"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined" if size is None
            else "only one of size or scale_factor should be defined"
        )  # fmt: skip
    scales: tuple[float | None, ...] = (None,) * n
    if size is not None:
        sizes = (size,) * n if isinstance(size, int) else tuple(size)
    else:
        factors = (
            tuple(scale_factor) if isinstance(scale_factor, (list, tuple)) else (scale_factor,) * n
        )
        sizes = tuple(math.floor(s * f) for s, f in zip(input.shape[2:], factors, strict=True))
        scales = scales if recompute_scale_factor else tuple(float(f) for f in factors)
    if mode == "area":
        from . import pool

        return getattr(pool, f"adaptive_avg_pool{n}d")(input, sizes)  # type: ignore[no-any-return]
    name = _MODES.get((mode, n))
    if name is None:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.dim()}D) for the "
            "modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact "
            f"(got {mode})"
        )
    return rows.resamplers[name](input, sizes, mode, bool(align_corners), scales)  # type: ignore[no-any-return]


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """Former name of `interpolate`."""
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Turn (*, C r², H, W) into (*, C, H r, W r)."""
    if input.shape[-3] % (upscale_factor**2):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of"
            f" upscale_factor, but input.size(-3)={input.shape[-3]} is not divisible by "
            f"{upscale_factor**2}"
        )
    return rows.pixel_shuffle(input, upscale_factor)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Turn (*, C, H r, W r) into (*, C r², H, W)."""
    return rows.pixel_unshuffle(input, downscale_factor)  # type: ignore[no-any-return]


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` groups."""
    return composites.channel_shuffle(input, groups)  # type: ignore[no-any-return]
