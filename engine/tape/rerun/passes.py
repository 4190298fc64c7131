"""A backward pass again: run by the engine, and its steps laid beside the recorded ones."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import recording
from engine.autograd import execution, hooks
from engine.autograd.node import LEAF, Port
from engine.ops.halves import HALVES
from engine.tape import bits, replay
from engine.tape.record.engine import is_tensor
from engine.tape.rerun.leaves import wrapped
from engine.tape.rerun.recorded import RecordedPass
from engine.tape.rerun.within import equal, interrupted, is_persons, sources_of, unlogged
from engine.tape.schema import Event, GradChange
from engine.tensor import wrap

if TYPE_CHECKING:
    from engine.tape.rerun.machine import Machine


_OTHERWISE = "it sends other gradients than recorded, though nothing was edited; those are kept"


class Pass:
    """One recorded pass, from its PASS event to its END."""

    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        self._tape, self._lists = machine.tape, machine.lists
        self.was = was = RecordedPass(machine.tape, machine.lists, number)
        self._waiting: dict[int, deque[int]] = {}  # steps along edges, by node
        self._into: dict[int, deque[int]] = {}  # steps that gave something to a tensor
        for step in was.steps:
            tensor = was.given_to(step)
            if tensor >= 0:
                self._into.setdefault(tensor, deque()).append(step)
            else:
                self._waiting.setdefault(self._lists.steps_node[step], deque()).append(step)
        refs = self._lists.grads_ref
        self._sums = {refs[row]: row for row in was.grads(GradChange.ACCUMULATE)}
        self._ops = deque(was.operations() if was.create else ())
        self._handles: list[Any] = []
        self._log: list[Any] = []
        self._matched = 0  # entries of it
        self._done: set[int] = set()  # events of operations that ran

    def run(self) -> int:
        """Run it; return the event behind its last one."""
        machine = self._machine
        machine.settle(self.was.begin)
        roots = [
            machine.live.get(int(machine.values["tensor"][value])) for value, *_ in self.was.roots
        ]
        if any(root is None or root._g is None for root in roots):
            machine.keep("a backward pass", "what it began at was not recorded", self.was.begin)
            return self.was.end
        before, outer = recording.log, machine.running
        machine.running, recording.log = self, self._log
        untouched = self._untouched()
        try:
            self._hook_in()
            self._execute(roots)
        except Exception as error:  # whatever a recorded pass raised, it raises again
            if not self.was.failed:
                machine.keep("a backward pass", f"it fails: {error}", self.was.begin)
        finally:
            recording.log, machine.running = before, outer
            for handle in self._handles:
                handle.remove()
        for leaf, grad, content in untouched:
            leaf._grad = grad
            if grad is not None:
                machine.assign(grad, content)
        self._catch_up()
        self._rest()
        return self.was.end

    def step_of(self, node: int) -> int:
        """Return the recorded step that visits a node and sends along its edges."""
        steps = self._waiting.get(node)
        return steps[0] if steps else -1

    def _untouched(self) -> list[tuple[Any, Any, Any]]:
        """Return leaves, with what their .grad is and holds, to which a pass that failed never came."""
        if not self.was.failed:
            return []
        leaves = [t for number, t in self._machine.live.items() if number not in self._into]
        grads = [(leaf, getattr(leaf, "_grad", None)) for leaf in leaves if leaf._g is LEAF]
        return [(leaf, g, None if g is None else np.array(g._a)) for leaf, g in grads]

    # --- before ----------------------------------------------------------------------------
    def _execute(self, roots: list[Any]) -> None:
        gradients = [
            self._seed(root, live) for root, live in zip(self.was.roots, roots, strict=True)
        ]
        inputs = self._inputs()
        kind = "grad" if self.was.captures else "backward"
        execution.execute(kind, roots, gradients, self.was.retain, self.was.create, inputs)

    def _seed(self, root: tuple[int, ...], live: Any) -> Any:
        value, _, _, array = root
        if array < 0:
            return None
        source = self._machine.value_with(array)
        if source is not None:
            return source
        return wrapped(self._tape.array(array), self._tape.value_dtype(value))

    def _inputs(self) -> list[Any] | None:
        """Return the tensors that the pass was asked for; None for all leaves."""
        live = self._machine.live
        if not self.was.captures and not self.was.is_restricted():
            return None
        return [live[tensor] for tensor in self._into if tensor in live]

    def _hook_in(self) -> None:
        """Let nodes whose gradient a hook changed get what the hook gave them."""
        lists, machine, was = self._lists, self._machine, self.was
        for step in was.steps:
            given = was.given(step)
            if not given:
                continue
            node = lists.steps_node[step]
            variable = lists.nodes_variable[node]
            changed = {lists.cotangents_nr[r]: lists.cotangents_array[r] for r in given}
            if variable >= 0 and variable in machine.live:
                leaf = machine.live[variable]
                hook = self._hook(step, changed, lambda g: (g,), lambda g: g[0])
                self._handles.append(leaf.register_hook(hook))
            elif node in machine.nodes:
                self._handles.append(self._hook_node(step, node, changed))
        for step in interrupted(self._tape, lists, was):
            live = machine.nodes.get(lists.steps_node[step])
            if live is not None and not was.given(step) and not is_persons(live):
                self._handles.append(hooks.add(live, "pre", self._before(step)))
        self._retain_grads()

    def _before(self, step: int) -> Any:
        """Return a hook that does what the program did until a step, which may be a pass."""

        def hook(g: Any) -> Any:
            if self._machine.running is self:
                self._catch_up()
                with unlogged():
                    self._replay(range(self.was.begin + 1, self._lists.steps_event[step]), [], [])

        return hook

    def _hook_node(self, step: int, node: int, changed: dict[int, int]) -> Any:
        """Change what a node gets: of a single result as a hook of its tensor, before it is retained."""
        live, op = self._machine.nodes[node], int(self._tape.nodes["op"][node])
        if op >= 0 and self._tape.ops["n_out"][op] == 1:
            one = self._hook(step, changed, lambda g: (g,), lambda g: g[0])
            return hooks.add(live, "tensor", one)
        return hooks.add(live, "pre", self._hook(step, changed, tuple, tuple))

    def _hook(self, step: int, changed: dict[int, int], unpack: Any, pack: Any) -> Any:
        tape = self._tape
        sums = replay.arrivals(tape, step)
        name = tape.text(int(tape.nodes["name"][int(tape.steps["node"][step])]))
        why = "a hook is the program's own code; what it gave is as it was recorded"

        def hook(g: Any) -> Any:
            if self._machine.running is not self:
                return None  # a pass that the program ran inside of this one has its own
            arrived = list(unpack(g))
            recorded = [sums.get(nr) for nr in range(len(arrived))]
            wanted = list(recorded)
            for nr, array in changed.items():
                wanted[nr] = None if array < 0 else tape.array(array)
            return pack(self.own_code(step, arrived, recorded, wanted, f"a hook at {name}", why))

        return hook

    def own_code(
        self, step: int, arrived: list[Any], recorded: list[Any], wanted: list[Any], what: str,
        why: str,
    ) -> list[Any]:  # fmt: skip
        """Return what code of the person's makes of gradients before a step: `wanted`, as recorded.

        The operations that it used run again; where they do not lead to what is wanted, that stays
        as it was recorded, and is told if what arrived is not `recorded`.
        """
        machine, tape = self._machine, self._tape
        self._catch_up()
        with unlogged():
            made = self._made_anew(step, arrived, recorded, wanted)
        same = all(
            equal(None if new is None else new._a, old)
            for new, old in zip(arrived, recorded, strict=False)
        )
        found: list[Any] = []
        for nr, content in enumerate(wanted):
            if nr in made:
                found.append(made[nr])
                continue
            if not same and content is not None:
                machine.keep(what, why, int(tape.steps["event"][step]))
            kept = None if content is None else wrap(np.array(content))
            like = next((one for one in arrived if one is not None), None)
            if kept is not None and like is not None and like._d in HALVES:
                kept._d = like._d
            found.append(kept)
        return found

    def _made_anew(
        self, step: int, arrived: list[Any], recorded: list[Any], wanted: list[Any]
    ) -> dict[int, Any]:
        """Run the operations before a step that made what is wanted; return that, by its place."""
        machine, tape = self._machine, self._tape
        end = int(tape.steps["event"][step])
        place = bisect_left(self.was.steps, step)
        begin = int(tape.steps["event"][self.was.steps[place - 1]]) if place else self.was.begin
        events = [
            (event, *tape.events[event].item()[:2])
            for event in range(begin + 1, end)
            if event not in self._done
        ]
        sources = sources_of(tape, self.was.number, events, wanted)
        made = {
            nr: arrived[nr]
            for nr, one in enumerate(wanted)
            if nr not in sources and nr < len(recorded) and equal(one, recorded[nr])
        }
        last = max((event for event, _ in sources.values()), default=-1)
        self._replay([event for event, *_ in events if event <= last], arrived, recorded)
        for nr, (_, row) in sources.items():
            live = machine.live.get(int(tape.values["tensor"][row]))
            if live is not None:
                made[nr] = live
        return made

    def _replay(self, events: Iterable[int], arrived: list[Any], recorded: list[Any]) -> None:
        """Do what code of the person's did inside the pass; a gradient that it got is `arrived`."""
        machine, tape = self._machine, self._tape
        skip = -1
        for event in events:
            if event < skip or event in self._done:
                continue
            self._done.add(event)
            kind, ref = (int(tape.events[c][event]) for c in ("kind", "ref"))
            if kind == Event.LEAF:
                self._leaf(ref, arrived, recorded)
            elif kind == Event.OP:
                machine.operation(ref, event)
            elif kind == Event.GRAD and not self._is_retained(ref):
                machine.grad(ref, event)
            elif kind == Event.PASS:
                skip = Pass(machine, ref).run()
                self._done.update(range(event, skip))

    def _leaf(self, row: int, arrived: list[Any], recorded: list[Any]) -> None:
        content = self._machine.tape.value(row)
        for new, old in zip(arrived, recorded, strict=False):
            if new is not None and content is not None and equal(content, old):
                self._machine.bind(row, new)
                self._machine.content(row)
                return
        self._machine.leaf(row)

    def _retain_grads(self) -> None:
        """Let tensors that are no leaves keep their gradient where they did."""
        for row in self.was.grads(GradChange.SET):
            live = self._machine.live.get(int(self._tape.grads["tensor"][row]))
            if live is not None and live._g is not None and live._g is not LEAF:
                live.retain_grad()

    # --- after -----------------------------------------------------------------------------
    def _catch_up(self) -> None:
        while self._matched < len(self._log):
            self._matched += 1
            self._match(self._log[self._matched - 1])

    def _match(self, entry: tuple[Any, ...]) -> None:
        kind = entry[0]
        if kind == recording.STEP:
            self._visited(*entry[1:4])
        elif kind == recording.ACCUMULATE:
            self._accumulated(*entry[2:5])
        elif kind == recording.CAPTURE:
            self._captured(*entry[1:3])
        elif kind == recording.OPERATION and self.was.create:
            self._made(*entry[1:5])
        elif kind == recording.GRAD:
            self._retained(*entry[1:3])

    def _visited(self, node: Any, cotangents: Any, grads: Any) -> None:
        machine, lists = self._machine, self._lists
        row = machine.row_of(node)
        steps = self._waiting.get(row)
        if not steps:
            return
        step = steps.popleft()
        self._give_cotangents(step, cotangents)
        for at in self.was.sent(step):
            slot = lists.contributions_slot[at]
            if slot < len(grads) and grads[slot] is not None:
                self._give(at, grads[slot])
        targets = range(lists.nodes_edge0[row], lists.nodes_edge0[row] + lists.nodes_n_edge[row])
        for at, edge in zip(targets, node.edges, strict=False):
            target = lists.edges_node[at]
            if edge is not None and target >= 0:
                machine.know(target, edge.node if type(edge) is Port else edge)

    def _accumulated(self, variable: Any, delta: Any, grad: Any) -> None:
        lists = self._lists
        steps = self._into.get(self._machine.tensor_of(variable))
        if not steps:
            return
        step = steps.popleft()
        self._give_cotangents(step, (delta,))
        self._give(lists.steps_contrib0[step], delta)
        if step in self._sums:
            self._bind(lists.grads_value[self._sums[step]], grad)

    def _captured(self, tensor: Any, array: Any) -> None:
        steps = self._into.get(self._machine.tensor_of(tensor))
        if steps:
            step = steps.popleft()
            self._give_cotangents(step, (array,))
            at = self._lists.steps_contrib0[step]
            self._give(at, array)
            recorded = self._tape.array(self._lists.contributions_array[at])
            self._machine.leaves.taken.append((recorded, np.array(array)))

    def _made(self, name: str, out: Any, inputs: Any, params: Any) -> None:
        """An operation of the gradients' own, in a pass that is recorded in the graph."""
        tape, machine = self._tape, self._machine
        while self._ops and tape.text(int(tape.ops["name"][self._ops[0]])) != name:
            self._ops.popleft()
        if not self._ops:
            return
        ref = self._ops.popleft()
        _, in0, n_in, out0, n_out, *_ = tape.ops[ref].item()
        for value, tensor in zip(
            tape.inputs["value"][in0 : in0 + n_in].tolist(), inputs, strict=False
        ):
            machine.bind(value, tensor)
            if tape.values["op"][value] < 0 and self.was.begin <= tape.values["event"][value]:
                machine.content(value)
        self._done.add(int(tape.ops["event"][ref]))
        outs = filter(is_tensor, out) if isinstance(out, tuple | list) else (out,)
        for value, tensor in zip(range(out0, out0 + n_out), outs, strict=False):
            self._bind(value, tensor)

    def _retained(self, tensor: Any, grad: Any) -> None:
        number = self._machine.tensor_of(tensor)
        for row in self.was.grads(GradChange.SET):
            if int(self._tape.grads["tensor"][row]) == number:
                self._bind(int(self._tape.grads["value"][row]), grad)

    def _bind(self, value: int, tensor: Any) -> None:
        if value >= 0 and tensor is not None:
            self._machine.bind(value, tensor)
            self._machine.content(value)

    def _give(self, row: int, content: Any) -> None:
        """Give a contribution its new content."""
        machine, old = self._machine, self._lists.contributions_array[row]
        if old >= 0:
            new = np.asarray(content)
            known = self._tape.array(old)
            differs = not bits.same(known, new)
            if differs and not machine.edited:
                machine.keep("a backward pass", _OTHERWISE, self.was.begin)
                new, differs = known, False
            machine.sent_differs[row] = differs
            put = machine.arrays.put(old, new)
            if put != old:
                machine.sent["array"][row] = put

    def _give_cotangents(self, step: int, arrived: Any) -> None:
        for row in self.was.given(step):
            nr, old = self._lists.cotangents_nr[row], self._lists.cotangents_array[row]
            if old >= 0 and nr < len(arrived) and arrived[nr] is not None:
                self._machine.cotangents["array"][row] = self._machine.arrays.put(old, arrived[nr])

    def _rest(self) -> None:
        """Do what the program's own code did inside the pass: operations and assignments."""
        events = list(range(self.was.begin + 1, self.was.end))
        if self.was.create:  # its operations are the engine's own
            kinds = self._lists.events_kind
            events = [event for event in events if kinds[event] != Event.OP]
        self._replay(events, [], [])
        self._machine.settle(self.was.end - 1)

    def _is_retained(self, row: int) -> bool:
        live = self._machine.live.get(int(self._tape.grads["tensor"][row]))
        return live is not None and live._g is not None and live._g is not LEAF
