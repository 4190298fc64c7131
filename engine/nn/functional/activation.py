"""Activation functions: `torch.nn.functional.relu` and its relatives."""

from __future__ import annotations

import warnings
from typing import Any

import engine
from engine import errors
from engine.dtype import BOOL, COMPLEX, INT
from engine.ops.inplace import run_inplace
from engine.ops.signatures import is_number
from engine.ops.table import OPS, run
from engine.tensor import Tensor

from ..kernels import activations as rows

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


#: The kernels that take floating numbers only, by row.
_FLOATING = {
    "leaky_relu": "leaky_relu_cpu", "elu": "elu_cpu", "celu": "elu_cpu", "gelu": "GeluKernelImpl",
    "softplus": "softplus_cpu", "hardswish": "hardswish_cpu", "hardsigmoid": "hardsigmoid_cpu",
    "log_sigmoid": "log_sigmoid_cpu", "mish": "mish_cpu", "softshrink": "softshrink_check",
    "hardshrink": "hardshrink_cpu", "glu": "glu_cpu", "rrelu_with_noise": "leaky_relu_cpu",
}  # fmt: skip
_REFUSED = {"threshold": ("threshold_cpu", (BOOL, COMPLEX)), "silu": ("silu_cpu", (BOOL, INT))}


def _check(called: str, name: str, input: Tensor, values: tuple[Any, ...]) -> None:
    """Raise if there is no kernel of the row `name` for these arguments."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor(called, "input", 1, input)
    kernel, refused = _REFUSED.get(name, (_FLOATING.get(name), (BOOL, INT, COMPLEX)))
    for position, (param, v) in enumerate(zip(OPS[name].params[1:], values, strict=False), 2):
        if type(v) is float or type(v) is int or name in ("gelu", "rrelu_with_noise"):
            continue
        if not is_number(v):
            raise TypeError(
                f"{called}(): argument '{param}' (position {position}) must be Number, not "
                f"{errors.type_name(v)}"
            )
    if kernel is not None and input.dtype.category in refused:
        raise errors.not_implemented(kernel, input.dtype.display)


def _run(name: str, inplace: bool, input: Tensor, *values: Any, called: str = "") -> Tensor:
    """The row `name`, or where it is to write over `input` the row of that kind, if it has one."""
    _check(called or name, name, input, values)
    op = OPS.get(name + "_", OPS[name]) if inplace else OPS[name]
    result: Tensor = (run_inplace if inplace else run)(op, [input, *values])
    return result


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(0, x)."""
    return input.relu_() if inplace else engine.relu(input)  # type: ignore[no-any-return]


def relu_(input: Tensor) -> Tensor:
    """relu in place."""
    return input.relu_()  # type: ignore[no-any-return]


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x cut off at two bounds."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _clipped("hardtanh", input, min_val, max_val, inplace)


def _clipped(called: str, input: Tensor, low: float, high: float, inplace: bool) -> Tensor:
    _check(called, "hardtanh", input, (low, high))
    d = input.dtype
    if d.category == BOOL:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if d.category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    if d.np.kind == "u" and (int(low) < 0 or int(high) < 0):
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return _run("hardtanh", inplace, input, low, high)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6)."""
    return _clipped("relu6", input, 0.0, 6.0, inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else negative_slope x."""
    return _run("leaky_relu", inplace, input, negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Leaky ReLU with a slope tensor of one element or one per channel (dimension 1)."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("prelu", "input", 1, input)
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. Got "
            f"{input.dtype.display} and {weight.dtype.display}"
        )
    if not input.is_floating_point():
        raise errors.not_implemented("prelu_cpu", input.dtype.display)
    if weight.dim() > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}"
        )
    if weight.numel() != 1:
        channels = input.shape[1] if input.dim() > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    if input.dim() != 1 or weight.dim() != 1:
        shape = [1] * input.dim()
        if input.dim() > 1:
            shape[1] = weight.numel()
        weight = weight.view(shape)
    return rows.prelu_kernel(input, weight)  # type: ignore[no-any-return]


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Leaky ReLU with a slope drawn from [lower, upper) in training, else the mean slope."""
    _check("rrelu", "rrelu_with_noise", input, ())
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    slope = engine.full_like(input.detach(), (lower + upper) / 2)
    if training:
        below = input.detach() <= 0
        drawn = engine.default_generator.uniform((int(below.sum()),), "float64", lower, upper)
        slope[below] = engine.from_numpy(drawn).to(input.dtype)
    noise = engine.where(input.detach() > 0, engine.ones_like(slope), slope)
    return _run("rrelu_with_noise", inplace, input, noise)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where above the threshold, else `value`."""
    return _run("threshold", inplace, input, threshold, value)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (exp(x) - 1)."""
    return _run("elu", inplace, input, alpha, 1, 1)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Scaled ELU with the constants of self-normalizing networks (Klambauer et al. 2017)."""
    return _run("elu", inplace, input, _SELU_ALPHA, _SELU_SCALE, 1, called="selu")


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (exp(x / alpha) - 1)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _run("celu", inplace, input, alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function; approximate="tanh" for the cheap form."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return _run("gelu", False, input, approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return _run("silu", inplace, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return _run("mish", inplace, input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x relu6(x + 3) / 6."""
    return _run("hardswish", inplace, input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    return _run("hardsigmoid", inplace, input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    return _run("hardshrink", False, input, lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd."""
    _check("softshrink", "softshrink", input, (lambd,))
    if lambd < 0:
        most = engine.finfo(input.dtype).max
        raise RuntimeError(
            f"lambda must be in range [0, {most:g}] for input dtype {input.dtype.display}, but found "
            f"{lambd:g}"
        )
    return _run("softshrink", False, input, lambd)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()  # type: ignore[no-any-return]


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return input.tanh()  # type: ignore[no-any-return]


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    return _run("log_sigmoid", False, input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta, x itself where beta x exceeds the threshold."""
    return _run("softplus", False, input, beta, threshold)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)  # type: ignore[no-any-return]


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()  # type: ignore[no-any-return]


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """First half along `dim` times the sigmoid of the second half."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}"
        )
    return _run("glu", False, input, dim)


def _implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """exp(x) divided by its sum along `dim`."""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)  # type: ignore[no-any-return]


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Softmax of -x."""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return softmax(-input, dim, _stacklevel, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """log(softmax(x))."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)  # type: ignore[no-any-return]


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Softmax of logits with Gumbel noise; `hard` gives one-hot values with soft gradients."""
    gumbels = -engine.empty_like(logits.detach()).exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft  # type: ignore[no-any-return]
    index = soft.max(dim, keepdim=True)[1]
    one = engine.zeros_like(logits.detach()).scatter_(dim, index, 1.0)
    return one - soft.detach() + soft  # type: ignore[no-any-return]


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """leaky_relu in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """elu in place."""
    return elu(input, alpha, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """hardtanh in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """selu in place."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """celu in place."""
    return celu(input, alpha, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """threshold in place."""
    return _run("threshold", True, input, threshold, value)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """rrelu in place."""
    return rrelu(input, lower, upper, training, inplace=True)
