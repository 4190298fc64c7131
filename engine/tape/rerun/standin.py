"""What stands in for code of the person's: results and gradients as they were recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.autograd.function import Function
from engine.tape import replay
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.tape.rerun.machine import Machine

#: (gradients that arrived) -> gradients sent, one per tensor that came in, None for nothing.
Backward = Callable[[tuple[Any, ...]], list[Any]]


class Recorded(Function):
    """A Function whose outputs and gradients are given from outside."""

    @staticmethod
    def forward(
        ctx: Any, make: Callable[[], list[Any]], written: Any, back: Backward, *inputs: Tensor
    ) -> Any:
        ctx.back, ctx.count = back, len(inputs)
        if written is not None:
            ctx.mark_dirty(written)
        ctx.set_materialize_grads(False)
        outs = make()
        return outs[0] if len(outs) == 1 else tuple(outs)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        sent = ctx.back(gradients)
        return None, None, None, *sent[: ctx.count], *[None] * (ctx.count - len(sent))


def sent_by(machine: Machine, node: int, gradients: tuple[Any, ...]) -> list[Any]:
    """Return what a node of the person's sends in the running pass, by edge.

    Where the operations of its backward are on the tape they run again, else it is as recorded.
    """
    tape, running = machine.tape, machine.running
    step = running.step_of(node) if running is not None else -1
    if running is None:
        return []
    if step < 0:
        raise RuntimeError(f"{tape.text(int(tape.nodes['name'][node]))} gave no gradient")
    sent: list[Any] = [None] * int(tape.nodes["n_edge"][node])
    first, count = (int(tape.steps[c][step]) for c in ("contrib0", "n_contrib"))
    for row in tape.contributions[first : first + count]:
        sent[int(row["slot"])] = tape.array(int(row["array"]))
    recorded = replay.cotangents(tape, step)
    name = tape.text(int(tape.nodes["name"][node]))
    why = "its gradient is the program's own code; what it sent is as it was recorded"
    return running.own_code(step, list(gradients), recorded, sent, name, why)
