"""What questions after the expected share: the walk through a formula, and answers in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.expectation import Expected
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.places import Place, Places
from engine.tape.diagnose.relation import Relation, same, told

Array = NDArray[Any]
#: Operations, or steps, that are looked at.
MOST = 3000


class Question:
    """What both kinds of questions share."""

    def __init__(self, facts: Facts, tensor: int, expected: Expected, name: str) -> None:
        self.facts, self.tape, self.tensor = facts, facts.tape, tensor
        self.expected, self.name = expected, name
        self.tolerance = expected.tolerance

    def found(
        self, cause: str, title: str, text: str, remedy: str, *chain: Link,
        severity: Severity = Severity.WARNING,
    ) -> Finding:  # fmt: skip
        return Finding(cause, title, text, remedy, chain, severity, self.tensor)

    def as_expected(self, here: Link) -> Finding:
        text = f"It is the same as {short(self.expected.text)}, up to rounding."
        title = f"{self.name} is what you expect"
        return self.found("as-expected", title, text, "", here, severity=Severity.NOTE)

    def is_same(self, array: Array) -> bool:
        """Whether an array is what is expected, but for rounding and dimensions of size 1."""
        found, value = np.asarray(array, np.float64), self.expected.value
        if found.shape != value.shape and found.squeeze().shape == value.squeeze().shape:
            found, value = found.squeeze(), value.squeeze()
        return same(found, value, self.tolerance)

    def parting(self, places: Places) -> Finding | None:
        """Walk the formula: its first part that is a multiple of what the tape has, not the same."""
        for text, value in self.expected.steps[:-1]:
            if (
                value.size < 2
                or not np.ptp(value)
                or places.first_same(value, self.tolerance) is not None
            ):
                continue
            found = places.first_multiple(value, self.tolerance)
            if found is not None:
                place, number = found
                what = f"{place.what(self.facts)} is {told(number)} × {text}"
                return self.found(
                    "factor", f"{self.name} parts from your formula at {text}",
                    f"The parts before it are on the tape. Of {text} the tape has {told(number)} times "
                    "as much.", "See which of the two is meant: your formula, or the code.",
                    place.link(self.facts, what),
                )  # fmt: skip
        return None

    def fork(self, places: Places, ops: set[int]) -> Finding | None:
        """The last part of the formula that the tape has before one that it has not."""
        last: tuple[str, Place] | None = None
        for text, value in self.expected.steps:
            place = places.first_same(value, self.tolerance)
            if place is not None and value.size > 1 and np.ptp(value):
                nearest = [places.all[k] for k in places.same(value, self.tolerance)]
                last = text, place if place.op >= 0 else max(nearest, key=lambda one: one.step)
            elif place is None and value.size > 1 and last is not None:
                return self._forked(text, *last, ops)
        return None

    def _forked(self, text: str, before: str, place: Place, ops: set[int]) -> Finding | None:
        if place.op < 0:
            return self._after_step(text, before, place)
        used = (u for out in self.facts.outputs(place.op) for u in self.facts.users(out))
        following = next((u for u in used if u in ops), -1)
        if following < 0:
            return None
        name = self.facts.called(following)
        return self.found(
            "other-than-expected", f"{self.name} parts from your formula after {before}: {name} is next",
            f"Of {before} the tape has the same. Then your formula has {text}, and the code {name}.",
            f"See whether {name} belongs into your formula, or out of the code.",
            self.facts.at_op(f"{name} is next", following),
            place.link(self.facts, f"this is {before}"),
        )  # fmt: skip

    def _after_step(self, text: str, before: str, place: Place) -> Finding | None:
        """The formula has what a node sends, and not what the next one makes of it."""
        facts = self.facts
        rows = [r for r in facts.contributions(place.step) if facts.sent_array(r) == place.array]
        node = int(facts.tape.contributions["node"][rows[0]]) if rows else -1
        step = facts.step_of(int(facts.tape.steps["pass_"][place.step]), node) if node >= 0 else -1
        if step < 0 or facts.op_of(node) < 0:
            return None
        name = facts.called(facts.op_of(node))
        return self.found(
            "missing-term", f"{self.name} parts from your formula after {before}: the derivative of {name} is next",
            f"What {facts.node_name(facts.node_at(place.step))} sends is {before}. Then your formula has {text}; the "
            f"gradient goes through {name} before that.",
            f"Multiply by the derivative of {name} in your formula, or take {name} out of the code.",
            facts.at_step(f"{facts.node_name(node)} is next", step),
            place.link(facts, f"this is {before}"),
        )  # fmt: skip

    def shape_words(self, relation: Relation, actual: Array) -> str:
        mine, yours = tuple(actual.shape), tuple(self.expected.value.shape)
        if relation.kind == "transposed":
            return f"It is the transpose of what you expect: shape {mine}, yours {yours}."
        if relation.kind == "summed":
            return f"It is your value summed over its axes {relation.axes}: shape {mine}, yours {yours}."
        return f"It has shape {mine}, yours has {yours}."

    def elements(self, relation: Relation, actual: Array, here: Link) -> Finding:
        """Tell of the elements that differ."""
        assert relation.where is not None
        where = np.argwhere(relation.where)
        first = tuple(where[0].tolist())
        mine, yours = (float(np.asarray(one)[first]) for one in (actual, self.expected.value))
        at = f"[{', '.join(map(str, first))}]" if first else ""
        few = f"{len(where):,} of {relation.where.size:,} elements differ"
        return self.found(
            "other-than-expected", f"{self.name} is other than you expect: {few}",
            f"The first is {self.name}{at}: it is {mine:.6g}, you expect {yours:.6g}.",
            "Give the formula of a part (the loss, a layer's output) to see where they part.", here,
        )  # fmt: skip

    def unlike(self, actual: Array, here: Link) -> Finding:
        mine, yours = tuple(actual.shape), tuple(self.expected.value.shape)
        if mine != yours:
            text = f"It has shape {mine}, what you expect has {yours}."
        else:
            text = "They are no multiple, no transpose and no part of each other."
        return self.found(
            "other-than-expected", f"{self.name} is other than you expect", text,
            "Give the formula of a part (the loss, a layer's output) to see where they part.", here,
        )  # fmt: skip

    def computed(self, ops: list[int]) -> list[Place]:
        """Return what operations computed."""
        facts = self.facts
        return [Place(facts.array_of(out), op=op) for op in ops for out in facts.outputs(op)]


def times(name: str, relation: Relation) -> str:
    """Return what a thing is of what is expected, in words."""
    if relation.kind == "transposed":
        more = "" if relation.factor == 1 else f", times {told(relation.factor)}"
        return f"{name} is the transpose of what you expect{more}"
    if relation.factor == -1:
        return f"{name} is the negative of what you expect"
    if relation.kind in ("summed", "spread") and relation.factor == 1:
        how = "the sum over some axes" if relation.kind == "summed" else "a broadcast"
        return f"{name} is {how} of what you expect"
    return f"{name} is {told(relation.factor)} × what you expect"


def short(text: str) -> str:
    """Return the beginning of a text, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"
