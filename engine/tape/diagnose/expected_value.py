"""What an operation computed, beside what a person expects of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from engine.tape.diagnose import nonfinite
from engine.tape.diagnose.expectation import Expected
from engine.tape.diagnose.factors import factors
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link
from engine.tape.diagnose.places import Places
from engine.tape.diagnose.question import MOST, Question, times
from engine.tape.diagnose.relation import Relation, relate

Array = NDArray[Any]


class OfValue(Question):
    """What an operation computed, beside what was expected of it."""

    def __init__(self, facts: Facts, value: int, expected: Expected) -> None:
        tensor = int(facts.tape.values["tensor"][value])
        super().__init__(facts, tensor, expected, facts.label(value))
        self.value = value

    def answer(self) -> Finding:
        actual = self.facts.array(self.value)
        here = self.facts.at_value(f"{self.name} is computed here", self.value)
        if actual is None:
            return self.found(
                "other-than-expected",
                f"{self.name} was not kept",
                "Its elements are not on the tape.",
                "Record it whole.",
                here,
            )
        if nonfinite.bad(actual):
            return nonfinite.why_value(self.facts, self.value)
        relation = relate(actual, self.expected.value, self.tolerance)
        if relation.kind == "same" and actual.shape == self.expected.value.shape:
            return self.as_expected(here)
        return (
            self._broadcast(actual)
            or self._changed_by()
            or self.parting(self._places)
            or self._multiple(relation, here)
            or self.fork(self._places, set(self._ancestors))
            or (self.elements(relation, actual, here) if relation.kind == "some" else None)
            or self.unlike(actual, here)
        )

    @cached_property
    def _ancestors(self) -> list[int]:
        """Return the operations that a value came from, the nearest first."""
        found, waiting = dict[int, None](), [self.facts.made_by(self.value)]
        for op in waiting:
            if op < 0 or op in found or len(found) > MOST:
                continue
            found[op] = None
            waiting += [self.facts.made_by(v) for v in self.facts.inputs(op) if v >= 0]
        return sorted(found, reverse=True)

    @cached_property
    def _places(self) -> Places:
        return Places(self.facts, self.computed(self._ancestors))

    def _changed_by(self) -> Finding | None:
        """The expected numbers are on the tape: what came after them is what differs."""
        ops = set(self._ancestors)
        for at in self._places.same(self.expected.value, self.tolerance):
            place = self._places.all[at]
            op = place.op
            users = (u for out in self.facts.outputs(op) for u in self.facts.users(out))
            after = next((u for u in users if u in ops), -1)
            if after < 0:
                continue
            by = self.facts.called(after)
            return self.found(
                "other-than-expected", f"{by} makes {self.name} of what you expect",
                f"What you expect is what {self.facts.called(op)} computes; then {by} changes it.",
                f"Add {by} to your formula, or leave it out of the code.",
                self.facts.at_op(f"{by} changes it", after), place.link(self.facts, "what you expect"),
            )  # fmt: skip
        return None

    def _broadcast(self, actual: Array) -> Finding | None:
        """A shape grew where (N,) met (N, 1)."""
        if actual.size <= self.expected.value.size:
            return None
        for op in self._ancestors:
            shapes = [self.facts.shape(v) for v in self.facts.inputs(op) if v >= 0]
            out = self.facts.shape(self.facts.outputs(op)[0]) if len(self.facts.outputs(op)) else ()
            if len(shapes) == 2 and out not in shapes and len(out) == 2 and shapes[0] != shapes[1]:
                name = self.facts.called(op)
                return self.found(
                    "broadcast", f"{name} broadcasts {shapes[0]} with {shapes[1]} to {out}",
                    f"Every element of the one meets every one of the other: {self.name} has more "
                    "elements than you expect.", "Give both the same shape, as with .squeeze(-1).",
                    self.facts.at_op(f"{name} broadcasts", op),
                )  # fmt: skip
        return None

    def _multiple(self, relation: Relation, here: Link) -> Finding | None:
        if relation.kind not in ("factor", "transposed", "summed", "spread"):
            return None
        by = next(
            (
                one
                for one in factors(self.facts, self._ancestors)
                if abs(one.number - relation.factor) <= self.tolerance * abs(one.number)
            ),
            None,
        )
        array = self.facts.array(self.value)
        assert array is not None
        shape = "" if relation.kind == "factor" else f" {self.shape_words(relation, array)}"
        if by is None:
            title = times(self.name, relation)
            return self.found(
                "transposed" if relation.kind == "transposed" else "factor", title,
                f"{title}.{shape}", "Change the formula, or the line.", here,
            )  # fmt: skip
        return self.found(
            "factor", f"{times(self.name, relation)}: {by.words}",
            f"Your value is what comes out with {by.without}.{shape}",
            "Write it into your formula, or change it in the code.",
            self.facts.at_op(by.words, by.op), here,
        )  # fmt: skip
