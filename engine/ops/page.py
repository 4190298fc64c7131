"""The page of operations: `python -m engine.ops.page > resources/docs/operations.md`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from engine.ops.gradient_text import BY_A_FUNCTION, NOT_IMPLEMENTED
from engine.ops.listing import Operation, listed

_INTRO = """\
<!-- Written by `python -m engine.ops.page > resources/docs/operations.md`; do not edit by hand. -->

# Operations

What the engine computes, by family. In the gradients `g` is the gradient of the result, and the
functions that they call are operations of this table again, so that they can be differentiated in
turn. *In place* marks operations with a variant `name_` that writes into the tensor; *method* those
that are also `tensor.name(...)`. The node is what `grad_fn` shows.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRO, *_sections()])


def _sections() -> Iterator[str]:
    for family, operations in groupby(listed(), key=lambda one: one.family):
        yield f"## {family.capitalize()}\n"
        yield "| Operation | What it does | Gradient | Node |"
        yield "|---|---|---|---|"
        yield from map(_row, operations)
        yield ""


def _row(one: Operation) -> str:
    marks = [word for word, has in (("method", one.method), ("in place", one.inplace)) if has]
    also = [f"also {', '.join(f'`{name}`' for name in one.also)}"] if one.also else []
    extra = "; ".join([*marks, *also])
    cells = (
        f"`{one.signature}`" + (f"<br>{extra}" if extra else ""),
        one.doc,
        "<br>".join(
            f"`{name}`: {_formula(text)}" if name else text for name, text in one.gradients
        ),
        "<br>".join(f"`{name}`" for name in one.node.split(", ") if name),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _formula(text: str) -> str:
    """A formula as code; a remark as it is."""
    return text if text in (BY_A_FUNCTION, NOT_IMPLEMENTED) else f"`{text}`"


if __name__ == "__main__":
    print(page(), end="")
