"""A person's Function inside a map: by its own `vmap`, or by mapping over its forward and backward."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.autograd import mode
from engine.autograd.function import Function
from engine.autograd.function_outputs import attach
from engine.tensor import Tensor

from .dispatch import Part, part
from .levels import Level, at, batched, deepest, level_of, lift

_SETUP = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it "
    "must override the setup_context staticmethod. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
_NONE = (
    "You tried to vmap over {}, but it does not have vmap support. Please override and implement the vmap "
    "staticmethod or set generate_vmap_rule=True. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
_BOTH = (
    "You tried to vmap over {}, but it has both generate_vmap_rule=True and an overriden vmap "
    "staticmethod. Please set generate_vmap_rule=False or delete the overriden vmap staticmethod to "
    "avoid ambiguity. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)


class VmapInfo(NamedTuple):
    """What a Function's `vmap` is told of the map."""

    batch_size: int
    randomness: str


def apply(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a Function on batched tensors, and give it a node of their level."""
    if cls.setup_context is Function.setup_context:
        raise RuntimeError(_SETUP)
    own = cls.vmap is not Function.vmap
    if own == bool(cls.generate_vmap_rule):
        raise RuntimeError((_BOTH if own else _NONE).format(cls.__name__))
    number = deepest(args)
    level = at(number)
    given = [part(a, number) for a in args]
    out = _by_own(cls, given, level) if own else _generated(cls, given, level)
    inputs = [lift(a, number) for a in args if isinstance(a, Tensor)]
    if not (mode.enabled and any(t._g is not None for t in inputs)):
        return out
    node = cls._backward_cls()
    node.__dict__["needs_input_grad"] = tuple(
        isinstance(a, Tensor) and level_of(a) == number and a._g is not None for a in args
    )
    cls.setup_context(node, args, out)
    return attach(node, args, inputs, out, True)


def _by_own(cls: Any, given: list[Any], level: Level) -> Any:
    in_dims = tuple((0 if p.mapped else None) if type(p) is Part else None for p in given)
    values = [p.value if type(p) is Part else p for p in given]
    out, dims = cls.vmap(VmapInfo(level.size, level.randomness), in_dims, *values)
    many = isinstance(out, tuple)
    outs, places = (out, dims) if many else ((out,), (dims,))
    if not isinstance(places, tuple):
        places = (places,) * len(outs)
    found = tuple(_wrapped(t, d, level.number) for t, d in zip(outs, places, strict=True))
    return found if many else found[0]


def _wrapped(t: Any, dim: Any, number: int) -> Any:
    if not isinstance(t, Tensor):
        return t
    if dim is None:
        return batched(t, number, mapped=False)
    return batched(t.movedim(dim, 0) if dim else t, number)


def _generated(cls: Any, given: list[Any], level: Level) -> Any:
    """Through a Function of the level below, which maps over the forward and the backward."""
    mapped = [type(p) is Part and p.mapped for p in given]
    made = _mapped_class(cls, mapped, level)
    out = made.apply(*[p.value if type(p) is Part else p for p in given])
    if isinstance(out, tuple):
        return tuple(batched(t, level.number) for t in out)
    return batched(out, level.number)


def _mapped_class(cls: Any, mapped: list[bool], level: Level) -> Any:
    from .calls import mapping

    def enter(values: Any, flags: Any, number: int) -> list[Any]:
        return [
            batched(v, number) if m and isinstance(v, Tensor) else v
            for v, m in zip(values, flags, strict=True)
        ]

    def leave(v: Any, number: int) -> tuple[Any, bool]:
        if level_of(v) != number:
            return v, False
        return v._a.value, v._a.mapped

    def forward(*args: Any) -> Any:
        with mapping(level.size, level.randomness) as number:
            out = cls.forward(*enter(args, mapped, number))
            many = isinstance(out, tuple)
            full = [part(t, number).full(level.size) for t in (out if many else (out,))]
        return tuple(full) if many else full[0]

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        inner = cls._backward_cls()
        inner.__dict__["needs_input_grad"] = ctx.needs_input_grad
        many = isinstance(output, tuple)
        with mapping(level.size, level.randomness) as number:
            outs = [batched(t, number) for t in (output if many else (output,))]
            cls.setup_context(
                inner, tuple(enter(inputs, mapped, number)), tuple(outs) if many else outs[0]
            )
            saved = [leave(t, number) for t in inner.__dict__.pop("to_save", ())]
            ahead = [leave(t, number) for t in inner.__dict__.pop("saved_for_forward", ())]
        ctx.forward = ([v for v, _ in ahead], [m for _, m in ahead]) if ahead else None
        ctx.inner, ctx.flags = inner, [m for _, m in saved]
        ctx.save_for_backward(*(v for v, _ in saved))

    def backward(ctx: Any, *grads: Any) -> Any:
        with mapping(level.size, level.randomness) as number:
            inner = ctx.inner
            inner.__dict__["to_save"] = tuple(enter(ctx.saved_tensors, ctx.flags, number))
            out = inner._user_backward()(inner, *enter(grads, [True] * len(grads), number))
            out = out if isinstance(out, tuple) else (out,)
            found = [_summed(v, m, number, level.size) for v, m in zip(out, mapped, strict=False)]
        return tuple(found)

    def jvp(ctx: Any, *tangents: Any) -> Any:
        with mapping(level.size, level.randomness) as number:
            inner = ctx.inner
            inner.__dict__["to_save"] = tuple(enter(ctx.saved_tensors, ctx.flags, number))
            if ctx.forward is not None:
                inner.__dict__["saved_for_forward"] = tuple(
                    enter(ctx.forward[0], ctx.forward[1], number)
                )
            out = inner.push(enter(tangents, mapped, number))
            full = [part(t, number).full(level.size) for t in out]
        return tuple(full)

    body: dict[str, Any] = {
        "forward": forward,
        "setup_context": setup_context,
        "backward": backward,
    }
    if cls.jvp is not Function.jvp:
        body["jvp"] = jvp
    body = {name: staticmethod(fn) for name, fn in body.items()}
    return type(cls.__name__, (Function,), body)


def _summed(v: Any, mapped: bool, number: int, size: int) -> Any:
    """A gradient for what was mapped over, or for what all examples share."""
    if v is None:
        return None
    p = part(v, number)
    if mapped:
        return p.full(size)
    return p.value.sum(0) if p.mapped else p.value * size
