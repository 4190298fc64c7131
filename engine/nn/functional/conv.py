"""Convolutions in one, two and three dimensions, transposed ones, and their windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from engine.tensor import Tensor

from ..kernels import convolution as rows
from ..kernels.windows import output_size as window_count
from . import checks

#: The letters of so many spatial dimensions.
_SPACE = {1: "L", 2: "H, W", 3: "D, H, W"}


def ntuple(value: Any, n: int) -> tuple[int, ...]:
    """Return n integers from one integer or from a sequence of 1 or n."""
    if isinstance(value, int):
        return (value,) * n
    values = tuple(int(v) for v in value)
    return values * n if len(values) == 1 else values


def _same(weight: Tensor, dilation: tuple[int, ...], n: int) -> list[tuple[int, int]]:
    """Return padding before and behind so that the size stays."""
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    return [(total // 2, total - total // 2) for total in totals[-n:]]


def _conv(n: int) -> Callable[..., Tensor]:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        checks.convolution(input, weight, bias, n, False, stride, padding, dilation, groups)
        stride, dilation = ntuple(stride, n), ntuple(dilation, n)
        if isinstance(padding, str):
            if padding == "valid":
                pads = (0,) * n
            elif padding == "same":
                if any(s != 1 for s in stride):
                    raise RuntimeError("padding='same' is not supported for strided convolutions")
                input, pads = _pad_same(input, weight, dilation, n)
            else:
                raise RuntimeError(f"Invalid padding string: '{padding}'")
        else:
            pads = ntuple(padding, n)
        batched = input.dim() == n + 2
        x = input if batched else input.unsqueeze(0)
        _check_kernel(x, weight, pads, dilation, n)
        out = rows.convolution(x, weight, bias, stride, pads, dilation, groups)
        return out if batched else out.squeeze(0)  # type: ignore[no-any-return]

    conv.__name__ = conv.__qualname__ = f"conv{n}d"
    conv.__doc__ = f"Correlate (N, C, {_SPACE[n]}) with a weight (O, C / groups, *kernel)."
    return conv


def _pad_same(
    input: Tensor, weight: Tensor, dilation: tuple[int, ...], n: int
) -> tuple[Tensor, tuple[int, ...]]:
    from .shape import pad

    pairs = _same(weight, dilation, n)
    if any(before != after for before, after in pairs):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created",
            stacklevel=3,
        )
        extra = [x for before, after in reversed(pairs) for x in (0, after - before)]
        input = pad(input, extra)
    return input, tuple(before for before, _ in pairs)


def _check_kernel(
    x: Tensor, weight: Tensor, padding: tuple[int, ...], dilation: tuple[int, ...], n: int
) -> None:
    padded = [s + 2 * p for s, p in zip(x.shape[-n:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[-n:], strict=True)]
    if min(weight.shape[-n:]) == 0 and n == 2:
        sides = zip(("height", "width"), weight.shape[-n:], strict=True)
        listed = " ".join(f"kernel_{axis}: {k}" for axis, k in sides)
        raise RuntimeError(f"kernel size should be greater than zero, but got {listed}")
    if any(r > s for r, s in zip(reach, padded, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel "
            f"size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual "
            "input size"
        )


conv1d, conv2d, conv3d = _conv(1), _conv(2), _conv(3)


def _conv_transpose(n: int) -> Callable[..., Tensor]:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
        padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
    ) -> Tensor:  # fmt: skip
        checks.convolution(input, weight, bias, n, True, stride, padding, dilation, groups)
        checks.conv_numbers("output_padding", output_padding, n)
        stride, padding = ntuple(stride, n), ntuple(padding, n)
        dilation, extra = ntuple(dilation, n), ntuple(output_padding, n)
        batched = input.dim() == n + 2
        x = input if batched else input.unsqueeze(0)
        sides = tuple(
            (s - 1) * st - 2 * p + d * (k - 1) + e + 1
            for s, st, p, d, k, e in zip(
                x.shape[2:], stride, padding, dilation, weight.shape[2:], extra, strict=True
            )
        )
        checks.transposed_sizes(x, sides, extra, stride, dilation)
        size = (x.shape[0], weight.shape[1] * groups, *sides)
        out = rows.conv_transposed(x, weight, bias, size, stride, padding, dilation, groups)
        return out if batched else out.squeeze(0)  # type: ignore[no-any-return]

    conv.__name__ = conv.__qualname__ = f"conv_transpose{n}d"
    conv.__doc__ = f"The transpose of conv{n}d in its input (N, C, {_SPACE[n]}); weight (C, O / groups, *kernel)."
    return conv


conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_conv_transpose, (1, 2, 3))


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Windows of (N, C, H, W) as columns: (N, C * kernel, positions)."""
    sizes = [ntuple(v, 2) for v in (kernel_size, dilation, padding, stride)]
    checks.columns(input, *sizes)
    batched = input.dim() == 4
    x = input if batched else input.unsqueeze(0)
    out = rows.im2col(x, *sizes)
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Add columns (N, C * kernel, positions) back to an image (N, C, H, W)."""
    sizes = [ntuple(v, 2) for v in (output_size, kernel_size, dilation, padding, stride)]
    size, kernel, spread, pads, steps = sizes
    if input.dim() not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    if input.shape[-2] % (kernel[0] * kernel[1]):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={input.shape[-2]} and kernel_size={kernel}."
        )
    high, wide = (
        window_count(s, k, st, p, d)
        for s, k, st, p, d in zip(size, kernel, steps, pads, spread, strict=True)
    )
    if high * wide != input.shape[-1]:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={spread}, padding={pads}, "
            f"stride={steps}, expected size of input's dimension 2 to match the calculated number "
            f"of sliding blocks {high} * {wide} = {high * wide}, "
            f"but got input.size(2)={input.shape[-1]}."
        )
    batched = input.dim() == 3
    x = input if batched else input.unsqueeze(0)
    out = rows.col2im(x, size, kernel, spread, pads, steps)
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]
