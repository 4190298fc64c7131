"""torch.testing: comparing results."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.dtype import bfloat16, complex64, complex128, dtype, float16, float32, float64
from engine.later import sign as _sign
from engine.ops import FUNCTIONS
from engine.tensor import Tensor
from engine.warning import warn

Message = str | Callable[[str], str] | None

#: The tolerances (relative, absolute) of element types; of the others they are 0.
_TOLERANCES = {
    float16: (1e-3, 1e-5), bfloat16: (1.6e-2, 1e-5), float32: (1.3e-6, 1e-5),
    float64: (1e-7, 1e-7), complex64: (1.3e-6, 1e-5), complex128: (1e-7, 1e-7),
}  # fmt: skip


class _Options:
    """What the comparison of a pair depends on."""

    def __init__(self, rtol: float | None, atol: float | None, **checks: bool) -> None:
        if (rtol is None) != (atol is None):
            raise ValueError(
                "Both 'rtol' and 'atol' must be either specified or unspecified, but got "
                f"no {'rtol' if rtol is None else 'atol'} instead."
            )
        self.rtol, self.atol, self.checks = rtol, atol, checks

    def tolerances(self, *types: dtype) -> tuple[float, float]:
        """Return (relative, absolute)."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(d, (0.0, 0.0)) for d in types]
        return max(r for r, _ in found), max(a for _, a in found)


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
    check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: Message = None,
) -> None:  # fmt: skip
    """Raise AssertionError, saying where and how far, unless the values are close."""
    options = _Options(rtol, atol, equal_nan=equal_nan, dtype=check_dtype, stride=check_stride)
    _compare(actual, expected, options, msg, ())


def _compare(a: Any, b: Any, options: _Options, msg: Message, path: tuple[Any, ...]) -> None:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if a.keys() != b.keys():
            missing, extra = sorted(b.keys() - a.keys()), sorted(a.keys() - b.keys())
            _fail(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {missing}\n"
                f"Additional keys in the actual mapping: {extra}",
                msg, path,
            )  # fmt: skip
        for key in a:
            _compare(a[key], b[key], options, msg, (*path, key))
    elif _is_sequence(a) and _is_sequence(b):
        if len(a) != len(b):
            _fail(f"The length of the sequences mismatch: {len(a)} != {len(b)}", msg, path)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            _compare(x, y, options, msg, (*path, i))
    else:
        text = _difference(a, b, options)
        if text:
            _fail(text, msg, path)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _fail(text: str, msg: Message, path: tuple[Any, ...]) -> None:
    if msg is not None:
        text = msg(text) if callable(msg) else msg
    elif path:
        text += "\n\nThe failure occurred for item " + "".join(f"[{key!r}]" for key in path)
    raise AssertionError(text)


def _difference(a: Any, b: Any, options: _Options) -> str:
    """Say what is different in a pair, or ""."""
    numbers = (bool, int, float, complex, np.number)
    if isinstance(a, numbers) and isinstance(b, numbers):
        types = [
            {bool: None, int: None, float: float64, complex: complex128}.get(type(v))
            for v in (a, b)
        ]
        return _of_scalars(a, b, *options.tolerances(*types), options.checks["equal_nan"])  # type: ignore[arg-type]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        a, b = FUNCTIONS["as_tensor"](a), FUNCTIONS["as_tensor"](b)
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        if a is None and b is None:
            return ""
        kinds = " and ".join(dict.fromkeys(str(type(v)) for v in (a, b)))
        raise TypeError(f"No comparison pair was able to handle inputs of type {kinds}.")
    if a.shape != b.shape:
        return f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}."
    if options.checks["dtype"] and a.dtype != b.dtype:
        return f"The values for attribute 'dtype' do not match: {a.dtype} != {b.dtype}."
    if options.checks["stride"] and a.stride() != b.stride():
        return f"The values for attribute 'stride()' do not match: {a.stride()} != {b.stride()}."
    return _of_tensors(a, b, *options.tolerances(a.dtype, b.dtype), options.checks["equal_nan"])


def _of_scalars(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> str:
    distance, nans = abs(a - b), cmath.isnan(a) and cmath.isnan(b)
    if a == b or (equal_nan and nans) or distance <= atol + rtol * abs(b):
        return ""
    exact = not rtol and not atol
    title = f"Scalars are not {'equal' if exact else 'close'}!\n\nExpected {b} but got {a}.\n"
    relative = distance / abs(b) if b else float("inf")
    return (
        f"{title}Absolute difference: {distance}{_up_to(atol, exact)}\n"
        f"Relative difference: {relative}{_up_to(rtol, exact)}"
    )


def _up_to(tolerance: float, exact: bool) -> str:
    return "" if exact else f" (up to {tolerance} allowed)"


def _of_tensors(a: Tensor, b: Tensor, rtol: float, atol: float, equal_nan: bool) -> str:
    x, y = np.asarray(a.detach()._a), np.asarray(b.detach()._a)
    fine = np.isclose(x, y, rtol, atol, equal_nan) if rtol or atol else x == y
    if fine.all():
        return ""
    if not x.ndim:
        return _of_scalars(a.item(), b.item(), rtol, atol, equal_nan)
    exact = not rtol and not atol
    if x.dtype.kind == "b":
        x, y = x.astype(np.int64), y.astype(np.int64)
    distance = np.abs(x - y)
    distance[fine] = 0
    relative = distance / np.abs(y)
    relative[fine] = 0
    count = int((~fine).sum())
    lines = [
        f"Mismatched elements: {count} / {x.size} ({count / x.size:.1%})",
        _greatest("absolute", distance, atol, exact),
        _greatest("relative", relative, rtol, exact),
    ]
    title = f"Tensor-likes are not {'equal' if exact else 'close'}!"
    return f"{title}\n\n" + "\n".join(lines)


def _greatest(kind: str, values: Any, tolerance: float, exact: bool) -> str:
    at = tuple(int(i) for i in np.unravel_index(int(values.argmax()), values.shape))
    return (
        f"Greatest {kind} difference: {values[at].item()} at index {at}{_up_to(tolerance, exact)}"
    )


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = True, msg: str = "",
) -> None:  # fmt: skip
    """Former name of `assert_close`, which does not look at types."""
    warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. "
        "Please use `torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
        "https://github.com/pytorch/pytorch/issues/61844.",
        FutureWarning,
    )
    as_tensor = FUNCTIONS["as_tensor"]
    options = _Options(rtol, atol, equal_nan=equal_nan, dtype=False, stride=False)
    _compare(as_tensor(actual), as_tensor(expected), options, msg or None, ())


_sign(globals(), "torch.testing._comparison")


def __getattr__(name: str) -> Any:
    from engine import absent

    raise absent.error("torch.testing", name)
