"""Padding, resizing and moving elements between channels and places."""

from __future__ import annotations

import math
import warnings
from typing import Any

from engine import errors
from engine.ops.slicing import SLICE
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
    if not isinstance(input, Tensor):
        raise errors.not_tensor("pad", "input", 1, input)
    if not isinstance(pad, (tuple, list)):
        raise TypeError(
            f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}"
        )
    if value is not None and not isinstance(value, (int, float)):
        raise TypeError(
            f"pad(): argument 'value' (position 4) must be float, not {errors.type_name(value)}"
        )
    pad = tuple(int(p) for p in pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) // 2 > input.dim():
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        for d in range(len(pad) // 2):
            left, right = min(pad[2 * d], 0), min(pad[2 * d + 1], 0)
            if input.shape[-1 - d] + left + right < 0:
                raise RuntimeError("narrow(): length must be non-negative.")
        return rows.constant_pad(input, pad, 0 if value is None else value)  # type: ignore[no-any-return]
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    n = len(pad) // 2
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if input.dim() not in (n + 1, n + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.dim()}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode == "circular":
        return _wrapped(input, pad)
    if mode == "reflect":
        for d in range(n):
            size = input.shape[-1 - d]
            if max(pad[2 * d : 2 * d + 2]) >= size:
                raise RuntimeError(
                    f"Argument #{2 * d + 4}: Padding size should be less than the corresponding input "
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
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and n == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a "
            "4-D tensor as input"
        )
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
    if size is not None and recompute_scale_factor is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    _check_numbers(input, size, scale_factor)
    scales: tuple[float | None, ...] = (None,) * n
    if size is not None:
        sizes = (size,) * n if isinstance(size, int) else tuple(size)
    else:
        factors = (
            tuple(scale_factor) if isinstance(scale_factor, (list, tuple)) else (scale_factor,) * n
        )
        sizes = tuple(math.floor(s * f) for s, f in zip(input.shape[2:], factors, strict=True))
        scales = scales if recompute_scale_factor else tuple(float(f) for f in factors)
    _check_sizes(input, sizes)
    if mode == "area":
        from . import pool

        return getattr(pool, f"adaptive_avg_pool{n}d")(input, sizes)  # type: ignore[no-any-return]
    name = _MODES.get((mode, n))
    needed = {"linear": 3, "bilinear": 4, "trilinear": 5}.get(mode)
    if name is None and needed is not None and n in (1, 2, 3):
        raise NotImplementedError(
            f"Got {input.dim()}D input, but {mode} mode needs {needed}D input"
        )
    if name is None:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.dim()}D) for the "
            "modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact "
            f"(got {mode})"
        )
    return rows.resamplers[name](input, sizes, mode, bool(align_corners), scales)  # type: ignore[no-any-return]


def _check_numbers(input: Tensor, size: Any, factor: Any) -> None:
    """Raise unless there is one size, or one factor, per dimension behind (N, C)."""
    for what, value, letter in (("output size", size, "o"), ("scale_factor", factor, "s")):
        if isinstance(value, (tuple, list)) and len(value) != input.dim() - 2:
            first, of = (
                ("Input and output", "of")
                if letter == "o"
                else ("Input and scale_factor", "of shape")
            )
            given = "output size" if letter == "o" else "scale_factor"
            raise ValueError(
                f"{first} must have the same number of spatial dimensions, but got input with "
                f"spatial dimensions of {list(input.shape[2:])} and {given} {of} {value}. Please "
                "provide input tensor in (N, C, d1, d2, ...,dK) format and "
                f"{what} in ({letter}1, {letter}2, ...,{letter}K) format."
            )


def _check_sizes(input: Tensor, sizes: tuple[int, ...]) -> None:
    if min((*sizes, *input.shape[2:]), default=1) > 0:
        return
    axes = "DHW"[-len(sizes) :]

    def listed(values: Any) -> str:
        return ", ".join(f"{axis}: {v}" for axis, v in zip(axes, values, strict=True))

    joint = " and " if len(sizes) == 1 else " "
    raise RuntimeError(
        "Input and output sizes should be greater than 0, but got input "
        f"({listed(input.shape[2:])}){joint}output ({listed(sizes)})"
    )


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


def _check_pixels(name: str, argument: str, input: Tensor, factor: int) -> None:
    if not isinstance(input, Tensor):
        raise errors.not_tensor(name, "input", 1, input)
    if input.dim() < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.dim()} "
            "dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {argument}, but got {factor}")


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Turn (*, C r², H, W) into (*, C, H r, W r)."""
    _check_pixels("pixel_shuffle", "upscale_factor", input, upscale_factor)
    if input.shape[-3] % (upscale_factor**2):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of"
            f" upscale_factor, but input.size(-3)={input.shape[-3]} is not divisible by "
            f"{upscale_factor**2}"
        )
    return rows.pixel_shuffle(input, upscale_factor)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Turn (*, C, H r, W r) into (*, C r², H, W)."""
    _check_pixels("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    for side, dim in (("height", -2), ("width", -1)):
        if input.shape[dim] % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {side} to be divisible by downscale_factor, but "
                f"input.size({dim})={input.shape[dim]} is not divisible by {downscale_factor}"
            )
    return rows.pixel_unshuffle(input, downscale_factor)  # type: ignore[no-any-return]


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` groups."""
    if input.dim() <= 2:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if input.shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {input.shape[1]} channels and "
            f"{groups} groups."
        )
    return composites.channel_shuffle(input, groups)  # type: ignore[no-any-return]
