"""What a tape says of one backward pass: its steps, what they sent, and what they changed."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from engine.tape.rerun.lists import Lists
from engine.tape.schema import Event, GradChange, PassFlag
from engine.tape.tape import Tape


class RecordedPass:
    """One pass, from its PASS event to behind its END.

    retain, create: its options. captures: whether it was autograd.grad. failed: whether it ended
    with an error. steps: rows, in order.
    """

    def __init__(self, tape: Tape, lists: Lists, number: int) -> None:
        self._lists, self.number = lists, number
        flags, root0, n_root, self.begin = tape.passes[number].item()
        self.retain = bool(flags & PassFlag.RETAIN_GRAPH)
        self.create = bool(flags & PassFlag.CREATE_GRAPH)
        self.captures = bool(flags & PassFlag.GRAD)
        self.roots = tape.roots[root0 : root0 + n_root].tolist()
        ends = np.flatnonzero(tape.ends["pass_"] == number)
        self.end = int(tape.ends["event"][ends[0]]) + 1 if len(ends) else len(tape.events)
        self.failed = bool(len(ends)) and int(tape.ends["error"][ends[0]]) >= 0
        first = bisect_left(lists.steps_event, self.begin)
        last = bisect_left(lists.steps_event, self.end)
        self.steps = [step for step in range(first, last) if lists.steps_pass_[step] == number]

    def is_restricted(self) -> bool:
        """Whether leaves got a gradient that was not added: the program named others."""
        if self.failed or not self.steps:
            return False
        nodes, lists = self._lists.contributions_node, self._lists
        to = {nodes[row] for step in self.steps for row in self.sent(step)}
        return not to <= {-1, *(lists.steps_node[step] for step in self.steps)}

    def sent(self, step: int) -> range:
        """Return the rows of contributions that a step sent."""
        first = self._lists.steps_contrib0[step]
        return range(first, first + self._lists.steps_n_contrib[step])

    def given_to(self, step: int) -> int:
        """Return the tensor that a step gave a gradient to; -1 if it sent some along edges."""
        lists, rows = self._lists, self.sent(step)
        into = len(rows) == 1 and lists.contributions_node[rows[0]] < 0
        return lists.contributions_tensor[rows[0]] if into else -1

    def given(self, step: int) -> range:
        """Return the rows of cotangents of a step: what hooks gave it."""
        steps = self._lists.cotangents_step
        return range(bisect_left(steps, step), bisect_left(steps, step + 1))

    def operations(self) -> list[int]:
        """Return the operations between its begin and end."""
        kinds, refs = self._lists.events_kind, self._lists.events_ref
        return [refs[e] for e in range(self.begin, self.end) if kinds[e] == Event.OP]

    def grads(self, kind: GradChange) -> list[int]:
        """Return the changes of a kind to any .grad between its begin and end."""
        events, kinds = self._lists.grads_event, self._lists.grads_kind
        first, last = (bisect_left(events, event) for event in (self.begin, self.end))
        return [row for row in range(first, last) if kinds[row] == kind]
