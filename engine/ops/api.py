"""From rows of the table to what a person calls: functions, methods and in-place methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from engine import errors
from engine.ops import inplace, rooms
from engine.ops.guards import explained, guarded, overloaded
from engine.ops.refusals import refusing
from engine.ops.table import GRAPH, OPS, Op, run
from engine.tensor import Tensor
from engine.warning import warn

#: What `from engine import *` means: the functions of the torch namespace.
FUNCTIONS: dict[str, Callable[..., Any]] = rooms.Table()


class Published(NamedTuple):
    """A public name: the row or function behind it, what it does, where a person finds it."""

    source: Any
    doc: str
    function: bool
    method: bool


#: What the rooms have published so far, by name; in-place variants are not told.
PUBLISHED: dict[str, Published] = {}


def _tell(name: str, source: Any, doc: str, function: bool, method: bool) -> None:
    if name.endswith("_"):
        return
    before = PUBLISHED.get(name)
    if before is not None:
        source, doc = before.source, before.doc or doc
        function, method = function or before.function, method or before.method
    PUBLISHED[name] = Published(source, doc, function, method)


#: Functions that learning code calls all the time: their arguments are looked at when they fail.
_QUICK = frozenset(
    [
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "pow",
        "matmul",
        "mm",
        "bmm",
        "addmm",
        "sum",
        "mean",
        "view",
        "reshape",
        "transpose",
        "t",
        "permute",
        "unsqueeze",
        "squeeze",
        "expand",
        "softmax",
        "log_softmax",
        "cat",
        "stack",
        "select",
        "narrow",
        "flatten",
        "masked_fill",
        "size",
        "dim",
        "item",
        "detach",
        "zero_",
        "add_",
        "sub_",
        "mul_",
        "addcmul_",
        "addcdiv_",
        "where",
        "clone",
    ]
)

_ALIASES = {
    "axis": "dim",
    "keepdims": "keepdim",
    "input": "self",
    "x": "self",
    "x1": "self",
    "x2": "other",
}


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], method: bool = False) -> list[Any]:
    """The arguments in the order of the signature, with defaults."""
    params = op.params
    n = len(params)
    if len(args) > n:
        _too_many(op, args)
    values = list(args)
    values.extend(op.defaults.get(p, _MISSING) for p in params[len(args) :])
    for key, v in kwargs.items():
        i = op.index.get(key)
        if i is None:
            i = op.index.get(_ALIASES.get(key, ""))
        if i is None:
            raise TypeError(f"{op.name}() got an unexpected keyword argument '{key}'")
        if i < len(args):
            raise TypeError(f"{op.name}() got multiple values for argument '{public(params[i])}'")
        values[i] = v
    if _MISSING in map(_identity, values):
        _missing(op, values)
    if not isinstance(values[0], Tensor) and not op.listed:
        raise errors.not_tensor(op.name, public(params[0]), 1, values[0])
    return values


def _identity(v: Any) -> Any:
    return v if v is _MISSING else None


def public(param: str) -> str:
    return "input" if param == "self" else param


class _Missing:
    pass


_MISSING = _Missing()


def _missing(op: Op, values: list[Any]) -> None:
    names = [public(p) for p, v in zip(op.params, values, strict=True) if v is _MISSING]
    listed = ", ".join(f'"{n}"' for n in names)
    raise TypeError(f"{op.name}() missing {len(names)} required positional arguments: {listed}")


def _too_many(op: Op, args: tuple[Any, ...]) -> None:
    n = len(op.params)
    were = "was" if len(args) == 1 else "were"
    raise TypeError(
        f"{op.name}() takes {n} positional argument{'s' if n != 1 else ''} but {len(args)} {were} given"
    )


def functional(op: Op, check: Callable[[list[Any]], None] | None = None) -> Callable[..., Any]:
    """The out-of-place callable of a row; serves as function and as method."""
    n = len(op.params)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            out = kwargs.pop("out", None)
            values = bind(op, args, kwargs)
            if out is not None:
                return into(op.name, out, lambda: run(op, values), values)
        elif len(args) == n and isinstance(args[0], Tensor):
            values = list(args)
        else:
            values = bind(op, args, kwargs)
        if check is not None:
            check(values)
        return run(op, values)

    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = f"{op.signature}\n\n{op.doc}"
    return call


def _warn_resized(target: Any, r: Any) -> None:
    """Say that an output that holds something gets another shape."""
    if target._s.numel():
        warn(
            f"An output with one or more elements was resized since it had shape {list(target._s)}, which does not "
            f"match the required output shape {list(r._s)}. This behavior is deprecated, and in a future PyTorch "
            "release outputs will not be resized unless they have zero elements. You can explicitly reuse an out "
            "tensor t by resizing it, inplace, to zero elements with t.resize_(0)."
        )


def into(name: str, out: Any, compute: Callable[[], Any], values: Any) -> Any:
    """The `out=` argument: compute and write there."""
    from engine.autograd import mode

    outs = out if isinstance(out, tuple) else (out,)
    if mode.batching is not None and mode.batching.deepest((*values, *outs)):
        raise RuntimeError(
            f"Batching rule not implemented for aten::{name}.out; the fallback path doesn't work on out= "
            "or view ops."
        )
    if mode.enabled and any(isinstance(v, Tensor) and v.requires_grad for v in (*values, *outs)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    result = compute()
    for target, r in zip(outs, result if isinstance(result, tuple) else (result,), strict=True):
        if target._s != r._s:
            _warn_resized(target, r)
            target.resize_(tuple(r._s))
        if r._d.category > target._d.category:
            raise RuntimeError(
                f"result type {r._d.display} can't be cast to the desired output type {target._d.display}"
            )
        inplace.write(target, r._a)
    return out


def inplace_method(
    op: Op,
    check: Callable[[list[Any]], None] | None = None,
    writes: Callable[[list[Any]], Op] | None = None,
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        values = bind(op, args, kwargs)
        if check is not None:
            check(values)
        return inplace.run_inplace(op if writes is None else writes(values), values)

    call.__name__ = call.__qualname__ = op.name + "_"
    return call


def expose(
    op: Op,
    *,
    function: bool = True,
    method: bool = True,
    inplace: bool = False,
    also: str = "",
    check: Callable[[list[Any]], None] | None = None,
    writes: Callable[[list[Any]], Op] | None = None,
    quick: Callable[[Op, Callable[..., Any]], Callable[..., Any]] | None = None,
) -> Callable[..., Any]:
    """Publish a row under its name and the names in `also`; `quick` makes its quick way.

    `writes` tells the row of a call in place, where that is another one.
    """
    full = functional(op, check)

    def ways(one: Callable[..., Any]) -> Callable[..., Any]:
        return one if quick is None else quick(op, one)

    call = ways(full)
    setattr(GRAPH, op.name, call)
    for name in (op.name, *also.split()):
        if function or method:
            _tell(name, op, op.doc, function, method)
        if function:
            FUNCTIONS[name] = ways(_checked(name, full, False))
        if method:
            setattr(Tensor, name, ways(_checked(name, full, True)))
        if inplace:
            write = inplace_method(op, check, writes)
            setattr(Tensor, name + "_", _checked(name + "_", write, True))
            if function and overloaded(name + "_"):
                FUNCTIONS.setdefault(name + "_", _checked(name + "_", write, False))
    return call


def _checked(name: str, fn: Callable[..., Any], method: bool) -> Callable[..., Any]:
    """`fn` as the person calls it: a call that PyTorch refuses is refused in its words."""
    fn = refusing(name, fn)
    return explained(name, fn, method) if name in _QUICK else guarded(name, fn, method)


def publish(
    name: str, fn: Callable[..., Any], function: bool = True, method: bool = True, F: bool = True,
    *, doc: str = "",
) -> None:  # fmt: skip
    """Publish a hand-written function; `F`: VJPs may call it on tensors under this name.

    `doc` says what a person gets; without it the first line of the function's docstring does.
    """
    doc = doc or (fn.__doc__ or "").partition("\n")[0]
    for one in name.split():
        _tell(one, fn, doc, function, method)
        if function:
            FUNCTIONS[one] = _checked(one, fn, False)
        if method:
            setattr(Tensor, one, _checked(one, fn, True))
        if F:
            setattr(GRAPH, one, fn)


__all__ = ["FUNCTIONS", "OPS", "PUBLISHED", "bind", "expose", "functional", "publish"]
