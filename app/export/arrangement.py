"""What a person has arranged by hand, as a file: from the window to the process that exports."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.export.errors import ExportError
from ui.graph.types import NodeId


@dataclass(frozen=True, slots=True)
class Arrangement:
    """pins: where the middles of nodes and groups are held; folded: the groups that are, None for
    what suits the graph; chosen: the nodes of each group that was made by hand."""

    pins: Mapping[NodeId, tuple[float, float]] = field(default_factory=dict)
    folded: frozenset[NodeId] | None = None
    chosen: tuple[frozenset[NodeId], ...] = ()

    def save(self, path: Path) -> None:
        """Write it as JSON; raises OSError."""
        folded = None if self.folded is None else _texts(self.folded)
        data = {
            "pins": {str(node): place for node, place in self.pins.items()},
            "folded": folded,
            "groups": [_texts(nodes) for nodes in self.chosen],
        }
        path.write_text(json.dumps(data), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Arrangement:
        """Read what `save` wrote; raises ExportError."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            pins = {NodeId.of(text): _place(place) for text, place in data["pins"].items()}
            folded = None if data["folded"] is None else _nodes(data["folded"])
            return cls(pins, folded, tuple(_nodes(group) for group in data["groups"]))
        except OSError as error:
            raise ExportError(f"cannot read {path}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportError(f"{path} is not an arrangement of a graph: {error}") from None


def _texts(nodes: Collection[NodeId]) -> list[str]:
    return [str(node) for node in sorted(nodes)]


def _nodes(texts: Collection[str]) -> frozenset[NodeId]:
    return frozenset(NodeId.of(text) for text in texts)


def _place(numbers: Any) -> tuple[float, float]:
    x, y = (float(number) for number in numbers)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"({x}, {y}) is no place")
    return x, y
