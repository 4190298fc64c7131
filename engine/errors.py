"""The texts of errors that several rooms raise, and the exception classes of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you "
    "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
    "through the graph a second time or if you need to access saved tensors after calling backward."
)
LEAF_INPLACE = "a leaf Variable that requires grad is being used in an in-place operation."
LEAF_VIEW_INPLACE = (
    "a view of a leaf Variable that requires grad is being used in an in-place operation."
)


class LinAlgError(RuntimeError):
    """A matrix for which the decomposition or solution does not exist."""

    __module__ = "torch._C"
    __qualname__ = "_LinAlgError"


LinAlgError.__name__ = "_LinAlgError"


class OutOfMemoryError(RuntimeError):
    """More memory was asked for than there is."""

    __module__ = "torch"


def freed() -> RuntimeError:
    return RuntimeError(FREED)


def mismatch(a: Sequence[int], b: Sequence[int]) -> RuntimeError:
    """The error for two shapes that do not broadcast."""
    n = max(len(a), len(b))
    for i in range(1, n + 1):
        x = a[-i] if i <= len(a) else 1
        y = b[-i] if i <= len(b) else 1
        if x != y and x != 1 and y != 1:
            return RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) "
                f"at non-singleton dimension {n - i}"
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not broadcast")


def unbroadcastable(shapes: Sequence[Sequence[int]]) -> RuntimeError | None:
    """The error for shapes that do not broadcast one after the other; None if they do."""
    whole: list[int] = []
    for shape in shapes:
        for i in range(1, min(len(whole), len(shape)) + 1):
            if whole[-i] != shape[-i] and whole[-i] != 1 and shape[-i] != 1:
                return mismatch(whole, shape)
        longer = [*shape[: max(len(shape) - len(whole), 0)], *whole]
        for i, n in enumerate(reversed(shape), 1):
            if longer[-i] == 1:
                longer[-i] = n
        whole = longer
    return None


def unexpandable(have: Sequence[int], want: Sequence[int]) -> RuntimeError:
    """The error for a shape that does not expand to another."""
    extra = len(want) - len(have)
    i = next((i for i in range(len(have) - 1, -1, -1) if have[i] not in (1, want[i + extra])), 0)
    return RuntimeError(
        f"The expanded size of the tensor ({want[i + extra]}) must match the existing size ({have[i]}) at "
        f"non-singleton dimension {i + extra}.  Target sizes: {list(want)}.  Tensor sizes: {list(have)}"
    )


def no_dims(dim: int) -> IndexError:
    return IndexError(f"Dimension specified as {dim} but tensor has no dimensions")


def dim_range(dim: int, ndim: int) -> IndexError:
    n = max(ndim, 1)
    return IndexError(
        f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
    )


def type_name(value: Any) -> str:
    """The name of a value's type as PyTorch prints it: types written in C with their module."""
    kind = type(value)
    if kind.__module__ == "numpy":
        return f"numpy.{kind.__name__}"
    if kind.__module__ == "torch.return_types":
        return f"torch.return_types.{kind.__name__}"
    if kind.__name__ in _WITH_MODULE and kind.__module__.startswith(("engine", "torch")):
        return ("torch._C." if kind.__name__ == "Generator" else "torch.") + kind.__name__
    return kind.__name__


_WITH_MODULE = frozenset(
    ("Generator", "Size", "device", "dtype", "finfo", "iinfo", "layout", "memory_format")
)


def not_tensor(op: str, name: str, position: int, value: Any) -> TypeError:
    return TypeError(
        f"{op}(): argument '{name}' (position {position}) must be Tensor, not {type_name(value)}"
    )


def not_a(op: str, name: str, position: int, wanted: str, value: Any) -> TypeError:
    """What an argument of another type than the wanted one is refused with."""
    return TypeError(
        f"{op}(): argument '{name}' (position {position}) must be {wanted}, not {type_name(value)}"
    )


def not_implemented(kernel: str, display: str) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{display}'")


def c_name(d: Any) -> str:
    """An element type as C++ spells it."""
    names: dict[str, str] = {
        "float32": "float",
        "float64": "double",
        "int64": "long int",
        "int32": "int",
        "bool": "bool",
        "int16": "short",
        "int8": "signed char",
        "uint8": "unsigned char",
        "float16": "c10::Half",
        "bfloat16": "c10::BFloat16",
        "complex64": "c10::complex<float>",
        "complex128": "c10::complex<double>",
    }
    return names.get(d.name, str(d.name))


def wrong_grad(t: Any, value: Any) -> Exception | None:
    """The error for what cannot be the gradient of a tensor; None for what can."""
    if not hasattr(value, "_g"):
        return TypeError(
            "assigned grad expected to be a Tensor or None but got grad of type "
            f"{type(value).__name__}"
        )
    if value is t:
        return RuntimeError("can't assign Variable as its own grad")
    if value._d is not t._d:
        return RuntimeError(
            f"attempting to assign a gradient with dtype '{c_name(value._d)}' to a tensor with grad_dtype "
            f"'{t._d.display}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). "
            "You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
            "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream systems "
            "that assume they match."
        )
    if value._s != t._s:
        return RuntimeError(
            f"attempting to assign a gradient of size '{list(value._s)}' to a tensor of size '{list(t._s)}'. Please "
            "ensure that the gradient and the tensor are the same size"
        )
    return None
