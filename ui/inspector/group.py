"""What the inspector shows of a folded group."""

from __future__ import annotations

from typing import Any

from ui.graph.types import NodeId
from ui.inspector.records import Fact, NodeView


def describe_group(node: NodeId, data: dict[str, Any], share: float) -> NodeView:
    """Return what is known of a folded group from its attributes in the shown graph; share: how
    much of it the backward pass has visited, 0 to 1."""
    facts = (
        Fact("operations", f"{data['count']:,}"),
        Fact("inputs", f"{data['inputs']:,}"),
        Fact("outputs", f"{data['outputs']:,}"),
        Fact("backward", f"{share:.0%} visited"),
    )
    return NodeView(node, data["title"], "folded group", "other", facts)
