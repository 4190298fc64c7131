"""What the notebook remembers of each cell, on screen or not."""

from __future__ import annotations

from dataclasses import dataclass, field

from ui.notebook import mime
from ui.notebook.state import Attachments, CellState, Output

LINE = 17  # height of a line, px, as good as needed for a cell that is not on screen
FOLDED = 60  # lines of text that an output shows before it folds


@dataclass(slots=True, eq=False)
class CellModel:
    """One cell's text, outputs, marks and place in the column."""

    key: str
    kind: str
    source: str
    count: int | None = None
    status: str = "idle"
    attachments: Attachments = field(default_factory=dict)
    items: list[mime.Item] = field(default_factory=list)
    lit: frozenset[int] = frozenset()
    error: int = 0  # 1-based line that failed
    stops: frozenset[int] = frozenset()  # lines with breakpoints
    editing: bool = False  # a markdown cell that shows its source
    top: int = 0  # px in the column
    height: int = 0
    measured: bool = False  # the height is that of its widget, not an estimate
    floor: int = 0  # the height is not less than this while outputs are being replaced

    @classmethod
    def of(cls, state: CellState) -> CellModel:
        """Return the model of a cell as the document has it."""
        model = cls(state.key, state.kind, state.source, state.count)
        model.attachments = state.attachments
        model.add(state.outputs)
        return model

    def add(self, outputs: list[Output]) -> None:
        """Append outputs; text that continues a stream joins it. Costs O(outputs)."""
        for output in outputs:
            self.error = mime.error_line(output) or self.error
            if mime.merge(self.items, output) is None:
                self.items.append(mime.read(output))

    def clear(self) -> None:
        """Forget the outputs and the mark of the failing line."""
        self.items, self.error = [], 0

    def prompt(self) -> str:
        """Return what stands beside the cell: "[3]", "[*]" while it waits or runs, "[ ]"."""
        if self.status in ("queued", "running"):
            return "[*]"
        return "[ ]" if self.count is None else f"[{self.count}]"

    def estimate(self) -> int:
        """Return the height, px, to reserve until the cell has been on screen."""
        rows = self.source.count("\n") + 1
        height = rows * LINE + 20
        for item in self.items:
            height += 8 + _item_height(item)
        return max(height, self.floor)


def _item_height(item: mime.Item) -> int:
    if isinstance(item, mime.Picture):
        return 300
    if isinstance(item, mime.Prose):
        return (item.text.count("\n") + 1) * LINE
    rows = min(len(item.screen), FOLDED)
    return rows * LINE + (40 if isinstance(item, mime.Failure) else 0)
