"""Activation functions as modules."""

from __future__ import annotations

from typing import Any, ClassVar

import engine
from engine.tensor import Tensor
from engine.warning import warn

from . import functional as F
from .configured import REQUIRED, Configured
from .module import Module
from .parameter import fresh

_INPLACE: dict[str, Any] = {"inplace": False}


class ReLU(Configured):
    """max(0, x)."""

    settings: ClassVar[dict[str, Any]] = _INPLACE

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class ReLU6(Configured):
    """min(max(0, x), 6)."""

    settings: ClassVar[dict[str, Any]] = _INPLACE

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)


class LeakyReLU(Configured):
    """x where positive, else a small slope."""

    settings: ClassVar[dict[str, Any]] = {"negative_slope": 0.01, "inplace": False}

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class PReLU(Module):
    """Leaky ReLU whose slope is learned, one for all or one per channel."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = fresh(engine.full((num_parameters,), float(init), dtype=dtype, device=device))

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Configured):
    """Leaky ReLU with a random slope in training."""

    settings: ClassVar[dict[str, Any]] = {"lower": 1.0 / 8, "upper": 1.0 / 3, "inplace": False}

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class Threshold(Configured):
    """x where above a threshold, else a constant."""

    settings: ClassVar[dict[str, Any]] = {
        "threshold": REQUIRED,
        "value": REQUIRED,
        "inplace": False,
    }

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)


class Hardtanh(Module):
    """x cut off at two bounds."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("min", min_value), ("max", max_value)):
            if value is not None:
                warn(
                    f"keyword argument `{name}_value` is deprecated and renamed to `{name}_val`",
                    FutureWarning,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if not self.max_val > self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        text = f"min_val={self.min_val}, max_val={self.max_val}"
        return text + (", inplace=True" if self.inplace else "")


class ELU(Configured):
    """x where positive, else alpha (exp(x) - 1)."""

    settings: ClassVar[dict[str, Any]] = {"alpha": 1.0, "inplace": False}

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)


class CELU(Configured):
    """ELU that is differentiable everywhere: alpha (exp(x / alpha) - 1) where negative."""

    settings: ClassVar[dict[str, Any]] = {"alpha": 1.0, "inplace": False}

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(Configured):
    """Scaled ELU."""

    settings: ClassVar[dict[str, Any]] = _INPLACE

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class GELU(Configured):
    """x times the normal distribution function of x."""

    settings: ClassVar[dict[str, Any]] = {"approximate": "none"}

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)


class SiLU(Configured):
    """x sigmoid(x)."""

    settings: ClassVar[dict[str, Any]] = _INPLACE

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(Configured):
    """x tanh(softplus(x))."""

    settings: ClassVar[dict[str, Any]] = _INPLACE

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Hardswish(Configured):
    """x relu6(x + 3) / 6."""

    settings: ClassVar[dict[str, Any]] = _INPLACE
    shown = ()

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)


class Hardsigmoid(Configured):
    """relu6(x + 3) / 6."""

    settings: ClassVar[dict[str, Any]] = _INPLACE
    shown = ()

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        return engine.sigmoid(input)  # type: ignore[no-any-return]


class LogSigmoid(Module):
    """log(sigmoid(x)), computed without overflow."""

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return engine.tanh(input)  # type: ignore[no-any-return]


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Softplus(Configured):
    """log(1 + exp(beta x)) / beta, linear above the threshold."""

    settings: ClassVar[dict[str, Any]] = {"beta": 1.0, "threshold": 20.0}

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)


class Hardshrink(Configured):
    """x where |x| > lambd, else 0."""

    settings: ClassVar[dict[str, Any]] = {"lambd": 0.5}

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Configured):
    """x moved towards 0 by lambd."""

    settings: ClassVar[dict[str, Any]] = {"lambd": 0.5}

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class GLU(Configured):
    """First half times the sigmoid of the second half."""

    settings: ClassVar[dict[str, Any]] = {"dim": -1}

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)


class Softmax(Configured):
    """exp(x) divided by its sum along a dimension."""

    settings: ClassVar[dict[str, Any]] = {"dim": None}

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(Configured):
    """Softmax of -x."""

    settings: ClassVar[dict[str, Any]] = {"dim": None}

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(Configured):
    """log(softmax(x)), computed without overflow."""

    settings: ClassVar[dict[str, Any]] = {"dim": None}

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)


__all__ = [name for name, value in list(globals().items())
           if isinstance(value, type) and issubclass(value, Module)
           and value not in (Module, Configured)]  # fmt: skip
