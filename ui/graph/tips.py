"""What the canvas says of a node in words: in the tip under the pointer, and to screen readers."""

from __future__ import annotations

import html

from ui.graph.cards import WIDEST
from ui.graph.scene import Scene

_PLAIN = 0.95  # from this scale on a card says in full what its tip would say


def has_tip(scene: Scene, node: int, scale: float) -> bool:
    """Return whether the tip of a node tells more than what can be read on its card."""
    return node >= len(scene) or scale < _PLAIN or scene.box(node).width >= WIDEST


def tip_of(scene: Scene, node: int) -> str:
    """Return the tip of a card or of a portal's badge, as rich text."""
    card = scene.cards[node]
    text = f"<span style='font-weight:600'>{html.escape(card.title)}</span>"
    if node >= len(scene):
        text += "<br>Click to go there" if card.title[0] != "+" else "<br>Click to go to the next"
    if card.name:
        text += f" → {html.escape(card.name)}"
    if card.detail:
        text += f"<br><span style='white-space:pre'>{html.escape(card.detail)}</span>"
    return text


def description(scene: Scene, chief: int, count: int) -> str:
    """Say what is shown and selected; chief: the selected node or -1, count: of all selected."""
    text = f"{len(scene)} nodes, {scene.n_edges} edges. "
    if chief < 0:
        return text + "Nothing selected; the arrow keys walk from node to node."
    card = scene.cards[chief]
    text += f"Selected: {card.title} {card.detail}".rstrip()
    return text + (f" and {count - 1} more" if count > 1 else "")
