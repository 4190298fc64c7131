"""The sentences about a .grad that is None: for each cause its title, the reason and the remedy."""

from __future__ import annotations

from engine.tape.diagnose.finding import Finding, Link, Severity

#: For each cause its title, why it is so, the remedy, and how much it matters; {name} is the tensor.
REASONS: dict[str, tuple[str, str, str, Severity]] = {
    "cleared": (
        "{name}.grad was set to None",
        "{name}.grad held a gradient until this line set it to None (zero_grad does so by default).",
        "Read {name}.grad before that line, or move zero_grad() to just before the next backward().",
        Severity.NOTE,
    ),
    "integer": (
        "{name} holds {dtype} numbers, which have no gradient",
        "Only floating point and complex tensors can require a gradient; {name} is {dtype}.",
        "Make it floating point before you use it: {name}.float().requires_grad_().",
        Severity.WARNING,
    ),
    "frozen": (
        "{name} is frozen",
        "{name} is a parameter with requires_grad=False, so no pass computes its gradient.",
        "Call {name}.requires_grad_() if it should learn.",
        Severity.NOTE,
    ),
    "no-requires-grad": (
        "{name} does not require a gradient",
        "{name} was {how}, so nothing about it is recorded.",
        "Call {name}.requires_grad_() before it is used, or make it with requires_grad=True.",
        Severity.WARNING,
    ),
    "rebound": (
        "{name} is a new tensor since this line, not the leaf that it was",
        "The line computes a new tensor from the leaf and its gradient and gives it the name {name}. No pass "
        "has brought the new one a gradient; a computed one is no leaf and gets none.",
        "Update in place, untracked: with torch.no_grad(): {name} -= ... (or use an optimizer).",
        Severity.ERROR,
    ),
    "not-a-leaf": (
        "{name} is not a leaf: it is computed",
        "{made}. backward() passes gradients through such tensors but keeps .grad only for leaves.",
        "Call {name}.retain_grad() before backward(), or ask torch.autograd.grad(loss, {name}).",
        Severity.NOTE,
    ),
    "grad-call": (
        "autograd.grad returns gradients and leaves {name}.grad alone",
        "torch.autograd.grad gives the gradients back as a tuple; only backward() writes .grad.",
        "Use its result, or call backward() to have {name}.grad filled.",
        Severity.NOTE,
    ),
    "stopped": (
        "the pass ended with an error before it came to {name}", "{error}", "Resolve that error first.",
        Severity.ERROR,
    ),
    "returned-none": (
        "{who} returned None for the way to {name}",
        "The pass came to {who}, whose backward gave no gradient for this input: nothing is what it sends "
        "on.",
        "Return the gradient of that input from backward(), in the order of forward()'s arguments.",
        Severity.ERROR,
    ),
    "inputs-left-out": (
        "backward(inputs=...) left {name} out",
        "The root depends on {name}, but the pass was asked for the gradients of other tensors only.",
        "Add {name} to inputs=, or call backward() without it.",
        Severity.WARNING,
    ),
    "left-torch": (
        "{name} left the graph as plain numbers",
        "No operation reads {name} itself: the program computes with its numbers, which have no history.",
        "Compute with {name} as a tensor.",
        Severity.ERROR,
    ),
    "data": (
        "{name}.data has the numbers of {name} without their history",
        "What is computed from {name}.data is not recorded, so no gradient comes back to it.",
        "Use {name} itself instead of {name}.data.",
        Severity.ERROR,
    ),
    "unused": (
        "{name} is not used",
        "No recorded operation reads {name}, so the root of the pass does not depend on it.",
        "Use {name} in the computation of the root, or remove it.",
        Severity.WARNING,
    ),
    "not-connected": (
        "what {name} is used for does not lead to {roots}",
        "{name} is used by {user}, but {roots}, where the pass began, was not computed from that.",
        "Compute {roots} from it, or call backward() on what depends on {name}.",
        Severity.WARNING,
    ),
    "no-backward": (
        "no backward pass has run yet",
        "{name}.grad is None until backward() is called on something computed from {name}.",
        "Call backward() on the result.",
        Severity.NOTE,
    ),
}  # fmt: skip


def found(cause: str, tensor: int, name: str, *chain: Link, **words: str) -> Finding:
    """Return the finding of a cause about a tensor; words: what its sentences leave open."""
    title, text, remedy, severity = REASONS[cause]
    words["name"] = name
    said, why, what = (one.format(**words) for one in (title, text, remedy))
    return Finding(cause, said, why, what, chain, severity, tensor)
