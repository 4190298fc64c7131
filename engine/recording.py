"""The one switch through which a recorder sees what the engine does.

The engine appends plain tuples to `log` while there is one and does nothing while it is None.
Whoever records (`engine.tape.recorder`) drains the list later, so that recording an operation
costs one tuple. The first element of each tuple is its kind:

    (OPERATION, name, out, inputs, params, code, lasti, scope)
        name    the operation as PyTorch's dispatcher calls it ("mul", "addmm", "sub_", "t")
        out     Tensor, or tuple of Tensors
        inputs  tuple of the Tensor arguments in signature order
        params  dict of the other arguments by signature name (dim, exponent, other=2 ...), or None
    (PASS, kind, roots, gradients, retain_graph, create_graph, inputs, code, lasti, plain)
        kind    "backward" or "grad"; roots Tensors; gradients Tensors or None, one per root;
                inputs Tensors or None
        plain   whether the leaves come after the last step (see `engine.autograd.sweep`)
    (STEP, node, cotangents, grads)
        a visited node: ndarrays (or None) per output of the forward operation, after hooks, and
        per entry of node.next_functions
    (ACCUMULATE, node, variable, delta, grad)
        AccumulateGrad added the ndarray `delta`; the Tensor `grad` is variable.grad afterwards
    (CAPTURE, tensor, array)
        autograd.grad took `array` for `tensor`
    (END, error)
        the pass is over; error is None or the exception
    (FUNCTION, operation, written, saved)
        a person's Function: the entry of its OPERATION, or None where it raised, a Tensor for each
        piece of memory that its forward wrote in place, and what it gave to save_for_backward
    (GRAD, tensor, grad, code, lasti)
        tensor.grad was assigned the Tensor `grad`, or None
    (READ, tensor, how, code, lasti)
        the program took the tensor's elements as numbers: by "item", "bool", "numpy" ...

Before the engine overwrites memory in place it calls `before_write(tensor)`, or `note_write`, and
before a tensor becomes a leaf that requires grad, or ceases to be one, `before_change()`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

OPERATION, PASS, STEP, ACCUMULATE, CAPTURE, END, GRAD, FUNCTION, READ = range(9)

#: A list of such tuples, or what takes the place of one that is too long; None: nobody records.
log: Any = None

#: While the forward of a recorded Function runs, which is one operation and logs nothing inside:
#: a tensor for each piece of memory that it has written, by the id of the memory's owner.
written: dict[int, Any] | None = None
#: The log that is off meanwhile.
covered: Any = None

#: The innermost running nn.Module call, as the recorder's `enter_scope` numbered it; 0 outside.
scope: int = 0


def _ignore(tensor: Any) -> None:
    """Nobody records: memory may be overwritten."""


def _nothing() -> None:
    """Nobody records: there is nothing to catch up with."""


def _outermost(module: Any) -> int:
    """Nobody records: there are no scopes."""
    return 0


#: Called with the tensor whose memory is about to be overwritten; the recorder replaces it.
before_write: Callable[[Any], None] = _ignore
#: Called before what the log's tensors say of the graph changes; the recorder replaces it.
before_change: Callable[[], None] = _nothing
#: Called by nn.Module.__call__ as enter_scope(module) -> number; the recorder replaces it.
enter_scope: Callable[[Any], int] = _outermost

_ENGINE = str(Path(__file__).parent) + "/"
#: Whether a file of code is the engine's own, for the files that were met so far.
ours: dict[str, bool] = {}


def where() -> tuple[CodeType | None, int]:
    """Return code and last instruction of the innermost frame outside the engine.

    The line is resolved when somebody asks: f_lasti costs nanoseconds, f_lineno microseconds.
    """
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        own = ours.get(name)
        if own is None:
            own = ours[name] = name.startswith(_ENGINE)
        if not own:
            return frame.f_code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]
    return None, -1


def note_write(tensor: Any) -> None:
    """Say that the memory of a tensor is about to be overwritten."""
    if log is not None:
        before_write(tensor)
    elif written is not None:
        key = id(_memory(tensor))
        if key not in written:
            before_write(tensor)
            written[key] = tensor


def _memory(tensor: Any) -> Any:
    """The array that owns a tensor's values; the tensor itself where they are a NumPy scalar."""
    owner = tensor._a
    if not isinstance(owner, np.ndarray):
        return tensor
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner


def assigned(tensor: Any, grad: Any) -> None:
    """Append that tensor.grad was assigned; the forward of a Function hides no such thing."""
    to = covered if log is None else log
    if to is not None:
        to.append((GRAD, tensor, grad, *where()))


def read(tensor: Any, how: str) -> None:
    """Append that a tensor's elements were taken as numbers: what is done with them is unseen."""
    if log is not None:
        log.append((READ, tensor, how, *where()))


def function(
    name: str, out: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None, overwrote: Any,
    saved: tuple[Any, ...],
) -> None:  # fmt: skip
    """Append a person's Function, what its forward wrote and what it saved."""
    if not overwrote and not saved:
        operation(name, out, inputs, params)
    elif log is not None:
        entry = (OPERATION, name, out, inputs, params, *where(), scope)
        log.append((FUNCTION, entry, tuple(overwrote.values()), saved))


def operation(name: str, out: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None) -> None:
    """Append one forward operation; call it only while `log` is a list."""
    assert log is not None
    log.append((OPERATION, name, out, inputs, params, *where(), scope))
