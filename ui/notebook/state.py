"""The plain values that the notebook is given: cells, their kinds and their run states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: One output as nbformat 4 writes it: `output_type` and its fields.
Output = dict[str, Any]

#: The pictures that a text cell carries with it: name, then type, then base64.
Attachments = dict[str, dict[str, str]]

KINDS = ("code", "markdown", "raw")
STATUSES = ("idle", "queued", "running", "ok", "error")


@dataclass(frozen=True, slots=True)
class CellState:
    """One cell as the document has it; `count` is the number in `[3]`."""

    key: str
    kind: str = "code"
    source: str = ""
    outputs: list[Output] = field(default_factory=list)
    count: int | None = None
    attachments: Attachments = field(default_factory=dict)


def joined(text: object) -> str:
    """Return multi-line text of a notebook file, which may be a list of lines, as one string."""
    if isinstance(text, (list, tuple)):
        return "".join(str(part) for part in text)
    return "" if text is None else str(text)
