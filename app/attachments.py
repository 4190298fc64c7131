"""The pictures that text cells carry with them (attachments), when cells become one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from app.documents import Cell

KEY = "attachments"


def carried(cell: Cell) -> dict[str, Any]:
    """Return what a cell carries, by name."""
    found = cell.extra.get(KEY)
    return found if isinstance(found, dict) and cell.kind != "code" else {}


def united(cells: Iterable[Cell]) -> tuple[str, dict[str, Any]]:
    """Return the texts of cells as one, and all that they carry.

    Where two mean different things by one name, the later is called something else in its text.
    """
    texts: list[str] = []
    everything: dict[str, Any] = {}
    for cell in cells:
        text = cell.source
        for name, data in carried(cell).items():
            new = _unused(name, data, everything)
            everything[new] = data
            if new != name:
                text = _renamed(text, name, new)
        if text:
            texts.append(text)
    return "\n".join(texts), everything


def _renamed(text: str, name: str, new: str) -> str:
    names = "|".join(re.escape(each) for each in (name, quote(name)))
    address = f"attachment:{quote(new)}"
    return re.sub(rf"attachment:(?:{names})(?![\w.-])", lambda _: address, text)


def _unused(name: str, data: Any, taken: dict[str, Any]) -> str:
    path, new, number = PurePath(name), name, 1
    while taken.get(new, data) != data:
        number += 1
        new = f"{path.stem}-{number}{path.suffix}"
    return new
