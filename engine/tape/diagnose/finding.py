"""What a diagnosis says: the cause, the chain of rows that proves it, and what to change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from engine.tape.tape import Source


class Severity(IntEnum):
    """How much a finding matters. NOTE: worth knowing, and often meant so."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Link:
    """One thing of the tape, in words; -1 (None) for what it does not have.

    event: it has happened after this one. op, node, value: rows. source: the person's line; code:
    the text of that line, "" where the tape does not hold it.
    """

    text: str
    event: int = -1
    op: int = -1
    node: int = -1
    value: int = -1
    source: Source | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of the program as it should be.

    how: "line": the line reads so; "before", "after": text is a new line there, or several; "leave out": it
    goes. was: the line that is there now.
    """

    how: Literal["line", "before", "after", "leave out"]
    at: Source
    text: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause found.

    cause: a key of `CAUSES`. title: one line. text: why it is so, in sentences. remedy: what to
    change, "" where nothing is wrong. chain: the proof, the culprit first, then what leads from it
    to what was asked. tensor: the one whose value or gradient it is about, or -1. edits: the remedy in
    the person's own lines, where it can be written so.
    """

    cause: str
    title: str
    text: str
    remedy: str
    chain: tuple[Link, ...]
    severity: Severity = Severity.WARNING
    tensor: int = -1
    edits: tuple[Edit, ...] = ()

    @property
    def culprit(self) -> Link:
        """Where it happened."""
        return self.chain[0] if self.chain else Link("")


#: Every cause that there is, and what it is called in lists.
CAUSES: dict[str, str] = {
    # A gradient is None.
    "no-backward": "no backward pass yet",
    "no-requires-grad": "does not require a gradient",
    "frozen": "frozen parameter",
    "integer": "not a floating point tensor",
    "not-a-leaf": "not a leaf",
    "rebound": "the name was given to a new tensor",
    "detached": "detached",
    "no-grad": "computed under no_grad",
    "data": "taken through .data",
    "left-torch": "left the graph as a number",
    "not-differentiable": "operation without a derivative",
    "unused": "not used",
    "not-connected": "not connected to the root",
    "returned-none": "a Function returned None",
    "inputs-left-out": "left out by inputs=",
    "grad-call": "autograd.grad leaves .grad alone",
    "cleared": ".grad was set to None",
    "hook": "a hook changed it",
    "stopped": "the pass ended with an error",
    # A gradient is zero.
    "zeroed": ".grad was zeroed",
    "dead-relu": "dead ReLU",
    "saturated": "saturated",
    "clamped": "outside the clamp's bounds",
    "not-chosen": "not the chosen maximum or minimum",
    "masked": "masked or not selected",
    "times-zero": "multiplied by zero",
    "flat": "constant piece by piece",
    "kink": "at a kink",
    "constant": "the result cannot change",
    "cancelled": "contributions cancel",
    "underflow": "too small for its type",
    "padding": "only padding was looked up",
    "zero-seed": "the pass began with zeros",
    # Values or gradients that are not finite.
    "input": "given as NaN or Inf",
    "log-of-zero": "logarithm of zero",
    "log-of-negative": "logarithm of a negative number",
    "sqrt-at-zero": "square root at zero",
    "sqrt-of-negative": "square root of a negative number",
    "norm-at-zero": "norm or deviation at zero",
    "division-by-zero": "division by zero",
    "power": "power outside its domain",
    "domain": "outside the function's domain",
    "exp-overflow": "overflow of exp",
    "overflow": "overflow",
    "masked-nan": "0 times infinity behind a mask",
    "inf-minus-inf": "infinity minus infinity",
    "zero-times-inf": "0 times infinity",
    "all-masked": "everything was masked",
    "empty": "mean or deviation of too few elements",
    "born": "became NaN or Inf here",
    # The size of a gradient.
    "exploding": "exploding gradient",
    "vanishing": "vanishing gradient",
    "not-zeroed": "gradients of earlier passes were not zeroed",
    "two-passes": "several passes were added up",
    "shared": "several paths were added up",
    "sound": "nothing unusual",
    # Beside what was expected.
    "as-expected": "as expected",
    "factor": "a factor that was not expected",
    "missing-term": "a term that was not expected",
    "transposed": "transposed",
    "other-shape": "another shape",
    "changed-since": "changed after the pass",
    "other-than-expected": "other than expected",
    # Errors.
    "freed": "second pass through a freed graph",
    "modified": "modified in place after it was saved",
    "not-scalar": "root is not a scalar",
    "root-without-graph": "root does not require a gradient",
    "leaf-in-place": "leaf written in place",
    "view-in-place": "view written in place",
    "shape-mismatch": "shapes do not fit",
    "dtype-mismatch": "types do not fit",
    "out-of-range": "index out of range",
    "wrong-backward": "a Function's backward is wrong",
    "error": "error",
    # What a whole training run shows.
    "broadcast": "suspicious broadcasting",
    "softmax-twice": "softmax before a loss that applies it",
    "softmax-dimension": "softmax along the wrong dimension",
    "no-logarithm": "not a logarithm of probabilities",
    "clipped-scores": "a ReLU on what should take every value",
    "ascended": "a loss that should be larger",
    "no-create-graph": "a gradient without a graph of its own",
    "not-averaged": "gradients of several batches are added up",
    "unused-parameter": "parameter without a gradient",
    "never-updated": "parameter that no step updates",
    "zeroed-before-step": "gradients zeroed before the step",
    "clipped-in-vain": "gradients clipped where no step uses it",
    "undone": "steps that are undone",
    "scheduled-early": "scheduler stepped before the optimizer",
    "stepped-twice": "stepped twice with one gradient",
    "aliased": "two gradients share one memory",
    "counted-twice": "a loss that is added twice",
    "stale-forward": "a forward pass before the loop",
    "alike-units": "units that are all the same",
    "still-evaluating": "model.eval() stays on",
    "graph-kept": "a running total keeps every graph",
}
