"""Tensors as text: number formats, line breaks, summaries and suffixes as PyTorch prints them.

A number format is chosen once per printed tensor from its visible, finite, non-zero elements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.autograd import mode
from engine.dtype import TO_COMPLEX, bool_, default, int64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tensor import Tensor

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What `set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": Options(),
    "short": Options(precision=2, edgeitems=2),
    "full": Options(threshold=math.inf),
}
_options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors print; `profile` is "default", "short" or "full"."""
    global _options
    base = _options if profile is None else _PROFILES.get(profile, _options)
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    _options = replace(base, **changes, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """Return the options in force."""
    return {name: getattr(_options, name) for name in Options.__dataclass_fields__}


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Change the options inside a with block."""
    global _options
    saved = _options
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _options = saved


@dataclass(frozen=True, slots=True)
class _Format:
    """How one element is written, and how wide a column counts for breaking lines."""

    write: Callable[[Any], str]
    width: int
    padded: bool = True

    def __call__(self, value: Any) -> str:
        return self.write(value).rjust(self.width if self.padded else 0)


def _plain_format(values: Array) -> _Format:
    width = max((len(str(v)) for v in values.ravel().tolist()), default=1)
    return _Format(str, width)


def _float_format(values: Array) -> _Format:
    values = values.astype(np.float64).ravel()
    values = values[np.isfinite(values) & (values != 0)]
    precision = _options.precision
    forms: dict[str, Callable[[float], str]] = {
        "scientific": lambda v: f"{v:.{precision}e}",
        "integral": lambda v: f"{v:.0f}." if math.isfinite(v) else f"{v:.0f}",
        "fixed": lambda v: f"{v:.{precision}f}",
    }
    plain = "integral" if np.all(values == np.ceil(values)) else "fixed"
    form = plain
    if values.size:
        low, high = float(np.abs(values).min()), float(np.abs(values).max())
        if high / low > 1000.0 or high > 1.0e8 or (plain == "fixed" and low < 1.0e-4):
            form = "scientific"
        if _options.sci_mode is not None:
            form = "scientific" if _options.sci_mode else plain
    width = max((len(forms[form](v)) for v in values.tolist()), default=1)
    return _Format(forms[form], width)


def _visible(a: Array) -> Array:
    """Return the elements that a summary shows: the edges of every dimension."""
    edge = _options.edgeitems
    for axis, size in enumerate(a.shape):
        if size > 2 * edge:
            keep = np.r_[0:edge, size - edge : size]
            a = np.take(a, keep, axis=axis)
    return a


def _element_format(a: Array) -> _Format:
    if a.dtype.kind == "f":
        return _float_format(a)
    if a.dtype.kind != "c":
        return _plain_format(a)
    real, imaginary = _float_format(a.real), _float_format(a.imag)

    def write(value: complex) -> str:
        second = imaginary(value.imag).lstrip() + "j"
        return real(value.real) + (second if second[0] in "+-" else "+" + second)

    return _Format(write, real.width + imaginary.width + 1, padded=False)


def _vector(a: Array, indent: int, form: _Format, summarize: bool) -> str:
    per_line = max(1, (_options.linewidth - indent) // (form.width + 2))
    edge = _options.edgeitems
    if summarize and len(a) > 2 * edge and edge > 0:
        texts = [
            *(form(v) for v in a[:edge].tolist()),
            " ...",
            *(form(v) for v in a[-edge:].tolist()),
        ]
    elif summarize and len(a) > 2 * edge:
        texts = [" ..."]
    else:
        texts = [form(v) for v in a.tolist()]
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _nested(a: Array, indent: int, form: _Format, summarize: bool) -> str:
    if a.ndim == 0:
        return form(a.item())
    if a.ndim == 1:
        return _vector(a, indent, form, summarize)
    edge = _options.edgeitems
    if summarize and len(a) > 2 * edge:
        rows = [_nested(row, indent + 1, form, summarize) for row in a[:edge]]
        rows.append("...")
        rows += [_nested(row, indent + 1, form, summarize) for row in a[len(a) - edge :]]
    else:
        rows = [_nested(row, indent + 1, form, summarize) for row in a]
    separator = "," + "\n" * (a.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(rows) + "]"


def array_text(a: Array, indent: int = 0) -> str:
    """Return the nested brackets of an array; continued lines are indented by `indent`."""
    if a.size == 0:
        return "[]"
    summarize = a.size > _options.threshold
    return _nested(a, indent, _element_format(_visible(a) if summarize else a), summarize)


def _suffixes(tensor: Tensor, a: Array) -> list[str]:
    found = []
    implied: tuple[Any, ...] = (default(), TO_COMPLEX[default()])
    if a.size == 0 and a.ndim != 1:
        found.append(f"size={tuple(a.shape)}")
    elif a.size:
        implied += (int64, bool_)
    if a.size == 0:
        implied = implied[:1]
    if tensor.dtype not in implied:
        found.append(f"dtype={tensor.dtype}")
    try:
        grad_fn = tensor.grad_fn
        node = "" if grad_fn is None else grad_fn.name().rsplit("::", 1)[-1]
    except RuntimeError:
        node = "Invalid"
    if node:
        found.append(f"grad_fn=<{node}>")
    elif tensor.requires_grad:
        found.append("requires_grad=True")
    if mode.duals is not None and mode.duals.tangent_of(tensor) is not None:
        found.append(f"tangent={mode.duals.tangent_of(tensor)}")
    return found


def tensor_repr(tensor: Tensor) -> str:
    """Return the text of a tensor as `repr` and `str` give it.

    Reads `_a` (the array), `dtype`, `requires_grad`, `grad_fn` and the type's name.
    """
    kind = type(tensor).__name__
    prefix = "tensor(" if kind in ("Tensor", "Parameter", "Buffer") else f"{kind}("
    a = tensor._a
    text = prefix + array_text(a, len(prefix))
    column = len(text) - text.rfind("\n") + 1
    for suffix in _suffixes(tensor, a):
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            column = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    text += ")"
    return f"Parameter({text})" if "_is_param" in tensor.__dict__ else text
