"""Calling an operation of a tape again on tensors of the engine."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from engine import ops
from engine.ops import inplace, table
from engine.ops.memory import detach
from engine.ops.table import OPS, Op
from engine.tape.rerun.arguments import Unknown, placed

if TYPE_CHECKING:
    from engine.optim.optimizer import Optimizer

_Call = Callable[[list[Any], dict[str, Any]], Any]


class Operations:
    """Finds what a name on a tape means; keeps the optimizers that the tape's steps are of."""

    def __init__(self) -> None:
        self._optimizers: dict[tuple[int, str], Optimizer] = {}
        self._likely: dict[tuple[str, bool, str], list[Op]] = {}
        self._random: dict[tuple[str, bool], bool] = {}

    def rows(self, name: str, writes: bool, node: str) -> list[Op]:
        """Return the rows that an operation may be, the likeliest first; node: its grad_fn's name."""
        key = name, writes, node
        found = self._likely.get(key)
        if found is None:
            found = self._likely[key] = self._ranked(name, writes, node)
        return found

    def _ranked(self, name: str, writes: bool, node: str) -> list[Op]:
        known = rows_by_name().get(name.removesuffix("_") if writes else name, [])
        known = sorted(known, key=lambda op: not op.differentiable)
        exact = [op for op in known if node in (op.node.__name__, op.node.title)]
        keyed = [op for key in (name, name.removesuffix("_")) for op in known if _key_of(op) == key]
        return list(dict.fromkeys([*exact, *keyed, *known]))

    def call(
        self, name: str, tensors: list[Any], others: dict[str, Any], writes: bool, node: str,
        fits: Callable[[Any], bool],
    ) -> Any:  # fmt: skip
        """Run an operation; writes: whether it overwrites its first input. Unknown if it cannot.

        fits: whether a result can be the operation's; several of a name differ in little.
        """
        if "optimizer" in others:
            return self._step(tensors, others)
        special = _SPECIAL.get(name)
        if special is not None:
            return special(tensors, others)
        out: Any = None
        failure: Exception | None = None
        for op in self.rows(name, writes, node):
            values = placed(op, tensors, others)
            if values is None:
                continue
            if writes:
                return inplace.run_inplace(op, values)
            try:
                found = table.run(op, values)
            except (RuntimeError, ValueError, TypeError, IndexError) as error:
                failure = failure or error
                continue
            if fits(found):
                return found
            out = found if out is None else out
        if out is None and failure is not None:
            raise failure
        if out is None:
            raise Unknown("it is code of the program's own, which is not on the tape")
        return out

    def is_random(self, name: str, writes: bool) -> bool:
        """Return whether an operation draws random numbers."""
        found = self._random.get((name, writes))
        if found is None:
            found = any(op.family == "random" for op in self.rows(name, writes, ""))
            self._random[name, writes] = found
        return found

    def write(self, name: str, tensors: list[Any], others: dict[str, Any], content: Any) -> Any:
        """Do as if an operation in place had given `content`."""
        for op in self.rows(name, True, ""):
            values = placed(op, tensors, others)
            if values is not None:
                return inplace.store(op, values, content, tensors[0]._g is not None)
        inplace.write(tensors[0], content)
        return tensors[0]

    def _step(self, tensors: list[Any], others: dict[str, Any]) -> Any:
        """Update a parameter by its gradient, with what the optimizer remembers of it."""
        parameter, gradient = tensors
        options = {k: v for k, v in others.items() if k != "optimizer"}
        name = others["optimizer"]
        from engine import optim  # a window that runs nothing again begins without it

        kind = getattr(optim, name, None)
        if not options:
            raise Unknown("the options of its optimizer were not recorded")
        if kind is None or kind.update is optim.Optimizer.update:
            raise Unknown("its optimizer is the program's own, or needs all parameters at once")
        key = id(parameter), name
        if key not in self._optimizers:
            self._optimizers[key] = kind([parameter])
        optimizer = self._optimizers[key]
        group = {"params": [parameter], **options}
        inplace.write(
            parameter, optimizer.update(group, parameter, gradient._a, optimizer.state[parameter])
        )
        return parameter


_found: dict[str, list[Op]] = {}
_keys: dict[int, str] = {}


def rows_by_name() -> dict[str, list[Op]]:
    """All rows of the operator table by the name that a tape has."""
    if not _found:
        from engine.nn import kernels

        for module in iter_modules(kernels.__path__):
            import_module(f"{kernels.__name__}.{module.name}")
        import_module("engine.special")
        for op in ops.rows():
            _found.setdefault(op.name, []).append(op)
    return _found


def _key_of(op: Op) -> str:
    if not _keys:
        _keys.update((id(one), key) for key, one in OPS.items())
    return _keys.get(id(op), "")


def _set_data(tensors: list[Any], others: dict[str, Any]) -> Any:
    tensors[0].data = tensors[1]
    return tensors[0]


_SPECIAL: dict[str, _Call] = {
    "detach": lambda tensors, others: detach(tensors[0]),
    "set_data": _set_data,
    "zero_": lambda tensors, others: tensors[0].zero_(),
    "copy_": lambda tensors, others: tensors[0].copy_(tensors[1]),
    "fill_": lambda tensors, others: tensors[0].fill_(*tensors[1:], *others.values()),
}
