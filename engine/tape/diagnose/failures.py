"""What errors mean: for each error on the tape the node and line that caused it, and the remedy."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from engine.tape import freed, replay, writes
from engine.tape.diagnose import texts
from engine.tape.diagnose.carried import carrier
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.none import why_none
from engine.tape.diagnose.rootless import without_graph
from engine.tape.schema import Mark

_SHAPES = re.compile(
    r"shapes? cannot be multiplied|must match the size of tensor|size mismatch|is invalid for input of size"
    r"|not broadcastable|doesn't match the broadcast shape|Expected .* to have .* dim|expected input"
    r"|Given (normalized_shape|groups)|Mismatch in shape|must have same reduction dim|inconsistent tensor size"
    r"|shape mismatch|Expected input batch_size|same number of dimensions|Sizes of tensors must match"
    r"|dimension out of range|must be (the )?same (size|as input size)|ensure they have the same size"
    r"|target tensor expected, multi-target|Expected target size|must match the existing size|must be equal to input_size|got (an )?invalid (gradient|shape)|invalid gradient at index",
    re.IGNORECASE,
)
_TYPES = re.compile(
    r"expected (scalar type|.* dtype)|one of the following scalar types|must have the same dtype|Only Tensors of floating point|dtype|"
    r"not implemented for '(Long|Int|Bool|Byte)'|can't be cast",
)

#: Words of an error about shapes or types, and what to do; the last for all others.
_RESHAPED = (
    ("arget size", "Give target and output one shape: target.unsqueeze(1), or output.squeeze(1)."),
    (
        "invalid for input of size",
        "The sizes of a view multiply to the number of elements: x.flatten(1) keeps the rows.",
    ),
    ("multi-target", "Give the class numbers as (N,), one per row: target.squeeze(1)."),
    ("", "Print the shapes of both operands at this line and make them agree."),
)
_CONVERTED = (
    ("scalar types: Long", "Indices are integers: idx.long()."),
    ("expected scalar type Long", "Class numbers are integers: target.long()."),
    ("Float and Double", "NumPy's numbers are float64: data.float(), or model.double()."),
    ("Double and Float", "NumPy's numbers are float64: data.float(), or model.double()."),
    ("", "Convert one side: .float(), .long() or .to(other.dtype)."),
)


def failures(facts: Facts) -> list[Finding]:
    """Return what is behind every error of the tape, in order, each once."""
    tape, found = facts.tape, []
    told: set[str] = set()
    for end in np.flatnonzero(tape.ends["error"] >= 0).tolist():
        text = tape.text(int(tape.ends["error"][end]))
        told.add(text)
        if not _stopped(text):
            found.append(_of_pass(facts, end, text))
    for row in np.flatnonzero(tape.marks["kind"] == Mark.ERROR).tolist():
        text, event = tape.text(int(tape.marks["text"][row])), int(tape.marks["event"][row])
        if text not in told and not _stopped(text):
            found.append(explain(facts, text, event))
    return found


def _stopped(text: str) -> bool:
    """Whether an error is the person's Stop."""
    return text.startswith("KeyboardInterrupt")


def _of_pass(facts: Facts, end: int, text: str) -> Finding:
    tape = facts.tape
    pass_, _, event = tape.ends[end].item()
    begun = int(tape.passes["event"][pass_])
    stopped = freed.stopped_by(tape, end)
    if "second time" in text:
        return _freed(facts, text, begun, event, stopped)
    if "modified by an inplace operation" in text:
        return _modified(facts, text, begun, pass_, event)
    return explain(facts, text, begun)


def explain(facts: Facts, text: str, event: int) -> Finding:
    """Return what is behind an error's text, raised at an event."""
    first = text.splitlines()[0] if text else "an error"
    here = facts.at_event(first, event)
    for pattern, cause, title, why, remedy in _KNOWN:
        if pattern in text:
            missing = _missing(facts, event, here) if cause == "no-backward" else None
            if missing is not None:
                return missing
            led = _became_number(facts) if cause == "left-torch" else ()
            cut = without_graph(facts, event) if cause == "root-without-graph" else None
            if cut is not None:
                title = f"the root has no graph: {cut.title}"
                why = f"backward() begins at a tensor without a grad_fn. {cut.text}"
                led, remedy = cut.chain, cut.remedy
            own = _own_backward(facts, text, here) if cause == "wrong-backward" else ()
            return Finding(cause, title, why, remedy, (*led, here, *own), Severity.ERROR)
    if "second time" in text:
        return _freed(facts, text, event, event, None)
    if _SHAPES.search(text):
        remedy = next((way for words, way in _RESHAPED if words in text), _RESHAPED[-1][1])
        return Finding(
            "shape-mismatch", "the shapes do not fit", first.split(": ", 1)[-1], remedy, (here,),
            Severity.ERROR,
        )  # fmt: skip
    if _TYPES.search(text):
        remedy = next((way for words, way in _CONVERTED if words in text), _CONVERTED[-1][1])
        return Finding(
            "dtype-mismatch", "the types do not fit", first.split(": ", 1)[-1], remedy, (here,),
            Severity.ERROR,
        )  # fmt: skip
    return Finding("error", first, text, "", (here,), Severity.ERROR)


def _missing(facts: Facts, event: int, here: Link) -> Finding | None:
    """Return why the .grad is None that an error's line uses, if it names one."""
    for name in re.findall(r"([A-Za-z_][\w.]*)\.grad\b", here.code):
        tensor = facts.named(name)
        if tensor < 0 or replay.grad_at(facts.tape, tensor, event + 1) is not None:
            continue
        found = why_none(facts, tensor, event + 1)
        if found.cause == "no-backward":
            return None  # nothing is wrong but the order of the lines
        title = f"{name}.grad is None here: {found.title}"
        return replace(found, title=title, chain=(*found.chain, here), severity=Severity.ERROR)
    return None


#: Words of an error, its cause, a title, why it is so, and the remedy.
_KNOWN: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "grad can be implicitly created only for scalar outputs", "not-scalar",
        "backward() of a tensor that is not a scalar",
        "Without a gradient= argument backward() begins with 1, which only a single number can have.",
        "Reduce it first (loss.sum() or loss.mean()), or pass gradient=torch.ones_like(loss).",
    ),
    (
        "does not require grad and does not have a grad_fn", "root-without-graph",
        "the root does not depend on anything that requires a gradient",
        "backward() begins at a tensor without a grad_fn: no leaf that it was computed from requires a "
        "gradient, or its graph was cut on the way.",
        "Make a leaf require a gradient, and look for detach(), .data, .item() or no_grad on the way.",
    ),
    (
        "a view of a leaf Variable that requires grad is being used in an in-place", "leaf-in-place",
        "a view of a leaf that requires a gradient is written in place",
        "The view shares the leaf's memory, so the leaf would change under its graph.",
        "Write under torch.no_grad(), or compute a new tensor (clone first).",
    ),
    (
        "a leaf Variable that requires grad is being used in an in-place", "leaf-in-place",
        "a leaf that requires a gradient is written in place",
        "The graph could not tell the leaf before the write from the leaf after it.",
        "Write under torch.no_grad(): with torch.no_grad(): w -= lr * w.grad.",
    ),
    (
        "view of a leaf", "leaf-in-place", "a view of a leaf is written in place",
        "The view shares the leaf's memory.", "Write under torch.no_grad(), or clone first.",
    ),
    (
        "is a view and is being modified inplace", "view-in-place",
        "a view is written in place where autograd cannot follow",
        "The view was made by a function that gives several views, or under no_grad, or by a Function.",
        "Clone the view before you write, or compute a new tensor.",
    ),
    (
        "appears to not have been used in the graph", "not-connected",
        "autograd.grad of a tensor that the output does not depend on",
        "One of the inputs is not on any way from the output back to the leaves.",
        "Check that the output is computed from it (no detach between), or pass allow_unused=True.",
    ),
    (
        "Can't call numpy() on Tensor that requires grad", "left-torch",
        "numpy() of a tensor with a graph",
        "NumPy arrays have no graph.", "Call .detach().numpy() if you do not need its gradient.",
    ),
    (
        "returned an incorrect number of gradients", "wrong-backward",
        "a Function's backward gives another number of gradients than forward has arguments",
        "backward() must return one gradient (or None) per argument of forward().",
        "Return one for each argument, None for those that are not tensors.",
    ),
    (
        "returned an invalid gradient at index", "wrong-backward",
        "a Function's backward gives a gradient of a wrong shape",
        "The gradient of an input must have the shape of the input.",
        "Reduce or reshape it to the input's shape (sum over broadcast dimensions).",
    ),
    (
        "only Tensors of floating point and complex dtype can require gradients", "integer",
        "an integer tensor cannot require a gradient",
        "Derivatives need real numbers.", "Write 1. instead of 1, or pass dtype=torch.float32.",
    ),
    (
        "Only Tensors of floating point and complex dtype can require gradients", "integer",
        "an integer tensor cannot require a gradient",
        "Derivatives need real numbers.", "Write 1. instead of 1, or pass dtype=torch.float32.",
    ),
    (
        "can't retain_grad on Tensor that has requires_grad=False", "no-requires-grad",
        "retain_grad() of a tensor that does not require a gradient",
        "Nothing computes its gradient, so there is none to keep.",
        "Make the leaves that it is computed from require a gradient.",
    ),
    (
        "you can only change requires_grad flags of leaf variables", "not-a-leaf",
        "requires_grad set on a tensor that is not a leaf",
        "A computed tensor requires a gradient because what it was computed from does.",
        "Use .detach() to cut it off.",
    ),
    (
        "'NoneType' object has no attribute", "no-backward", "something is None here",
        "Often this is .grad, which is None until backward() has come to the tensor.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "unsupported operand type(s) for *: 'float' and 'NoneType'", "no-backward", "a .grad is None here",
        "It is None until backward() has come to the tensor, and for tensors that are no leaves.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "and 'NoneType'", "no-backward", "a .grad is None here",
        "It is None until backward() has come to the tensor, and for tensors that are no leaves.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "Expected more than 1 value per channel", "empty", "batch norm of a single row",
        "In training, batch norm divides by the deviation over the batch; of one row it is 0.",
        "Use a batch of at least two rows, or model.eval() to use the running statistics.",
    ),
    (
        "Inference tensors cannot be saved for backward", "no-grad",
        "a tensor made in inference_mode is used in a graph",
        "What inference_mode makes can never be saved for a backward pass.",
        "Use torch.no_grad() instead of inference_mode, or .clone() the tensor outside of it.",
    ),
    (
        "object has no attribute 'backward'", "left-torch", "backward() of a plain number",
        "float(), .item() and NumPy give plain numbers without a graph.",
        "Keep the loss a tensor; take .item() only to print it.",
    ),
    (
        "more than one element of the written-to tensor refers to a single memory location",
        "view-in-place", "an expanded tensor is written in place",
        "expand() shows one element in many places, so a write to one would be a write to all.",
        "Clone it first: x.expand(...).clone().",
    ),
    (
        "derivative for aten::", "not-differentiable", "an operation without a derivative",
        "The pass came to an operation that autograd has no derivative of.",
        "Use something differentiable in its place, or detach() before it.",
    ),
    (
        "all elements of input should be between 0 and 1", "domain",
        "binary_cross_entropy of numbers outside of [0, 1]",
        "It takes probabilities; these are scores (logits).",
        "Use binary_cross_entropy_with_logits (BCEWithLogitsLoss), or a sigmoid before it.",
    ),
    (
        "out of bounds", "out-of-range", "an index is out of range",
        "Class numbers go from 0 to C - 1, where C is how many scores each row has; indices end at size - 1.",
        "Compare target.min() and target.max() with the number of outputs; give the layer as many as there are "
        "classes.",
    ),
    (
        "index out of range in self", "out-of-range", "an index is out of range",
        "An embedding has a row for each of 0 to num_embeddings - 1.",
        "Make num_embeddings one larger than the largest index, or look for a wrong vocabulary.",
    ),
    (
        "optimizer got an empty parameter list", "unused-parameter", "the optimizer got no parameters",
        "The module has none: layers kept in a plain list or dict are not registered.",
        "Keep layers in nn.ModuleList or nn.ModuleDict.",
    ),
    (
        "can't optimize a non-leaf Tensor", "not-a-leaf", "the optimizer got a tensor that is computed",
        "Only leaves have a .grad to step with.", "Give it the leaf, or detach().requires_grad_() first.",
    ),
)  # fmt: skip


def _own_backward(facts: Facts, text: str, here: Link) -> tuple[Link, ...]:
    named = re.search(r"[Ff]unction (\w+)Backward\b", text)
    link = texts.backward_named(facts, named[1], here) if named else None
    return () if link is None else (link,)


def _became_number(facts: Facts) -> tuple[Link, ...]:
    """Return a link to where the program took a number last, before it called backward() of one."""
    if not len(facts.tape.reads):
        return ()
    last = facts.tape.reads[-1]
    loc, how = int(last["loc"]), facts.tape.text(int(last["how"]))
    text = f"{facts.label(int(last['value']))} becomes a plain number through {how}"
    source, code = facts.tape.source(loc), facts.line_at(loc)
    return (Link(text, int(last["event"]), source=source, code=code),)


def _freed(facts: Facts, text: str, begun: int, event: int, stopped: freed.Freed | None) -> Finding:
    chain = [facts.at_event("the second pass", begun)]
    title = "backward through a graph that was freed"
    cause_text = "The graph was freed by the first pass, as backward() does by default."
    remedy = (
        "Pass retain_graph=True to the first backward() if you need the graph twice; in a loop, compute "
        "what the second pass needs anew, or detach() the state that is carried over."
    )
    if stopped is not None:
        node = facts.node_name(stopped.node)
        made = int(facts.tape.nodes["op"][stopped.node])
        first = int(facts.tape.passes["event"][stopped.pass_])
        cause_text = (
            f"Both passes go through {node}; pass {stopped.pass_ + 1} freed what it had saved."
        )
        carried = carrier(facts, first, event)
        if carried is not None:
            title += f": {carried.name} comes from before pass {stopped.pass_ + 1}"
            chain.append(
                facts.at_op(f"{carried.name} goes into the graph of the second pass", carried.op)
            )
            remedy = carried.remedy
        if made >= 0:
            chain.append(
                facts.at_op(f"{node} was recorded here, and both passes go through it", made)
            )
        chain.append(facts.at_event(f"pass {stopped.pass_ + 1} freed what {node} had saved", first))
    return Finding("freed", title, cause_text, remedy, tuple(chain), Severity.ERROR)


def _modified(facts: Facts, text: str, begun: int, pass_: int, event: int) -> Finding:
    """The node that stopped: name the write and the node that had saved what was written."""
    tape = facts.tape
    node = freed.awaited(tape, pass_, event)
    saved = range(0)
    if node >= 0:
        first, count = (int(tape.nodes[c][node]) for c in ("saved0", "n_saved"))
        saved = range(first, first + count)
    for row in saved:
        value = int(tape.saved["value"][row])
        if value < 0:
            continue
        timeline = writes.memory(tape, int(tape.values["storage"][value]))
        for spoilt in timeline.spoilt:
            if spoilt.node != node:
                continue
            write = spoilt.write
            chain = [
                facts.at_event(
                    f"{write.name} writes {facts.label(value)} (version {spoilt.version} → {write.version})",
                    write.event, op=write.op,
                )
            ]  # fmt: skip
            op = int(tape.nodes["op"][node])
            who = facts.node_name(node)
            how = "stepped by an optimizer" if _is_step(facts, write) else "written in place"
            if op >= 0:
                chain.append(facts.at_op(f"{who} had saved it at version {spoilt.version}", op))
            chain.append(facts.at_event("the pass that needs it", begun))
            return Finding(
                "modified",
                f"{facts.label(value)} was {how} after {who} had saved it",
                f"{who} needs the old content for its derivative. {write.name} changed it since: the "
                f"version counter went from {spoilt.version} to {write.version}.",
                _instead(facts, write),
                tuple(chain),
                Severity.ERROR,
            )
    return Finding(
        "modified", "a saved tensor was written in place",
        text.split(": ", 1)[-1], "Use operations that are not in place on what the graph saved.",
        (facts.at_event("the pass that needs it", begun),), Severity.ERROR,
    )  # fmt: skip


def _is_step(facts: Facts, write: writes.Write) -> bool:
    return write.op >= 0 and "optimizer" in facts.params(write.op)


def _instead(facts: Facts, write: writes.Write) -> str:
    """Return what to do in place of a write."""
    if _is_step(facts, write):
        return (
            "Call step() after the last backward() through this graph, or compute the loss of the "
            "second pass anew after the step."
        )
    if write.name in ("copy_", "fill_", "index_put_", "set_item"):
        return (
            "Do not write into what the graph needs: collect the parts in a list and torch.stack or "
            "torch.cat them, choose with torch.where, or write to a clone."
        )
    return (
        f"Use the operation that is not in place ({write.name.rstrip('_')}), or write to a clone."
    )
