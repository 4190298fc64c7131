"""What backward passes left in a .grad, beside what a person expects of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import ledger, replay
from engine.tape.diagnose import none, nonfinite, numeric, texts, trace, zero
from engine.tape.diagnose.cut_beside import cut_off
from engine.tape.diagnose.expectation import Expected
from engine.tape.diagnose.factors import Factor, factors, seed
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.places import Place, Places
from engine.tape.diagnose.question import MOST, Question, times
from engine.tape.diagnose.reduced_axes import over_other_axes
from engine.tape.diagnose.relation import Relation, factor, relate, told
from engine.tape.diagnose.signs import of_negative
from engine.tape.diagnose.sums import counted_twice
from engine.tape.schema import GradChange

Array = NDArray[Any]
_REMEMBERED = 1 << 24  # bytes of sums that the tape still holds when they are asked for again
_FEW = 8  # contributions of which all sums are tried
_MEASURED = 200  # steps that are measured by finite differences


class OfGradient(Question):
    """A .grad, or the gradient that came to a node, beside what was expected of it.

    node: the node, -1 where a tensor's .grad is asked for.
    """

    def __init__(
        self, facts: Facts, tensor: int, node: int, expected: Expected, playhead: int,
        cancelled: Callable[[], bool],
    ) -> None:  # fmt: skip
        super().__init__(facts, tensor, expected, f"{facts.name(tensor)}.grad")
        self.node, self.playhead, self.cancelled = node, playhead, cancelled
        self.changes, self.step = list[ledger.Change](), -1
        if node >= 0:
            self.name = f"the gradient that comes to {facts.node_name(node)}"
            visits = [s for s in facts.visits(node) if self.tape.steps["event"][s] < playhead]
            self.step = visits[-1] if visits else -1
        else:
            self.changes = ledger.changes(self.tape, tensor, playhead)
        self.adding = [c for c in self.changes if c.kind is GradChange.ACCUMULATE]
        if self.adding:
            self.step = self.adding[-1].step

    def answer(self) -> Finding:
        actual = self._actual()
        if actual is None:
            if self.node >= 0:
                return none.not_visited(self.facts, self.node, self.tensor, self.playhead)
            return none.why_none(self.facts, self.tensor, self.playhead)
        event = self.changes[-1].event if self.changes else int(self.tape.steps["event"][self.step])
        here = self.facts.at_event(f"{self.name} is made here", event)
        if nonfinite.bad(actual) and self.step >= 0:
            return nonfinite.why_gradient(self.facts, self.tensor, self.step)
        relation = relate(actual, self.expected.value, self.tolerance)
        if relation.kind == "same" and actual.shape == self.expected.value.shape:
            return self.as_expected(here)
        if self.step < 0:
            return self.unlike(actual, here)
        return (
            self._earlier()
            or self._paths()
            or self._counted_twice(relation)
            or self._by_factors(relation)
            or self.parting(self._places)
            or self._decay(actual)
            or self._by_shape(relation, actual, here)
            or self._wrong_backward()
            or over_other_axes(self, self.step)
            or self._unmeasured(relation, here)
            or (cut_off(self, self._ops) if self.adding else None)
            or self.fork(self._places, set(self._ops))
            or self._some(relation, actual, here)
            or self._agrees(actual, here)
        )

    def _actual(self) -> Array | None:
        if self.node < 0:
            found = replay.grad_at(self.tape, self.tensor, self.playhead)
        elif self.step < 0:
            found = None
        else:
            came = trace.gradients(self.facts, self.step)
            found = next((g for g in came if g is not None), None)
        return None if found is None else np.asarray(found, np.float64)

    @property
    def _pass(self) -> int:
        return int(self.tape.steps["pass_"][self.step])

    # --- what was added up

    def _earlier(self) -> Finding | None:
        """What is expected was in .grad before, or is what one pass brought."""
        if self.expected.value.nbytes * len(self.changes) < _REMEMBERED:
            for change in self.changes:  # each is the one before it and a sum: the last ones first
                ledger.after(self.tape, change)  # would all be added up from the beginning
        for change, later in zip(self.changes[:-1][::-1], self.changes[1:][::-1], strict=True):
            held = ledger.after(self.tape, change)
            if held is None or not self.is_same(held):
                continue
            if later.kind is GradChange.ACCUMULATE and later.pass_ != change.pass_:
                return self._piled(later)
            link = self.facts.at_event(f"then {self._told(later)}", later.event)
            return self.found(
                "changed-since", f"{self.name} was what you expect until {self._told(later)}",
                f"After that {self.name} is another.", f"Look at {self.name} before that line.", link,
                self.facts.at_event(f"{self.name} was what you expect", change.event),
            )  # fmt: skip
        for change in self.adding[::-1]:
            added = ledger.added(self.tape, change)
            if added is not None and self.is_same(added) and len(change.passes) > 1:
                return self._piled(change)
        return None

    def _told(self, change: ledger.Change) -> str:
        if change.kind is GradChange.WRITE:
            return f"{change.op or 'the program'} wrote it in place"
        if change.kind is GradChange.ACCUMULATE:
            return f"pass {change.pass_ + 1} added to it"
        return "it was set"

    def _piled(self, change: ledger.Change) -> Finding:
        passes = change.passes
        links = [
            self.facts.at_accumulation(f"pass {p + 1} adds to {self.name}", p, self.tensor)
            for p in passes[::-1][:4]
        ]
        times = f"{len(passes)} times " if self._alike(passes) else "more than "
        return self.found(
            "not-zeroed", f"{self.name} is {times}what you expect: {len(passes)} passes are in it",
            "What you expect is what one pass brings; backward() adds to .grad, which was not zeroed "
            "between the passes.",
            "Call optimizer.zero_grad() (or set .grad = None) before each backward().", *links,
            severity=Severity.ERROR,
        )  # fmt: skip

    def _alike(self, passes: tuple[int, ...]) -> bool:
        added = [ledger.added(self.tape, c) for c in self.adding if c.pass_ in passes]
        return all(a is not None and self.is_same(a) for a in added)

    def _paths(self) -> Finding | None:
        """What is expected is the sum of some of the paths of the pass."""
        rows = self.facts.arrivals(self.step)
        if not 2 <= len(rows) <= _FEW:
            return None
        arrays = [self.facts.sent(row) for row in rows]
        if any(a is None for a in arrays):
            return None
        parts = [np.asarray(a, np.float64) for a in arrays]
        if all(map(self.is_same, parts)):
            return self._alike_paths(rows)
        for count in range(len(parts) - 1, 0, -1):
            for chosen in combinations(range(len(parts)), count):
                if self.is_same(np.sum([parts[i] for i in chosen], axis=0)):
                    return self._extra([rows[i] for i in range(len(rows)) if i not in chosen], rows)
        return None

    def _alike_paths(self, rows: list[int]) -> Finding:
        """Every use brings what is expected."""
        name, count = self.facts.name(self.tensor), len(rows)
        steps = sorted(self.facts.sender(row) for row in rows)  # the last use comes first
        links = [
            self.facts.at_step(f"{self.facts.node_name(self.facts.node_at(s))} brings it", s)
            for s in steps
        ]
        return self.found(
            "shared", f"{self.name} is {count} × what you expect: {count} uses of {name} bring the same",
            f"{name} is used in {count} places, each of which brings what you expect; the gradient is their sum.",
            f"If {name} is to count once, leave out the other uses; else your formula is times {count}.", *links,
        )  # fmt: skip

    def _extra(self, extra: list[int], rows: list[int]) -> Finding:
        steps = [int(self.tape.contributions["step"][row]) for row in extra]
        names = [self.facts.node_name(int(self.tape.steps["node"][s])) for s in steps]
        name = self.facts.name(self.tensor)
        lines = {link.source.line for s in steps if (link := self.facts.at_step("", s)).source}
        where = (
            f" of line{'s' * (len(lines) > 1)} {', '.join(map(str, sorted(lines)))}"
            if lines
            else ""
        )
        links = [
            self.facts.at_step(f"{n} brings what your formula leaves out", s)
            for n, s in zip(names, steps, strict=True)
        ]
        return self.found(
            "missing-term", f"your formula leaves out what {names[0]}{where} brings",
            f"{name} is used in {len(rows)} places, and its gradient is the sum of what each brings; "
            f"without {len(extra)} of them it is what you expect.",
            f"Add the term of this use of {name} to your formula; or detach {name} there.", *links,
        )  # fmt: skip

    # --- on the way

    @cached_property
    def _steps(self) -> list[int]:
        """Return the steps on the way to the leaf in its last pass, the root's first."""
        found, waiting = dict[int, None](), [self.step]
        for step in waiting:
            if step in found or len(found) > MOST:
                continue
            found[step] = None
            waiting += map(self.facts.sender, self.facts.arrivals(step))
        return sorted(found)

    @cached_property
    def _ops(self) -> list[int]:
        facts = self.facts
        return [op for s in self._steps if (op := facts.op_of(facts.node_at(s))) >= 0]

    @cached_property
    def _places(self) -> Places:
        sent = [
            Place(self.facts.sent_array(row), step=step)
            for step in self._steps
            for row in self.facts.contributions(step)
        ]
        return Places(self.facts, [*sent, *self.computed(self._ops)])

    def _some(self, relation: Relation, actual: Array, here: Link) -> Finding | None:
        """Some elements differ; where these are zeros, why they are."""
        if relation.kind != "some" or relation.where is None:
            return None
        found = self.elements(relation, actual, here)
        if self.node >= 0 or actual[relation.where].any():
            return found
        why = zero.why_zero(self.facts, self.tensor, self.playhead, relation.where)
        return self.found(
            found.cause, f"{found.title}, which are 0: {why.title}", f"{found.text} {why.text}",
            f"{why.remedy} If the code is right, these elements are 0 in your formula too.",
            *why.chain, here,
        )  # fmt: skip

    def _wrong_backward(self) -> Finding | None:
        steps = self._steps
        if len(steps) > _MEASURED:
            return None
        checks = numeric.check(self.tape, steps, cancelled=self.cancelled)
        wrong = numeric.findings(self.tape, list(checks))
        return wrong[0] if wrong else None

    def _counted_twice(self, relation: Relation) -> Finding | None:
        twice = counted_twice(self.facts, self._pass, relation.factor)
        if relation.kind != "factor" or relation.factor < 2 or twice is None:
            return None
        title = f"{times(self.name, relation)}: {twice.title}"
        return self.found(twice.cause, title, twice.text, twice.remedy, *twice.chain)

    def _by_factors(self, relation: Relation) -> Finding | None:
        if (
            relation.kind not in ("factor", "transposed", "spread", "summed")
            or relation.factor == 1
        ):
            return None
        given = seed(self.facts, self._pass)
        event = int(self.tape.passes["event"][self._pass])
        if given != 1 and abs(given - relation.factor) <= self.tolerance * abs(given):
            words = f"the pass began with the gradient {told(given)}"
            return self.found(
                "factor", f"{times(self.name, relation)}: {words}",
                f"backward(gradient=…) multiplies every gradient by it: {told(given)}, not 1.",
                "Call backward() without it, or multiply your formula by it.",
                self.facts.at_event(words, event),
            )  # fmt: skip
        found = factors(self.facts, self._ops)
        for count in (1, 2):
            for some in combinations(found[:40], count):
                product = float(np.prod([one.number for one in some]))
                if abs(product - relation.factor) <= self.tolerance * abs(product):
                    return self._explained(relation, some)
        return None

    def _explained(self, relation: Relation, by: tuple[Factor, ...]) -> Finding:
        words = ", and ".join(one.words for one in by)
        links = [self.facts.at_op(one.words, one.op) for one in by]
        without = " and ".join(one.without for one in by)
        return self.found(
            "factor", f"{times(self.name, relation)}: {words}",
            f"Your formula is what the gradient would be with {without} in its place.",
            "Write it into your formula, or change it in the code.", *links,
        )  # fmt: skip

    def _decay(self, actual: Array) -> Finding | None:
        """The difference is a multiple of the parameter itself."""
        if not self.adding:
            return None
        held = self.facts.array(self.facts.latest(self.tensor, self.adding[-1].event))
        if held is None or held.shape != actual.shape or actual.shape != self.expected.value.shape:
            return None
        found = factor(
            actual - self.expected.value, np.asarray(held, np.float64), 20 * self.tolerance
        )
        if found is None or held.size < 2:
            return None
        name = self.facts.name(self.tensor)
        less = "more" if found > 0 else "less"
        return self.found(
            "missing-term", f"{self.name} has {abs(found):.4g} × {name} {less} than you expect",
            f"The difference is a multiple of {name} itself, as a penalty on its square brings it, or "
            "weight_decay.", "Add the penalty's term to your formula.",
            *[self.facts.at_op(f"{self.facts.called(op)} uses {name}", op) for op in self._uses()[:4]],
        )  # fmt: skip

    def _uses(self) -> list[int]:
        value = self.facts.latest(self.tensor, self.adding[-1].event)
        return self.facts.users(value)

    def _by_shape(self, relation: Relation, actual: Array, here: Link) -> Finding | None:
        if relation.kind not in ("transposed", "summed", "spread"):
            return None
        cause = "transposed" if relation.kind == "transposed" else "other-shape"
        step = self.step
        last = [int(self.tape.contributions["step"][r]) for r in self.facts.arrivals(step)]
        links = [
            self.facts.at_step(
                f"{self.facts.node_name(int(self.tape.steps['node'][s]))} sends it in this shape", s
            )
            for s in last[:3]
        ]
        return self.found(
            cause, times(self.name, relation), self.shape_words(relation, actual),
            f"A gradient has the shape of its tensor, {tuple(actual.shape)}: write the formula so.",
            *links, here,
        )  # fmt: skip

    def _unmeasured(self, relation: Relation, here: Link) -> Finding | None:
        """A multiple for which nothing stands: a person's Function on the way may bring it."""
        custom = [s for s in self._steps if self._is_custom(s)]
        if custom:
            names = [self.facts.node_name(int(self.tape.steps["node"][s])) for s in custom]
            multiple = relation.kind == "factor" and relation.factor != 1
            said = times(self.name, relation) if multiple else f"{self.name} is not what you expect"
            return self.found(
                "other-than-expected", f"{said}; {names[0]} is on its way",
                f"The backward of {names[0]} is the person's own, and a tape cannot run it again: all "
                "others agree with finite differences.",
                f"Check {names[0]} with torch.autograd.gradcheck, or run the program with "
                "tapedeck record --check.",
                *[self.facts.at_step(f"{n} sends its own", s) for n, s in zip(names, custom, strict=True)],
                *filter(None, [texts.backward_of(self.facts, custom[0])]),
            )  # fmt: skip
        if relation.kind != "factor":
            return None
        if relation.factor == -1:
            return of_negative(self, times(self.name, relation), self._pass)
        return self.found(
            "factor", times(self.name, relation),
            "All elements differ by the same factor; no operation on the way brings it alone. Every "
            "operation's gradient agrees with finite differences.",
            "Give the formula of a part (the loss, a layer's output) to see where they part.", here,
        )  # fmt: skip

    def _is_custom(self, step: int) -> bool:
        op = int(self.tape.nodes["op"][self.tape.steps["node"][step]])
        return op >= 0 and not numeric.is_known(self.facts.op_name(op))

    def _agrees(self, actual: Array, here: Link) -> Finding:
        found = self.unlike(actual, here)
        return self.found(
            found.cause, found.title,
            f"{found.text} Every operation on the way agrees with finite differences at its recorded "
            "inputs: the tape has the gradient of what was computed.", found.remedy, here,
        )  # fmt: skip
