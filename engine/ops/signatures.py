"""What arguments an operation takes, and the words PyTorch refuses other ones with.

`signatures.txt` lists the overloads of each function: `name: overload | overload`. A parameter is
`[type] name[=default]`; without a type it is a Tensor; `?` allows None, a digit lets one number stand
for a tuple; `!` marks an overload that is accepted but no longer named. `torch.` and `Tensor.` mark
lines for the function or the method alone; a method has no `input` and no `out`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from engine.dtype import FLOAT, INT, dtype
from engine.errors import type_name
from engine.ops.guards import _lines
from engine.tensor import Tensor

#: Functions that take numbers in the place of tensors.
_NUMBERS_TOO = frozenset(
    [
        "add",
        "add_",
        "div",
        "div_",
        "divide",
        "divide_",
        "mul",
        "mul_",
        "multiply",
        "multiply_",
        "sub",
        "sub_",
        "subtract",
        "subtract_",
        "true_divide",
        "true_divide_",
        "floor_divide",
        "floor_divide_",
        "copy_",
    ]
)
#: NumPy's names of arguments.
_ALIASES = {"dim": ("axis",), "keepdim": ("keepdims",), "input": ("x", "a", "x1"), "other": ("x2",)}
_OPTIONS = (
    "dtype? dtype=None, layout? layout=None, device? device=None, bool? pin_memory=False, "
    "bool? requires_grad=False"
)


def _scalar(v: Any) -> bool:
    return isinstance(v, Tensor) and not v._s and not v.requires_grad


def _is_int(v: Any) -> bool:
    if type(v) is int:
        return True
    if isinstance(v, bool):
        return False
    return isinstance(v, (int, np.integer)) or (_scalar(v) and v._d.category == INT)


def _is_index(v: Any) -> bool:
    if _is_int(v):
        return True
    return isinstance(v, Tensor) and v._d.category == INT and v._s.numel() == 1


def is_number(v: Any) -> bool:
    return isinstance(v, (int, float, complex, np.number, np.bool_)) or _scalar(v)


def _is_float(v: Any) -> bool:
    return isinstance(v, (int, float, np.floating, np.integer)) or (
        _scalar(v) and v._d.category <= FLOAT
    )


def _is_list(v: Any) -> bool:
    return isinstance(v, (list, tuple))


def _is_dtype(v: Any) -> bool:
    return isinstance(v, dtype) or v in (float, int, bool, complex)


def _is_device(v: Any) -> bool:
    return isinstance(v, (str, int)) or type(v).__name__ == "device"


def _named(name: str) -> Callable[[Any], bool]:
    return lambda v: type(v).__name__ == name


_CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "Tensor": ("Tensor", lambda v: isinstance(v, Tensor)),
    "Number": ("Number", is_number),
    "int": ("int", _is_int),
    "float": ("float", _is_float),
    "bool": ("bool", lambda v: isinstance(v, bool)),
    "str": ("str", lambda v: isinstance(v, str)),
    "dtype": ("torch.dtype", _is_dtype),
    "layout": ("torch.layout", _named("layout")),
    "memory_format": ("torch.memory_format", _named("memory_format")),
    "device": ("torch.device", _is_device),
    "Generator": ("torch.Generator", _named("Generator")),
    "Tensors": ("tuple of Tensors", _is_list),
    "Numbers": ("tuple of Scalars", lambda v: is_number(v) or _is_list(v)),
    "floats": ("tuple of floats", _is_list),
    "ints": ("tuple of ints", _is_list),
    "data": ("object", lambda v: True),
}


class Parameter(NamedTuple):
    """One parameter of an overload."""

    kind: str
    name: str
    nullable: bool
    single: bool  # one number may stand for a tuple
    default: str | None
    keyword: bool

    @property
    def type_name(self) -> str:
        return _CHECKS[self.kind][0] if self.kind in _CHECKS else self.kind

    def accepts(self, v: Any, numbers_too: bool) -> bool:
        if self.kind == "ints":
            return _misplaced(v) is None if _is_list(v) else self.single and _is_int(v)
        if self.kind == "Tensor" and numbers_too and is_number(v):
            return True
        return self.kind not in _CHECKS or _CHECKS[self.kind][1](v)


def _misplaced(values: Sequence[Any]) -> int | None:
    """0 if a list begins with something that is no index (the rest is looked at later)."""
    return 0 if len(values) and not _is_index(values[0]) else None


def _holds_tensor(v: Any) -> bool:
    return isinstance(v, Tensor) or (_is_list(v) and any(isinstance(e, Tensor) for e in v))


class Overload:
    """One way to call a function."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.hidden = text.startswith("!")
        self.params = _parameters(text.removeprefix("!"))
        self.positional = sum(not p.keyword for p in self.params)
        self.least = sum(p.default is None for p in self.params)
        first = self.params[0] if self.params else None
        self.variadic = self.positional == 1 and first is not None and first.kind == "ints"

    def __str__(self) -> str:
        out, star = [], False
        for p in self.params:
            if p.keyword and not star:
                out.append("*")
                star = True
            out.append(f"{p.type_name} {p.name}" + ("" if p.default is None else f" = {p.default}"))
        return f"({', '.join(out)})"

    def match(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[dict[str, str], bool]:
        """What `check` returns; raises a TypeError if the call does not fit."""
        if len(args) > self.positional and not (self.variadic and not _is_list(args[0])):
            raise self._extra(len(args))
        renamed: dict[str, str] = {}
        used, place, by_types = 0, 0, True
        numbers_too = self.name in _NUMBERS_TOO
        for n, p in enumerate(self.params):
            by_name = place >= len(args)
            if not by_name and p.keyword:
                raise self._extra(len(args))
            key = next((k for k in (p.name, *_ALIASES.get(p.name, ())) if k in kwargs), None)
            if by_name and key is None:
                if p.default is None:
                    raise self._missing(n)
                continue
            v = kwargs[key] if by_name else args[place]  # type: ignore[index]
            if not (v is None and p.nullable) and not p.accepts(v, numbers_too):
                if not by_name and not place and self.variadic and _misplaced(args) is None:
                    v, place = args, len(args) - 1
                else:
                    raise self._wrong(p, v, None if by_name else place, args)
            self._unpack(p, v, place)
            if (
                p.kind != "Tensor"
                and p.kind != "Tensors"
                and (_holds_tensor(v) or isinstance(v, type))
            ):
                by_types = False
            if by_name:
                used += 1
                if key != p.name:
                    renamed[key] = p.name  # type: ignore[index]
            else:
                place += 1
        if used < len(kwargs):
            raise self._unexpected(kwargs, len(args))
        return renamed, by_types

    def open_to(self, given: int) -> bool:
        """Whether the number of arguments is one for which PyTorch marks those of a wrong type."""
        return given == len(self.params) + any(p.keyword for p in self.params)

    def takes(self, place: int, v: Any) -> bool:
        """Whether the argument at a place is of the type that is written there."""
        return place < self.positional and type_name(v) == self.params[place].type_name

    def _unpack(self, p: Parameter, v: Any, place: int) -> None:
        if p.kind == "ints" and _is_list(v):
            for i, e in enumerate(v):
                if not _is_index(e) and not (i and isinstance(e, bool)):
                    raise TypeError(
                        f"{self.name}(): argument '{p.name}' failed to unpack the object at pos {i + 1} "
                        f'with error "type must be tuple of ints,but got {type_name(e)}"'
                    )
        if p.kind == "Tensors" and _is_list(v) and p.name != "indices":
            for i, e in enumerate(v):
                if not isinstance(e, Tensor):
                    raise TypeError(
                        f"expected Tensor as element {i} in argument {place}, but got {type_name(e)}"
                    )

    def _wrong(self, p: Parameter, v: Any, place: int | None, args: Sequence[Any]) -> TypeError:
        where = "" if place is None else f" (position {place + 1})"
        what = f"{self.name}(): argument '{p.name}'{where} must be {p.type_name}, "
        if p.kind == "ints" and place is not None and _is_list(v):
            return TypeError(what + f"but found element of type {type_name(v[0])} at pos 0")
        if p.kind == "ints" and self.variadic and len(args) > 1:
            return self._extra(len(args))
        return TypeError(what + f"not {type_name(v)}")

    def _extra(self, given: int) -> TypeError:
        most = self.positional
        if self.least != most:
            return TypeError(
                f"{self.name}() takes from {self.least} to {most} positional arguments but {given} were given"
            )
        return TypeError(
            f"{self.name}() takes {most} positional argument{'s' * (most != 1)} but {given} "
            f"{'was' if given == 1 else 'were'} given"
        )

    def _missing(self, n: int) -> TypeError:
        names = [f'"{p.name}"' for p in self.params[n:] if p.default is None]
        names = names or [f'"{self.params[n].name}"']
        return TypeError(
            f"{self.name}() missing {len(names)} required positional argument{'s' * (len(names) == 1)}: "
            + ", ".join(names)
        )

    def _unexpected(self, kwargs: dict[str, Any], given: int) -> TypeError:
        names = [p.name for p in self.params]
        for key in kwargs:
            if key not in names:
                return TypeError(f"{self.name}() got an unexpected keyword argument '{key}'")
            if names.index(key) < given:
                return TypeError(f"{self.name}() got multiple values for argument '{key}'")
        return TypeError(f"{self.name}(): invalid keyword arguments")


def _split(text: str) -> list[str]:
    return re.split(r", (?![^{]*})", text) if text else []


def _parameters(text: str) -> tuple[Parameter, ...]:
    out: list[Parameter] = []
    keyword = False
    for part in _split(text.replace("&options", "out, " + _OPTIONS if "out" else _OPTIONS)):
        if part == "*":
            keyword = True
            continue
        left, eq, default = part.partition("=")
        kind, _, name = left.rpartition(" ")
        if name == "out":
            eq, default = "=", "None"
        kind = kind or "Tensor"
        nullable = kind.endswith("?") or default == "None"
        kind = kind.rstrip("?")
        single = kind[-1].isdigit()
        out.append(
            Parameter(
                kind.rstrip("0123456789"), name, nullable, single, default if eq else None, keyword
            )
        )
    return tuple(out)


def _as_method(text: str) -> str | None:
    parts = _split(text)
    for i, part in enumerate(parts):
        if part in ("input", "!input"):
            rest = [p for p in parts[:i] + parts[i + 1 :] if p not in ("out", "Tensors out")]
            if rest and rest[-1] == "*":
                rest.pop()
            return ("!" if part[0] == "!" or text[0] == "!" else "") + ", ".join(rest).replace(
                "!", ""
            )
    return None


@cache
def overloads(name: str, method: bool) -> tuple[Overload, ...]:
    """The overloads of `torch.<name>` or, as a method, `Tensor.<name>`; none if it has no line."""
    lines = _lines()
    if not method:
        texts = lines.get("torch." + name) or lines.get(name) or []
        return tuple(Overload(name, t) for t in texts)
    for known in (name, name.removesuffix("_")):
        if "Tensor." + known in lines:
            return tuple(Overload(name, t) for t in lines["Tensor." + known])
        if known in lines or "torch." + known in lines:
            texts = lines.get(known) or lines["torch." + known]
            as_methods = dict.fromkeys(t for t in map(_as_method, texts) if t is not None)
            return tuple(Overload(name, t) for t in as_methods)
    return ()


def check(
    name: str, method: bool, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[dict[str, str], bool]:
    """The keyword arguments to rename, and whether the types alone decided.

    Raises PyTorch's TypeError if no overload takes the call.
    """
    ways = overloads(name, method)
    if not ways:
        return {}, True
    if method:
        args = args[1:]
    if method and len(ways) == 1 and not ways[0].params and (args or kwargs):
        if kwargs:
            raise TypeError(f"TensorBase.{name}() takes no keyword arguments")
        raise TypeError(f"TensorBase.{name}() takes no arguments ({len(args)} given)")
    if len(ways) == 1:
        return ways[0].match(args, kwargs)
    for way in ways:
        try:
            return way.match(args, kwargs)
        except TypeError as error:
            if "failed to unpack" in str(error) or str(error).startswith("expected Tensor as"):
                raise
    given = len(args) + len(kwargs)
    plausible = [way for way in ways if way.least <= given <= len(way.params) and not way.hidden]
    if len(plausible) == 1:
        plausible[0].match(args, kwargs)
    raise _no_overload(name, ways, args, kwargs)


def _no_overload(
    name: str, ways: Sequence[Overload], args: Sequence[Any], kwargs: dict[str, Any]
) -> TypeError:
    shown = [way for way in ways if not way.hidden]
    marks = len(shown) == 1 and shown[0].open_to(len(args) + len(kwargs))
    types = [type_name(v) for v in args]
    if marks:
        types = [t if shown[0].takes(i, args[i]) else f"!{t}!" for i, t in enumerate(types)]
    got = "".join(f"{t}, " for t in types)
    got += "".join(f"{k}={type_name(v)}, " for k, v in reversed(kwargs.items()))
    got = got[:-2] if args else got
    head = f"{name}() received an invalid combination of arguments - got ({got}), but expected "
    if len(shown) == 1:
        return TypeError(head + str(shown[0]))
    return TypeError(head + "one of:\n" + "".join(f" * {way}\n" for way in shown))
