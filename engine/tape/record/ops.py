"""Forward operations: their inputs and outputs, the node they made, and what they overwrote."""

from __future__ import annotations

from typing import Any

from engine.tape.record import engine
from engine.tape.record.engine import LEAF
from engine.tape.record.grads import Grads
from engine.tape.record.nodes import Nodes
from engine.tape.record.params import Params
from engine.tape.record.rows import Batch
from engine.tape.record.saved import Made
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, OpFlag

# As plain ints: members of enums cost more to look up and to pack.
_OP, _INPLACE, _VIEW = int(Event.OP), int(OpFlag.INPLACE), int(OpFlag.VIEW)


class Ops:
    """Writes `ops` and `inputs`, and the values and the node of each operation."""

    def __init__(self, batch: Batch, tensors: Tensors, nodes: Nodes, grads: Grads) -> None:
        self._batch = batch
        self._tensors, self._nodes, self._grads = tensors, nodes, grads
        self._rows, self._inputs = batch["ops"], batch["inputs"]
        self._values = batch["values"]
        self._params = Params()

    def add(
        self, name: str, outs: tuple[Any, ...], inputs: tuple[Any, ...],
        params: dict[str, Any] | None, loc: int, scope: int, pass_: int,
    ) -> int:  # fmt: skip
        """Write one operation with the LEAF events of what it is the first to use.

        Returns the id of the tensor that it made; -1 where that is not one new tensor.
        """
        tensors, batch = self._tensors, self._batch
        inplace = False
        for out in outs:
            inplace = inplace or tensors.known(out) >= 0
        look = tensors.latest if inplace else tensors.current
        rows = [look(tensor, loc) for tensor in inputs]
        op, event = self._rows.count, batch.events.count
        node = -1
        edge = engine.edge_of(outs[0])[0] if outs else None
        if edge is not None and edge is not LEAF:
            node = self._nodes.made(edge, Made(op, name, inputs, rows, outs, params))
        first_in, first_out = self._inputs.count, self._values.count
        for row in rows:
            self._inputs.add(row)
        written = [self._output(out, op, i, inputs) for i, out in enumerate(outs)]
        flags = _INPLACE if inplace else _VIEW if outs and engine.is_view(outs[0]) else 0
        text = -1 if not params else batch.text(self._params.text(params))
        self._rows.add(
            batch.text(name), first_in, len(rows), first_out, len(outs), text, node, scope, pass_,
            flags, event,
        )  # fmt: skip
        batch.event(_OP, op, loc)
        for number, value, out in written if inplace else ():
            self._grads.written(out, number, op, value, loc)
        return written[0][0] if len(written) == 1 and not inplace else -1

    def _output(self, out: Any, op: int, i: int, inputs: tuple[Any, ...]) -> tuple[int, int, Any]:
        """Write one output; return its tensor's id, the row of its value, and itself."""
        tensors = self._tensors
        number = tensors.known(out)
        if number < 0:
            number = tensors.enroll(out, inputs[0] if inputs else None)
            return number, tensors.add(out, number, op, i), out
        value = tensors.add(out, number, op, i, self._grads.leaf_of(number))
        tensors.write_ended(out, op)
        return number, value, out
