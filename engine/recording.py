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
    (FUNCTION, operation, written, saved, opened)
        a person's Function: the entry of its OPERATION, or None where it raised, a Tensor for each
        piece of memory that its forward wrote in place, what it gave to save_for_backward, and
        whether an OPENED belongs to it
    (OPENED, inputs, written, code, lasti)
        inside the forward of a Function the log is on from here: its Tensor arguments, or None
        where it was on before, and what forward wrote in place until here
    (GRAD, tensor, grad, code, lasti)
        tensor.grad was assigned the Tensor `grad`, or None
    (READ, tensor, how, code, lasti)
        the program took the tensor's elements as numbers: by "item", "bool", "numpy" ...
    (RETURNED, result, code, lasti)
        the call of a module gave this tuple back
    (IDLE, name, code, lasti)
        the step() of an optimizer of that name found no gradient at any of its parameters
    (SHARED, tensor)
        the program took the tensor's memory, as `tensor.data` does: a write through that does not
        count for the tensor

Before the engine overwrites memory in place it calls `before_write(tensor)`, or `note_write`, and
before a tensor becomes a leaf that requires grad, or ceases to be one, `before_change()`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

(
    OPERATION,
    PASS,
    STEP,
    ACCUMULATE,
    CAPTURE,
    END,
    GRAD,
    FUNCTION,
    READ,
    OPENED,
    SHARED,
    IDLE,
    RETURNED,
) = range(13)

#: A list of such tuples, or what takes the place of one that is too long; None: nobody records.
log: Any = None


class Relay:
    """What stands in the place of the log and hands each entry on to it."""

    __slots__ = ("behind",)

    def __init__(self, behind: Any) -> None:
        self.behind = behind


class Forward:
    """The forward of a recorded Function while it runs: one operation, in which the log is off.

    Passes, and what happens under enable_grad, are logged even there (`open_log`).
    log: the one that is off. written: a tensor for each piece of memory that was overwritten
    while it was, by the id of the memory's owner. opened: whether it was on inside.
    """

    __slots__ = ("inputs", "log", "opened", "outer", "written")

    def __init__(self, inputs: tuple[Any, ...], log: Any, outer: Forward | None) -> None:
        self.inputs, self.log, self.outer = inputs, log, outer
        self.written: dict[int, Any] = {}
        self.opened = False


#: The innermost forward of a recorded Function that runs.
forward: Forward | None = None

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


#: Whether somebody may stop the program at each step: leaves are served in their turn then.
watched: bool = False

#: The code that called an operation last, if it is none of the engine's: it is known by sight.
person: CodeType | None = None


def where(first: FrameType | None = None) -> tuple[CodeType | None, int]:
    """Return code and last instruction of the innermost frame outside the engine, from `first` on.

    The line is resolved when somebody asks: f_lasti costs nanoseconds, f_lineno microseconds.
    """
    global person
    frame = sys._getframe(1) if first is None else first
    while frame is not None:
        code = frame.f_code
        name = code.co_filename
        own = ours.get(name)
        if own is None:
            own = ours[name] = name.startswith(_ENGINE)
        if not own:
            if frame is first:
                person = code
            return code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]
    return None, -1


def is_ours(file: str) -> bool:
    """Whether a file of code is the engine's own."""
    return file.startswith(_ENGINE)


def enter_forward(inputs: tuple[Any, ...]) -> Forward | None:
    """The forward of a Function begins: what it does is one operation. None where none is logged."""
    global log, forward
    if log is None:
        return None
    forward, log = Forward(inputs, log, forward), None
    return forward


def leave_forward(entered: Forward | None) -> None:
    """The forward is over, whether it raised or not."""
    global log, forward
    if entered is not None:
        log, forward = entered.log, entered.outer


def open_log() -> Forward | None:
    """Log again inside a forward; return what `close_log` takes, None where nothing changes."""
    global log
    inside = forward
    if inside is None or log is not None or inside.log is None:
        return None
    if inside.written or not inside.opened:
        inputs = None if inside.opened else inside.inputs
        inside.log.append((OPENED, inputs, tuple(inside.written.values()), *where()))
        inside.written.clear()
        inside.opened = True
    log = inside.log
    return inside


def close_log(opened: Forward | None) -> None:
    """The log that was opened is off again, unless that forward is over."""
    global log
    if opened is not None and opened is forward:
        log = None


#: The log while the engine's own operations, which are part of a step, are not logged.
_hidden: Any = None


def hide() -> tuple[Any, Any]:
    """Log nothing: what follows are operations of the engine's own. Return what `show` takes."""
    global log, _hidden
    before = log, _hidden
    if log is not None:
        log, _hidden = None, log
    return before


def show(before: tuple[Any, Any]) -> None:
    """Log again as before `hide`, unless nobody records any more."""
    global log, _hidden
    if _hidden is not None:
        log, _hidden = before


def reveal() -> bool:
    """Log what a person's code does amid what is hidden; return whether to `cover` after it."""
    global log
    if log is not None or _hidden is None:
        return False
    log = _hidden
    return True


def cover(revealed: bool) -> None:
    """The person's code is over."""
    global log
    if revealed:
        log = None


def is_taken(*logs: Any) -> bool:
    """Whether one of these is the log, be it off for now."""
    inside = forward
    while inside is not None:
        if any(inside.log is one for one in logs):
            return True
        inside = inside.outer
    behind = log.behind if isinstance(log, Relay) else None
    if behind is not None and any(one is behind for one in logs):
        return True
    return any(one is log or one is _hidden for one in logs)


def put(logs: tuple[Any, ...], other: Any) -> None:
    """Let what is logged to one of these go to another from now on, be it off for now."""
    global log, _hidden
    if isinstance(log, Relay):
        if any(log.behind is one for one in logs):
            log.behind = other
    elif any(log is one for one in logs):
        log = other
    if any(_hidden is one for one in logs):
        _hidden = other
    inside = forward
    while inside is not None:
        if any(inside.log is one for one in logs):
            inside.log = other
        inside = inside.outer


def take_away() -> None:
    """Nobody records any more."""
    global log, person, watched, _hidden
    log = person = _hidden = None
    watched = False
    inside = forward
    while inside is not None:
        inside.log, inside = None, inside.outer


def unhook() -> None:
    """Nobody is called any more before memory and the graph change, or where a module begins."""
    global before_write, before_change, enter_scope, scope
    before_write, before_change, enter_scope, scope = _ignore, _nothing, _outermost, 0


def note_write(tensor: Any) -> None:
    """Say that the memory of a tensor is about to be overwritten."""
    if log is not None:
        before_write(tensor)
    elif forward is not None:
        key = id(_memory(tensor))
        if key not in forward.written:
            before_write(tensor)
            forward.written[key] = tensor


def _memory(tensor: Any) -> Any:
    """The array that owns a tensor's values; the tensor itself where they are a NumPy scalar."""
    owner = tensor._a
    if not isinstance(owner, np.ndarray):
        return tensor
    while True:
        base = owner.base
        if not isinstance(base, np.ndarray):  # an array that `from_numpy` took a part of, or none
            base = getattr(base, "base", None)
        if not isinstance(base, np.ndarray):
            return owner
        owner = base


def assigned(tensor: Any, grad: Any) -> None:
    """Append that tensor.grad was assigned; the forward of a Function hides no such thing."""
    to = _shown()
    if to is not None:
        to.append((GRAD, tensor, grad, *where()))


def _shown() -> Any:
    """Return the log, also where the forward of a Function hides what happens from it."""
    return forward.log if log is None and forward is not None else log


def read(tensor: Any, how: str) -> None:
    """Append that a tensor's elements were taken as numbers: what is done with them is unseen."""
    if log is not None:
        log.append((READ, tensor, how, *where()))


def returned(result: tuple[Any, ...]) -> None:
    """Append that the call of a module gave a tuple back."""
    if log is not None:
        log.append((RETURNED, result, *where()))


def idle(name: str) -> None:
    """Append that the step of an optimizer, or a clip of gradients, had nothing to do."""
    if log is not None:
        log.append((IDLE, name, *where()))


def shared(tensor: Any) -> None:
    """Append that the program took the tensor's memory; the forward of a Function hides it not."""
    to = _shown()
    if to is not None:
        to.append((SHARED, tensor))


def function(
    name: str, out: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None,
    done: Forward | None, saved: tuple[Any, ...],
) -> None:  # fmt: skip
    """Append a person's Function, what its forward wrote and what it saved."""
    if done is None or not (done.written or done.opened or saved):
        operation(name, out, inputs, params)
    elif log is not None:
        entry = (OPERATION, name, out, inputs, params, *where(), scope)
        log.append((FUNCTION, entry, tuple(done.written.values()), saved, done.opened))


def failed(done: Forward | None) -> None:
    """Append that a person's Function raised, where that leaves something to tell."""
    if done is not None and log is not None and (done.written or done.opened):
        log.append((FUNCTION, None, tuple(done.written.values()), (), done.opened))


def operation(name: str, out: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None) -> None:
    """Append one forward operation; call it only while `log` is a list."""
    assert log is not None
    log.append((OPERATION, name, out, inputs, params, *where(), scope))
