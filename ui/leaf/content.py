"""What a new leaf holds, as numbers to look at and as code that makes the same. Free of Qt."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

import engine

DTYPES = ("float32", "float64", "int64", "int32", "bool", "complex64", "complex128")
#: Elements that are written into a line of code, and that are filled.
MOST_TYPED, MOST = 10_000, 10_000_000
_WIDE = 88  # characters of a line of code
_INDENT = "    "


class ContentError(ValueError):
    """What was typed is no leaf; the message says what is wrong and what to do."""


class Fill(Enum):
    """Where the numbers of a leaf come from, in the words of the form."""

    TYPED = "Typed"
    ZEROS = "Zeros"
    ONES = "Ones"
    RANGE = "0, 1, 2 …"
    NORMAL = "Normal, random"
    UNIFORM = "Uniform, random"

    @property
    def random(self) -> bool:
        """Whether a seed says which numbers it gives."""
        return self in (Fill.NORMAL, Fill.UNIFORM)


@dataclass(frozen=True, slots=True)
class Content:
    """A leaf. `typed` are the numbers of Fill.TYPED, of this shape."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    fill: Fill = Fill.TYPED
    seed: int = 0
    requires_grad: bool = True
    typed: NDArray[Any] | None = None


def shape_of(text: str) -> tuple[int, ...]:
    """Read `3, 4`, `3 x 4` or `(3, 4)` as a shape; "" is that of a single number."""
    cleaned = text.strip().strip("()[]").replace("×", ",").replace("x", ",").replace(" ", ",")
    sizes = [part for part in cleaned.split(",") if part]
    if not all(part.isdecimal() for part in sizes):
        raise ContentError(f"“{text}” is no shape: write it like 3, 4")
    shape = tuple(int(part) for part in sizes)
    if math.prod(shape) > MOST:
        raise ContentError(f"A leaf made here has at most {MOST:,} elements")
    return shape


def read_table(text: str) -> NDArray[np.float64]:
    """Read what a spreadsheet puts on the clipboard, or CSV, as a matrix.

    Cells are separated by tabs, else by semicolons, else by commas, else by spaces; where it is not
    by commas, a comma may be the decimal point. Raises ContentError that names the cell.
    """
    lines = [
        line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()
    ]
    if not lines:
        raise ContentError("There is no table on the clipboard")
    mark = next((one for one in "\t;," if any(one in line for line in lines)), " ")
    rows = (
        [line.split() for line in lines]
        if mark == " "
        else list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    )
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        odd = next(i for i, row in enumerate(rows) if len(row) != len(rows[0]))
        raise ContentError(
            f"Row {odd + 1} has {len(rows[odd])} cells and row 1 has {len(rows[0])}: "
            "a tensor has equally long rows"
        )
    found = np.empty((len(rows), len(rows[0])))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            found[i, j] = _number(cell, mark, i, j)
    return found


def numbers(content: Content) -> NDArray[Any]:
    """Return the elements that the code of `content` gives a leaf."""
    kind = getattr(engine, content.dtype)
    if content.fill is Fill.TYPED:
        typed = np.zeros(content.shape) if content.typed is None else content.typed
        return typed.astype(content.dtype)
    if content.fill is Fill.RANGE:
        count = math.prod(content.shape)
        made = np.arange(count, dtype=np.int64 if content.dtype == "bool" else content.dtype)
        return made.astype(content.dtype).reshape(content.shape)
    if not content.fill.random:
        return np.full(content.shape, content.fill is Fill.ONES, content.dtype)
    draws = engine.Generator().manual_seed(content.seed)
    made_by: Callable[..., Any] = engine.randn if content.fill is Fill.NORMAL else engine.rand
    if not kind.is_floating_point and not kind.is_complex:
        top = 2 if content.dtype == "bool" else 10
        drawn = engine.randint(0, top, content.shape, generator=draws, dtype=kind)
    else:
        drawn = made_by(content.shape, generator=draws, dtype=kind)
    array: NDArray[Any] = drawn.numpy()
    return array


def code(name: str, content: Content) -> str:
    """Return the statement that makes the leaf; ContentError where that would be unreadable."""
    if not name.isidentifier():
        raise ContentError(f"{name!r} is no name of a variable" if name else "It needs a name")
    differentiable = content.dtype.startswith(("float", "complex"))
    if content.requires_grad and not differentiable:
        raise ContentError(
            f"Only floating point and complex leaves require grad, not {content.dtype}"
        )
    typed = [] if content.dtype == "float32" else [f"dtype=torch.{content.dtype}"]
    grad = ["requires_grad=True"] if content.requires_grad else []
    sizes = ", ".join(map(str, content.shape)) or "()"
    if content.fill is Fill.TYPED:
        return _literal(name, content, grad)
    if content.fill is Fill.RANGE:
        made = f"torch.arange({math.prod(content.shape)}, dtype=torch.{content.dtype})"
        if content.dtype == "bool":
            made = f"torch.arange({math.prod(content.shape)}).bool()"
        if len(content.shape) != 1:
            made += f".reshape({sizes})"
        return f"{name} = {made}" + (".requires_grad_()" if grad else "")
    if not content.fill.random:
        function = content.fill.name.lower()
        return f"{name} = torch.{function}({', '.join([sizes, *typed, *grad])})"
    draws = f"generator=torch.Generator().manual_seed({content.seed})"
    if not differentiable:
        top = 2 if content.dtype == "bool" else 10
        shape = (
            f"({sizes},)" if len(content.shape) == 1 else f"({sizes})" if content.shape else "()"
        )
        typed = [] if content.dtype == "int64" else [f"dtype=torch.{content.dtype}"]
        return f"{name} = torch.randint({', '.join(['0', str(top), shape, draws, *typed])})"
    function = "randn" if content.fill is Fill.NORMAL else "rand"
    return f"{name} = torch.{function}({', '.join([sizes, draws, *typed, *grad])})"


def _literal(name: str, content: Content, grad: list[str]) -> str:
    array = numbers(content)
    if array.size > MOST_TYPED:
        raise ContentError(
            f"{array.size:,} typed numbers make no readable line: fill it, or load it from a file"
        )
    plain = content.dtype in ("float32", "int64", "bool", "complex64") and array.size > 0
    typed = [] if plain else [f"dtype=torch.{content.dtype}"]
    rest = [*typed, *grad]
    line = f"{name} = torch.tensor({', '.join([_nested(array), *rest])})"
    if len(line) <= _WIDE or array.ndim < 2:
        return line
    rows = ",\n".join(_INDENT * 2 + _nested(row) for row in array)
    more = "".join(f"{_INDENT}{part},\n" for part in rest)
    return f"{name} = torch.tensor(\n{_INDENT}[\n{rows},\n{_INDENT}],\n{more})"


def _nested(array: NDArray[Any]) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(one) for one in array)}]"
    value = array[()]
    if isinstance(value, np.floating):
        if not np.isfinite(value):
            return f'float("{value}")'
        return str(value)  # the shortest text that is read as the same number
    if isinstance(value, np.complexfloating):
        return str(complex(float(str(value.real)), float(str(value.imag))))
    return str(value.item())


def _number(cell: str, mark: str, i: int, j: int) -> float:
    text = cell.strip()
    if mark != "," and "." not in text:
        text = text.replace(",", ".", 1)
    try:
        return float(text)
    except ValueError:
        said = f"“{cell}”" if text else "an empty cell"
        raise ContentError(
            f"Row {i + 1}, column {j + 1} is {said}, which is no number: copy the numbers only"
        ) from None
