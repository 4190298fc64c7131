"""Checkpoints that compute without a graph: reentrant ones, of inputs that require no gradient."""

from __future__ import annotations

import re

import numpy as np

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.remedies.program_line import line_of


def checkpointed(facts: Facts, tensor: int, begun: Link) -> Finding | None:
    """Return the checkpoint within which a leaf may be used that nothing recorded uses; None if there is none."""
    name = facts.name(tensor)
    for op in np.flatnonzero(facts.tape.ops["node"] < 0).tolist():
        if facts.called(op) != "CheckpointFunction" or any(
            map(facts.requires_grad, facts.outputs(op))
        ):
            continue
        here = facts.at_op("checkpoint() computes without a graph", op)
        line = line_of(facts, here)
        text = (
            ""
            if line is None
            else re.sub(r"use_reentrant\s*=\s*True", "use_reentrant=False", line.text)
        )
        return Finding(
            "no-grad", "checkpoint() of inputs that require no gradient computes without a graph",
            f"With use_reentrant=True a graph comes of the inputs alone: none of them requires a gradient, so {name} "
            "and what else is used inside get none.",
            "Pass use_reentrant=False, or let an input require a gradient: x.requires_grad_().",
            (here, begun), Severity.WARNING, tensor,
            edits=(line.reads(text),) if line is not None and text != line.text else (),
        )  # fmt: skip
    return None
