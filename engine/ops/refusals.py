"""Element types for which PyTorch has no kernel, and what it says then.

The types are letters: b(ool), i(nteger), f(loat), h(alf and bfloat16), c(omplex).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.dtype import BOOL, COMPLEX, INT, float16
from engine.tensor import Tensor

_NO_KERNEL = "\"{kernel}\" not implemented for '{type}'"


def _kernel(kernel: str) -> tuple[type[Exception], str]:
    return NotImplementedError, _NO_KERNEL.replace("{kernel}", kernel)


def _text(text: str) -> tuple[type[Exception], str]:
    return RuntimeError, text


_COMPLEX_NAMES = "erf erfc erfinv i0 lgamma"  # element by element, by the vector library
#: name → (types, exception class and text) in the order they are tried
REFUSED: dict[str, list[tuple[str, tuple[type[Exception], str]]]] = {
    "median": [("bc", _kernel("median_cpu"))],
    "nanmedian": [("bc", _kernel("median_cpu"))],
    "argmax": [("b", _text("argmax(): does not support bool input")), ("c", _text("argmax(): does not support complex input"))],
    "argmin": [("b", _text("argmin(): does not support bool input")), ("c", _text("argmin(): does not support complex input"))],
    "topk": [("b", _text("topk does not support bool dtypes on CPU")), ("c", _text(" topk does not support complex dtypes on CPU"))],
    "sort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "argsort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "msort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "kthvalue": [("bc", _kernel("kthvalue_cpu"))],
    "mode": [("c", _kernel("mode_cpu"))],
    "unique": [("c", _kernel("unique"))],
    "nansum": [("c", _text("nansum on CPU does not support complex inputs"))],
    "nanmean": [("bi", _text("nanmean(): expected input to have floating point or complex dtype but got {type}"))],
    "logcumsumexp": [("bi", _kernel("logcumsumexp_out_cpu"))],
    "amax": [("c", _kernel("max_values_cpu"))],
    "amin": [("c", _kernel("min_values_cpu"))],
    "softmax": [("c", _kernel("softmax_lastdim_kernel_impl"))],
    "log_softmax": [("c", _kernel("log_softmax_lastdim_kernel_impl"))],
    "aminmax": [("c", _kernel("aminmax_cpu"))],
    "cummax": [("c", _kernel("cummax_helper_cpu"))],
    "cummin": [("c", _kernel("cummin_helper_cpu"))],
    "relu": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "clamp": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "clip": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "round": [("c", _kernel("round_vml_cpu"))],
    "deg2rad": [("c", _text("deg2rad is not supported for complex tensors."))],
    "rad2deg": [("c", _text("rad2deg is not supported for complex tensors."))],
    "digamma": [("c", _kernel("digamma"))],
    "logit": [("c", _kernel("logit_cpu"))],
    "multinomial": [("bi", _text("multinomial only supports floating-point dtypes for input, got: {type}"))],
    "isposinf": [("c", _text("isposinf does not support complex inputs."))],
    "isneginf": [("c", _text("isneginf does not support complex inputs."))],
    "signbit": [("c", (NotImplementedError, "signbit is not implemented for complex tensors."))],
    "lt": [("c", _kernel("lt_cpu"))],
    "le": [("c", _kernel("le_cpu"))],
    "gt": [("c", _kernel("gt_cpu"))],
    "ge": [("c", _kernel("ge_cpu"))],
    "bitwise_not": [("fc", _kernel("bitwise_not_cpu"))],
    **{name: [("c", _kernel(f"{name}_vml_cpu"))] for name in _COMPLEX_NAMES.split()},
}  # fmt: skip


def _letter(t: Any) -> str:
    d = t._d
    if d.category == BOOL:
        return "b"
    if d.category == INT:
        return "i"
    return "c" if d.category == COMPLEX else "fh" if d.itemsize == float16.itemsize else "f"


def refusing(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, which first refuses what the table refuses for `name`."""
    rules = REFUSED.get(name.rstrip("_"))
    if rules is None:
        return fn

    floats = any("f" in types for types, _ in rules)

    def call(*args: Any, **kwargs: Any) -> Any:
        t = args[0] if args else kwargs.get("input")
        if isinstance(t, Tensor) and (floats or not t._d.quick):
            refuse(rules, t)
        return fn(*args, **kwargs)

    call.__name__ = getattr(fn, "__name__", name)
    call.__doc__ = fn.__doc__
    call.__wrapped__ = fn  # type: ignore[attr-defined]
    return call


def refuse(rules: list[tuple[str, tuple[type[Exception], str]]], t: Any) -> None:
    letters = _letter(t)
    for types, (kind, text) in rules:
        if any(letter in types for letter in letters):
            raise kind(text.replace("{type}", t._d.display))
