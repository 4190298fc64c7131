"""What errors mean: for each error on the tape the node and line that caused it, and the remedy."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from engine.tape import freed, replay, writes
from engine.tape.diagnose import asked_for, lines, texts
from engine.tape.diagnose.carried import carrier, shared
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Edit, Finding, Link, Severity
from engine.tape.diagnose.messages import CONVERTED, KNOWN, RESHAPED, SHAPES, TYPES
from engine.tape.diagnose.none import why_none
from engine.tape.diagnose.remedies.program_line import line_of
from engine.tape.diagnose.rootless import without_graph
from engine.tape.schema import Mark
from engine.tape.tape import Source


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
    for pattern, cause, title, why, remedy in KNOWN:
        if pattern in text:
            missing = _missing(facts, event, here) if cause == "no-backward" else None
            if missing is not None:
                return missing
            led = _became_number(facts) if cause == "left-torch" else ()
            led = _hooked(facts, here) if cause == "hook" else led
            cut = without_graph(facts, event) if cause == "root-without-graph" else None
            if cut is not None:
                title = f"the root has no graph: {cut.title}"
                why = f"backward() begins at a tensor without a grad_fn. {cut.text}"
                led, remedy = cut.chain, cut.remedy
            own = _own_backward(facts, text, here) if cause == "wrong-backward" else ()
            own = _inferred(facts, here) if "inference_mode" in title else own
            edits = _tracked_again(facts, own) if "inference_mode" in title else ()
            links = (*led, here, *own)
            found = Finding(cause, title, why, remedy, links, Severity.ERROR, edits=edits)
            return asked_for.told(facts, found, here) if "differentiated" in pattern else found
    if "second time" in text:
        return _freed(facts, text, event, event, None)
    if SHAPES.search(text):
        remedy = next((way for words, way in RESHAPED if words in text), RESHAPED[-1][1])
        return Finding(
            "shape-mismatch", "the shapes do not fit", first.split(": ", 1)[-1], remedy, (here,),
            Severity.ERROR,
        )  # fmt: skip
    if TYPES.search(text):
        remedy = next((way for words, way in CONVERTED if words in text), CONVERTED[-1][1])
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


def _inferred(facts: Facts, here: Link) -> tuple[Link, ...]:
    """Return a link to the operation under inference_mode that made what an error's line uses, if it names it."""
    for name in re.findall(r"(?<![\w.])[A-Za-z_]\w*", here.code):
        tensor = facts.named(name)
        value = facts.values_of(tensor)[0] if tensor >= 0 else -1
        made = facts.made_by(value) if value >= 0 else -1
        cut = None if made < 0 else facts.at_op(f"{name} is computed here, in inference_mode", made)
        if cut is None or cut.source is None or facts.requires_grad(value):
            continue
        off = lines.switched_off(*_cell_line(facts, cut.source))
        if off is not None and "inference_mode" in off[2]:
            return (cut, moved(replace(cut, text="recording is switched off here"), off))
    return ()


def _tracked_again(facts: Facts, links: tuple[Link, ...]) -> tuple[Edit, ...]:
    """Write no_grad in place of inference_mode, in the line that the last link names."""
    line = line_of(facts, links[-1]) if links else None
    return () if line is None else (line.reads(line.text.replace("inference_mode", "no_grad")),)


def _cell_line(facts: Facts, at: Source) -> tuple[str, str, int]:
    """Return a place's (cell, text of the cell, line)."""
    text = next((source for key, source, _ in facts.cells_until(-1) if key == at.cell), "")
    return at.cell, text, at.line


def _hooked(facts: Facts, here: Link) -> tuple[Link, ...]:
    """Return a link to where the program registers a hook."""
    found = lines.hooks(facts.cells_until(-1), "")
    return (
        () if found is None else (moved(replace(here, text="the hook is registered here"), found),)
    )


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
        pass_ = int(np.searchsorted(facts.tape.passes["event"], event, "right")) - 1
        both = shared(facts, stopped.pass_, pass_) if carried is None else None
        if both is not None:
            title += f": both losses go through {both.name}"
            chain.append(
                facts.at_op(f"{both.name} is made here, and both passes go through it", both.op)
            )
            remedy = both.remedy
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
                _instead(facts, write, event),
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


def _instead(facts: Facts, write: writes.Write, event: int) -> str:
    """Return what to do in place of a write, after which a pass ended at an event."""
    if _is_step(facts, write):
        carried = carrier(facts, write.event, event)
        again = [] if carried is None else lines.given_anew(facts.at_op("", carried.op).code)
        if carried is not None and carried.name in again:
            return f"{carried.remedy} Then backward() needs no retain_graph=True."
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
