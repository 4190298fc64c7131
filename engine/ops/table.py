"""The operator table: one row per operation, its value and its gradients side by side.

A row is made by `define`:

    define("mul(self, other)", np.multiply, PROMOTE, family="pointwise",
           self=lambda F, g, other: g * F.conj(other), other=lambda F, g, self: g * F.conj(self))

The signature names the arguments. A gradient (VJP) takes `F`, the gradient `g` of the result, and
whatever it names: an argument of the operation, `result`, `<argument>_sizes`, `<argument>_dtype`.
What the VJPs name is what a node saves. They are written once: `F` and the values are arrays in an
ordinary pass and tensors when the backward pass itself is recorded (create_graph), where F's
functions are the operations of this table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.ops import rooms, saved
from engine.ops.formula import compile_vjp
from engine.ops.namespace import GRAPH, OPS, RAW
from engine.ops.nodes import (
    DTYPE,
    INPUT,
    NEEDS,
    RESULT,
    SIZES,
    UNDERIVED,
    Op,
    OpNode,
    Packed,
    TableNode,
)  # fmt: skip
from engine.ops.running import (
    PROMOTE,
    PROMOTE_FLOAT,
    RAWTYPE,
    TO_FLOAT,
    attach,
    explained,
    first_way,
    forward_of,
    keep,
    link,
    needed_inputs,
    record,
    run,
    run_any,
    unwrap,
)  # fmt: skip

_families: dict[str, str] = {}

_VALUES: dict[str, Any] = {"None": None, "True": True, "False": False}


def _default(text: str) -> Any:
    text = text.strip()
    if text in _VALUES:
        return _VALUES[text]
    if text[:1] in "'\"":
        return text[1:-1]
    return float(text) if "." in text or "e" in text else int(text)


def _parse(signature: str) -> tuple[str, list[str], dict[str, Any], int]:
    name, _, rest = signature.partition("(")
    params: list[str] = []
    defaults: dict[str, Any] = {}
    required = 0
    for part in rest.rstrip(")").split(","):
        key, eq, value = part.strip().partition("=")
        if key and key != "*":
            params.append(key)
            if eq:
                defaults[key] = _default(value)
            else:
                required += 1
    return name, params, defaults, required


def _getters(op: Op, fn: Callable[..., Any], skip: int) -> tuple[tuple[int, int], ...]:
    code = fn.__code__
    out = []
    for p in code.co_varnames[skip : code.co_argcount]:
        if p in op.index:
            out.append((INPUT, op.index[p]))
        elif p == "result":
            out.append((RESULT, 0))
        elif p.startswith("result") and p[6:].isdigit():
            out.append((RESULT, int(p[6:])))
        elif p == "needs":
            out.append((NEEDS, 0))
        elif p.endswith("_sizes"):
            out.append((SIZES, op.index[p.removesuffix("_sizes")]))
        elif p.endswith("_dtype"):
            out.append((DTYPE, op.index[p.removesuffix("_dtype")]))
        else:
            raise TypeError(f"{op.name}: a VJP asks for '{p}', which is no argument")
    return tuple(out)


def camel(name: str) -> str:
    """log1p → Log1P: a letter after an underscore or a digit is a capital."""
    out, up = "", True
    for c in name.strip("_"):
        if c != "_":
            out += c.upper() if up else c
        up = c == "_" or c.isdigit()
    return out


def define(
    signature: str,
    forward: Callable[..., Any],
    kind: int = RAWTYPE,
    *,
    family: str,
    node: str | None = None,
    outputs: int = 1,
    view: bool = False,
    listed: bool = False,
    joint: Callable[..., Any] | None = None,
    wrt: str = "",
    pack: Callable[..., Any] | None = None,
    key: str | None = None,
    doc: str = "",
    **gradients: Callable[..., Any] | str,
) -> Op:
    """Add a row; `wrt` lists the differentiable arguments of a `joint` VJP; `key` names overloads.

    `doc` says in one sentence what a person gets. A gradient is a function or a formula (see `engine.ops.formula`).
    """
    vjps = {p: compile_vjp(v) if isinstance(v, str) else v for p, v in gradients.items()}
    name, params, defaults, required = _parse(signature)
    op = Op()
    op.name, op.signature, op.family, op.forward, op.kind = name, signature, family, forward, kind
    op.params, op.defaults, op.required = tuple(params), defaults, required
    op.index = {p: i for i, p in enumerate(params)}
    op.view, op.listed, op.pack, op.outputs = view, listed, pack, outputs
    op.broadcasts = kind in (PROMOTE, PROMOTE_FLOAT)
    op.doc = doc
    op.twice = {}
    op.joint = None if joint is None else (joint, _getters(op, joint, 2))
    op.vjps = {op.index[p]: (fn, _getters(op, fn, 2)) for p, fn in vjps.items()}
    op.formulas = {op.index[p]: v for p, v in gradients.items() if isinstance(v, str)}
    wanted = wrt.split() if joint is not None else vjps
    op.differentiable = tuple(sorted(op.index[p] for p in wanted))
    used = op.joint[1] if op.joint else [x for _, gs in op.vjps.values() for x in gs]
    op.needs = ({i for k, i in used if k == INPUT}, any(k == RESULT for k, _ in used))
    op.frees = any(k in (INPUT, RESULT) for k, _ in used)
    op.alone = op.differentiable[0] if len(op.differentiable) == 1 and not listed else None
    op.node = _node_class(node or camel(name) + "Backward0", op)
    if node == "NotImplemented":
        op.node.title = UNDERIVED
    shown, tensors, result = saved.extras(op)
    op.shown = shown - op.needs[0]
    op.needs = (op.needs[0] | shown, op.needs[1] or result)
    op.frees = op.node.frees = op.frees or tensors or result
    op.way = first_way(op)
    saved.declare(OpNode, op)
    OPS[key or name] = op
    _families[name] = family
    setattr(RAW, key or name, forward)
    return op


def _node_class(title: str, op: Op) -> type[TableNode]:
    body: dict[str, Any] = {
        "op": op,
        "frees": op.frees,
        "outputs": op.outputs,
        "__module__": "builtins",  # so that the class shows its name alone
    }
    body["__slots__"] = ("outputs",) if op.outputs != 1 else ()
    if op.outputs != 1:
        del body["outputs"]
    return type(title, (TableNode,), body)


def undifferentiable(name: str) -> Callable[..., Any]:
    """The VJP of an operation for which PyTorch has none."""

    def vjp(F: Any, g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return vjp


def family(name: str) -> str:
    """The family of an operation: by dispatcher name, in-place names included; else "other"."""
    if name not in _families:
        rooms.load(name)
        rooms.load(name.rstrip("_"))
    if name in _families:
        return _families[name]
    if name.endswith("_"):
        base = _families.get(name.rstrip("_"))
        return "inplace" if base in (None, "creation", "other") else base
    return "other"


def name_family(name: str, value: str) -> None:
    """Give a family to a name that has no row of its own."""
    _families.setdefault(name, value)


__all__ = [
    "DTYPE", "GRAPH", "INPUT", "OPS", "PROMOTE", "PROMOTE_FLOAT", "RAW", "RAWTYPE", "RESULT", "SIZES", "TO_FLOAT",
    "Op", "OpNode", "Packed", "TableNode", "attach", "define", "explained", "family", "forward_of", "keep", "link",
    "name_family", "needed_inputs", "record", "run", "run_any", "undifferentiable", "unwrap",
]  # fmt: skip
