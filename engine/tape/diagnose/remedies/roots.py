"""Lines to change where a pass begins at a root without a graph: what its line says is mended there."""

from __future__ import annotations

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies import choices, cuts, leaves
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, of_line


def _root(facts: Facts, found: Finding) -> Edits:
    """A root without a graph: whatever its line says."""
    title = found.title
    if "no_grad" in title or "inference" in title:
        return cuts.recording(facts, found)
    for words, remedy in _ROOTS.items():
        if words in title:
            return remedy(facts, found)
    return ()


_ROOTS: dict[str, Remedy] = {
    "detach()": of_line(cuts.undetached),
    "frozen": leaves.unfrozen,
    "new tensor": of_line(leaves.into_the_leaf),
    "is a gradient": of_line(cuts.keeping_graph),
    "kept no graph": of_line(cuts.keeping_graph),
    "left the graph": cuts.left_torch,
    ".item()": of_line(cuts.as_tensor),
    ".data has": of_line(cuts.without_data),
    "no derivative": choices.chosen,
    "none of these requires one": leaves.requiring,
}


REMEDIES: dict[str, Remedy] = {"root-without-graph": _root}
