"""The outputs of a person's Function: what they are connected to, and what was saved of them."""

from __future__ import annotations

from typing import Any

from engine import recording, version
from engine.autograd import anomaly, mode
from engine.autograd import node as graph
from engine.autograd.node import LEAF, Port, tick
from engine.batching.levels import BatchedTensor
from engine.dtype import FLOAT
from engine.tensor import Tensor, array, new, wrap


def _bare(t: Any, edge: Any) -> Any:
    """The values of a tensor at another place in the graph."""
    out = new(type(t) if type(t) is BatchedTensor else Tensor)
    out._a, out._s, out._d, out._v, out._g = t._a, t._s, t._d, None, edge
    return out


class Saved:
    """A saved tensor; one that the node made itself is kept without its edge to the node."""

    __slots__ = ("cell", "made", "nr", "tensor")

    def __init__(self, t: Any, node: Any) -> None:
        g = t._g
        owner = g.node if type(g) is Port else g
        self.made = owner is node
        self.nr = g.nr if type(g) is Port else 0
        self.tensor = t
        self.cell = None
        if self.made:
            self.tensor = _bare(t, None)
            self.cell = version.cell_of(t)

    def get(self, node: Any) -> Any:
        t = self.tensor
        if self.made:
            if self.cell is not None and self.cell.last > node.seq:
                raise version.modified_error(t, node.seq, self._edge(node), self.cell)
            return _bare(t, self._edge(node))
        if version.changed(t, node.seq):
            raise version.saved_error(t, node.seq)
        return t

    def _edge(self, node: Any) -> Any:
        return node if node.outputs == 1 else Port(node, self.nr)


def attach(node: Any, args: tuple[Any, ...], inputs: list[Any], out: Any, need: bool) -> Any:
    """Connect the outputs to the node; non-tensors pass through."""
    d = node.__dict__
    many = isinstance(out, tuple)
    outs = list(out) if many else [out]
    _check_outputs(node, outs)
    d["_arguments"] = [isinstance(a, Tensor) for a in args]
    d["_input_metas"] = [(t._s, t._d) for t in inputs]
    d["edges"] = tuple(graph.edge(t) for t in inputs) if need else ()
    if need and any(isinstance(t, Tensor) and t._d.itemsize == 2 for t in (*inputs, *outs)):
        graph.halves[0] = True
    node._got = None
    node.seq = tick()
    if need and mode.anomaly:
        anomaly.remember(node)
    node.outputs = len(outs)
    d["_metas"] = [(o._s, o._d) if isinstance(o, Tensor) else ((), None) for o in outs]
    result = [_output(node, inputs, o, i, need) for i, o in enumerate(outs)]
    to_save = d.get("to_save", ())
    for i, t in enumerate(to_save):
        if need and t is not None and not isinstance(t, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}"
            )
    if need:
        swapped = {id(o): r for o, r in zip(outs, result, strict=True)}
        d["_saved"] = tuple(
            None
            if t is None
            else _save(swapped.get(id(t), t) if id(t) not in {id(x) for x in inputs} else t, node)
            for t in to_save
        )
        d["dirty_ids"] = None
    if recording.log is None or not need:
        d.pop("to_save", None)
    for key in ("dirty", "non_differentiable"):
        d.pop(key, None)
    return tuple(result) if many else result[0]


def _save(t: Any, node: Any) -> Any:
    if mode.pack_hooks:
        from engine.ops.table import Packed

        return Packed(t, mode.pack_hooks[-1])
    return Saved(t, node)


def _check_outputs(node: Any, outs: list[Any]) -> None:
    if any(all(o is not t for o in outs) for t in node.__dict__.get("dirty", ())):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The "
            "inputs that are modified inplace must all be outputs of the Function."
        )
    for i, o in enumerate(outs):
        if not isinstance(o, Tensor) and o is not None and not node.__dict__.get("loose", True):
            raise TypeError(
                f"{node._function.__name__}.forward: expected Tensor or tuple of Tensor, got {type(o)} for argument {i}"
            )


def _output(node: Any, inputs: list[Any], o: Any, i: int, need: bool) -> Any:
    if not isinstance(o, Tensor):
        return o
    d = node.__dict__
    dirty = any(o is t for t in d.get("dirty", ()))
    given = next((t for t in inputs if o is t), None)
    if dirty:
        if o._g is LEAF and need:
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation."
            )
        version.cell_of(o).bump()
    elif given is not None:
        o = wrap(array(o), o._d)
        version.make_view(o, given, None)
    if o._g is not None:  # an operation that was logged may have given it another node
        recording.before_change()
    if not need or o._d.category < FLOAT or any(o is t for t in d.get("non_differentiable", ())):
        if not dirty and type(o._v) is not version.View:
            o._g = None
        return o
    o._g = node if node.outputs == 1 else Port(node, i)
    if not dirty and type(o._v) is version.View and any(_same_memory(o, t) for t in inputs):
        o._v.origin = _title(node, i) + (_FROM_FUNCTION if node.outputs == 1 else version.MANY)
    return o


def _same_memory(o: Any, t: Any) -> bool:
    return t._v is not None and o._v.cell is (t._v.cell if type(t._v) is version.View else t._v)


def _title(node: Any, i: int) -> str:
    return f"Output {i} of {node._function.__name__} is a view and is being modified inplace. "


_FROM_FUNCTION = (
    "This view was created inside a custom Function (or because an input was returned as-is) and "
    "the autograd logic to handle view+inplace would override the custom backward associated with "
    "the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix "
    "this by cloning the output of the custom Function."
)
