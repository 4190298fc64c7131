"""What convolutions, pools and normalizations refuse, in PyTorch's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import errors
from engine.dtype import BOOL, COMPLEX, INT
from engine.tensor import Tensor

Ints = Sequence[int]
_AXES = {1: ("width",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_WORDS = {2: "two", 3: "three"}


# --- convolutions --------------------------------------------------------------------------------
def conv_numbers(name: str, value: Any, n: int) -> None:
    """Raise if a stride, padding or dilation has the wrong number of values."""
    if not isinstance(value, int) and len(value) not in (1, n):
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {n} values to match the "
            f"convolution dimensions, but got {name}={list(value)}"
        )


def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, n: int, transposed: bool, stride: Any,
    padding: Any, dilation: Any, groups: int,
) -> None:  # fmt: skip
    """Raise if a convolution of these arguments does not exist."""
    name = f"conv{'_transpose' if transposed else ''}{n}d"
    if input.dim() not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input "
            f"of size: {list(input.shape)}"
        )
    batched = [*([] if input.dim() == n + 2 else [1]), *input.shape]
    if weight.dim() != n + 2:
        if weight.dim() < 3:
            raise RuntimeError("weight should have at least three dimensions")
        if weight.dim() > n + 2 and n == 1:
            k = weight.dim()
            raise RuntimeError(
                f"Expected {k}-dimensional input for {k}-dimensional weight {list(weight.shape)}, "
                f"but got {len(batched)}-dimensional input of size {batched} instead"
            )
        conv_numbers(
            "stride", (stride,) * n if isinstance(stride, int) else stride, weight.dim() - 2
        )
    for what, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
        if not isinstance(value, str):
            conv_numbers(what, value, n)
    _conv_dtypes(input, weight, bias)
    _conv_signs(stride, padding, groups)
    if _least(dilation) <= 0:
        sizes = [dilation] * n if isinstance(dilation, int) else list(dilation)
        sizes = [1, *sizes] if n == 1 else sizes
        got = "" if min(sizes) < 0 else f", but got {sizes}"
        raise RuntimeError(f"dilation should be greater than zero{got}")
    _conv_shapes(batched, weight, bias, transposed, groups)


def _conv_dtypes(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if bias is not None and bias.dtype is not input.dtype:
        raise RuntimeError(
            f"Input type ({errors.c_name(input.dtype)}) and bias type ({errors.c_name(bias.dtype)}) "
            "should be the same"
        )
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.display} but found {weight.dtype.display}"
        )


def _least(value: Any) -> int:
    return value if isinstance(value, int) else min(value)


def _conv_signs(stride: Any, padding: Any, groups: int) -> None:
    if not isinstance(padding, str) and _least(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if _least(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")


def _conv_shapes(
    batched: list[int], weight: Tensor, bias: Tensor | None, transposed: bool, groups: int
) -> None:
    shape = list(weight.shape)
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{shape}] instead"
        )
    kind = "transposed=1" if transposed else f"groups={groups}"
    expected = shape[0] if transposed else shape[1] * groups
    if batched[1] != expected:
        raise RuntimeError(
            f"Given {kind}, weight of size {shape}, expected input{batched} to have {expected} "
            f"channels, but got {batched[1]} channels instead"
        )
    outputs = shape[1] * groups if transposed else shape[0]
    if bias is not None and tuple(bias.shape) != (outputs,):
        kind = "transposed=1, " if transposed else ""
        raise RuntimeError(
            f"Given {kind}weight of size {shape}, expected bias to be 1-dimensional with {outputs} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )


def transposed_sizes(x: Tensor, sides: Ints, extra: Ints, stride: Ints, dilation: Ints) -> None:
    """Raise if a transposed convolution has no output or an output padding out of reach."""
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        n = max(len(extra), 2)
        rows = [
            (what, [*([rest] * (n - len(values))), *values])
            for what, values, rest in (
                ("output_padding", extra, 0), ("stride", stride, 1), ("dilation", dilation, 1),
            )
        ]  # fmt: skip
        listed = " ".join(
            f"{what}_{axis}: {v}"
            for what, values in rows
            for axis, v in zip(_AXES[n], values, strict=True)
        )
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got " + listed
        )
    if min(sides) < 1:
        given, made = (" x ".join(map(str, v)) for v in (x.shape[2:], sides))
        raise RuntimeError(
            f"Given input size per channel: ({given}). Calculated output size per channel: "
            f"({made}). Output size is too small"
        )


def columns(x: Tensor, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> None:
    """Raise if `unfold` has no windows to take."""
    if x.dim() not in (3, 4):
        if x.dim() < 3:
            raise errors.dim_range(2, x.dim())
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(x.shape)}"
        )
    for what, values in (("kernel size", kernel), ("dilation", dilation), ("stride", stride)):
        if min(values) <= 0:
            key = what.replace(" size", "")
            raise RuntimeError(
                f"{what} should be greater than zero, but got {key}_height: {values[0]} "
                f"{key}_width: {values[1]}"
            )
    size = tuple(x.shape[-2:])
    blocks = tuple(
        (s + 2 * p - d * (k - 1) - 1) // st + 1
        for s, k, d, p, st in zip(size, kernel, dilation, padding, stride, strict=True)
    )
    if min(blocks) < 1:
        raise RuntimeError(
            f"Given input with spatial size {size}, kernel_size={tuple(kernel)}, "
            f"dilation={tuple(dilation)}, padding={tuple(padding)}, calculated shape of the array of "
            f"sliding blocks as {blocks}, but its components must be at least one."
        )


# --- pools ---------------------------------------------------------------------------------------
def _count(name: str, what: str, value: Any, n: int, omitted: bool) -> None:
    if isinstance(value, int) or value is None or len(value) in (0, 1, n):
        return
    either = "either be omitted, a single int" if omitted else "either be a single int"
    raise RuntimeError(f"{name}: {what} must {either}, or a tuple of {_WORDS[n]} ints")


def pool_numbers(name: str, n: int, kernel: Any, stride: Any, padding: Any, dilation: Any) -> None:
    """Raise if a kernel size, stride, padding or dilation has the wrong number of values."""
    for what, value in (
        ("kernel_size", kernel), ("stride", stride), ("padding", padding), ("dilation", dilation),
    ):  # fmt: skip
        if n == 1:
            if value is not None and not isinstance(value, int) and len(value) > 1:
                raise RuntimeError(
                    f"{name}() {what} must be an int, list of ints or tuple of ints of size 1 but "
                    f"got size {len(value)}"
                )
        else:
            _count(name, what, value, n, what == "stride")


def max_pool1d(input: Tensor, kernel: int, stride: int, padding: int, dilation: int) -> None:
    """Raise if one-dimensional maxima of these arguments do not exist."""
    if input.dim() not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )
    for what, value in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {what} must be greater than zero, but got {value}")
        if what == "kernel_size" and padding < 0:
            raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > kernel // 2:
        raise RuntimeError(
            "max_pool1d() padding should be at most half of kernel size, but got "
            f"padding={padding} and kernel_size={kernel}"
        )
    out = (input.shape[-1] + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if out < 1:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {out}")
    floating("max_pool1d_impl", input)


def floating(kernel: str, input: Tensor, integers: bool = False) -> None:
    """Raise unless there is a kernel for the element type: floating, or integers too."""
    refused = (BOOL, COMPLEX) if integers else (BOOL, INT, COMPLEX)
    if input.dtype.category in refused:
        raise errors.not_implemented(kernel, input.dtype.display)


def pool(
    name: str, input: Tensor, n: int, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> None:
    """Raise if pooling over windows with these numbers does not exist."""
    axes = "THW"[-n:] if n > 1 else "HW"
    if min(stride) == 0:
        raise RuntimeError("stride should not be zero")
    for what, values, key in (("kernel size", kernel, "k"), ("dilation", dilation, "dilation")):
        if min(values) <= 0:
            listed = " ".join(f"{key}{a}: {v}" for a, v in zip(axes, values, strict=True))
            raise RuntimeError(f"{what} should be greater than zero, but got {listed}")
    _pool_dims(name, input, n)
    for p, k, d in zip(padding, kernel, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
    floating(name, input, integers=True)


def _pool_dims(name: str, input: Tensor, n: int) -> None:
    dims = input.dim()
    if dims in (n + 1, n + 2):
        return
    if name == "avg_pool1d":
        one_d("avg_pool1d", input)
    if name == "avg_pool2d":
        if dims < 3:
            raise errors.dim_range(-3, dims)
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(input.shape)}"
        )
    raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")


def one_d(name: str, input: Tensor) -> None:
    """Raise unless the input has two or three dimensions."""
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.dim()}-dimensional tensor for argument #1 "
            f"'self' (while checking arguments for {name})"
        )


def pool_output(input: Tensor, counts: Ints, n: int) -> None:
    """Raise if no window fits."""
    if min(counts) < 1:
        first = [input.shape[input.dim() - n - 1], *([1] if n == 1 else [])]
        given = "x".join(str(s) for s in (*first, *input.shape[-n:]))
        made = "x".join(str(s) for s in (*first, *counts))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({made}). Output size is too "
            "small"
        )


def adaptive(kind: str, input: Tensor, n: int, output_size: Any) -> None:
    """Raise if pooling into `output_size` parts does not exist."""
    name = f"adaptive_{kind}_pool{n}d"
    if n == 1:
        one_d(name, input)
    elif input.dim() not in (n + 1, n + 2):
        colon = ":" if kind == "max" else ""
        raise RuntimeError(
            f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got{colon} {list(input.shape)}"
        )
    sizes = (
        [output_size] * n if output_size is None or isinstance(output_size, int) else output_size
    )
    if len(sizes) != n:
        if n == 1:
            raise RuntimeError(
                f"{name}() argument 'output_size' should contain one int (got {len(sizes)})"
            )
        raise RuntimeError(f"{name}: output_size must be {n}")
    values = [s for s in sizes if s is not None]
    if kind == "avg" and values and min(values) < 0:
        given = [1, *values] if n == 1 else values
        listed = f"{{{', '.join(map(str, given[:2]))}{''.join(f',{v}' for v in given[2:])}}}"
        raise RuntimeError(
            f"adaptive_avg_pool{max(n, 2)}d: elements of output_size must be greater than or equal "
            f"to 0 but received {listed}"
        )
    if kind == "max" and values and min(values) < 0:
        shape = [*input.shape[:-n], *values]
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(values)}: {shape}"
        )
    floating(f"adaptive_{kind}_pool{max(n, 2)}d", input)


# --- normalizations ------------------------------------------------------------------------------
def normalized_shape(
    name: str, shape: Any, input: Tensor, star: str, weight: Tensor | None,
    bias: Tensor | None = None,
) -> tuple[int, ...]:  # fmt: skip
    """The shape over which is normalized, if input and parameters have it."""
    if isinstance(shape, int):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not int"
        )
    shape = tuple(int(s) for s in shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    for what, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tuple(tensor.shape) != shape:
            raise RuntimeError(
                f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                f"{list(tensor.shape)} and normalized_shape = {list(shape)}"
            )
    if input.dim() < len(shape) or tuple(input.shape[input.dim() - len(shape) :]) != shape:
        listed = ", ".join(str(s) for s in shape)
        raise RuntimeError(
            f"Given normalized_shape=[{listed}], expected input with shape [{star}{listed}], but "
            f"got input of size{list(input.shape)}"
        )
    return tuple(shape)


def same_types(input: Tensor, *others: Tensor | None) -> None:
    """Raise if a parameter has another element type; float32 ones may go with half inputs."""
    for other in others:
        if other is None or other.dtype is input.dtype:
            continue
        if input.dtype.np.itemsize > other.dtype.np.itemsize:
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
        if other.dtype.name != "float32":
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
