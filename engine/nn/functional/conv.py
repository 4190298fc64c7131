"""Convolutions in one, two and three dimensions, transposed ones, and their windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.tensor import Tensor

from ..kernels import convolution as rows
from ..kernels.windows import output_size as window_count


def ntuple(value: Any, n: int) -> tuple[int, ...]:
    """Return n integers from one integer or from a sequence of 1 or n."""
    if isinstance(value, int):
        return (value,) * n
    values = tuple(int(v) for v in value)
    return values * n if len(values) == 1 else values


def _check(
    input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, n: int, t: bool
) -> None:
    name = f"conv{'_transpose' if t else ''}{n}d"
    if input.dim() not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input "
            f"of size: {list(input.shape)}"
        )
    for other, what in ((weight, "found"), (bias, "found")):
        if other is not None and other.dtype is not input.dtype:
            raise RuntimeError(
                f"expected scalar type {input.dtype.display} but {what} {other.dtype.display}"
            )
    channels = input.shape[input.dim() - n - 1]
    expected = weight.shape[0] if t else weight.shape[1] * groups
    if channels != expected:
        batched = list(input.shape) if input.dim() == n + 2 else [1, *input.shape]
        raise RuntimeError(
            f"Given {'transposed=1' if t else f'groups={groups}'}, weight of size "
            f"{list(weight.shape)}, expected input{batched} to have {expected} channels, but got "
            f"{channels} channels instead"
        )


def _same(weight: Tensor, dilation: tuple[int, ...], n: int) -> list[tuple[int, int]]:
    """Return padding before and behind so that the size stays."""
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    return [(total // 2, total - total // 2) for total in totals[-n:]]


def _conv(n: int) -> Callable[..., Tensor]:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        _check(input, weight, bias, groups, n, False)
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
    conv.__doc__ = f"Correlate (N, C, {n} dimensions) with weight (O, C / groups, {n} dimensions)."
    return conv


def _pad_same(
    input: Tensor, weight: Tensor, dilation: tuple[int, ...], n: int
) -> tuple[Tensor, tuple[int, ...]]:
    from .shape import pad

    pairs = _same(weight, dilation, n)
    if any(before != after for before, after in pairs):
        extra = [x for before, after in reversed(pairs) for x in (0, after - before)]
        input = pad(input, extra)
    return input, tuple(before for before, _ in pairs)


def _check_kernel(
    x: Tensor, weight: Tensor, padding: tuple[int, ...], dilation: tuple[int, ...], n: int
) -> None:
    padded = [s + 2 * p for s, p in zip(x.shape[-n:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[-n:], strict=True)]
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
        _check(input, weight, bias, groups, n, True)
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
        size = (x.shape[0], weight.shape[1] * groups, *sides)
        out = rows.conv_transposed(x, weight, bias, size, stride, padding, dilation, groups)
        return out if batched else out.squeeze(0)  # type: ignore[no-any-return]

    conv.__name__ = conv.__qualname__ = f"conv_transpose{n}d"
    conv.__doc__ = (
        f"The transpose of conv{n}d in its input; weight (C, O / groups, {n} dimensions)."
    )
    return conv


conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_conv_transpose, (1, 2, 3))


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Windows of (N, C, H, W) as columns: (N, C * kernel, positions)."""
    batched = input.dim() == 4
    x = input if batched else input.unsqueeze(0)
    out = rows.im2col(
        x, ntuple(kernel_size, 2), ntuple(dilation, 2), ntuple(padding, 2), ntuple(stride, 2)
    )
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Add columns (N, C * kernel, positions) back to an image (N, C, H, W)."""
    sizes = [ntuple(v, 2) for v in (output_size, kernel_size, dilation, padding, stride)]
    size, kernel, spread, pads, steps = sizes
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
