"""The quick way through any row with one result, written from its signature and what its VJPs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from engine import version
from engine.dtype import FLOAT, FROM_NP
from engine.ops import saved, table
from engine.ops.formula import ON_ARRAYS, inline
from engine.ops.quick.parts import (
    LOG,
    RELEASED,
    TENSOR,
    functions,
    indent,
    lazily,
    leaf,
    receive,
    steps,
)
from engine.ops.table import INPUT, RESULT, SIZES, Op, OpNode
from engine.size import Size, intern
from engine.tensor import TENSORS, Tensor, array

#: Types of arguments that a forward function takes as they are.
PLAIN = frozenset((int, float, bool, str, type(None), Size))


class RowNode(OpNode):
    """Keeps arguments in slots a0, a1 ..., sizes in s0, s1 ... and edges in e0, e1 ... by place,
    the result in `y`."""

    __slots__ = ("cells", "d", "y")

    d: Any
    y: Any
    kept: tuple[int, ...] = ()
    sized: tuple[int, ...] = ()

    @property
    def edges(self) -> Any:  # type: ignore[override]
        return tuple([getattr(self, f"e{i}") for i in self.op.differentiable])

    @property
    def args(self) -> Any:  # type: ignore[override]
        found: list[Any] = [None] * len(self.op.params)
        for i in self.kept:
            found[i] = getattr(self, f"a{i}")
        gone = any(v is RELEASED for v in found) or (self.op.needs[1] and self.y is None)
        return None if gone else found

    @property
    def metas(self) -> Any:  # type: ignore[override]
        sizes = {i: getattr(self, f"s{i}") for i in self.sized}
        places = range(len(self.op.params))
        return tuple(
            (sizes.get(i), self.d) if i in self.op.differentiable or i in sizes else None
            for i in places
        )

    @property
    def outs(self) -> Any:  # type: ignore[override]
        if not self.op.needs[1] or self.y is None:
            return None
        return ((self.y, intern(self.y.shape), FROM_NP[self.y.dtype]),)

    def release(self) -> None:
        if self.op.needs[1]:
            self.y = None
        for i in self.kept:
            if self.op.params[i] == "indices" or isinstance(getattr(self, f"a{i}"), Tensor):
                setattr(self, f"a{i}", RELEASED)


def fits(op: Op) -> bool:
    """Whether a row can have a quick way."""
    return op.outputs == 1 and not op.listed and op.pack is None and "generator" not in op.index


def _reads(op: Op, kind: int) -> tuple[int, ...]:
    """The places whose values, or sizes, some VJP reads or the node shows."""
    used = op.joint[1] if op.joint else [x for _, gs in op.vjps.values() for x in gs]
    more = op.shown if kind == INPUT else saved.sized(op)
    return tuple(sorted({i for k, i in used if k == kind} | more))


def _readers(op: Op, place: int) -> Iterable[int]:
    """The numbers of the edges whose VJPs read the argument at a place."""
    if op.joint is not None or place in op.shown:
        return range(len(op.differentiable))
    return [n for n, i in enumerate(op.differentiable) if (INPUT, place) in op.vjps[i][1]]


def row(op: Op) -> Callable[..., Any]:
    """The quick way through a row: takes the arguments by place, all of them."""
    if not fits(op):
        return lambda *values: table.run_any(op, list(values))
    return lazily(op, lambda scope: _write(op, scope))  # type: ignore[no-any-return]


# --- forward ---------------------------------------------------------------------------------------
def _write(op: Op, scope: dict[str, Any]) -> str:
    places = range(len(op.params))
    names = [f"p{i}" for i in places]
    scope.update(
        run_any=table.run_any, op=op, forward=op.forward, array=array, FROM_NP=FROM_NP, PLAIN=PLAIN,
        TENSORS=TENSORS, FLOAT=FLOAT, link=table.link, make_view=version.make_view, Node=_node(op) if op.differentiable else None,
    )  # fmt: skip
    listed = ", ".join(names)
    given = [f"default{i}" if p in op.defaults else "" for i, p in enumerate(op.params)]
    scope.update({f"default{op.index[p]}": v for p, v in op.defaults.items()})
    takes = ", ".join(f"{n}={v}" if v else n for n, v in zip(names, given, strict=True))
    raws = ", ".join(f"r{i}" for i in places)
    attach = "t._g = None"
    if op.differentiable:
        some = " or ".join(f"g{i} is not None" for i in op.differentiable)
        attach = f"""
if not mode.enabled or not ({some}) or t._d.category < FLOAT:
    t._g = None
else:{indent(_attach(op), 4)}"""
    link = _LINK if op.view else ""
    return f"""
def made({takes}):
    if mode.unusual or type(p0) not in TENSORS:
        return run_any(op, [{listed}])
    d = p0._d
    if not d.quick:
        return run_any(op, [{listed}])
{indent("".join(_take(op, i, listed) for i in places), 4)}
    try:
        a = forward({raws})
    except ValueError:  # the other way says in PyTorch's words why
        return run_any(op, [{listed}])
    s = intern(a.shape)
    np_d = a.dtype
{indent(TENSOR.replace("t._d = d", "t._d = d if np_d is d.np else FROM_NP[np_d]"), 4)}
{indent(link + attach, 4)}
    if recording.log is not None:
{indent(_log(op), 8)}
    return t
"""


def _log(op: Op) -> str:
    """Lines that append the operation to the log: its tensors, and what else it was given."""
    inputs, params = "(p0,)", "None"
    lines = ""
    if len(op.params) > 1:
        usual = [i for i in range(1, len(op.params)) if i in op.differentiable]
        others = [i for i in range(1, len(op.params)) if i not in usual]
        tensors = [f"type(p{i}) in TENSORS" for i in usual]
        tensors += [f"type(p{i}) not in TENSORS" for i in others]
        given = "".join(f", p{i}" for i in usual)
        rest = ", ".join(f"{op.params[i]!r}: p{i}" for i in others)
        lines = f"""
if {" and ".join(tensors)}:
    inputs = (p0{given},)
    params = {{{rest}}} or None
else:
    inputs, params = [p0], {{}}"""
        for i, p in enumerate(op.params[1:], 1):
            lines += f"\n    if type(p{i}) in TENSORS:\n        inputs.append(p{i})"
            lines += f"\n    else:\n        params[{p!r}] = p{i}"
        lines += "\n    inputs, params = tuple(inputs), params or None"
        inputs, params = "inputs", "params"
    return lines + LOG.format(name=op.name, inputs=inputs, params=params)


_LINK = """
if mode.enabled:
    make_view(t, p0, None)
else:
    link(op, t, p0)"""


_ARRAY = """
if type(r0) is not ndarray:
    r0 = array(p0)"""


def _take(op: Op, i: int, listed: str) -> str:
    """Lines that set r{i} to what the forward function gets, or leave for the other way."""
    p, leave = f"p{i}", f"return run_any(op, [{listed}])"
    slope = f"\n    g{i} = {p}._g" if i in op.differentiable else ""
    none = f"\n    g{i} = None" if i in op.differentiable else ""
    if i == 0:
        return "\nr0 = p0._a" + (_ARRAY if op.view else "") + slope.replace("    ", "")
    same = (
        f"{p}._d is d"
        if i in op.differentiable or op.broadcasts
        else f"({p}._d is d or {p}._d.category < FLOAT)"
    )
    number = "" if not (op.broadcasts and i < op.required) else f"\n    {leave}"
    ways = [
        f"""c in TENSORS:
    if not {same}:
        {leave}
    r{i} = {p}._a{slope}""",
        f"""c in PLAIN or (c is tuple and not ({p} and isinstance({p}[0], Tensor))):{number}
    r{i} = {p}{none}""",
    ]
    first, second = ways if i in op.differentiable else reversed(ways)  # what is likelier
    return f"\nc = type({p})\nif {first}\nelif {second}\nelse:\n    {leave}"


def _attach(op: Op) -> str:
    lines = ["n = Node()"]
    for i in op.differentiable:
        lines.append(f"if g{i} is LEAF:{indent(leaf(f'g{i}', f'p{i}'), 4)}")
        lines.append(f"n.e{i} = g{i}")
    lines += ["n._got = None", "n.seq = tick()", "n.d = d"]
    for i in _reads(op, INPUT):
        readers = [f"g{op.differentiable[n]} is not None" for n in _readers(op, i)]
        value = f"(keep(p{i}) if mode.met_inference and type(p{i}) in TENSORS else p{i})"
        if len(op.differentiable) == 1:
            lines.append(f"n.a{i} = {value}")
        else:
            lines.append(f"n.a{i} = {value} if {' or '.join(readers)} else None")
    for i in _sized(op):
        lines.append(f"n.s{i} = p{i}._s" + (f" if type(p{i}) in TENSORS else None" if i else ""))
    if op.needs[1]:
        lines += ["n.y = a", "n.cells = None"]
    lines.append("t._g = n")
    return "\n" + "\n".join(lines)


def _sized(op: Op) -> tuple[int, ...]:
    more = op.differentiable if op.broadcasts else ()
    return tuple(sorted({*_reads(op, SIZES), *more}))


# --- backward --------------------------------------------------------------------------------------
def _node(op: Op) -> Any:
    kept, sized = _reads(op, INPUT), _sized(op)
    slots = (
        tuple(f"e{i}" for i in op.differentiable)
        + tuple(f"a{i}" for i in kept)
        + tuple(f"s{i}" for i in sized)
    )
    base = type(
        "RowNode", (RowNode,), {"__slots__": slots, "kept": kept, "sized": sized, "frees": op.frees}
    )
    load = "".join(f"\ne{i} = self.e{i}" for i in op.differentiable)
    load += "\nnp_d = self.d.np" + "".join(map(_load, kept))
    if op.needs[1]:
        load += _LOAD_RESULT
    values: dict[str, Any] = {"RAW": table.RAW, "cast": _cast}
    body = ""
    if op.joint is not None:
        fn, getters = op.joint
        values["joint"] = fn
        body += (
            f"\n{', '.join(f'v{i}' for i in op.differentiable)}, = joint(RAW, g{_given(getters)})"
        )
    for i in op.differentiable:
        part = ""
        if op.joint is None:
            part += f"\nv{i} = {_slope(op, i, values)}"
            part += f"\nif v{i} is not None:{indent(_finish(op, i), 4)}"
            body += f"\nif e{i} is not None:{indent(part, 4)}"
        else:
            body += f"\nif e{i} is not None and v{i} is not None:{indent(_finish(op, i), 4)}\nelse:\n    v{i} = None"
    free = "".join(
        f"\nself.a{i} = RELEASED"
        if op.params[i] == "indices"  # which are arrays
        else f"\nif isinstance(self.a{i}, Tensor):\n    self.a{i} = RELEASED"
        for i in kept
    )
    free += "\nself.y = None" if op.needs[1] else ""
    grads = [f"v{i}" for i in op.differentiable]
    return steps(op, base, load, free, body, grads, **values)


def _slope(op: Op, i: int, values: dict[str, Any]) -> str:
    """The gradient of one argument: its formula written out, or a call of its function."""
    text = op.formulas.get(i)
    fn, getters = op.vjps[i]
    if text is None:
        values[f"vjp{i}"] = fn
        return f"vjp{i}(RAW, g{_given(getters)})"
    text = ON_ARRAYS.get(text, text)
    values.update(functions(text))
    places = {p: f"a{k}" for p, k in op.index.items()} | {"result": "y"}
    places |= {f"{p}_sizes": f"self.s{k}" for p, k in op.index.items()}
    return inline(text, places)


_LOAD_RESULT = """
y = self.y
if y is None:
    raise errors.freed()
if self.cells is not None:
    self._result(RAW, 0)  # raises if it was written to"""


def _load(i: int) -> str:
    return f"""
a{i} = self.a{i}
if isinstance(a{i}, Tensor):
    c = a{i}._v
    if c is not None and (c.cell if type(c) is View else c).last > self.seq:
        raise saved_error(a{i}, self.seq)
    a{i} = a{i}._a
elif a{i} is RELEASED:
    raise errors.freed()"""


def _given(getters: Iterable[tuple[int, int]]) -> str:
    """What a VJP takes, as arguments of a call."""
    text = {INPUT: "a{}", RESULT: "y", SIZES: "self.s{}", table.DTYPE: "self.d"}
    needs = "tuple(e is not None for e in self.edges)"
    return "".join(f", {text[k].format(i) if k in text else needs}" for k, i in getters)


def _finish(op: Op, i: int) -> str:
    summed = (
        f"\nif v{i}.shape != self.s{i}:\n    v{i} = sum_to(v{i}, self.s{i})"
        if op.broadcasts
        else ""
    )
    return f"""{summed}
if v{i}.dtype is not np_d:
    v{i} = cast(v{i}, np_d){receive(f"e{i}", f"v{i}")}"""


def _cast(v: Any, np_d: Any) -> Any:
    """A gradient in the element type of its input."""
    if v.dtype == np_d:
        return v
    return v.real.astype(np_d) if v.dtype.kind == "c" else v.astype(np_d)


__all__ = ["RowNode", "row"]
