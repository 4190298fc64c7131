"""Parameters that get gradients while the optimizer steps others: left out, made later, or anew each time."""

from __future__ import annotations

from dataclasses import replace

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import GradChange, Mark
from engine.tape.tape import Source

_GIVE = "Give {name} to the optimizer (model.parameters(), or a parameter group)."
_IN_A_LIST = (
    " A model does not know layers that it keeps in a list or dict of Python: put them into "
    "nn.ModuleList, nn.ModuleDict or nn.ParameterList."
)


def left_out(
    facts: Facts, parameters: dict[int, int], reached: set[int], updated: dict[int, int]
) -> list[Finding]:
    """Return parameters with gradients that no step moves, while others of the run move."""
    steps = [op for op in updated.values() if "optimizer" in facts.params(op)]
    if not steps:
        return []
    last_update = max(int(facts.tape.ops["event"][op]) for op in updated.values())
    marks = facts.tape.marks
    last_error = int(marks["event"][marks["kind"] == Mark.ERROR].max(initial=-1))
    out = [
        tensor
        for tensor in parameters
        if tensor in reached
        and tensor not in updated
        and last_error <= facts.changes(tensor)[0].event <= last_update  # else a step may come
    ]
    anew = _made_anew(facts, out)
    optimizer = str(facts.params(steps[0])["optimizer"])
    made = lines.optimizer(facts.cells_until(-1), optimizer)
    found = [_anew(facts, tensors) for tensors in anew]
    told = {tensor for tensors in anew for tensor in tensors}
    return found + [_one(facts, t, parameters[t], made) for t in out if t not in told]


def _one(facts: Facts, tensor: int, value: int, made: tuple[str, int, str] | None) -> Finding:
    name, remedy = facts.name(tensor), _GIVE
    here = facts.at_birth(f"{name} is made", value)
    filled = facts.at_event(f"{name}.grad gets its first gradient", facts.changes(tensor)[0].event)
    text = f"Other parameters are stepped by an optimizer; {name} is not among them."
    chain: tuple[Link, ...] = here, filled
    born = facts.at_birth("", facts.values_of(tensor)[0]).source
    given = None if made is None else moved(replace(here, text="the optimizer is made here"), made)
    if facts.tape.name_of(tensor) is None or "[" in name:  # no module leads to it
        remedy += _IN_A_LIST
        bare = facts.tape.name_of(tensor) is None or name.endswith("]")  # in no layer either
        kept = lines.kept_parameters(facts.cells_until(-1)) if bare else None
        chain = (
            chain
            if kept is None
            else (moved(replace(here, text="parameters are kept here"), kept), *chain)
        )
    elif given is not None and _later(born, given.source):
        text += " It was made after the optimizer, which holds what was there before."
        remedy = "Make the optimizer after this line, or give {name} to it: optimizer.add_param_group(...)."
        chain = here, given, filled
    elif given is not None:
        chain = given, here, filled
    return Finding(
        "never-updated", f"{name} has gradients but is never updated", text, remedy.format(name=name), chain,
        Severity.WARNING, tensor,
    )  # fmt: skip


def _later(one: Source | None, other: Source | None) -> bool:
    """Whether a line stands after another one in one cell."""
    return (
        one is not None and other is not None and one.cell == other.cell and one.line > other.line
    )


def _made_anew(facts: Facts, tensors: list[int]) -> list[list[int]]:
    """Return groups of parameters that one line made, each of which only one pass of its own reached."""
    lines_of = dict[Source, dict[tuple[int, ...], list[int]]]()
    for tensor in tensors:
        first = facts.values_of(tensor)[0]
        source = facts.source(int(facts.tape.values["event"][first]))
        if source is not None and len(_passes(facts, tensor)) == 1:
            lines_of.setdefault(source, {}).setdefault(facts.shape(first), []).append(tensor)
    found = []
    for shapes in lines_of.values():
        many = max(shapes.values(), key=len)
        passes = set().union(*(_passes(facts, tensor) for tensor in many))
        if len(passes) == len(many) > 1:
            found.append([tensor for mine in shapes.values() for tensor in mine])
    return found


def _passes(facts: Facts, tensor: int) -> set[int]:
    return {c.pass_ for c in facts.changes(tensor) if c.kind is GradChange.ACCUMULATE}


def _anew(facts: Facts, tensors: list[int]) -> Finding:
    first = facts.at_value(
        "parameters are made here, in every pass", facts.values_of(tensors[0])[0]
    )
    again = facts.at_value("and made anew", facts.values_of(tensors[-1])[0])
    return Finding(
        "never-updated", "a layer is made anew in every pass, and what it learns is thrown away",
        "This line makes new parameters with random numbers each time it runs. Each gets a gradient once, and "
        "no optimizer knows of it.",
        "Make the layer once: self.layer = ... in __init__ (or before the loop), and only call it here.",
        (first, again), Severity.WARNING, tensors[0],
    )  # fmt: skip
