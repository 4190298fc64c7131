"""The call that an operation becomes in a cell, from variables and typed arguments. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.ops.listing import Operation

RESULT = "result"
#: The parameter that stands for what a method is called on.
RECEIVER = "tensor"
#: Parameters that take several tensors at once, as one list.
_LISTS = frozenset(("tensors",))
_SEVERAL = frozenset(("tensors", "args"))  # of those that take `a, b, c`
_VARIADIC = "*"


class Parameter(NamedTuple):
    """One parameter of an operation. `default` is code, "" without one.

    needed: whether the operation cannot do without it. variadic: whether it takes `a, b, c`.
    """

    name: str
    default: str = ""
    needed: bool = False
    by_name: bool = False
    variadic: bool = False


def statement(one: Operation, names: Sequence[str] = ()) -> str:
    """Return `result = torch.matmul(w, other)`; see `expression`."""
    return f"{RESULT} = {expression(one, names)}"


def expression(one: Operation, names: Sequence[str] = ()) -> str:
    """Return the call with what it cannot do without.

    `names` are variables to use: each stands for the argument of the same name, else for the first
    that is left. A method is called on the first.
    """
    given = fill(one, names)
    needed = {each.name: each.name for each in parameters(one) if each.needed}
    return compose(one, needed | given)


def parameters(one: Operation) -> tuple[Parameter, ...]:
    """Return the parameters of an operation in the order in which they are given."""
    found: list[Parameter] = []
    if one.call.startswith("Tensor."):
        found.append(Parameter(RECEIVER, needed=True))
    by_name = False
    inside = one.signature[one.signature.index("(") + 1 : -1]
    for part in _split(inside):
        if part == _VARIADIC:
            by_name = True
            continue
        name, _, default = part.partition("=")
        variadic = name.startswith(_VARIADIC)
        name = name.lstrip(_VARIADIC)
        found.append(Parameter(name, default, name in one.arguments, by_name, variadic))
        by_name |= variadic
    known = {each.name for each in found}
    # What is needed and not in the longest way of calling it is given in the shorter one's place.
    found += [Parameter(name, needed=True) for name in one.arguments if name not in known]
    return tuple(found)


def fill(one: Operation, names: Sequence[str]) -> dict[str, str]:
    """Return which parameters variables stand for: each for its namesake, else the first needed.

    What takes several tensors takes all that are left.
    """
    left = list(names)
    filled: dict[str, str] = {}
    needed = [each for each in parameters(one) if each.needed]
    if needed and needed[0].name == RECEIVER and left:
        filled[RECEIVER] = left.pop(0)
    for each in needed:
        if each.name in left and each.name not in filled:
            filled[each.name] = each.name
            left.remove(each.name)
    for each in needed:
        if each.name in filled or not left or (each.variadic and each.name not in _SEVERAL):
            continue
        if each.variadic or each.name in _LISTS:
            several = ", ".join(left)
            filled[each.name] = several if each.variadic else f"[{several}]"
            left.clear()
        else:
            filled[each.name] = left.pop(0)
    return filled


def compose(one: Operation, values: Mapping[str, str]) -> str:
    """Return the call of an operation with arguments as code; without what equals its default.

    What comes after an argument that is left out is given by name.
    """
    callee, by_name, parts = one.call, False, []
    for each in parameters(one):
        value = values.get(each.name, "").strip()
        if each.name == RECEIVER and one.call.startswith("Tensor."):
            callee = f"{_operand(value or RECEIVER)}.{one.name}"
        elif not value or value == each.default:
            by_name = True
        else:
            named = (by_name or each.by_name) and not each.variadic
            parts.append(f"{each.name}={value}" if named else value)
    return f"{callee}({', '.join(parts)})"


def _operand(value: str) -> str:
    """What can be followed by a point: `(a + b)` for `a + b`."""
    plain = value.replace(".", "").replace("[", "").replace("]", "").replace("'", "")
    return value if plain.isidentifier() else f"({value})"


def _split(text: str) -> list[str]:
    """Split at the commas that are in no brackets and no quotes."""
    parts, depth, quote, begin = [], 0, "", 0
    for i, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and not depth:
            parts.append(text[begin:i].strip())
            begin = i + 1
    parts.append(text[begin:].strip())
    return [part for part in parts if part]
