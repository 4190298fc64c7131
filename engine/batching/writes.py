"""Writing to batched tensors in place: all examples at once, in the memory that was mapped over."""

from __future__ import annotations

from typing import Any

from engine import version
from engine.autograd import mode
from engine.ops import inplace
from engine.ops.table import Op

from .dispatch import Part, below, part, parts
from .levels import Level, at, batched, deepest, level_of, lift
from .rules import aligned, find, spread

_SHARED = (
    "vmap: {name}(self, *extra_args) is not possible because there exists a Tensor `other` in "
    "extra_args that has more elements than `self`. This happened due to `other` being vmapped over "
    "but `self` not being vmapped over {where}. Please try to use out-of-place operators instead "
    "of {name}. If said operator is being called inside the PyTorch framework, please file a bug "
    "report instead."
)


def write(op: Op, values: list[Any]) -> Any:
    """Execute a row into its first argument; NotImplemented if nothing is batched."""
    number = deepest(values)
    if not number:
        return NotImplemented
    t = values[0]
    given = [part(v, number) for v in values]
    mapped = any(p.mapped for p in parts(given))
    if mapped and not given[0].mapped:
        raise _refused(op, given, at(number))
    if level_of(t) != number:
        lowered = [below(v, lambda p: p.value) for v in given]
        return inplace.run_inplace(op, lowered)
    lifted = [lift(v, number) for v in values]
    before, old = t._g, None
    need = mode.enabled and any(getattr(v, "_g", None) is not None for v in lifted)
    if need:
        old = _before(t, keep=0 in op.needs[0])
    _overwrite(op, given, at(number).size if mapped else 0)
    version.cell_of(t).bump()
    if old is not None:
        inplace.history(op, [old, *lifted[1:]], t, before)
    return t


def _before(t: Any, keep: bool) -> Any:
    """`t` as it was before the write."""
    a = t._a
    old = batched(a.value.clone() if keep else a.value, a.level, a.mapped)
    old._g = t._g
    return old


def _refused(op: Op, given: list[Any], level: Level) -> RuntimeError:
    """Examples cannot be written to what they share."""
    if op.name in ("add", "sub"):
        other = given[1]
        whole = [level.size, *(1,) * (given[0].rank - other.rank), *other.size]
        return RuntimeError(
            f"output with shape {list(given[0].size)} doesn't match the broadcast shape {whole}"
        )
    if op.name == "index_put":
        return RuntimeError(_SHARED.format(name="index_put_", where="in a vmap"))
    if op.family not in ("pointwise", "activation", "inplace"):
        where = f"at level {level.number}"
        return RuntimeError(_SHARED.format(name=f"aten::{op.name}_", where=where))
    return RuntimeError(_SHARED.format(name="inplace arithmetic", where="in a vmap"))


def _overwrite(op: Op, given: list[Any], size: int) -> None:
    """Write below the level."""
    target = given[0]
    others = [
        (spread(v, target.rank) if size and v.rank <= target.rank else v.value) if type(v) is Part else v
        for v in given[1:]
    ]  # fmt: skip
    if op.name == "copy" or (op.name == "fill" and type(given[1]) is Part):
        target.value.copy_(others[0])
    elif op.name == "fill":
        target.value.fill_(others[0])
    elif op.name == "zero":
        target.value.zero_()
    elif not size:
        inplace.run_inplace(op, [target.value, *others])
    elif find(op) is aligned:
        _check_rank(given)
        inplace.run_inplace(op, [target.value, *others])
    else:
        target.value.copy_(find(op)(op, given, size))


def _check_rank(given: list[Any]) -> None:
    target = given[0]
    for p in parts(given[1:]):
        if p.rank > target.rank:
            raise RuntimeError(
                f"output with shape {list(target.size)} doesn't match the broadcast shape {list(p.size)}"
            )
