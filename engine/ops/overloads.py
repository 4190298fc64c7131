"""Forms of calls from before 2017 that PyTorch still takes: a factor before the tensors it scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor import Tensor
from engine.warning import once

#: The factors and the tensors of the functions that have such a form.
_OLD = {
    "add": ("alpha", "other"),
    "sub": ("alpha", "other"),
    "addcmul": ("value", "tensor1 tensor2"),
    "addcdiv": ("value", "tensor1 tensor2"),
    "addmm": ("beta alpha", "mat1 mat2"),
    "addmv": ("beta alpha", "mat vec"),
    "addr": ("beta alpha", "vec1 vec2"),
    "addbmm": ("beta alpha", "batch1 batch2"),
    "baddbmm": ("beta alpha", "batch1 batch2"),
}
_NUMBERS = (bool, int, float, complex, np.generic)
#: Functions that have a further signature, with the type of what comes out.
_OUT_DTYPE = ("addmm", "baddbmm")


def modern(
    name: str, method: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments of an old form as those of today, after a warning; None if it is no such form."""
    known = _OLD.get(name.removesuffix("_"))
    if known is None:
        return None
    factors, tensors = known[0].split(), known[1].split()
    named = [t for t in tensors if t in kwargs]
    factors = factors[: len(args) + len(named) - len(tensors) - 1]
    if not factors or len(args) + len(named) != 1 + len(factors) + len(tensors):
        return None
    first = 0 if factors[0] == "beta" and not method else 1
    places = [first, 2][: len(factors)]
    if not all(isinstance(args[i], _NUMBERS) for i in places):
        return None
    rest = tuple(a for i, a in enumerate(args) if i not in places)
    if not isinstance(rest[0], Tensor):
        return None
    once(_text(name, method, factors, known[0].split(), tensors), "overload")
    return rest, {**kwargs, **{f: args[i] for f, i in zip(factors, places, strict=True)}}


def _text(name: str, method: bool, given: list[str], factors: list[str], tensors: list[str]) -> str:
    numbers = [f"Number {f}" for f in given]
    whole = [f"Tensor {t}" for t in tensors]
    today = [f"Number {f} = 1" for f in factors]
    if method:
        old, front, end = [*numbers, *whole], whole, ["*", *today]
    else:
        place = 0 if given[0] == "beta" else 1
        old = [*numbers[:1], "Tensor input", *numbers[1:], *whole]
        if place:
            old = ["Tensor input", *numbers, *whole]
        old += ["*", "Tensor out = None"]
        front, end = ["Tensor input", *whole], ["*", *today, "Tensor out = None"]
    lines = [
        f"This overload of {name} is deprecated:", f"\t{name}({', '.join(old)})",
        "Consider using one of the following signatures instead:", f"\t{name}({', '.join([*front, *end])})",
    ]  # fmt: skip
    if name in _OUT_DTYPE and not method:
        lines.append(f"\t{name}({', '.join([*front, 'torch.dtype out_dtype', *end])})")
    return "\n".join(lines)
