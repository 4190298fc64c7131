"""What has just happened in a program that runs, as conditions see it: `engine.tape.moments`, live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from engine.tape.breakpoints import Spot, spot_of
from engine.tape.names import Name
from engine.tape.record import engine
from engine.tape.tape import Tape


class Made(NamedTuple):
    """An operation that was run.

    key, cell: of its cell, and its count. nth: how many of the name ran at the line before, in this run. target:
    the name that an assignment gives its result; sure: or that of a later one, where this is False.
    scopes: calls of modules that it is within, the
    outermost first; module: their path. value: a copy of what it computed, None where no breakpoint
    asks for it.
    """

    op: str
    key: str
    cell: int
    line: int
    nth: int
    target: str
    scopes: tuple[int, ...]
    module: str
    shape: tuple[int, ...]
    dtype: str
    value: Any
    sure: bool = True


@dataclass(slots=True)
class Happening:
    """An operation, a step of a pass, a pass that begins, or a .grad that is assigned.

    node: the name of the grad_fn. tensor: what the operation made, or the leaf that was served. grad:
    the gradient that came in. pass_: from 1; 0: no step. added: whether it went into a leaf's .grad.
    begun: cell's key and line where a pass begins or a .grad is assigned, None for all else. place:
    cell's count and line of the latter, None for all else.
    """

    node: str
    made: Made | None
    tensor: Any
    grad: Any
    pass_: int
    added: bool = False
    begun: tuple[str, int] | None = None
    place: tuple[int, int] | None = None

    @property
    def what(self) -> str:
        """The name of what happened."""
        return self.node if self.pass_ or self.made is None else self.made.op


class Moment:
    """The values of the names of a condition at a happening.

    name_of: what the person calls a tensor, "" for nothing. count: how many events there are.
    place: cell and line of the running pass. sure: whether an operation's name is its own: of those
    of a statement only the last has it.
    """

    def __init__(
        self, happening: Happening, name_of: Callable[[Any], str], count: Callable[[], int],
        place: tuple[int, int],
    ) -> None:  # fmt: skip
        self.happening, self._name_of, self._count, self._place = happening, name_of, count, place
        self.sure = happening.pass_ > 0 or happening.made is None or happening.made.sure

    def at(self, event: int, names: set[str]) -> Mapping[str, Any]:
        """Return the values of some names; there is only one event."""
        return {name: getattr(self, f"_{name}" if name != "name" else name) for name in names}

    @cached_property
    def name(self) -> Name:
        """What the person calls what is at hand."""
        made = self.happening.made
        found = "" if self.happening.tensor is None else self._name_of(self.happening.tensor)
        return Name(found or ("" if made is None else made.target))

    @property
    def told(self) -> str:
        """The name, unless it may be another operation's in the end."""
        made = self.happening.made
        return "" if not self.sure and made is not None and self.name == made.target else self.name

    @property
    def _grad(self) -> Any:
        return self.happening.grad

    @property
    def _value(self) -> Any:
        made, tensor = self.happening.made, self.happening.tensor
        if self.happening.pass_ and made is not None:
            return made.value
        return None if tensor is None else np.asarray(engine.contents(tensor))

    @property
    def _op(self) -> str:
        return "" if self.happening.made is None else self.happening.made.op

    @property
    def _grad_fn(self) -> str:
        return self.happening.node

    @property
    def _shape(self) -> tuple[int, ...]:
        made, tensor = self.happening.made, self.happening.tensor
        if made is not None:
            return made.shape
        return () if tensor is None else tuple(engine.facts(tensor)[1])

    @property
    def _dtype(self) -> str:
        made, tensor = self.happening.made, self.happening.tensor
        if made is not None:
            return made.dtype
        return "" if tensor is None else engine.dtype_name(tensor)

    @property
    def _pass_(self) -> int:
        return self.happening.pass_

    @property
    def _event(self) -> int:
        return self._count()

    @property
    def _cell(self) -> int:
        return self._place[0] if self.happening.made is None else self.happening.made.cell

    @property
    def _line(self) -> int:
        return self._place[1] if self.happening.made is None else self.happening.made.line

    @property
    def _module(self) -> str:
        return "" if self.happening.made is None else self.happening.made.module

    @property
    def _backward(self) -> bool:
        return self.happening.pass_ > 0 and self.happening.begun is None


def place(moment: Moment) -> str:
    """Return what happened, and where, in a few words."""
    happening = moment.happening
    made = happening.made
    if happening.place is not None:
        return f"{moment.name}.grad is assigned, line {happening.place[1]}"
    if happening.begun is not None:
        return f"pass {happening.pass_} begins, line {happening.begun[1]}"
    where = [happening.what, moment.told]
    where += [f"pass {happening.pass_}"] if happening.pass_ else []
    where += [f"line {made.line}"] if made is not None and made.line else []
    return ", ".join(filter(None, where))


def line_of(code: CodeType | None, lasti: int) -> int:
    """Return the line of an instruction, 0 for none."""
    if code is None or lasti < 0:
        return 0
    line, *_ = next(islice(code.co_positions(), lasti // 2, None), (None,))
    return line or 0


def made_on(tape: Tape, op: int) -> Made:
    """Return what a tape tells of an operation."""
    row = tape.ops[op]
    loc, out = int(tape.events["loc"][row["event"]]), int(row["out0"])
    cell = int(tape.locs["cell"][loc]) if loc >= 0 else -1
    spot = spot_of(tape, op) or Spot(tape.text(int(row["name"])), "", 0, 0)
    scopes, scope = list[int](), int(row["scope"])
    while scope > 0:
        scopes.append(scope)
        scope = int(tape.scopes["parent"][scope])
    scopes.reverse()
    module = ".".join(tape.text(int(tape.scopes["name"][one])) for one in scopes)
    some = bool(row["n_out"])
    return Made(
        spot.op, spot.key, int(tape.cells["count"][cell]) if cell >= 0 else 0, spot.line, spot.nth,
        (tape.name_of(int(tape.values["tensor"][out])) or "") if some else "",
        tuple(scopes), module, tape.value_shape(out) if some else (),
        tape.value_dtype(out) if some else "", None,
    )  # fmt: skip
