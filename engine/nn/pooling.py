"""Pooling layers, resizing and padding layers."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.tensor import Tensor

from . import functional as F
from .configured import REQUIRED, Configured
from .functional.conv import ntuple
from .initializers import own_init
from .module import Module


class _Windows(Configured):
    """What looks at windows that lie side by side unless a stride is given."""

    dims = 0
    stride: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.stride is None:
            self.stride = self.kernel_size


class _MaxPool(_Windows):
    initializer = "_MaxPoolNd"
    settings: ClassVar[dict[str, Any]] = {
        "kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1,
        "return_indices": False, "ceil_mode": False,
    }  # fmt: skip
    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def forward(self, input: Tensor) -> Any:
        return getattr(F, f"max_pool{self.dims}d")(
            input, self.kernel_size, self.stride, self.padding, self.dilation,
            ceil_mode=self.ceil_mode, return_indices=self.return_indices,
        )  # fmt: skip


class MaxPool1d(_MaxPool):
    """Maxima over windows of (N, C, L)."""

    dims = 1


class MaxPool2d(_MaxPool):
    """Maxima over windows of (N, C, H, W)."""

    dims = 2


class MaxPool3d(_MaxPool):
    """Maxima over windows of (N, C, D, H, W)."""

    dims = 3


class _AvgPool(_Windows):
    settings: ClassVar[dict[str, Any]] = {
        "kernel_size": REQUIRED, "stride": None, "padding": 0, "ceil_mode": False,
        "count_include_pad": True, "divisor_override": None,
    }  # fmt: skip
    shown = ("kernel_size", "stride", "padding")

    def forward(self, input: Tensor) -> Tensor:
        rest = () if self.dims == 1 else (self.divisor_override,)
        return getattr(F, f"avg_pool{self.dims}d")(  # type: ignore[no-any-return]
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, *rest,
        )  # fmt: skip


class AvgPool1d(_AvgPool):
    """Means over windows of (N, C, L)."""

    dims = 1

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        for name in ("kernel_size", "stride", "padding"):
            setattr(self, name, ntuple(getattr(self, name), 1))


class AvgPool2d(_AvgPool):
    """Means over windows of (N, C, H, W)."""

    dims = 2


class AvgPool3d(_AvgPool):
    """Means over windows of (N, C, D, H, W)."""

    dims = 3


class _Adaptive(Configured):
    initializer = "_AdaptiveAvgPoolNd"
    settings: ClassVar[dict[str, Any]] = {"output_size": REQUIRED}
    function = ""

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self.function)(input, self.output_size)


class AdaptiveAvgPool1d(_Adaptive):
    """Means over a given number of parts of (N, C, L)."""

    function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_Adaptive):
    """Means over a given number of parts of (N, C, H, W)."""

    function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_Adaptive):
    """Means over a given number of parts of (N, C, D, H, W)."""

    function = "adaptive_avg_pool3d"


class _AdaptiveMax(_Adaptive):
    initializer = "_AdaptiveMaxPoolNd"
    settings: ClassVar[dict[str, Any]] = {"output_size": REQUIRED, "return_indices": False}
    shown = ("output_size",)

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self.function)(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maxima over a given number of parts of (N, C, L)."""

    function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maxima over a given number of parts of (N, C, H, W)."""

    function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maxima over a given number of parts of (N, C, D, H, W)."""

    function = "adaptive_max_pool3d"


class _LPPool(Configured):
    initializer = "_LPPoolNd"
    settings: ClassVar[dict[str, Any]] = {
        "norm_type": REQUIRED, "kernel_size": REQUIRED, "stride": None, "ceil_mode": False,
    }  # fmt: skip
    dims = 0

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, f"lp_pool{self.dims}d")(  # type: ignore[no-any-return]
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool1d(_LPPool):
    """p-norms over windows of (N, C, L)."""

    dims = 1


class LPPool2d(_LPPool):
    """p-norms over windows of (N, C, H, W)."""

    dims = 2


class LPPool3d(_LPPool):
    """p-norms over windows of (N, C, D, H, W)."""

    dims = 3


class _MaxUnpool(Module):
    dims = 0

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.stride = ntuple(kernel_size if stride is None else stride, self.dims)
        self.padding = ntuple(padding, self.dims)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return getattr(F, f"max_unpool{self.dims}d")(  # type: ignore[no-any-return]
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@own_init
class MaxUnpool1d(_MaxUnpool):
    """Maxima of MaxPool1d put back to their places."""

    dims = 1


@own_init
class MaxUnpool2d(_MaxUnpool):
    """Maxima of MaxPool2d put back to their places."""

    dims = 2


@own_init
class MaxUnpool3d(_MaxUnpool):
    """Maxima of MaxPool3d put back to their places."""

    dims = 3


class Upsample(Module):
    """Resizes to a size or by a factor."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple(float(f) for f in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners,
            self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Nearest neighbour upsampling of images."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Bilinear upsampling of images with aligned corners."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Configured):
    """(*, C r², H, W) to (*, C, H r, W r)."""

    settings: ClassVar[dict[str, Any]] = {"upscale_factor": REQUIRED}

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Configured):
    """(*, C, H r, W r) to (*, C r², H, W)."""

    settings: ClassVar[dict[str, Any]] = {"downscale_factor": REQUIRED}

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)


class ChannelShuffle(Configured):
    """Interleaves the channels of groups."""

    settings: ClassVar[dict[str, Any]] = {"groups": REQUIRED}

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)


class _Pad(Module):
    mode = "constant"
    dims = 0

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        n = self.dims
        if self.mode == "circular" and input.dim() not in (n + 1, n + 2):
            raise ValueError(f"expected {n + 1}D or {n + 2}D input (got {input.dim()}D input)")
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


def _pad_layers() -> dict[str, type[Module]]:
    kinds = {
        "ZeroPad": (_Pad, "constant", "zeros"),
        "ConstantPad": (_ConstantPad, "constant", "a constant"),
        "ReflectionPad": (_Pad, "reflect", "its mirror image"),
        "ReplicationPad": (_Pad, "replicate", "its border"),
        "CircularPad": (_Pad, "circular", "its other end"),
    }  # fmt: skip
    return {
        f"{name}{n}d": own_init(type(f"{name}{n}d", (base,), {
            "mode": mode, "dims": n, "__doc__": f"Pads the last {n} dimensions with {what}.",
            "__module__": __name__,
        }))
        for name, (base, mode, what) in kinds.items()
        for n in (1, 2, 3)
    }  # fmt: skip


globals().update(_pad_layers())
__all__ = [
    name for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Module) and name[0] != "_"
    and name not in ("Module", "Configured")
]  # fmt: skip
