"""Findings as text for a terminal and as plain JSON values, and questions as people type them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from engine.tape.diagnose import expectation, why, why_value
from engine.tape.diagnose.expected import reads_at, why_other
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import CAUSES, Edit, Finding, Link
from engine.tape.diagnose.raised import instead
from engine.tape.places import place
from engine.tape.tape import Tape
from engine.tape.watches import Names

#: What may follow a name: the gradient, an element. And a path to something, as programs write it.
_REST = re.compile(r"(\.grad)?\s*(?:\[([-\d,\s]*)\])?\s*")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[[^\[\]]*\])*")


class QuestionError(ValueError):
    """A question names something that the tape does not have; the message says what there is."""


def as_json(found: Finding) -> dict[str, Any]:
    """Return a finding as plain JSON values; rows that it does not have are left out."""
    return {
        "cause": found.cause,
        "called": CAUSES[found.cause],
        "severity": found.severity.name.lower(),
        "title": found.title,
        "text": found.text,
        "remedy": found.remedy,
        "edits": [_edit(one) for one in found.edits],
        "chain": [_link(one) for one in found.chain],
    }


def as_text(found: Finding, tape: Tape) -> str:
    """Return what a person reads: the title, why it is so, the proof, and the remedy."""
    lines = [f"{found.severity.name.lower()}: {found.title}", f"  {found.text}"]
    for one in found.chain:
        lines.append(f"  - {one.text}" + (f"  ({place(tape, one.source)})" if one.source else ""))
        if one.code:
            lines.append(f"      {one.code}")
    if found.remedy:
        lines.append(f"  What to do: {found.remedy}")
    for edit in found.edits:
        lines.append(f"    {told(edit, place(tape, edit.at))}")
        lines += [f"      {mark} {text}" for mark, text in compared(edit)]
    return "\n".join(lines)


def told(edit: Edit, where: str) -> str:
    """Return in words what is done at a place with an edit's text."""
    ways = {
        "line": "{} should read",
        "before": "before {}",
        "after": "after {}",
        "leave out": "leave out {}",
    }
    return ways[edit.how].format(where)


def compared(edit: Edit) -> list[tuple[str, str]]:
    """Return the lines of an edit with "-" before what goes, "+" before what comes, " " before what stays."""
    old, new = ("-", edit.was), [("+", text) for text in edit.text.split("\n")]
    lines = {
        "line": [old, *new],
        "before": [*new, (" ", edit.was)],
        "after": [(" ", edit.was), *new],
        "leave out": [("-", edit.text)],
    }
    return [(mark, text) for mark, text in lines[edit.how] if text]


def parse(tape: Tape, question: str) -> tuple[int, bool, tuple[int, ...] | None]:
    """Return (tensor, whether its .grad is asked for, element) of "w.grad[0, 1]", "loss" or "w".

    A parameter may be asked for by its path in the program too: "model[0].weight.grad".

    Raises QuestionError for a name that no tensor of the tape has.
    """
    names = Names(tape)
    asked = names.in_its_words(question).strip()
    facts = Facts(tape)
    for name in sorted(names.tensors, key=len, reverse=True):
        rest = _REST.fullmatch(asked, len(name)) if asked.startswith(name) else None
        if rest is not None:
            return facts.named(name), bool(rest[1]), _index(rest[2])
    match = re.match(r"([\w.]+?)(?=\.grad\b|\W|$)", asked)
    rest = None if match is None else _REST.fullmatch(asked, match.end())
    if match is None or (rest is None and not _PATH.fullmatch(asked)):
        raise QuestionError(
            f"{question!r} is no question: write a name, like w, w.grad or w.grad[0, 1]"
        )
    tensor = -1 if rest is None else facts.named(match[1])
    if tensor < 0 or rest is None:
        raise _unknown(facts, asked.removesuffix(".grad") if rest is None else match[1])
    return tensor, bool(rest[1]), _index(rest[2])


def _unknown(facts: Facts, called: str) -> QuestionError:
    """Say which names there are, or which are in what is called so."""
    known = sorted(set(facts.names))
    inside = [name for name in known if name.startswith(f"{called.rpartition('.')[2]}[")]
    if inside:
        return QuestionError(f"{called!r} holds several: ask for one of {', '.join(inside[:12])}")
    there = ", ".join(known[:12]) or "none"
    return QuestionError(f"no tensor of this tape is called {called!r}; there are {there}")


def _index(element: str | None) -> tuple[int, ...] | None:
    return tuple(int(i) for i in re.findall(r"-?\d+", element)) if element is not None else None


def answer(tape: Tape, question: str, expected: str = "") -> Finding:
    """Return the answer to a question, beside what was `expected` if that was given.

    QuestionError for a name that the tape does not have, ConditionError for what cannot be expected.
    """
    tensor, grad, element = parse(tape, question)
    playhead = len(tape.events)
    if expected.strip():
        read = expectation.read(expected, tape, reads_at(tape, tensor, grad, playhead))
        return why_other(tape, tensor, grad, read, playhead)
    found = None if grad else why_value(tape, latest(tape, tensor))
    if found is None:
        row = tape.values[latest(tape, tensor)]
        facts = Facts(tape)
        found = why(facts, tensor, element)
        found = instead(facts, found, int(row["op"]), int(row["node"]), playhead)
    return found


def latest(tape: Tape, tensor: int) -> int:
    """Return a tensor's last value."""
    return int(np.flatnonzero(tape.values["tensor"] == tensor)[-1])


def _edit(edit: Edit) -> dict[str, Any]:
    place = {"cell": edit.at.cell, "line": edit.at.line}
    return {"how": edit.how, **place, "text": edit.text, "was": edit.was}


def _link(link: Link) -> dict[str, Any]:
    rows = {name: getattr(link, name) for name in ("event", "op", "node", "value")}
    found: dict[str, Any] = {"text": link.text} | {k: v for k, v in rows.items() if v >= 0}
    if link.source is not None:
        found |= {"file": link.source.file, "cell": link.source.cell, "line": link.source.line}
    return found | ({"code": link.code} if link.code else {})
