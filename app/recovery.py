"""Unsaved work, kept in a private place until it is saved or given up."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from app.documents import Cell, Document, DocumentError, load, save
from app.kernel import folders

ORIGIN = "origin.json"
#: Bytes of outputs beyond which only the text of a document is kept: outputs can be made again.
MOST_OUTPUTS = 4_000_000


@dataclass(frozen=True, slots=True)
class Unsaved:
    """Work that a window left behind. `path` is where it lived, None for a new document."""

    file: Path
    path: Path | None
    title: str
    when: float  # seconds since the epoch


def snapshot(document: Document) -> Document:
    """Return a copy that another thread can write while the document goes on changing."""
    size = 0
    for cell in document.cells:
        size += sum(len(str(output)) for output in cell.outputs) if size <= MOST_OUTPUTS else 0
    light = size > MOST_OUTPUTS
    cells = [_copy(cell, light) for cell in document.cells]
    return Document(document.path, document.format, cells, dict(document.extra))


def keep(document: Document, title: str, folder: Path) -> None:
    """Write a document into a folder, with where it came from. Raises DocumentError, OSError."""
    origin = {"path": str(document.path) if document.path else None, "title": title}
    name = f"document.{document.format}"
    save(document, folder / name)
    (folder / ORIGIN).write_text(json.dumps(origin | {"file": name}), "utf-8")


def left_behind(base: Path) -> list[Unsaved]:
    """Return what windows that are gone had not saved, newest first."""
    found = [_read(folder) for folder in folders.abandoned(base)]
    return sorted((one for one in found if one is not None), key=lambda one: -one.when)


def restore(unsaved: Unsaved) -> Document:
    """Return the document as it was, living where it lived. Raises DocumentError."""
    document = load(unsaved.file)
    document.path = unsaved.path
    return document


def _copy(cell: Cell, light: bool) -> Cell:
    return replace(cell, outputs=[] if light else [dict(output) for output in cell.outputs])


def _read(folder: Path) -> Unsaved | None:
    try:
        origin = json.loads((folder / ORIGIN).read_text("utf-8"))
        file = folder / Path(str(origin["file"])).name
        when = file.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was not written to the end
    path = origin.get("path")
    return Unsaved(file, Path(str(path)) if path else None, str(origin.get("title", "")), when)


__all__ = ["DocumentError", "Unsaved", "keep", "left_behind", "restore", "snapshot"]
