"""The built-in examples, in teaching order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import resources


@dataclass(frozen=True, slots=True)
class Example:
    """One notebook of `resources/examples`."""

    path: Path
    title: str
    summary: str

    def pictures(self) -> dict[str, Path]:
        """Return its picture in each theme, by the theme's name; made by `tests.screenshots`."""
        folder = self.path.parent / "pictures"
        return {name: folder / f"{self.path.stem}-{name}.png" for name in ("dark", "light")}


def examples() -> list[Example]:
    """Return the examples that `resources/examples/index.json` lists."""
    entries = json.loads(resources.path("examples", "index.json").read_text("utf-8"))
    return [
        Example(resources.path("examples", entry["file"]), entry["title"], entry["summary"])
        for entry in entries
    ]
