"""Layers that learn the size of their input from the first one, and then become ordinary ones."""

from __future__ import annotations

from typing import Any

import engine
from engine.tensor import Tensor

from . import convolution, normalization
from .functional.conv import ntuple
from .initializers import own_init
from .linear import Linear
from .module import Module
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class Lazy(Module):
    """What the lazy layers share: parameters without a shape until the first call."""

    becomes: type[Module] = Module

    def _wait(self, bias: bool, dtype: Any) -> None:
        """Take parameters without a shape and wait for the first call."""
        self.register_parameter("weight", UninitializedParameter(dtype=dtype))
        self.register_parameter("bias", UninitializedParameter(dtype=dtype) if bias else None)
        self._lazy = self.register_forward_pre_hook(self._materialize)

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer still waits for its shape."""
        own = (*self._parameters.values(), *self._buffers.values())
        return any(is_lazy(t) for t in own)

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that this input needs, and their first values."""
        raise NotImplementedError

    def _materialize(self, _: Module, args: tuple[Any, ...]) -> None:
        if self.has_uninitialized_params():
            self.initialize_parameters(args[0])
        self._lazy.remove()
        self.__class__ = self.becomes  # type: ignore[assignment]


def _give(shapes: dict[str, tuple[int, ...]], layer: Any) -> None:
    with engine.no_grad():
        for name, shape in shapes.items():
            tensor = getattr(layer, name)
            if tensor is not None:
                tensor.materialize(shape)
        layer.reset_parameters()


class LazyLinear(Lazy, Linear):
    """A Linear that learns in_features from its first input."""

    becomes = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        Module.__init__(self)
        self.in_features, self.out_features = 0, out_features
        self._wait(bias, dtype)

    def initialize_parameters(self, input: Tensor) -> None:
        self.in_features = input.shape[-1]
        n = self.out_features
        _give({"weight": (n, self.in_features), "bias": (n,)}, self)


class _LazyConv(Lazy, convolution._Conv):
    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        Module.__init__(self)
        self._set(0, out_channels, kernel_size, stride, padding, dilation, groups)
        self.padding_mode, self.output_padding = padding_mode, (0,) * self.dims
        self._wait(bias, dtype)

    def initialize_parameters(self, input: Tensor) -> None:
        n = self.dims
        if input.dim() not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        self.in_channels = input.shape[-n - 1]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        _give({"weight": self._shape(), "bias": (self.out_channels,)}, self)


@own_init
class LazyConv1d(_LazyConv):
    """A Conv1d that learns in_channels from its first input."""

    dims, becomes = 1, convolution.Conv1d


@own_init
class LazyConv2d(_LazyConv):
    """A Conv2d that learns in_channels from its first input."""

    dims, becomes = 2, convolution.Conv2d


@own_init
class LazyConv3d(_LazyConv):
    """A Conv3d that learns in_channels from its first input."""

    dims, becomes = 3, convolution.Conv3d


class _LazyConvTranspose(_LazyConv, convolution._ConvTranspose):
    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        Module.__init__(self)
        self._set(0, out_channels, kernel_size, stride, padding, dilation, groups)
        self.padding_mode = padding_mode
        self.output_padding = ntuple(output_padding, self.dims)
        self._wait(bias, dtype)


@own_init
class LazyConvTranspose1d(_LazyConvTranspose):
    """A ConvTranspose1d that learns in_channels from its first input."""

    dims, becomes = 1, convolution.ConvTranspose1d


@own_init
class LazyConvTranspose2d(_LazyConvTranspose):
    """A ConvTranspose2d that learns in_channels from its first input."""

    dims, becomes = 2, convolution.ConvTranspose2d


@own_init
class LazyConvTranspose3d(_LazyConvTranspose):
    """A ConvTranspose3d that learns in_channels from its first input."""

    dims, becomes = 3, convolution.ConvTranspose3d


class _LazyNorm(Lazy, normalization._Running):
    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        normalization._Running.__init__(self, 0, eps, momentum, False, False)
        self.affine, self.track_running_stats = affine, track_running_stats
        self._wait(affine, dtype)
        if not affine:
            self.register_parameter("weight", None)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(dtype=dtype)
            self.running_var = UninitializedBuffer(dtype=dtype)
            self.num_batches_tracked = engine.tensor(0, dtype=engine.long)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        self.num_features = input.shape[self._channel_dim(input)]
        names = ("weight", "bias", "running_mean", "running_var")
        _give(dict.fromkeys(names, (self.num_features,)), self)

    def _channel_dim(self, input: Tensor) -> int:
        return 1


@own_init
class LazyBatchNorm1d(_LazyNorm, normalization.BatchNorm1d):
    """A BatchNorm1d that learns num_features from its first input."""

    becomes = normalization.BatchNorm1d


@own_init
class LazyBatchNorm2d(_LazyNorm, normalization.BatchNorm2d):
    """A BatchNorm2d that learns num_features from its first input."""

    becomes = normalization.BatchNorm2d


@own_init
class LazyBatchNorm3d(_LazyNorm, normalization.BatchNorm3d):
    """A BatchNorm3d that learns num_features from its first input."""

    becomes = normalization.BatchNorm3d


class _LazyInstanceNorm(_LazyNorm, normalization._InstanceNorm):
    def _channel_dim(self, input: Tensor) -> int:
        return 1 if input.dim() == self._dims + 2 else 0


@own_init
class LazyInstanceNorm1d(_LazyInstanceNorm):
    """An InstanceNorm1d that learns num_features from its first input."""

    _dims, becomes = 1, normalization.InstanceNorm1d


@own_init
class LazyInstanceNorm2d(_LazyInstanceNorm):
    """An InstanceNorm2d that learns num_features from its first input."""

    _dims, becomes = 2, normalization.InstanceNorm2d


@own_init
class LazyInstanceNorm3d(_LazyInstanceNorm):
    """An InstanceNorm3d that learns num_features from its first input."""

    _dims, becomes = 3, normalization.InstanceNorm3d


__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]
